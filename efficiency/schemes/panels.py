"""Schemes in the shell: what waits for somebody on the home page, and the search."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.web import registry
from core.web.shell import SignedIn
from efficiency.schemes import perms
from efficiency.schemes.models import Scheme, SchemeVersion, VersionState


def waiting(request: SignedIn) -> dict[str, Any] | None:
    """Versions on which the reader has the next move: to decide on, or sent back to those who draft."""
    user = request.user
    if not perms.drafts(user):
        return None
    under_way = SchemeVersion.objects.visible_to(user).under_way().exclude(state=VersionState.DRAFT)
    rows = [
        row
        for row in under_way.select_related("scheme", "author").order_by("scheme__name")
        if row.state == VersionState.RETURNED or perms.decides(user, row)
    ]
    return {"rows": rows} if rows else None


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Schemes whose name holds ``query`` and of which the reader may read a version."""
    readable = SchemeVersion.objects.visible_to(user).values("scheme")
    found = Scheme.objects.visible_to(user).filter(name__contains=query, pk__in=readable)[:limit]
    return [registry.Hit(label=row.name, sub=_("评价办法"), url=row.get_absolute_url()) for row in found]


def register() -> None:
    """Home panel of those who write and decide, and the search source."""
    roles = (Role.PARKS.value, Role.MONITOR.value)
    title = gettext_lazy("待办的评价办法")
    registry.register_home_panel(
        registry.HomePanel("schemes", title, roles, "schemes/home_waiting.html", waiting, order=28, span=8)
    )
    registry.register_search(registry.SearchSource("schemes", gettext_lazy("评价办法"), find, order=45))
