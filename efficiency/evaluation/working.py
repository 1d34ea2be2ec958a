"""How a result came about, step by step: figures, values, bases, points, class. It explains and computes nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from efficiency.evaluation.models import Run, Score
from efficiency.returns.figures import BY_KEY, Figure, Office
from efficiency.returns.models import YearlyReturn
from efficiency.schemes.models import BaseKind, Cohort, Denominator, Direction, Grade, Indicator, Missing
from efficiency.schemes.rules import rules_of


@dataclass(frozen=True)
class Line:
    """One indicator: ``value`` and ``base`` in ``unit``, ``weight`` and ``points``; None where there is none.

    ``formula`` says what the value is made of, ``base_label`` where the base comes from, ``said`` how the points arose.
    """

    name: str
    unit: str
    formula: str
    value: float | None
    base: float | None
    base_label: str
    weight: Any
    points: float | None
    said: str


@dataclass(frozen=True)
class Shown:
    """A figure of the return in the unit people read, and the office it came from."""

    title: Any
    value: float | None
    unit: Any
    source: str


@dataclass(frozen=True)
class Working:
    """Everything a page says of one result. ``stale`` tells that the scheme was changed since (a trial by a draft)."""

    cohort: str
    basis: str
    lines: Sequence[Line]
    weight: Any
    total_said: str
    grade_said: str
    ranked: int
    industry_percentile: float | None
    figures: Sequence[Shown]
    stale: bool


def working_of(run: Run, score: Score, believed: YearlyReturn | None) -> Working:
    """The working of ``score`` from what its run froze; ``believed`` is the return it used, if any."""
    cohort: Cohort | None = next((each for each in run.version.cohorts.all() if each.order == score.cohort), None)
    indicators: list[Indicator] = sorted(cohort.indicators.all(), key=lambda each: each.order) if cohort else []
    frozen = run.bases.get(str(score.cohort), [])
    cuts = run.cuts.get(str(score.cohort), {"ranked": 0, "classes": []})
    lines = (
        [
            _line(indicator, score, index, frozen[index], believed)
            for index, indicator in enumerate(indicators)
            if index < len(frozen)
        ]
        if any(not math.isnan(point) for point in score.points)
        else []
    )
    return Working(
        cohort=cohort.name if cohort else "",
        basis=str(cohort.get_land_basis_display()) if cohort else _("实际用地"),
        lines=lines,
        weight=sum(indicator.weight for indicator in indicators),
        total_said=_total_said(indicators, score),
        grade_said=_grade_said(score, cuts),
        ranked=cuts["ranked"],
        industry_percentile=_percentile(score),
        figures=_figures(believed),
        stale=rules_of(run.version).digest != run.inputs.get("scheme", {}).get("digest"),
    )


def indicators_of(run: Run) -> dict[int, list[tuple[str, str]]]:
    """Names and units of the indicators of every cohort, by its number."""
    return {
        cohort.order: [(each.name, each.unit) for each in sorted(cohort.indicators.all(), key=lambda i: i.order)]
        for cohort in run.version.cohorts.all()
    }


def _line(
    indicator: Indicator, score: Score, index: int, frozen: dict[str, Any], believed: YearlyReturn | None
) -> Line:
    value, points = _known(score.values, index), _known(score.points, index)
    base, label = frozen.get("base"), str(indicator.get_base_kind_display())
    own = frozen.get("divisions", {}).get(_division(score.industry_code))
    if own is not None:
        base = own
    elif indicator.base_kind == BaseKind.INDUSTRY:
        label = str(BaseKind.COHORT.label)
    return Line(
        name=indicator.name,
        unit=indicator.unit,
        formula=_formula(indicator, score, believed),
        value=value,
        base=base,
        base_label=label,
        weight=indicator.weight,
        points=points,
        said=_said(indicator, value, base, points),
    )


def _known(figures: Sequence[float], index: int) -> float | None:
    figure = figures[index] if index < len(figures) else float("nan")
    return None if math.isnan(figure) else figure


def _division(industry: str) -> str:
    """The 2-digit division of a class of GB/T 4754, whether or not its section's letter stands before it."""
    return industry.lstrip("ABCDEFGHIJKLMNOPQRST")[:2]


def _formula(indicator: Indicator, score: Score, believed: YearlyReturn | None) -> str:
    above = _amount(BY_KEY[indicator.numerator], believed)
    if indicator.denominator == Denominator.LAND:
        below = _("%(name)s %(amount)s 亩") % {
            "name": _("用地"),
            "amount": f"{score.land_m2 * 3 / 2000:,.4f}",
        }
    else:
        below = _amount(BY_KEY[indicator.denominator], believed)
    return f"{above} ÷ {below}"


def _amount(figure: Figure, believed: YearlyReturn | None) -> str:
    held = getattr(believed, figure.key, None)
    if held is None:
        return _("%(name)s（缺）") % {"name": figure.title}
    shown = f"{held / figure.scale:,.4f}".rstrip("0").rstrip(".")
    return f"{figure.title} {shown} {figure.shown_unit}"


def _said(indicator: Indicator, value: float | None, base: float | None, points: float | None) -> str:
    if value is None or base is None:
        return {
            Missing.ZERO: _("数据缺失，计 0 分"),
            Missing.AVERAGE: _("数据缺失，按本组平均得分"),
            Missing.SPREAD: _("数据缺失，权重摊入其他指标"),
            Missing.UNRATED: _("数据缺失，不定等级"),
        }[Missing(indicator.missing)]
    if value <= 0 and indicator.direction == Direction.MORE:
        return _("不大于 0，计 0 分")
    how = _("指标值 ÷ 基准 × 权重") if indicator.direction == Direction.MORE else _("基准 ÷ 指标值 × 权重")
    if indicator.cap is not None and points is not None and points >= float(indicator.cap * indicator.weight):
        return _("%(how)s，达到上限 %(cap)s 倍权重") % {"how": how, "cap": f"{indicator.cap.normalize():f}"}
    return how


def _total_said(indicators: Sequence[Indicator], score: Score) -> str:
    lost = [
        each
        for index, each in enumerate(indicators)
        if each.missing == Missing.SPREAD and _known(score.points, index) is None
    ]
    if not lost or score.total is None:
        return _("各项得分之和")
    weight = sum(each.weight for each in lost)
    return _("各项得分之和 × 100 ÷ (100 − %(weight)s)") % {"weight": f"{weight.normalize():f}"}  # type: ignore[union-attr]


def _grade_said(score: Score, cuts: dict[str, Any]) -> str:
    if score.grade == Grade.UNRATED:
        return _("%(why)s，按 B 类管理") % {"why": score.get_why_display()}
    classes = cuts["classes"]
    at = next((index for index, each in enumerate(classes) if each["grade"] == score.grade), None)
    if at is None or score.rank is None or score.total is None:
        return ""
    each = classes[at]
    said = _("本组 %(ranked)s 家，累计至 %(percent)s%% 为第 %(last)s 名；本企业第 %(rank)s 名。") % {
        "ranked": f"{cuts['ranked']:,}",
        "percent": each["up_to_percent"],
        "last": f"{each['last_rank']:,}",
        "rank": f"{score.rank:,}",
    }
    better = next((c for c in reversed(classes[:at]) if c["lowest"] is not None), None)
    if better:
        said += _("距 %(grade)s 类最低分 %(lowest)s 还差 %(gap)s 分。") % {
            "grade": better["grade"],
            "lowest": f"{better['lowest']:,.4f}",
            "gap": f"{better['lowest'] - score.total:,.4f}",
        }
    return said


def _percentile(score: Score) -> float | None:
    """How many of the ranked of its industry, in percent, do no better than it, itself not counted."""
    if not score.industry_rank or not score.industry_count:
        return None
    return 100 * (score.industry_count - score.industry_rank) / score.industry_count


def _figures(believed: YearlyReturn | None) -> list[Shown]:
    if believed is None:
        return []
    shown = []
    for figure in BY_KEY.values():
        held = getattr(believed, figure.key)
        office = believed.sources.get(figure.key, "")
        shown.append(
            Shown(
                title=figure.title,
                value=None if held is None else float(held) / figure.scale,
                unit=figure.shown_unit,
                source=_source(office, believed) if held is not None else "",
            )
        )
    return shown


def _source(office: str, believed: YearlyReturn) -> str:
    return str(Office(office).label) if office in Office.values else believed.source
