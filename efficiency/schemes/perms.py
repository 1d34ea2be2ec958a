"""Who writes, approves and retires schemes; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import Role
from core.accounts.scope import Viewer
from efficiency.schemes.models import SchemeVersion, VersionState


def drafts(user: Viewer) -> bool:
    """A monitor or park officer whose scope is the city writes schemes: they hold for every district."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.role in (Role.MONITOR, Role.PARKS) and user.sees_city


def edits(user: Viewer, version: SchemeVersion) -> bool:
    """Who drafts may save and submit a version while it is a draft or was sent back."""
    return drafts(user) and version.is_editable


def discards(user: Viewer, version: SchemeVersion) -> bool:
    """Who may edit a draft may discard it, but not the only version of a sample: the next load would bring it back."""
    return edits(user, version) and (
        not version.scheme.is_sample or version.scheme.versions.exclude(pk=version.pk).exists()
    )


def takes_back(user: Viewer, version: SchemeVersion) -> bool:
    """The one who submitted a version takes it back while it waits for approval."""
    return drafts(user) and version.state == VersionState.SUBMITTED and version.author_id == user.pk


def leads(user: Viewer) -> bool:
    """A park officer of the city decides on schemes: 市工信 leads per-亩 monitoring (S002 专项行动六 二(四)1)."""
    return bool(user.is_authenticated and user.is_active and user.role == Role.PARKS and user.sees_city)


def decides(user: Viewer, version: SchemeVersion) -> bool:
    """A park officer of the city who wrote no part of a submitted version approves it or sends it back."""
    return leads(user) and version.state == VersionState.SUBMITTED and not version.was_written_by(user)


def retires(user: Viewer, version: SchemeVersion) -> bool:
    """A park officer of the city ends the use of an approved version."""
    return leads(user) and version.state == VersionState.APPROVED


def keeps_measures(user: Viewer) -> bool:
    """A park officer of the city keeps the list of what each class gets and loses."""
    return leads(user)


def previews(user: Viewer) -> bool:
    """Land roles whose scope is the city see how a version would move classes: it counts every district."""
    return bool(user.is_authenticated and user.reads_land and user.sees_city)
