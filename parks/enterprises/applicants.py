"""Enterprises as applicants: what casework asks about who files a case."""

from __future__ import annotations

from collections.abc import Sequence

from core.accounts.models import Role, User
from core.casework.applicants import Applicant, Directory
from core.casework.applicants import register as register_directory
from parks.enterprises.models import Enterprise


def _applicant(enterprise: Enterprise) -> Applicant:
    return Applicant(code=enterprise.uscc, name=enterprise.name, district=enterprise.district_id)


def of_user(user: User) -> Applicant | None:
    """The enterprise an enterprise account acts for; None for every other account."""
    if user.role != Role.ENTERPRISE:
        return None
    enterprise = Enterprise.objects.filter(members__user=user).first()
    return _applicant(enterprise) if enterprise else None


def by_code(code: str) -> Applicant | None:
    """The enterprise with a 统一社会信用代码."""
    enterprise = Enterprise.objects.filter(uscc=code).first()
    return _applicant(enterprise) if enterprise else None


def accounts(code: str) -> Sequence[User]:
    """The active accounts that act for an enterprise, in the order they were made."""
    return list(User.objects.filter(membership__enterprise__uscc=code, is_active=True).order_by("pk"))


def find(user: User, text: str, limit: int) -> Sequence[Applicant]:
    """Enterprises within the reader's places by part of their name or the beginning of their code; none for no text."""
    wanted = text.strip()
    if not wanted:
        return []
    found = Enterprise.objects.visible_to(user).matching(wanted).order_by("name", "pk")[:limit]
    return [_applicant(enterprise) for enterprise in found]


def register() -> None:
    """Announce the directory to casework."""
    register_directory(Directory(of_user=of_user, by_code=by_code, accounts=accounts, find=find))
