"""The kind of case: what it is called, who handles it, and what its form, checks and effect are."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.accounts.models import Role
from core.casework import kinds
from core.casework.kinds import CaseKind, PaperSlot
from landuse.applications import KIND, conditions, presenting, services
from landuse.applications.forms import PlotRatioForm

SCANS = (".pdf", ".jpg", ".jpeg", ".png")

PLOT_RATIO = CaseKind(
    name=KIND,
    title=_("工改工容积率调整"),
    prefix="RJ",
    hint=_("自有工业用地不增加用地、提高开发强度的，申请放宽容积率、建筑密度、绿地率和建筑限高。"),
    officer=Role.PLANNER,
    offices=(Role.PARKS, Role.MONITOR),
    decider=Role.REVIEWER,
    appeals=Role.HEAD,
    papers=(
        PaperSlot(
            "title",
            _("不动产权证书或土地使用权证明"),
            help=_("须能看清宗地代码、用途和权利人。"),
            suffixes=SCANS,
        ),
        PaperSlot(
            "design",
            _("规划设计方案"),
            help=_("总平面图、各层平面图和经济技术指标表；分功能面积须与申请表一致。"),
            suffixes=(".pdf", ".zip"),
        ),
        PaperSlot(
            "membership",
            _("培育计划成员认定文件"),
            required=False,
            help=_("系统中已有认定文号的可不上传。"),
            suffixes=SCANS,
        ),
        PaperSlot("photos", _("现状照片"), required=False, suffixes=(*SCANS, ".zip")),
    ),
    form=PlotRatioForm,
    subject=presenting.subject,
    assess=conditions.assess,
    record=services.record,
    approve=services.approve,
    undo=services.undo,
    take_effect=services.take_effect,
    facts=presenting.facts,
    form_template="applications/form.html",
    detail_template="applications/detail.html",
    detail=presenting.detail,
    letter_template="applications/letter.html",
    letter=presenting.letter,
    icon="building-factory-2",
)


def register() -> None:
    """Announce the kind."""
    kinds.register(PLOT_RATIO)
