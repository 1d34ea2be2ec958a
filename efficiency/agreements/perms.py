"""Who does what on a supervision agreement; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import Role
from core.accounts.scope import Viewer
from efficiency.agreements.models import Agreement, AgreementState

KEEPERS = (Role.MONITOR, Role.PARKS)
"""Roles that draw agreements up and follow them."""

BINDERS = (*KEEPERS, Role.PLANNER)
"""Roles that put an agreement in force."""


def reads(user: Viewer) -> bool:
    """Land roles read agreements within their places, an enterprise its own once they bind."""
    return bool(user.is_authenticated and user.is_active and (user.reads_land or user.role == Role.ENTERPRISE))


def draws_up(user: Viewer, district: str) -> bool:
    """Monitors and park officers draw agreements up where their places reach."""
    return bool(
        user.is_authenticated
        and user.is_active
        and user.role in KEEPERS
        and (user.sees_city or district in user.place_codes)
    )


def draws_up_somewhere(user: Viewer) -> bool:
    """Monitors and park officers draw up at least the agreements of their own places."""
    return bool(user.is_authenticated and user.is_active and user.role in KEEPERS)


def edits(user: Viewer, agreement: Agreement) -> bool:
    """A draft is written by whoever may draw it up."""
    return agreement.state == AgreementState.DRAFT and draws_up(user, agreement.district_id)


def binds(user: Viewer, agreement: Agreement) -> bool:
    """A draft is put in force by a monitor, park officer or planner of its district who did not draw it up."""
    return bool(
        agreement.state == AgreementState.DRAFT
        and user.is_authenticated
        and user.is_active
        and user.role in BINDERS
        and (user.sees_city or agreement.district_id in user.place_codes)
        and agreement.drawn_up_by_id != user.pk
    )


def follows(user: Viewer, agreement: Agreement) -> bool:
    """Facts, checks and the end of an agreement in force are for who may draw one up there."""
    return agreement.state == AgreementState.IN_FORCE and draws_up(user, agreement.district_id)


def opens_breach(user: Viewer, agreement: Agreement) -> bool:
    """A monitor of the district gives notice of a breach while the agreement binds."""
    return follows(user, agreement) and user.is_authenticated and user.role == Role.MONITOR
