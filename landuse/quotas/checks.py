"""Whether a request for quota meets its conditions: one function a condition, each with its source. Nothing is written.

Rules §1.6, QT-1 to QT-5. A peer city's figure or list (QT-2 S001, QT-4 S003) is weighed
only where the city adopted it; otherwise the finding says so and weighs nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from core import policy
from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding, Source
from core.casework.models import Case
from core.policy.models import Parameter
from landuse.plots.models import Occupation, PlotVersion
from landuse.quotas import share
from landuse.quotas.amounts import shown
from landuse.quotas.asked import Asked
from landuse.quotas.models import Category, Purpose, QuotaEntry
from landuse.quotas.ranking import RANKING_KEY

MU = "亩"

FITTING: dict[str, tuple[str, ...]] = {
    Category.INDUSTRIAL.value: (Purpose.NEW, Purpose.EXPANSION, Purpose.TITLE),
    Category.CONVERSION.value: (Purpose.CONVERSION, Purpose.TITLE),
    Category.COLLECTIVE_NEW.value: (Purpose.NEW, Purpose.EXPANSION, Purpose.TITLE),
    Category.ADVANCED.value: (Purpose.NEW, Purpose.EXPANSION),
    Category.LINKED.value: (Purpose.NEW, Purpose.EXPANSION, Purpose.TITLE),
    Category.RECLAIMED.value: (Purpose.NEW, Purpose.EXPANSION, Purpose.TITLE),
    Category.CITY.value: (Purpose.NEW, Purpose.EXPANSION, Purpose.TITLE, Purpose.CONVERSION),
    Category.VOCATIONAL.value: (Purpose.SCHOOL,),
}
"""Purposes each category of quota is given for (QT-3, QT-5)."""


def assess(case: Case, on: dt.date) -> list[Finding]:
    """Every condition of a request on a day, the blocking ones first."""
    asked = Asked.of(case, on)
    found = [finding for check in CHECKS for finding in check(asked)]
    return sorted(found, key=lambda finding: not finding.blocking)


def _room(asked: Asked) -> Iterator[Finding]:
    title, amount = _("指标池有余量"), asked.data.get("amount_mu")
    if asked.pool is None or amount is None:
        yield Finding("QT-ROOM", title, UNKNOWN, _("选择指标池并填写面积后核对。"), field="pool")
        return
    room = asked.available_in(asked.pool)
    enough = room >= amount
    figures = {"pool": asked.pool.name, "room": shown(room), "amount": shown(amount), "short": shown(amount - room)}
    yield Finding(
        "QT-ROOM",
        title,
        MET if enough else UNMET,
        _("“%(pool)s”可用 %(room)s 亩，申请 %(amount)s 亩。") % figures
        if enough
        else _("“%(pool)s”可用 %(room)s 亩，申请 %(amount)s 亩，差 %(short)s 亩。") % figures,
        source=asked.source("quota.priority"),
        advice="" if enough else _("可以提交排队；批准时须有余量。由自然资源局下达或调入指标，或减少面积。"),
        field="amount_mu",
    )


def _year(asked: Asked) -> Iterator[Finding]:
    if asked.pool is None:
        return
    same = asked.pool.plan.year == asked.on.year
    facts = {"year": asked.pool.plan.year, "now": asked.on.year}
    yield Finding(
        "QT-YEAR",
        _("本年度指标"),
        MET if same else UNMET,
        _("使用 %(year)s 年度指标。") % facts if same else _("所选为 %(year)s 年度指标，%(now)s 年不再安排。") % facts,
        advice="" if same else _("请改选 %(now)s 年度的指标池。") % facts,
        # What was submitted within the year may be decided after it; a new request must be of the running year.
        blocking=not same and not asked.submitted_in(asked.pool.plan.year),
        field="pool",
    )


def _membership(asked: Asked) -> Iterator[Finding]:
    if asked.pool is None:
        return
    title, programme = _("计划成员资格有效"), asked.pool.programme
    source = asked.source("quota.programme_share")
    if programme is None:
        yield Finding("QT-1", title, NOTED, _("“%s”不限计划成员。") % asked.pool.name, source=source, field="pool")
        return
    held = next((row for row in asked.memberships if row.programme_id == programme.pk), None)
    yield Finding(
        "QT-1",
        title,
        MET if held else UNMET,
        _("申请人是“%(programme)s”成员，自 %(since)s 起有效。")
        % {"programme": programme.name, "since": held.valid_from.isoformat()}
        if held
        else _("“%(pool)s”面向“%(programme)s”成员，申请人在 %(on)s 没有有效的成员资格。")
        % {"pool": asked.pool.name, "programme": programme.name, "on": asked.on.isoformat()},
        source=source,
        advice="" if held else _("可改选普通项目池，或向工信局申请认定。"),
        blocking=True,
        field="pool",
    )


def _cap(asked: Asked) -> Iterator[Finding]:
    if asked.pool is None or asked.pool.programme_id is None:
        return
    standing = share.standing(asked.pool.plan.place_id, asked.pool.plan.year, asked.on, asked.until)
    title = _("项目池占年度计划的比例")
    source = asked.source(share.CAP_KEY)
    if standing.cap_percent is None:
        yield Finding(
            "QT-2",
            title,
            NOTED,
            _("未设比例上限：%s") % (_("参照城市的比例未采用。") if source else _("没有生效的参数。")),
            measured=standing.programme_percent,
            unit="%",
            source=source,
        )
        return
    amount = asked.data.get("amount_mu") or Decimal(0)
    held = QuotaEntry.objects.filter(at__lte=asked.until).held_by(asked.case.pk)
    after = standing.used_mu - held["reserved"] - held["committed"] + amount
    most = standing.cap_mu + standing.covered_mu
    over = after > most
    facts = {
        "after": shown(after),
        "most": shown(most),
        "covered": shown(standing.covered_mu),
        "over": shown(after - most),
    }
    yield Finding(
        "QT-2",
        title,
        UNMET if over else MET,
        _("本件安排后项目池共用 %(after)s 亩，上限 %(most)s 亩，超 %(over)s 亩。") % facts
        if over
        else _("本件安排后项目池共用 %(after)s 亩，上限 %(most)s 亩，其中年中调剂 %(covered)s 亩。") % facts,
        measured=after,
        required=most,
        unit=MU,
        source=source,
        advice=_("须先作年中调剂入池并写明批准文号，才能批准。由自然资源局报市政府办理。") if over else "",
    )


def _fits(asked: Asked) -> Iterator[Finding]:
    purpose = asked.data.get("purpose")
    if asked.pool is None or not purpose:
        return
    category = asked.pool.plan.category
    fits = purpose in FITTING[category]
    school = Purpose.SCHOOL in (purpose, *FITTING[category])
    facts = {
        "category": asked.pool.plan.get_category_display(),
        "purpose": Purpose(purpose).label,
        "fitting": _("、").join(str(Purpose(value).label) for value in FITTING[category]),
    }
    yield Finding(
        "QT-3",
        _("用途符合指标类别"),
        MET if fits else UNMET,
        _("“%(category)s”指标可用于“%(purpose)s”。") % facts
        if fits
        else _("“%(category)s”指标用于%(fitting)s，不用于“%(purpose)s”。") % facts,
        source=asked.source("quota.vocational_school" if school else "quota.priority"),
        advice="" if fits else _("请改选用途相符的指标池。"),
        blocking=True,
        field="purpose",
    )


def _eligible(asked: Asked) -> Iterator[Finding]:
    if asked.pool is None or asked.pool.plan.category not in (Category.CITY, Category.ADVANCED):
        return
    title, source = _("列入可申请的项目清单"), asked.source("quota.eligible_projects")
    if source is None or source.status == Parameter.Status.REFERENCE:
        yield Finding("QT-4", title, NOTED, _("未限定项目清单：参照城市的清单未采用。"), source=source)
        return
    listed = asked.data.get("project_set")
    yield Finding(
        "QT-4",
        title,
        MET if listed else UNMET,
        _("填报列入%s，由部门核对。") % listed if listed else _("没有填报列入的项目清单。"),
        source=source,
        advice="" if listed else _("列入清单的，请在表中选择；没有列入的，可改选其他指标池。"),
        field="project_set",
    )


def _collective(asked: Asked) -> Iterator[Finding]:
    if asked.pool is None or asked.pool.plan.category != Category.COLLECTIVE_NEW:
        return
    now, before = share.collective_increment(asked.pool.plan.place_id, asked.pool.plan.year, asked.until)
    more = before is not None and now > before
    facts = {"year": asked.pool.plan.year, "now": shown(now), "before": shown(before or Decimal(0))}
    yield Finding(
        "QT-3-COLLECTIVE",
        _("集体新增指标适度减少"),
        UNMET if more else NOTED if before is None else MET,
        _("%(year)s 年下达 %(now)s 亩，上年没有记录，无从比较。") % facts
        if before is None
        else _("%(year)s 年下达 %(now)s 亩，上年 %(before)s 亩。") % facts,
        measured=now,
        required=before,
        unit=MU,
        source=asked.source("quota.collective_increment"),
        advice=_("较上年增加。鼓励征收为国有后使用其他类别指标，由自然资源局掌握。") if more else "",
    )


def _joint_review(asked: Asked) -> Iterator[Finding]:
    if asked.data.get("purpose") != Purpose.TITLE:
        return
    number = asked.data.get("joint_review_number")
    yield Finding(
        "QT-2-TITLE",
        _("补办手续已过部门联审"),
        MET if number else UNMET,
        _("联审已通过（%(number)s，%(on)s），优先安排。")
        % {"number": number, "on": asked.data.get("joint_review_on") or _("日期未填")}
        if number
        else _("没有填写联审文号，不优先安排。"),
        source=asked.source(RANKING_KEY),
        advice="" if number else _("联审通过后补充文号和会议纪要，即列为优先。"),
        field="joint_review_number",
    )


def _early(asked: Asked) -> Iterator[Finding]:
    if not asked.data.get("early_completion"):
        return
    code = asked.data.get("programme")
    held = next((row for row in asked.memberships if row.programme_id == code), None)
    yield Finding(
        "QT-2-EARLY",
        _("提前完成承诺目标"),
        MET if held else UNMET,
        _("填报已提前完成“%s”的目标，由部门核定。") % held.programme.name
        if held
        else _("填报已提前完成目标，但没有指明有效的成员资格，不计入排序。"),
        source=asked.source(RANKING_KEY),
        advice="" if held else _("请在“依据的计划成员资格”中选择所完成的计划。"),
        field="programme",
    )


def _growth(asked: Asked) -> Iterator[Finding]:
    before, last = asked.data.get("output_before_wan"), asked.data.get("output_last_wan")
    title = _("产值增长可信")
    if before is None or last is None:
        return
    try:
        limit = policy.value("quota.growth_check_percent", asked.place, asked.on)
    except policy.ParameterMissing:
        limit = None
    source = Source.of(limit) if limit else None
    if before == 0:
        yield Finding(
            "QT-GROWTH", title, UNKNOWN, _("前年产值为 0，无法计算增长率。"), source=source, field="output_before_wan"
        )
        return
    growth = (last - before) / before * 100
    change = {"percent": f"{abs(growth):.2f}"}
    said = _("产值较前年增长 %(percent)s %%") if growth >= 0 else _("产值较前年下降 %(percent)s %%")
    if limit is None or limit.value is None:
        yield Finding("QT-GROWTH", title, NOTED, said % change + _("。"), measured=growth, unit="%")
        return
    credible = growth <= limit.value
    change["limit"] = f"{limit.value.normalize():f}"
    verdict = _("，没有超过核实线 %(limit)s %%。") if credible else _("，超过核实线 %(limit)s %%。")
    yield Finding(
        "QT-GROWTH",
        title,
        MET if credible else UNMET,
        (said + verdict) % change,
        measured=growth,
        required=limit.value,
        unit="%",
        source=source,
        advice="" if credible else _("增长率异常，请核对两年产值的单位（万元）；无误的，附审计报告说明。"),
        field="output_last_wan",
    )


def _plot(asked: Asked) -> Iterator[Finding]:
    # As it is written, not as the form reads it: a plot sold since the submission is no choice of the form any more.
    code = str((asked.case.data or {}).get("plot_code") or "")
    if not code:
        return
    stands = PlotVersion.objects.in_force_on(asked.on).filter(plot=code).exists()
    occupied = Occupation.objects.in_force_on(asked.on).filter(plot=code, enterprise__uscc=asked.case.applicant_code)
    own = stands and occupied.exists()
    facts = {"code": code, "on": asked.on.isoformat()}
    if own:
        message, advice = _("宗地 %(code)s 在 %(on)s 有效，在申请人名下。") % facts, ""
    elif stands:
        message = _("宗地 %(code)s 在 %(on)s 不在申请人名下。") % facts
        advice = _("请改选本企业的宗地；权属有误的，先向自然资源部门更正。")
    else:
        message = _("宗地 %(code)s 在 %(on)s 已不在图上，可能已合并或分割。") % facts
        advice = _("请改选现行宗地，或填写坐落。")
    yield Finding(
        "QT-PLOT",
        _("宗地现行有效"),
        MET if own else UNMET,
        message,
        advice=advice,
        blocking=True,
        field="plot_code",
    )


CHECKS: tuple[Callable[[Asked], Iterator[Finding]], ...] = (
    _year,
    _membership,
    _fits,
    _plot,
    _room,
    _cap,
    _eligible,
    _collective,
    _joint_review,
    _early,
    _growth,
)
