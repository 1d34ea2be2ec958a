"""Checks of change sets: what would be wrong, and what they would do to figures with a legal meaning.

Pure with respect to the change set: checks read, they never write and never raise on bad geometry.
"""

from core.mapedit.checks.complete import check_change_set
from core.mapedit.checks.effects import consequences
from core.mapedit.checks.evidence import evidence
from core.mapedit.checks.live import check_change

__all__ = ["check_change", "check_change_set", "consequences", "evidence"]
