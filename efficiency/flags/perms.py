"""Who raises, judges and sees flags; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import Role, User
from core.accounts.scope import Viewer
from efficiency.flags.models import Flag, FlagState

VISITORS = (Role.MONITOR, Role.PARKS)


def _reaches(user: User, district: str) -> bool:
    return user.sees_city or district in user.place_codes


def reads(user: Viewer) -> bool:
    """Land roles read flags within their places; an enterprise reads those about it that were confirmed."""
    return bool(user.is_authenticated and user.is_active and (user.reads_land or (user.role == Role.ENTERPRISE)))


def reads_inside(user: Viewer) -> bool:
    """Photographs, visits, confidence and what was dismissed are for land roles."""
    return bool(user.is_authenticated and user.is_active and user.reads_land)


def raises_somewhere(user: Viewer) -> bool:
    """Monitors ask the rules and flag by hand."""
    return bool(user.is_authenticated and user.is_active and user.role == Role.MONITOR)


def raises(user: Viewer, district: str) -> bool:
    """A monitor flags by hand within their places."""
    return raises_somewhere(user) and _reaches(user, district)  # type: ignore[arg-type]


def judges(user: Viewer, flag: Flag) -> bool:
    """A monitor confirms, dismisses and takes back dismissals within their places."""
    return raises(user, flag.district_code)


def may(user: Viewer, flag: Flag, act: str) -> bool:
    """Whether an account may do ``act`` on a flag as it stands: what waits is judged, a dismissal taken back."""
    wanted = {"confirm": FlagState.RAISED, "dismiss": FlagState.RAISED, "undo": FlagState.DISMISSED}
    return flag.state == wanted[act] and judges(user, flag)


def adds_photos(user: Viewer, flag: Flag) -> bool:
    """A monitor adds photographs to a flag within their places until it is settled."""
    return flag.state in (FlagState.RAISED, FlagState.CONFIRMED, FlagState.ESCALATED) and judges(user, flag)


def visits(user: Viewer, district: str) -> bool:
    """Monitors and park officers note visits within their places."""
    return bool(user.is_authenticated and user.is_active and user.role in VISITORS and _reaches(user, district))


def visits_somewhere(user: Viewer) -> bool:
    """Monitors and park officers note visits."""
    return bool(user.is_authenticated and user.is_active and user.role in VISITORS)
