"""How django-allauth speaks and behaves here: no self-service accounts, Chinese sentences."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are given by the system administrator; nobody signs up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("此账号已停用。需要恢复的，请联系本单位系统管理员。"),
        "enter_current_password": _("现用密码不正确。请核对大小写后重新输入。"),
        "incorrect_password": _("现用密码不正确。请核对大小写后重新输入。"),
        "username_password_mismatch": _("用户名或密码不正确。请核对大小写后重新输入；忘记密码的，由系统管理员重置。"),
        "too_many_login_attempts": _("连续输错次数过多，此账号暂停登录五分钟。请稍后再试。"),
        "same_as_current": _("新密码不得与现用密码相同。"),
        "rate_limited": _("请求过于频繁。请一分钟后再试。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Say nothing on sign-in and sign-out: the page itself shows both."""
        template = kwargs.get("message_template") or (args[0] if args else "")
        if template.endswith(("logged_in.txt", "logged_out.txt")):
            return
        super().add_message(request, level, *args, **kwargs)
