"""The only writers of cases: each act locks the case, asks permission and state anew, and records who did it."""
