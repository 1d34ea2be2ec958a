"""Sign-in, password and contact forms with labels and autocomplete as browsers expect them."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm
from django import forms
from django.core.validators import RegexValidator
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


class MobileField(forms.CharField):
    """A mobile number of the mainland; spaces, hyphens and +86 as people write them are understood."""

    default_validators = [RegexValidator(r"^1[3-9][0-9]{9}\Z", _("手机号为 11 位，以 1 开头，例如 13800000000。"))]

    def to_python(self, value: Any) -> str:
        """The digits alone, without the country's own."""
        text: str = super().to_python(value) or ""
        return text.replace(" ", "").replace("-", "").removeprefix("+86")


class ContactsForm(forms.Form):
    """Where notices reach one outside the application."""

    email = forms.EmailField(
        label=_("邮箱"),
        required=False,
        max_length=254,
        help_text=_("每条通知同时发到邮箱；留空不发。"),
        error_messages={
            "invalid": _("邮箱写法不对，例如 name@example.org。"),
            "max_length": _("邮箱最多 254 个字符。"),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    mobile = MobileField(
        label=_("手机号"),
        required=False,
        max_length=20,
        help_text=_("补正、决定、复核结果和逾期上报发短信；留空不发。"),
        error_messages={"max_length": _("手机号为 11 位，以 1 开头，例如 13800000000。")},
        widget=forms.TextInput(attrs={"autocomplete": "tel-national", "inputmode": "tel"}),
    )
