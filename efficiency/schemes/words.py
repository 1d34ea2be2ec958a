"""A scheme in words: how an indicator is computed, who is in a cohort, which class follows, what must be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from efficiency.returns.figures import BY_KEY
from efficiency.returns.models.land import LandBasis
from efficiency.schemes.models import BaseKind, Denominator, Direction, Grade, Missing
from efficiency.schemes.rules import CohortRules, IndicatorRules, Rules, plain_number
from parks.enterprises.models import EnterpriseSize


@dataclass(frozen=True)
class Line:
    """One indicator in words; ``x`` and ``width`` are its part of the bar of weights, in percent."""

    rules: IndicatorRules
    value: str
    points: str
    limit: str
    missing: str
    x: Decimal
    width: Decimal


@dataclass(frozen=True)
class Group:
    """A cohort in words; ``cuts`` are (grade, sentence, x, width) with its part of the bar of ranks in percent."""

    rules: CohortRules
    scope: str
    young: str
    basis: str
    lines: Sequence[Line]
    cuts: Sequence[tuple[str, str, Decimal, Decimal]]


def groups(rules: Rules, industries: dict[str, str]) -> list[Group]:
    """Every cohort of an edition; ``industries`` names their codes."""
    return [_group(cohort, industries) for cohort in rules.cohorts]


def industry_codes(*editions: Rules) -> set[str]:
    """The codes of industries editions name."""
    return {
        code for rules in editions for cohort in rules.cohorts for code in (*cohort.industries, *cohort.not_industries)
    }


def requirement(rules: Rules) -> str:
    """The least that must be known: 实缴税收，且累计固定资产投资或工业总产值."""
    if not rules.requires:
        return _("没有最低要求")
    either = [_("或").join(str(BY_KEY[key].title) for key in alternatives) for alternatives in rules.requires]
    return _("须有%s；缺少的不定等级") % _("，且有").join(either)


def scope(cohort: CohortRules, industries: dict[str, str]) -> str:
    """Who is in a cohort."""
    parts = []
    if cohort.above_scale is not None:
        parts.append(_("规模以上企业") if cohort.above_scale else _("规模以下企业"))
    if cohort.sizes:
        parts.append(_("、").join(str(EnterpriseSize(size).label) for size in cohort.sizes))
    if cohort.industries:
        parts.append(_("行业为%s") % _named(cohort.industries, industries))
    if cohort.not_industries:
        parts.append(_("不含%s") % _named(cohort.not_industries, industries))
    if cohort.least_land_mu is not None:
        parts.append(_("用地不少于 %s 亩") % plain_number(cohort.least_land_mu))
    return _("；").join(parts) or _("全部企业")


def formula(indicator: IndicatorRules, basis: str) -> str:
    """What the value of an indicator is made of: 实缴税收 ÷ 实际用地（亩），单位 万元/亩."""
    below = (
        _("%s（亩）") % LandBasis(basis).label
        if indicator.denominator == Denominator.LAND
        else BY_KEY[indicator.denominator].title
    )
    return _("%(above)s ÷ %(below)s，单位 %(unit)s") % {
        "above": BY_KEY[indicator.numerator].title,
        "below": below,
        "unit": indicator.unit,
    }


def base(indicator: IndicatorRules) -> str:
    """The base value, or where it comes from."""
    if indicator.base_kind == BaseKind.FIXED and indicator.base is not None:
        return plain_number(indicator.base)
    return str(BaseKind(indicator.base_kind).label)


def earned(indicator: IndicatorRules) -> str:
    """How points follow from the value: 亩均税收 ÷ 24.097 × 30."""
    words = {"name": indicator.name, "base": base(indicator), "weight": plain_number(indicator.weight)}
    if indicator.direction == Direction.LESS:
        return _("%(base)s ÷ %(name)s × %(weight)s") % words
    return _("%(name)s ÷ %(base)s × %(weight)s") % words


def limit(indicator: IndicatorRules) -> str:
    """The most an indicator can earn."""
    if indicator.cap is None:
        return _("不设上限")
    most = plain_number(indicator.cap * indicator.weight)
    return _("最高 %(most)s 分（权重的 %(cap)s 倍）") % {"most": most, "cap": plain_number(indicator.cap)}


def _group(cohort: CohortRules, industries: dict[str, str]) -> Group:
    lines, at = [], Decimal(0)
    for indicator in cohort.indicators:
        lines.append(
            Line(
                rules=indicator,
                value=formula(indicator, cohort.land_basis),
                points=earned(indicator),
                limit=limit(indicator),
                missing=str(Missing(indicator.missing).label),
                x=at,
                width=indicator.weight,
            )
        )
        at += indicator.weight
    young = _("成立不满 %s 年的不定等级") % cohort.least_age_years if cohort.least_age_years else ""
    return Group(
        rules=cohort,
        scope=scope(cohort, industries),
        young=young,
        basis=str(LandBasis(cohort.land_basis).label),
        lines=lines,
        cuts=_cuts(cohort),
    )


def _cuts(cohort: CohortRules) -> list[tuple[str, str, Decimal, Decimal]]:
    found, before = [], Decimal(0)
    for cut in cohort.cuts:
        words: dict[str, Any] = {
            "grade": Grade(cut.grade).label,
            "from": plain_number(before),
            "to": plain_number(cut.up_to_percent),
        }
        sentence = _("%(grade)s：前 %(to)s%%") if not before else _("%(grade)s：%(from)s%% 至 %(to)s%%")
        found.append((cut.grade, sentence % words, before, cut.up_to_percent - before))
        before = cut.up_to_percent
    return found


def _named(codes: Sequence[str], industries: dict[str, str]) -> str:
    return _("、").join(industries.get(code, code) for code in codes)
