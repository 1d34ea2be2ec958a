"""Photographs of flags: uploaded from a desk or a phone, and shown."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from core.accounts.scope import reader
from core.papers import MOST_BYTES
from core.refusals import Refused
from core.uploads import is_longer, let_pass
from efficiency.flags.models import Flag, FlagPhoto
from efficiency.flags.pages.flag_page import found
from efficiency.flags.services import raising

logger = logging.getLogger(__name__)

MOST_TOGETHER = 4 * MOST_BYTES
"""Bytes of one request: some photographs of a phone together."""

_POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


# The length is looked at before the form is read, see core.uploads.
@csrf_exempt
@require_POST
@login_required
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep photographs somebody took; what is too long is refused and kept nowhere."""
    row = found(request, pk)
    if is_longer(request, MOST_TOGETHER):
        let_pass(request)
        messages.error(request, too_long())
        return redirect("flags:flag", pk=row.pk)
    return _add(request, row)


@csrf_protect
def _add(request: HttpRequest, row: Flag) -> HttpResponse:
    kept = 0
    pictures = request.FILES.getlist("photo")
    if not pictures:
        messages.error(request, _("请选择要上传的照片。"))
    for picture in pictures:
        photo = raising.Picture(name=picture.name or "", content=picture)
        try:
            raising.add_photo(flag=row.pk, by=reader(request), photo=photo)
            kept += 1
        except Refused as refused:
            messages.error(request, refused.sentence)
    if kept:
        messages.success(request, _("已上传 %(count)s 张照片。") % {"count": kept})
    return redirect("flags:flag", pk=row.pk)


@never_cache
@require_safe
@login_required
def photo(request: HttpRequest, pk: int, photo_id: int) -> FileResponse:
    """A photograph, for those who read photographs."""
    rows = FlagPhoto.objects.visible_to(reader(request)).filter(flag=found(request, pk))
    held: FlagPhoto | None = rows.filter(pk=photo_id).first()
    if held is None:
        raise Http404(_("没有这张照片。"))
    try:
        content = held.file.open("rb")
    except FileNotFoundError:
        logger.exception("the file of photograph %s is missing from the storage", held.pk)
        raise Http404(_("“%(name)s”的文件不在存储中。请联系系统管理员从备份恢复。") % {"name": held.name}) from None
    response = FileResponse(content, filename=held.name, content_type=held.content_type)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def too_long() -> str:
    """What is said of a request that is too long."""
    return _("照片合计超过 %(most)s MB，没有上传。请分几次上传，或先压缩。") % {"most": MOST_TOGETHER // 1024 // 1024}
