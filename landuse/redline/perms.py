"""Who reads compliance; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import CITY_CODE
from core.accounts.perms import reads_place
from core.accounts.scope import Viewer


def reads_compliance(user: Viewer) -> bool:
    """Every land role reads the summary of the city; enterprises and system administrators do not."""
    return reads_place(user, None)


def reads_district(user: Viewer, code: str) -> bool:
    """A land role reads the detail of a district within its places; the city scope reads all."""
    return reads_place(user, code)


def districts_read(user: Viewer) -> list[str]:
    """Codes of the districts whose detail ``user`` reads, in code order."""
    if not user.is_authenticated or not reads_compliance(user):
        return []
    return [code for code in user.district_codes if code != CITY_CODE]
