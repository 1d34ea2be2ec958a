"""The filter of the rules page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.policy.models import CITY_CODE, Document, Jurisdiction, Parameter

DATE_ERRORS = {"invalid": _("日期应写作 2026-03-31。")}


class ParameterFilter(forms.Form):
    """What the reader looks for; every field is optional and lives in the address."""

    q = forms.CharField(label=_("名称、参数键或规则编号"), max_length=60, required=False)
    document = forms.ModelChoiceField(
        label=_("来源文件"), queryset=Document.objects.none(), required=False, empty_label=_("全部文件")
    )
    status = forms.ChoiceField(label=_("效力"), required=False)
    place = forms.ModelChoiceField(
        label=_("适用地区"), queryset=Jurisdiction.objects.none(), required=False, empty_label=_("全部地区")
    )
    on = forms.DateField(
        label=_("生效日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=DATE_ERRORS,
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["document"].queryset = Document.objects.all()  # type: ignore[attr-defined]
        self.fields["place"].queryset = Jurisdiction.objects.exclude(level="town").defer("geom")  # type: ignore[attr-defined]
        self.fields["status"].choices = [("", _("全部")), *Parameter.Status.choices]  # type: ignore[attr-defined]
        _style(self)


class AdoptionForm(forms.Form):
    """What putting a peer city's figure in force needs: where, from when, and on whose decision."""

    place = forms.ModelChoiceField(
        label=_("适用地区"), queryset=Jurisdiction.objects.none(), initial=CITY_CODE, empty_label=None
    )
    on = forms.DateField(
        label=_("生效日"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=DATE_ERRORS,
    )
    until = forms.DateField(
        label=_("失效日"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("当日起不再有效；空白为未定。"),
        error_messages=DATE_ERRORS,
    )
    decision = forms.CharField(
        label=_("采用依据"), max_length=100, help_text=_("文号或会议纪要，例如“佛府办〔2026〕1号”。")
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["place"].queryset = Jurisdiction.objects.exclude(level="town").defer("geom")  # type: ignore[attr-defined]
        _style(self)


class DefaultForm(forms.Form):
    """What changing a default of the product needs: the figure, from when, and on whose decision."""

    wanted = forms.CharField(label=_("新值"), max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    on = forms.DateField(
        label=_("生效日"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("今天或以后；此前的判定不变。"),
        error_messages=DATE_ERRORS,
    )
    decision = forms.CharField(
        label=_("修改依据"), max_length=100, help_text=_("文号或会议纪要，例如“佛府办〔2026〕1号”。")
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        _style(self)


def _style(form: forms.Form) -> None:
    for field in form.fields.values():
        kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
        field.widget.attrs["class"] = kind
