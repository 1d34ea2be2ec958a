"""Sign-in and password forms with labels and autocomplete as browsers expect them."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("用户名")
        login.error_messages["required"] = _("请输入用户名。")
        login.widget.attrs.update(
            {
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        )
        password.label = _("密码")
        password.help_text = ""
        password.error_messages["required"] = _("请输入密码。")
        password.widget.attrs.update({"autocomplete": "current-password"})
        # After a refusal the user name is kept, so the password is what to type next.
        first = password if self.is_bound and self.data.get("login") else login
        for field in (login, password):
            field.widget.attrs.pop("autofocus", None)
        first.widget.attrs["autofocus"] = True


class PasswordChangeForm(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "oldpassword": (_("现用密码"), "current-password"),
            "password1": (_("新密码"), "new-password"),
            "password2": (_("再输一次新密码"), "new-password"),
        }
        for name, (label, autocomplete) in labels.items():
            field = self.fields[name]
            field.label = label
            field.help_text = ""
            field.error_messages["required"] = _("此项必填。")
            field.widget.attrs["autocomplete"] = autocomplete
        self.fields["password1"].help_text = _("至少十个字符，不能全为数字，不得与用户名相近。")
