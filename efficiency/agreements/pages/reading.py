"""Who reads the pages of agreements, and which one an address means."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.accounts.scope import reader
from core.refusals import NotAllowed, Refused, Stale
from efficiency.agreements import perms
from efficiency.agreements.models import Agreement


def readers_only(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for roles that read no agreements."""
    user = reader(request)
    if not perms.reads(user):
        raise PermissionDenied(_("监管协议由监测、园区、自然资源、审计、区领导账号和签约企业查看。"))
    return user


def agreement_of(user: User, pk: int) -> Agreement:
    """An agreement the reader may see; 404 otherwise."""
    rows = Agreement.objects.visible_to(user).select_related("enterprise", "district", "plot", "drawn_up_by")
    found: Agreement | None = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这份监管协议，或本账号无权查看。"))
    return found


def status_of(refused: Refused) -> int:
    """The status a refusal answers with."""
    return 409 if isinstance(refused, Stale) else 403 if isinstance(refused, NotAllowed) else 422
