"""Filters people keep over the list of cases."""

from __future__ import annotations

import pghistory
from django.db import transaction
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.models import SavedFilter
from core.refusals import NotAllowed, Refused

MOST = 20


def keep_filter(*, by: User, name: str, query: str) -> SavedFilter:
    """Keep ``query`` (a query string of the list) under a name; the same name takes the new one. Raises Refused."""
    name = name.replace("\0", "").strip()
    if not name or len(name) > 40:
        raise Refused(_("请为常用筛选取一个名称，不超过 40 字。"))
    if len(query) > 500:
        raise Refused(_("筛选条件过长，请减少条件后再保存。"))
    with transaction.atomic(), pghistory.context(user=by.pk):
        # Locked, so that two windows of one person do not pass the limit or the name together.
        User.objects.select_for_update().get(pk=by.pk)
        held = SavedFilter.objects.filter(user=by)
        same = held.filter(name=name).first()
        if same is None and held.count() >= MOST:
            raise Refused(_("常用筛选最多 %(most)s 个，请先删去不用的。") % {"most": MOST})
        kept = same or SavedFilter(user=by, name=name)
        kept.query = query
        kept.save()
        return kept


def drop_filter(*, by: User, filter_id: int) -> None:
    """Forget a filter of one's own. Raises NotAllowed."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        dropped, _rows = SavedFilter.objects.filter(user=by, pk=filter_id).delete()
        if not dropped:
            raise NotAllowed(_("没有这个常用筛选，可能已删除。"))
