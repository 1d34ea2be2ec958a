"""What an enterprise writes to ask for a higher plot ratio."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.forms.boundfield import BoundField
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from core.casework.models import Case
from core.web import figures as shown
from landuse.applications import asked
from landuse.applications.figures import DENSITY, FLOOR, GREEN, HEIGHT, RATIO, Range, plain, read
from landuse.applications.floors import AFTER, BEFORE, Schedule, field_name
from landuse.applications.functions import ANCILLARY, SCIENCE_COMPATIBLE, Function
from landuse.plots.models import PlotVersion, UseCode


class Figure(forms.Field):
    """A number within a range; its faults are sentences that say the rule and the way out."""

    widget = forms.TextInput

    def __init__(self, allowed: Range, **kwargs: Any) -> None:
        self.allowed = allowed
        kwargs.setdefault("label", allowed.label)
        kwargs.setdefault("error_messages", {"required": _("请填写%(what)s。") % {"what": allowed.label}})
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "maxlength": 20, "class": "n"}

    def to_python(self, value: Any) -> Decimal | None:
        """The number typed; Chinese full-width digits and thousands separators are understood."""
        try:
            number = read(value)
        except ValueError as error:
            raise forms.ValidationError(
                _("%(what)s“%(typed)s”不是数字。请只填数字，例如 2.5。") % {"what": self.label, "typed": error}
            ) from error
        if number is None:
            return None
        limits = {"what": self.label, "most": shown.grouped(self.allowed.most), "unit": self._unit()}
        if number > self.allowed.most:
            raise forms.ValidationError(_("%(what)s不得超过 %(most)s%(unit)s。请核对小数点和单位后重新填写。") % limits)
        if not self.allowed.holds(number):
            if self.allowed.above:
                raise forms.ValidationError(_("%(what)s须大于 0。请填写拟达到的数值。") % limits)
            raise forms.ValidationError(_("%(what)s不得为负。没有的填 0 或留空。") % limits)
        if number != round(number, self.allowed.places):
            raise forms.ValidationError(
                _("%(what)s最多 %(places)s 位小数。请四舍五入后填写。") % {**limits, "places": self.allowed.places}
            )
        return number

    def _unit(self) -> str:
        return f" {self.allowed.unit}" if self.allowed.unit else ""


def _select(**kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(widget=forms.Select(attrs={"class": "form-select"}), **kwargs)


class PlotRatioForm(forms.Form):
    """An application for one plot: the conditions asked for, and the floor area by function that fills them.

    The floor schedule is two fields a function, ``floor_<function>_before`` and
    ``…_after``, so that it is saved and submitted without a script.
    """

    plot = _select(
        label=_("宗地"),
        help_text=_("只列出本企业自有、现行在册的宗地。租用的宗地由其权利人申请。"),
        error_messages={
            "required": _("请选择宗地。"),
            "invalid_choice": _("所选宗地不在册，或不是本企业自有。请重新选择；权属有误的，先向自然资源部门更正。"),
        },
    )
    membership = _select(
        label=_("所依据的培育计划成员资格"),
        required=False,
        help_text=_("只列出今天有效的成员资格。"),
        error_messages={"invalid_choice": _("所选成员资格已失效，或不属于本企业。请重新选择。")},
    )
    plot_ratio = Figure(RATIO)
    density = Figure(DENSITY)
    green_ratio = Figure(GREEN)
    height_limit_m = Figure(HEIGHT)
    use_after = _select(
        label=_("调整后土地用途"),
        required=False,
        help_text=_("改变用途的，不适用放宽规定，土地价款按一般程序核定。"),
        error_messages={"invalid_choice": _("没有这种土地用途，请从列表中选择。")},
    )
    reason = forms.CharField(
        label=_("项目说明"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "form-control"}),
        help_text=_("写明建设内容、现有建筑怎样处理、工期和产出预期。"),
        error_messages={
            "required": _("请填写项目说明。"),
            "max_length": _("项目说明最多 2,000 字，详细材料请作为附件。"),
        },
    )

    def __init__(self, data: Any = None, *, case: Case) -> None:
        super().__init__(data)
        self.case = case
        self.today = timezone.localdate()
        self.plots = {version.plot_id: version for version in asked.owned_plots(case.applicant_code, self.today)}
        self.members = asked.memberships(case.applicant_code, self.today)
        for name, choices in (
            ("plot", [("", _("请选择")), *((code, _named(version)) for code, version in self.plots.items())]),
            (
                "membership",
                [("", _("请选择")), *((str(held.pk), held.programme.name) for held in self.members)],
            ),
            ("use_after", [("", _("不改变用途")), *UseCode.choices]),
        ):
            cast(forms.ChoiceField, self.fields[name]).choices = choices
        for function in Function:
            for side, title in ((BEFORE, _("调整前")), (AFTER, _("调整后"))):
                label = _("%(function)s建筑面积，%(side)s") % {"function": function.label, "side": title}
                self.fields[field_name(function, side)] = Figure(FLOOR, label=label, required=False)

    @cached_property
    def version(self) -> PlotVersion | None:
        """The chosen plot as it is today."""
        return self.plots.get(str(self.data.get("plot") or ""))

    @cached_property
    def asked(self) -> asked.Asked:
        """What is written so far."""
        return asked.Asked.of(self.data)

    @property
    def conditions(self) -> Iterator[tuple[BoundField, str, str]]:
        """The four conditions asked for: field, its unit, and what holds today."""
        for name, held, allowed in (
            ("plot_ratio", "plot_ratio_planned", RATIO),
            ("density", "density_planned", DENSITY),
            ("green_ratio", "green_ratio_planned", GREEN),
            ("height_limit_m", "height_limit_m", HEIGHT),
        ):
            yield self[name], str(allowed.unit), plain(getattr(self.version, held, None))

    @property
    def floor_rows(self) -> Iterator[tuple[str, bool, BoundField, BoundField]]:
        """The floor schedule: function, whether it is ancillary, its two cells."""
        for function in Function:
            before, after = (self[field_name(function, side)] for side in (BEFORE, AFTER))
            yield str(function.label), function in ANCILLARY, before, after

    @property
    def sums(self) -> dict[str, str]:
        """What follows from the schedule: sums, shares, and the floor area that plot ratio and area make."""
        schedule: Schedule = self.asked.floors
        expected = (
            self.asked.plot_ratio * Decimal(str(self.version.area_m2))
            if self.version is not None and self.asked.plot_ratio is not None
            else None
        )
        return {
            "before": _area(schedule.before),
            "after": _area(schedule.after),
            "expected": "—" if expected is None else _area(expected),
            "ancillary": _share(schedule, ANCILLARY),
            "science": _share(schedule, SCIENCE_COMPATIBLE),
        }


def _named(version: PlotVersion) -> str:
    area = shown.area_text(version.area_m2)
    return " · ".join(
        part for part in (version.plot_id, version.location, f"{area.mu} {shown.UNIT_LABELS['mu']}") if part
    )


def _area(value: Decimal) -> str:
    return shown.grouped(shown.round_honestly(value))


def _share(schedule: Schedule, functions: tuple[Function, ...]) -> str:
    return shown.grouped(shown.round_honestly(schedule.share_after(functions))) if schedule.after else "—"
