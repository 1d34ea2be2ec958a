"""The kind of case ``land_quota``: what it asks, what it reserves, and what people read about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.casework import kinds
from core.casework.kinds import CaseKind, PaperSlot, Subject
from core.casework.models import Case
from core.policy.models import Jurisdiction
from core.refusals import Refused
from landuse.quotas import checks, perms, services
from landuse.quotas.amounts import shown
from landuse.quotas.forms import RequestForm, district_of, pool_title
from landuse.quotas.models import Purpose, QuotaEntry, QuotaPool, QuotaRequest
from landuse.quotas.queries import WAITING
from landuse.quotas.ranking import ranking

NAME = "land_quota"


def subject(case: Case) -> Subject | None:
    """The district by plot or town, the plot, and what is asked in a line; None while the place is not told."""
    data = case.data or {}
    district = district_of(data)
    if not district or not Jurisdiction.objects.filter(code=district, level="district").exists():
        return None
    plot, location = str(data.get("plot_code") or ""), str(data.get("location") or "").strip()
    amount = str(data.get("amount_mu") or "").strip()[:14]
    where = plot or location or _("坐落未填")
    title = _("%(where)s用地指标 %(amount)s 亩") if amount else _("%(where)s用地指标")
    return Subject(district, (plot,) if plot else (), title % {"where": where[:100], "amount": amount})


def record(case: Case) -> None:
    """Write the typed request of a submitted case, anew after a correction. Raises Refused."""
    form = RequestForm(case.data or {}, case=case)
    if not form.is_valid():
        raise Refused(_("申请表填写不完整，请返回修改。"))
    data = form.cleaned_data
    plot = data["plot_code"]
    facts = {
        "pool_id": int(data["pool"]),
        "programme_id": data["programme"] or None,
        "plot_code": plot,
        "town_id": None if plot else data["town"],
        "location": "" if plot else data["location"],
        **{
            name: data[name]
            for name in (
                "amount_mu",
                "purpose",
                "investment_wan",
                "output_wan",
                "tax_wan",
                "output_before_wan",
                "output_last_wan",
                "early_completion",
                "joint_review_number",
                "joint_review_on",
            )
        },
    }
    with transaction.atomic():
        QuotaRequest.objects.update_or_create(case=case, defaults=facts)


def approve(case: Case, by: User) -> None:
    """Reserve what was asked for, while the pool has room."""
    services.reserve(case=case, by=by)


def undo(case: Case, by: User) -> None:
    """Release the reservation."""
    services.release(case=case, by=by, text=_("批准撤销"))


def take_effect(case: Case, by: User) -> None:
    """Turn the reservation into used quota."""
    services.commit(case=case, by=by)


def facts(case: Case) -> Sequence[tuple[Any, Any, Any]]:
    """What is asked, in lines: (label, value, note)."""
    form = RequestForm(case.data or {}, case=case)
    form.is_valid()
    data = form.cleaned_data
    pool = (
        QuotaPool.objects.select_related("plan__place").filter(pk=int(data["pool"])).first()
        if data.get("pool")
        else None
    )
    town = Jurisdiction.objects.filter(code=data["town"]).first() if data.get("town") else None
    lines: list[tuple[Any, Any, Any]] = [
        (_("指标池"), pool_title(pool) if pool else "", ""),
        (_("申请面积"), _("%s 亩") % shown(data["amount_mu"]) if data.get("amount_mu") else "", ""),
        (_("用途"), Purpose(data["purpose"]).label if data.get("purpose") else "", ""),
        (
            _("位置"),
            data.get("plot_code")
            or " ".join(part for part in (town.name if town else "", data.get("location")) if part),
            _("现有宗地") if data.get("plot_code") else "",
        ),
        (_("列入的项目清单"), data.get("project_set") or "", ""),
        (_("计划投资"), _wan(data.get("investment_wan")), ""),
        (_("达产年产值"), _wan(data.get("output_wan")), ""),
        (_("达产年税收"), _wan(data.get("tax_wan")), ""),
        (
            _("前年、上年产值"),
            _("%(before)s、%(last)s")
            % {"before": _wan(data["output_before_wan"]), "last": _wan(data["output_last_wan"])}
            if {"output_before_wan", "output_last_wan"} <= set(data)
            else "",
            _("申请人填报"),
        ),
        (_("提前完成目标"), _("填报已完成") if data.get("early_completion") else "", ""),
        (_("补办联审"), data.get("joint_review_number") or "", str(data.get("joint_review_on") or "")),
        (_("项目说明"), data.get("project") or "", ""),
    ]
    return [line for line in lines if line[1]]


def _wan(amount: Any) -> str:
    return _("%s 万元") % f"{amount:,.2f}" if amount is not None else ""


def detail(request: HttpRequest, case: Case) -> Mapping[str, Any]:
    """The request's place among those that wait, and what the case holds; the ledger only for who reads it."""
    asked = QuotaRequest.objects.select_related("pool__plan__place").filter(case=case).first()
    ranked = ranking(asked.pool) if asked and case.state in WAITING else None
    held = QuotaEntry.objects.held_by(case.pk)
    return {
        "quota_request": asked,
        "quota_ranked": ranked.of(case.pk) if ranked else None,
        "quota_waiting": len(ranked.rows) if ranked else 0,
        "quota_ranking": ranked.value if ranked else None,
        "quota_held": held if held["reserved"] or held["committed"] else None,
        "quota_reads_ledger": perms.reads_ledger(reader(request)),
    }


KIND = CaseKind(
    name=NAME,
    title=gettext_lazy("用地指标"),
    prefix="YD",
    hint=gettext_lazy("项目需要新增用地或补办手续，申请年度用地指标"),
    officer=Role.PLANNER,
    offices=(Role.PARKS, Role.MONITOR),
    decider=Role.REVIEWER,
    appeals=Role.HEAD,
    papers=(
        PaperSlot(
            "project",
            gettext_lazy("项目建议书或可行性研究报告"),
            help=gettext_lazy("写明建设内容、用地面积及其测算、进度安排。"),
        ),
        PaperSlot(
            "statements",
            gettext_lazy("近两年财务报表"),
            help=gettext_lazy("经审计的，附审计报告；用于核对产值增长。"),
        ),
        PaperSlot(
            "joint_review",
            gettext_lazy("部门联审意见"),
            required=False,
            help=gettext_lazy("申请已建房屋补办手续指标的，附会审纪要。"),
        ),
        PaperSlot(
            "completion",
            gettext_lazy("提前完成目标的证明"),
            required=False,
            help=gettext_lazy("填报提前完成的，附考核或审计证明。"),
        ),
    ),
    form=RequestForm,
    subject=subject,
    assess=checks.assess,
    record=record,
    approve=approve,
    undo=undo,
    take_effect=take_effect,
    facts=facts,
    form_template="quotas/request_fields.html",
    detail_template="quotas/request_detail.html",
    detail=detail,
    icon="ruler-measure",
)


def register() -> None:
    """Announce the kind to casework."""
    kinds.register(KIND)
