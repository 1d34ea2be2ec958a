"""What the pages of programmes ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parks.programmes.models import Programme
from parks.programmes.standings import ENDED, STEPS, Standing

PLEDGES = (("", _("无")), ("3", _("3 年")), ("5", _("5 年")))


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, help_text=help_text, widget=widget)


class GrantForm(forms.Form):
    """A new member of a programme."""

    enterprise_code = forms.CharField(label=_("统一社会信用代码"), max_length=18, min_length=18)
    member_type = forms.ChoiceField(label=_("成员类别"), required=False)
    document_number = forms.CharField(label=_("认定文号"), max_length=60, help_text=_("例如公布名单的通知。"))
    pledge_years = forms.TypedChoiceField(
        label=_("承诺年限"), choices=PLEDGES, required=False, coerce=int, empty_value=None
    )
    base_year = forms.IntegerField(label=_("基数年度"), required=False, help_text=_("有承诺的填写。"))
    valid_from = _day(_("起始日期"), _("空白为今日。"))
    valid_to = _day(_("终止日期"), _("当日起不再是成员；空白为与计划同时结束。"))

    def __init__(self, programme: Programme, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = self.fields["member_type"]
        if programme.member_types:
            types.required = True
            types.choices = [("", "—"), *((word, word) for word in programme.member_types)]  # type: ignore[attr-defined]
        else:
            del self.fields["member_type"]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"


class StandingForm(forms.Form):
    """A change of a member's standing, an end included."""

    standing = forms.ChoiceField(label=_("改为"))
    reason = forms.CharField(label=_("事由"), max_length=200, required=False)
    on = _day(_("终止日期"), _("仅用于降级、淘汰和退出；空白为今日。"))

    def __init__(self, current: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        following = [target for source, target in STEPS if source == current]
        self.fields["standing"].choices = [(step.value, step.label) for step in following]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"

    @property
    def ends(self) -> bool:
        """Whether the chosen standing is an end."""
        return Standing(self.cleaned_data["standing"]) in ENDED
