"""How long each stage of a kind of application takes, with its source, for people to read."""

from __future__ import annotations

from core import policy
from core.casework.clock import APPLICATION_CLOCKS, length


def clocks(kind: str, place: str) -> dict[str, policy.Value | None]:
    """The lengths in force today by stage: working days, the notice in days; None where no parameter is in force."""
    found: dict[str, policy.Value | None] = {}
    for stage in APPLICATION_CLOCKS:
        try:
            found[stage] = length(kind, stage, place)
        except policy.ParameterMissing:
            # The page says that none is set; the move that needs it refuses with the same words.
            found[stage] = None
    return found
