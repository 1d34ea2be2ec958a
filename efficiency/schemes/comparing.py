"""What differs between two editions, field by field, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from efficiency.schemes import words
from efficiency.schemes.models import Direction, Missing, SchemeVersion
from efficiency.schemes.rules import CohortRules, IndicatorRules, Rules, plain_number


@dataclass(frozen=True)
class Difference:
    """One thing two editions say differently; "" where one of them does not say it at all."""

    part: str
    what: str
    before: str
    after: str


def differences(
    before: tuple[SchemeVersion, Rules], after: tuple[SchemeVersion, Rules], industries: dict[str, str]
) -> list[Difference]:
    """What ``after`` says differently. Cohorts and indicators are matched by their names, then told in its order."""
    (old_version, old), (new_version, new) = before, after
    found = [
        Difference(_("全部"), what, was, now)
        for what, was, now in (
            (_("适用年度"), old_version.years, new_version.years),
            (_("异议期（工作日）"), str(old_version.objection_days), str(new_version.objection_days)),
            (_("最低数据要求"), words.requirement(old), words.requirement(new)),
            (_("同一宗地的企业"), _merging(old), _merging(new)),
        )
        if was != now
    ]
    olds = {cohort.name: cohort for cohort in old.cohorts}
    news = {cohort.name: cohort for cohort in new.cohorts}
    for name in [*news, *(name for name in olds if name not in news)]:
        found += _of_cohort(name, olds.get(name), news.get(name), industries)
    return found


def _of_cohort(
    name: str, old: CohortRules | None, new: CohortRules | None, industries: dict[str, str]
) -> Iterator[Difference]:
    if old is None or new is None:
        yield Difference(name, _("评价组"), *(_("有") if cohort else _("无") for cohort in (old, new)))
        return
    told_old, told_new = (words.groups(Rules((cohort,)), industries)[0] for cohort in (old, new))
    for what, was, now in (
        (_("范围"), told_old.scope, told_new.scope),
        (_("成立年限"), told_old.young or _("不限"), told_new.young or _("不限")),
        (_("用地口径"), told_old.basis, told_new.basis),
        (_("分档"), *("；".join(cut[1] for cut in told.cuts) for told in (told_old, told_new))),
    ):
        if was != now:
            yield Difference(name, what, was, now)
    olds = {indicator.name: indicator for indicator in old.indicators}
    news = {indicator.name: indicator for indicator in new.indicators}
    for each in [*news, *(each for each in olds if each not in news)]:
        yield from _of_indicator(name, each, olds.get(each), news.get(each), (old.land_basis, new.land_basis))


def _of_indicator(
    cohort: str, name: str, old: IndicatorRules | None, new: IndicatorRules | None, bases: tuple[str, str]
) -> Iterator[Difference]:
    if old is None or new is None:
        weights = [_("权重 %s") % plain_number(each.weight) if each else _("无") for each in (old, new)]
        yield Difference(cohort, name, *weights)
        return
    for what, was, now in (
        (_("计算"), words.formula(old, bases[0]), words.formula(new, bases[1])),
        (_("权重"), plain_number(old.weight), plain_number(new.weight)),
        (_("基准"), words.base(old), words.base(new)),
        (_("方向"), str(Direction(old.direction).label), str(Direction(new.direction).label)),
        (_("上限"), words.limit(old), words.limit(new)),
        (_("缺失时"), str(Missing(old.missing).label), str(Missing(new.missing).label)),
    ):
        if was != now:
            yield Difference(cohort, f"{name} · {what}", was, now)


def _merging(rules: Rules) -> str:
    return _("合并评价") if rules.merge_tenants else _("分别评价")
