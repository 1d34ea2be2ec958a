"""Error answers: what happened, what was kept, what to do, and a number to quote.

The number is written to the log with the address, so that the person on the
phone and the person at the log speak of the same event.
"""

import logging
import secrets
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def _reference() -> str:
    return secrets.token_hex(4).upper()


def _answer(request: HttpRequest, status: int, context: dict[str, Any], level: int = logging.WARNING) -> HttpResponse:
    reference = _reference()
    logger.log(level, "%s %s %s reference %s", status, request.method, request.path, reference)
    context = {"status": status, "reference": reference} | context
    if not request.accepts("text/html"):
        return JsonResponse(
            {"error": context["title"], "detail": context["todo"], "reference": reference},
            status=status,
        )
    # After a server error the database may be what failed: the page then asks it nothing.
    drawn_for = None if status >= 500 else request
    return HttpResponse(render_to_string("web/error.html", context, drawn_for), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(
        request,
        400,
        {
            "title": _("请求的内容无法识别"),
            "kept": _("已保存的数据没有变化。"),
            "todo": _("请核对网址中的代码和日期，或从左侧菜单重新进入。"),
        },
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    given = str(exception) if isinstance(exception, PermissionDenied) else ""
    return _answer(
        request,
        403,
        {
            "title": _("本账号无权查看此内容"),
            "reason": given,
            "kept": _("已保存的数据没有变化。"),
            "todo": _("因工作需要查看的，由本单位系统管理员调整账号的角色或管辖范围。"),
        },
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(
        request,
        403,
        {
            "title": _("页面停留过久，这次提交未被接受"),
            "kept": _("已保存的数据没有变化；刚才填写的内容仍在上一页。"),
            "todo": _("请返回上一页，刷新后再提交。浏览器须允许本站 Cookie。"),
        },
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(
        request,
        404,
        {
            "title": _("没有找到这个页面或对象"),
            "kept": _("已保存的数据没有变化。"),
            "todo": _("代码可能有误，或对象不在本账号的管辖范围。可用顶部搜索框按代码或名称查找。"),
        },
        logging.INFO,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(
        request,
        500,
        {
            "title": _("系统出错，这次操作没有完成"),
            "kept": _("出错前已保存的数据没有变化，这次操作没有留下半截结果。"),
            "todo": _("请稍后重试；再次出现时，把下面的编号告诉系统管理员。"),
        },
        logging.ERROR,
    )
