"""What people write of an agreement: its terms, its promises, facts, breaches and its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from efficiency.agreements.models import Agreement, Check, Milestone, Promise
from efficiency.agreements.services.drafting import MOST_INDICATORS, Agreed, Terms
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise


class DayField(forms.DateField):
    """A day, typed or picked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class TermsForm(forms.Form):
    """The parties, the land, the days and the liability; days may stay open while the agreement is drawn up."""

    number = forms.CharField(label=gettext_lazy("协议编号"), max_length=40)
    plot = forms.CharField(label=gettext_lazy("宗地代码"), max_length=19, help_text=gettext_lazy("19 位"))
    uscc = forms.CharField(label=gettext_lazy("企业统一社会信用代码"), max_length=18)
    area_m2 = forms.DecimalField(
        label=gettext_lazy("约定用地面积（m²）"), min_value=Decimal("0.01"), max_digits=14, decimal_places=2
    )
    signed_on = DayField(label=gettext_lazy("签订日期"), required=False)
    start_by = DayField(label=gettext_lazy("约定动工"), required=False)
    completion_by = DayField(label=gettext_lazy("约定竣工"), required=False)
    production_by = DayField(label=gettext_lazy("约定投产"), required=False)
    penalty_terms = forms.CharField(
        label=gettext_lazy("违约责任"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("违约金的算法、收回土地的条件"),
    )
    note = forms.CharField(
        label=gettext_lazy("备注"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean_plot(self) -> Plot:
        """A plot by its code."""
        code = self.cleaned_data["plot"].strip().upper()
        plot = Plot.objects.filter(pk=code).first()
        if plot is None:
            raise forms.ValidationError(_("没有宗地 %(code)s。请核对 19 位宗地代码。") % {"code": code})
        return plot

    def clean_uscc(self) -> Enterprise:
        """An enterprise by its code."""
        code = self.cleaned_data["uscc"].strip().upper()
        enterprise = Enterprise.objects.filter(uscc=code).first()
        if enterprise is None:
            raise forms.ValidationError(_("没有统一社会信用代码为 %(code)s 的企业。") % {"code": code})
        return enterprise

    def clean(self) -> dict[str, Any]:
        """The three days in their order."""
        data = super().clean() or {}
        start, completion, production = (data.get(f"{name}_by") for name in Milestone.values)
        if start and completion and completion <= start:
            self.add_error("completion_by", _("竣工须晚于动工。"))
        if completion and production and production < completion:
            self.add_error("production_by", _("投产不得早于竣工。"))
        return data

    @property
    def terms(self) -> Terms:
        """The terms of a valid form."""
        return Terms(**{name: self.cleaned_data[name] for name in Terms.__dataclass_fields__})

    @classmethod
    def initial_of(cls, agreement: Agreement) -> dict[str, Any]:
        """The values of a draft."""
        own = {name: getattr(agreement, name) for name in Terms.__dataclass_fields__}
        return own | {"plot": agreement.plot_id, "uscc": agreement.enterprise.uscc}


class IndicatorForm(forms.Form):
    """One promise: at least so much per 亩 from a year on."""

    promise = forms.ChoiceField(
        label=gettext_lazy("指标"), choices=Promise.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    year = forms.IntegerField(
        label=gettext_lazy("年度起"),
        min_value=2000,
        max_value=2100,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    at_least = forms.DecimalField(
        label=gettext_lazy("不低于（万元/亩）"),
        min_value=Decimal("0.0001"),
        max_digits=12,
        decimal_places=4,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )

    @property
    def agreed(self) -> Agreed:
        """The promise of a valid form."""
        return Agreed(**self.cleaned_data)


def indicator_forms(rows: Sequence[Mapping[str, Any]]) -> list[IndicatorForm]:
    """A form a row, without the rows in which nothing but the promise was chosen; at most one too many."""
    filled = [row for row in rows if str(row.get("year") or "").strip() or str(row.get("at_least") or "").strip()]
    return [
        IndicatorForm(dict(row), prefix=None, auto_id=f"id_%s_{number}")
        for number, row in enumerate(filled[: MOST_INDICATORS + 1])
    ]


def faults(form: TermsForm, indicators: Sequence[IndicatorForm]) -> dict[str, list[str]]:
    """The faults of a whole draft by field, in sentences; those of row 2 as ``indicators.2.year``."""
    found = {name: [str(problem) for problem in problems] for name, problems in form.errors.items()}
    for number, row in enumerate(indicators):
        found |= {
            f"indicators.{number}.{name}": [str(problem) for problem in problems]
            for name, problems in row.errors.items()
        }
    return found


class BindForm(forms.Form):
    """Which revision of a draft somebody read before putting it in force."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class FactForm(forms.Form):
    """The day a milestone was reached, and what shows it."""

    milestone = forms.ChoiceField(label=gettext_lazy("节点"), choices=Milestone.choices)
    on = DayField(label=gettext_lazy("实际日期"))
    evidence = forms.CharField(
        label=gettext_lazy("依据"), max_length=200, help_text=gettext_lazy("文件名称和编号，例如施工许可证编号")
    )
    file = forms.FileField(label=gettext_lazy("证明材料"), required=False)


class BreachForm(forms.Form):
    """Which broken promises a notice rests on, and what is asked of the enterprise."""

    checks = forms.MultipleChoiceField(label=gettext_lazy("未履行的约定"), widget=forms.CheckboxSelectMultiple)
    demand = forms.CharField(label=gettext_lazy("整改要求"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, data: Any = None, *, broken: Sequence[Check]) -> None:
        from efficiency.agreements.kind import said

        super().__init__(data)
        self.fields["checks"].choices = [(str(check.pk), said(check)) for check in broken]  # type: ignore[attr-defined]


class EndForm(forms.Form):
    """How, when and why an agreement ends."""

    how = forms.ChoiceField(
        label=gettext_lazy("终止方式"),
        choices=[("fulfil", gettext_lazy("履行完毕")), ("terminate", gettext_lazy("解除"))],
    )
    on = DayField(label=gettext_lazy("终止日期"), initial=timezone.localdate)
    text = forms.CharField(label=gettext_lazy("原因"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    @property
    def day(self) -> dt.date:
        """The day of a valid form."""
        day: dt.date = self.cleaned_data["on"]
        return day
