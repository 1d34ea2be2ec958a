"""The only writers of runs, scores and objections."""
