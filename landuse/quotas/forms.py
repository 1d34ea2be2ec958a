"""What an applicant states in a request for quota."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.casework.models import Case
from core.policy.models import CITY_CODE, Jurisdiction
from core.refusals import Refused
from landuse.plots.models import Occupation, PlotVersion
from landuse.quotas import amounts
from landuse.quotas.models import Purpose, QuotaPool
from parks.programmes.models import Membership

PROJECT_SETS = ("“一张表、一盘棋”项目", "市优质工业签约项目", "市委“十大行动方案项目”")
"""Sets of projects that may ask for quota of the city (S003 二(九), a reference; QT-4)."""

_MOST_WAN = Decimal(100_000_000)
"""One trillion yuan in 万元: more is a wrong unit."""


class MoneyField(forms.DecimalField):
    """An amount of money in 万元, two decimals, zero allowed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_value=Decimal(0),
            max_value=_MOST_WAN,
            decimal_places=2,
            error_messages={
                "invalid": gettext_lazy("请填写数字，单位为万元。"),
                "required": gettext_lazy("请填写金额；没有的填 0。"),
                "min_value": gettext_lazy("金额不得为负。"),
                "max_value": gettext_lazy("金额超过 1 亿万元，请核对单位：本栏为万元。"),
                "max_decimal_places": gettext_lazy("万元后最多两位小数。"),
            },
            **kwargs,
        )


class RequestForm(forms.Form):
    """The request of a case. Its choices follow the case: pools of its district and the city, plots and memberships
    of its applicant."""

    pool = forms.ChoiceField(label=gettext_lazy("指标池"), error_messages={"required": gettext_lazy("请选择指标池。")})
    amount_mu = forms.DecimalField(
        label=gettext_lazy("申请面积（亩）"),
        error_messages={
            "required": gettext_lazy("请填写申请面积，单位为亩。"),
            "invalid": gettext_lazy("请填写数字，单位为亩，例如 37.5。"),
        },
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("用途"),
        choices=[("", gettext_lazy("请选择")), *Purpose.choices],
        error_messages={"required": gettext_lazy("请选择用途。")},
    )
    plot_code = forms.ChoiceField(label=gettext_lazy("所在宗地"), required=False)
    town = forms.ChoiceField(label=gettext_lazy("所在镇街"), required=False)
    location = forms.CharField(
        label=gettext_lazy("坐落"),
        max_length=120,
        required=False,
        error_messages={"max_length": gettext_lazy("坐落不超过 120 个字。")},
    )
    programme = forms.ChoiceField(label=gettext_lazy("依据的计划成员资格"), required=False)
    project_set = forms.ChoiceField(
        label=gettext_lazy("列入的项目清单"),
        choices=[("", gettext_lazy("未列入")), *((name, name) for name in PROJECT_SETS)],
        required=False,
    )
    project = forms.CharField(
        label=gettext_lazy("项目说明"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": gettext_lazy("请说明建设内容、用地理由和进度安排。"),
            "max_length": gettext_lazy("项目说明不超过 2,000 个字。"),
        },
    )
    investment_wan = MoneyField(label=gettext_lazy("计划投资（万元）"))
    output_wan = MoneyField(label=gettext_lazy("达产年产值（万元）"))
    tax_wan = MoneyField(label=gettext_lazy("达产年税收（万元）"))
    output_before_wan = MoneyField(label=gettext_lazy("前年产值（万元）"))
    output_last_wan = MoneyField(label=gettext_lazy("上年产值（万元）"))
    early_completion = forms.BooleanField(label=gettext_lazy("已提前完成承诺目标"), required=False)
    joint_review_number = forms.CharField(
        label=gettext_lazy("联审文号"),
        max_length=80,
        required=False,
        error_messages={"max_length": gettext_lazy("联审文号不超过 80 个字。")},
    )
    joint_review_on = forms.DateField(
        label=gettext_lazy("联审通过日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("日期应写作 2026-03-31。")},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.case = case
        given = data or kwargs.get("initial") or {}
        self._set("pool", self._pools(given), gettext_lazy("没有这个指标池，或不对本区开放。请重新选择。"))
        self._set("plot_code", self._plots(given), gettext_lazy("该宗地不在申请人名下。请重新选择，或填写坐落。"))
        self._set("town", self._towns(), gettext_lazy("没有这个镇街。请重新选择。"))
        self._set("programme", self._programmes(given), gettext_lazy("申请人没有该计划的成员资格。请重新选择。"))

    def _set(self, name: str, choices: list[Any], invalid: Any) -> None:
        field: Any = self.fields[name]
        field.choices = choices
        field.error_messages["invalid_choice"] = invalid

    def _pools(self, given: Mapping[str, Any]) -> list[Any]:
        """Pools of this year; and the one chosen, so that a case of the last days of a year says what is wrong."""
        pools = QuotaPool.objects.select_related("plan__place", "programme").order_by("plan__place", "plan", "pk")
        district = district_of(given) or self.case.district_id
        rows = list(pools.open_to(district, timezone.localdate().year))
        chosen = str(given.get("pool") or "")
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 and int(chosen) not in {row.pk for row in rows}:
            rows += pools.filter(pk=int(chosen), plan__place__in=[district, CITY_CODE])
        return [("", _("请选择")), *((str(pool.pk), pool_title(pool)) for pool in rows)]

    def _plots(self, given: Mapping[str, Any]) -> list[Any]:
        today = timezone.localdate()
        occupied = Occupation.objects.in_force_on(today).filter(enterprise__uscc=self.case.applicant_code)
        plots = PlotVersion.objects.in_force_on(today).filter(plot__in=occupied.values("plot")).order_by("plot_id")
        choices = [
            (plot.plot_id, _("%(code)s %(location)s") % {"code": plot.plot_id, "location": plot.location})
            for plot in plots.only("plot_id", "location")
        ]
        # One's own plot that was merged away meanwhile stays readable; the findings say that it is gone.
        stated = str(given.get("plot_code") or "")
        held = Occupation.objects.filter(enterprise__uscc=self.case.applicant_code, plot=stated)
        if stated not in dict(choices) and held.exists():
            choices.append((stated, stated))
        return [("", _("不是现有宗地，填写坐落")), *choices]

    def _towns(self) -> list[Any]:
        towns = Jurisdiction.objects.towns().select_related("parent").defer("geom", "parent__geom")
        grouped: dict[str, list[tuple[str, str]]] = {}
        for town in towns:
            grouped.setdefault(town.parent.name if town.parent else "", []).append((town.code, town.name))
        return [("", _("请选择")), *grouped.items()]

    def _programmes(self, given: Mapping[str, Any]) -> list[Any]:
        members = Membership.objects.filter(enterprise__uscc=self.case.applicant_code).select_related("programme")
        in_force = members.in_force_on(timezone.localdate())
        named = {row.programme.code: row.programme.name for row in in_force}
        stated = str(given.get("programme") or "")
        if stated and stated not in named:
            # An expired membership stays readable; the findings say that it has ended.
            named |= {row.programme.code: row.programme.name for row in members.filter(programme=stated)}
        return [("", _("不依据成员资格")), *sorted(named.items())]

    def clean_amount_mu(self) -> Decimal:
        """The amount as the ledger takes it: more than nothing, no more than the city has, four decimals."""
        try:
            return amounts.checked(self.cleaned_data["amount_mu"])
        except Refused as refused:
            raise forms.ValidationError(refused.sentence) from refused

    def clean_joint_review_on(self) -> dt.date | None:
        """No review passed in the future."""
        on: dt.date | None = self.cleaned_data["joint_review_on"]
        if on and on > timezone.localdate():
            raise forms.ValidationError(_("联审通过日期晚于今天。"))
        return on

    def clean(self) -> dict[str, Any]:
        """A place, and both parts of a joint review or none."""
        data = super().clean() or self.cleaned_data
        located = data.get("plot_code") or (data.get("town") and data.get("location"))
        if not located and not {"plot_code", "town", "location"} & set(self.errors):
            self.add_error("location", _("请选择宗地；不是现有宗地的，填写镇街和坐落。"))
        if bool(data.get("joint_review_number")) != bool(data.get("joint_review_on")):
            missing = "joint_review_on" if data.get("joint_review_number") else "joint_review_number"
            if missing not in self.errors:
                self.add_error(missing, _("联审文号和通过日期须一并填写。"))
        return data


def pool_title(pool: QuotaPool) -> str:
    """A pool in words: its year, place, category and name. Needs ``plan__place``."""
    return _("%(year)s 年 %(place)s %(category)s · %(name)s") % {
        "year": pool.plan.year,
        "place": pool.plan.place.name,
        "category": pool.plan.get_category_display(),
        "name": pool.name,
    }


def district_of(data: Mapping[str, Any]) -> str:
    """The district a request lies in, by its plot or else its town; "" when neither tells."""
    plot, town = str(data.get("plot_code") or ""), str(data.get("town") or "")
    return plot[:6] if len(plot) == 19 else town[:6] if len(town) == 9 else ""
