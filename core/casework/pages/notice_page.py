"""``/notices/``: what the reader was told, and what of it is new."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.accounts.scope import reader
from core.casework.models import Notification
from core.casework.services import notifying

PER_PAGE = 50


@never_cache
@require_safe
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """Notifications, newest first; ``?only=unread`` leaves out what was read."""
    rows = Notification.objects.visible_to(reader(request)).select_related("case")
    unread = rows.unread().count()
    only = request.GET.get("only") == "unread"
    if only:
        rows = rows.unread()
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 18:
        rows = rows.filter(pk__lt=int(after))
    # Written in the order of their numbers, so the number is the key of a page.
    found = list(rows.order_by("-pk")[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    return render(
        request,
        "casework/notices.html",
        {
            "rows": shown,
            "unread": unread,
            "only": only,
            "first": not after,
            "after": shown[-1].pk if len(found) > PER_PAGE else "",
            "heading": _heading(unread),
        },
    )


@require_POST
@login_required
def read(request: HttpRequest) -> HttpResponse:
    """Mark as read: one notification and go to what it is about (``open``), or all of them."""
    user = reader(request)
    wanted = request.POST.get("open", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
        notice = Notification.objects.visible_to(user).filter(pk=int(wanted)).select_related("case").first()
        if notice is not None:
            notifying.mark_read(by=user, ids=[notice.pk])
            # The address is the notification's own, never one that came with the request.
            target = notice.url or (notice.case.get_absolute_url() if notice.case else "")
            return redirect(target or "casework:notices")
        messages.error(request, _("没有这条通知，可能已经删除。"))
        return redirect("casework:notices")
    count = notifying.mark_read(by=user)
    messages.success(request, ngettext("%(n)s 条通知已标为已读。", "%(n)s 条通知已标为已读。", count) % {"n": count})
    return redirect("casework:notices")


def _heading(unread: int) -> str:
    if not unread:
        return _("没有未读通知")
    return ngettext("%(n)s 条未读通知", "%(n)s 条未读通知", unread) % {"n": unread}
