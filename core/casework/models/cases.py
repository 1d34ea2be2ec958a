"""Cases, what happened to them, and the pauses of their clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from core.casework.queries import CaseQuerySet, TimelineQuerySet
from core.casework.states import (
    CLOSED,
    EDITABLE,
    ENDED,
    FIRST,
    MOVE_TITLES,
    MOVES,
    Procedure,
    State,
    declared_steps,
    states_of,
)
from core.history import tracked
from core.moves import declared_moves_by
from core.policy.models import Jurisdiction

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from core.casework.kinds import CaseKind

_ACCEPTED = (State.REVIEW, State.DECISION, State.NOTICE, State.EFFECTIVE)

_DECIDED = (State.NOTICE, State.EFFECTIVE, State.REFUSED, State.NOT_ACCEPTED, State.IMPOSED, State.SETTLED)

_NUMBERED = (State.ISSUED,)
"""Editable states in which the office has spoken before the applicant."""

_NUMBERED_SQL = ", ".join(f"'{state.value}'" for state in _NUMBERED)

_SAYS_WHY = (State.REFUSED, State.NOT_ACCEPTED, State.RETURNED, State.IMPOSED, State.SETTLED)


def person(name: StrOrPromise) -> models.ForeignKey[Any, Any]:
    """Somebody who did something, or nobody yet."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=name
    )


def _declared(name: str) -> Any:
    """The transition of a declared move; what it records besides the state is written by services."""
    move = MOVES[name]

    def act(self: Case) -> None:
        """Take the move; the decorator writes the state."""

    act.__name__ = name
    own = [lambda case: case.procedure == move.procedure]
    return transition(field="state", source=list(move.sources), target=move.target, conditions=own)(act)


@tracked()
class Case(FSMModelMixin, models.Model):
    """办件: what an applicant asks for, or an office of an enterprise, and how far it has come.

    The ``procedure`` is the kind's. In a supervision the applicant is the enterprise
    supervised, ``filed_by`` and ``accepted_by`` the officer who opened it, and ``cause``
    what the office gave as its ground, which stands from the beginning; ``data`` is the
    enterprise's plan.

    ``data`` is the form as it stands, possibly incomplete while the case is editable;
    the kind's own tables hold what was submitted. ``revision`` rises with every write of
    ``data``: a writer names the one it read. ``due_on`` is the last day of the stage the
    case is in, for whoever has the next move; ``remaining_days`` the working days its
    clock still has while it is paused. ``evidence`` are the findings at the submission
    and ``decision_evidence`` those at the decision, frozen with their date:
    ``{"on": "2026-03-31", "findings": […]}`` as :func:`core.casework.findings.as_json` writes them.
    """

    kind = models.CharField(_("事项"), max_length=30)
    procedure = models.CharField(
        _("程序"),
        max_length=12,
        choices=Procedure,
        default=Procedure.APPLICATION,
        db_default=Procedure.APPLICATION,
    )
    number = models.CharField(_("办件编号"), max_length=24, unique=True, null=True, blank=True)
    title = models.CharField(_("标题"), max_length=160, blank=True)
    state = FSMField(_("状态"), default=State.DRAFT, choices=State.choices, protected=True)
    applicant_code = models.CharField(_("申请人统一社会信用代码"), max_length=18)
    applicant_name = models.CharField(_("申请人"), max_length=100)
    district = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("办理区"))
    subject_codes = ArrayField(models.CharField(max_length=20), verbose_name=_("涉及宗地"), default=list, blank=True)
    data = models.JSONField(_("申请内容"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    cause = models.JSONField(_("督办事由"), default=dict, db_default={}, blank=True, encoder=DjangoJSONEncoder)
    revision = models.PositiveIntegerField(_("修订号"), default=0)
    token = models.UUIDField(_("表单标识"), null=True, blank=True, unique=True, help_text=_("同一份表单只建一件。"))
    is_demo = models.BooleanField(_("示例"), default=False)

    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="filed_cases", verbose_name=_("填报人")
    )
    on_behalf = models.BooleanField(_("代为填报"), default=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_cases",
        verbose_name=_("经办人"),
    )
    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    changed_at = models.DateTimeField(_("最近修改"), auto_now=True)
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("受理时间"), null=True, blank=True)
    accepted_by = person(_("受理人"))
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    decided_by = person(_("决定人"))
    decision_number = models.CharField(_("决定文号"), max_length=60, blank=True)
    decision_text = models.TextField(_("决定意见"), blank=True)
    effective_at = models.DateTimeField(_("生效时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True)

    round = models.PositiveSmallIntegerField(_("会审轮次"), default=1)
    due_on = models.DateField(_("本环节截止"), null=True, blank=True)
    remaining_days = models.SmallIntegerField(_("暂停时剩余工作日"), null=True, blank=True)
    correction_text = models.TextField(_("补正内容"), blank=True)
    appeal_text = models.TextField(_("复核理由"), blank=True)
    notice_from = models.DateField(_("公示开始"), null=True, blank=True)
    notice_until = models.DateField(_("公示截止"), null=True, blank=True, help_text=_("当日仍在公示。"))
    evidence = models.JSONField(_("提交时的核对结果"), null=True, blank=True, encoder=DjangoJSONEncoder)
    decision_evidence = models.JSONField(_("决定时的核对结果"), null=True, blank=True, encoder=DjangoJSONEncoder)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("办件")
        verbose_name_plural = _("办件")
        ordering = ["-changed_at"]
        indexes = [
            models.Index(fields=["district", "state", "due_on"], name="case_place_state_due"),
            models.Index(fields=["applicant_code", "-changed_at"], name="case_applicant"),
            models.Index(fields=["assignee", "state"], name="case_assignee"),
            GinIndex(fields=["subject_codes"], name="case_subjects"),
        ]
        constraints = [
            models.CheckConstraint(
                name="casework_case_state_known",
                condition=Q(procedure=Procedure.APPLICATION, state__in=states_of(Procedure.APPLICATION))
                | Q(procedure=Procedure.SUPERVISION, state__in=states_of(Procedure.SUPERVISION)),
            ),
            models.CheckConstraint(
                name="casework_case_numbered_when_submitted",
                condition=Q(state__in=[State.DRAFT, State.WITHDRAWN])
                | Q(number__isnull=False, submitted_at__isnull=False),
                violation_error_message=_("提交后的办件须有编号和提交时间。"),
            ),
            models.CheckConstraint(
                name="casework_case_accepted_by_somebody",
                condition=~(Q(state__in=_ACCEPTED) | Q(procedure=Procedure.SUPERVISION))
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                violation_error_message=_("会审及其后的办件须有受理记录，督办件须有立案记录。"),
            ),
            models.CheckConstraint(
                name="casework_case_decided_by_somebody",
                condition=~Q(state__in=_DECIDED) | Q(decided_at__isnull=False, decided_by__isnull=False),
                violation_error_message=_("决定须记录决定人和时间。"),
            ),
            models.CheckConstraint(
                name="casework_case_decider_differs",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("filed_by")),
                violation_error_message=_("填报人不得决定自己填报的办件。"),
            ),
            models.CheckConstraint(
                name="casework_case_decider_did_not_accept",
                condition=Q(decided_by__isnull=True) | Q(accepted_by__isnull=True) | ~Q(decided_by=F("accepted_by")),
                violation_error_message=_("受理人不得决定自己受理的办件。"),
            ),
            models.CheckConstraint(
                name="casework_case_reasons_given",
                condition=(~Q(state__in=_SAYS_WHY) | ~Q(decision_text=""))
                & (~Q(state=State.CORRECTION) | ~Q(correction_text=""))
                & (~Q(state=State.APPEAL) | ~Q(appeal_text="")),
                violation_error_message=_("不予受理、不予批准、退回、处理、补正和复核都须写明理由。"),
            ),
            models.CheckConstraint(
                name="casework_case_paused_in_correction",
                condition=Q(state=State.CORRECTION, remaining_days__isnull=False)
                | (~Q(state=State.CORRECTION) & Q(remaining_days__isnull=True)),
                violation_error_message=_("只有补正期间暂停计时。"),
            ),
            models.CheckConstraint(
                name="casework_case_notice_ordered",
                condition=Q(notice_until__isnull=True) | Q(notice_until__gte=F("notice_from")),
                violation_error_message=_("公示截止不得早于开始。"),
            ),
        ]
        triggers = [
            declared_moves_by(
                column="procedure",
                noun="办件",
                ways={way.value: (FIRST[way].value, declared_steps(way)) for way in Procedure},
                constraint="casework_case_moves",
            ),
            pgtrigger.Trigger(
                name="says_the_same_once_submitted",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("data", "evidence", "number"),
                condition=pgtrigger.Q(
                    old__state__in=[state.value for state in State if state not in EDITABLE or state in _NUMBERED]
                ),
                func=f"""
                    -- Of a notice the plan may still be written; what the office said stands.
                    IF (NEW.evidence, NEW.number) IS DISTINCT FROM (OLD.evidence, OLD.number)
                        OR (OLD.state NOT IN ({_NUMBERED_SQL}) AND NEW.data IS DISTINCT FROM OLD.data)
                    THEN
                        RAISE EXCEPTION '办件 % 已提交，申请内容不可再改', OLD.number
                            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'casework_case_frozen',
                                HINT = '要求补正或退回后再修改。';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.ReadOnly(
                name="stays_whose_it_is",
                fields=["kind", "procedure", "applicant_code", "filed_by", "on_behalf", "cause"],
            ),
            pgtrigger.Protect(
                name="ended_is_immutable",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state__in=[state.value for state in ENDED]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number or self.pk} {self.title}"

    def get_absolute_url(self) -> str:
        """The case's page."""
        return reverse("casework:case", args=[self.pk])

    @property
    def kind_of(self) -> CaseKind:
        """Its kind; raises KindUnknown."""
        from core.casework import kinds

        return kinds.kind(self.kind)

    @property
    def is_editable(self) -> bool:
        """Whether the applicant may change what it says."""
        return self.state in EDITABLE

    @property
    def is_closed(self) -> bool:
        """Whether nobody has anything left to do, unless the applicant appeals."""
        return self.state in CLOSED

    submit = _declared("submit")
    accept = _declared("accept")
    decline = _declared("decline")
    ask_correction = _declared("ask_correction")
    correct_filing = _declared("correct_filing")
    correct_review = _declared("correct_review")
    lapse = _declared("lapse")
    conclude_review = _declared("conclude_review")
    approve = _declared("approve")
    refuse = _declared("refuse")
    return_to_applicant = _declared("return_to_applicant")
    reconsider = _declared("reconsider")
    take_effect = _declared("take_effect")
    withdraw = _declared("withdraw")
    appeal = _declared("appeal")
    uphold = _declared("uphold")
    overturn = _declared("overturn")
    file_plan = _declared("file_plan")
    accept_plan = _declared("accept_plan")
    return_plan = _declared("return_plan")
    report_done = _declared("report_done")
    pass_check = _declared("pass_check")
    insist = _declared("insist")
    escalate = _declared("escalate")
    impose = _declared("impose")
    remit = _declared("remit")
    settle = _declared("settle")
    cancel = _declared("cancel")
    appeal_sanction = _declared("appeal_sanction")
    uphold_sanction = _declared("uphold_sanction")
    overturn_sanction = _declared("overturn_sanction")


class TimelineEntry(models.Model):
    """时间线: something that happened to a case; never changed, never deleted.

    ``act`` is the name of a move, or one of the other acts below. An ``internal`` event
    is not shown to the applicant.
    """

    class Act(models.TextChoices):
        OPENED = "opened", _("新建")
        ISSUED = "issued", _("发出通知")
        REVIEWED = "reviewed", _("出具意见")
        ASSIGNED = "assigned", _("分派")
        REMARKED = "remarked", _("留言")
        INSTRUCTED = "instructed", _("批示")
        PAPER = "paper", _("材料")
        OVERDUE = "overdue", _("逾期")
        ESCALATED = "escalated", _("逾期上报")

    case = models.ForeignKey(Case, models.PROTECT, related_name="timeline", verbose_name=_("办件"))
    act = models.CharField(_("动作"), max_length=24)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    by = person(_("人员"))
    from_state = models.CharField(_("原状态"), max_length=16, blank=True)
    to_state = models.CharField(_("新状态"), max_length=16, blank=True)
    text = models.TextField(_("内容"), blank=True)
    internal = models.BooleanField(_("仅内部可见"), default=False)

    objects = TimelineQuerySet.as_manager()

    class Meta:
        verbose_name = _("办件时间线")
        verbose_name_plural = _("办件时间线")
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["case", "at"], name="case_timeline_order")]
        constraints = [
            models.CheckConstraint(
                name="casework_timeline_act_known",
                condition=Q(act__in=[*MOVES, "opened", "issued", "reviewed", "assigned", "remarked", "instructed"])
                | Q(act__in=["paper", "overdue", "escalated"]),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.case_id} {self.act}"

    @property
    def title(self) -> StrOrPromise:
        """What happened, in words for people."""
        return MOVE_TITLES[self.act] if self.act in MOVES else str(self.Act(self.act).label)

    @property
    def is_move(self) -> bool:
        """Whether it changed the state."""
        return self.act in MOVES


@tracked()
class Pause(models.Model):
    """计时暂停: from the day a correction was asked for to the day it came; the days between do not count."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="pauses", verbose_name=_("办件"))
    since = models.DateField(_("暂停日"))
    until = models.DateField(_("恢复日"), null=True, blank=True)

    class Meta:
        verbose_name = _("计时暂停")
        verbose_name_plural = _("计时暂停")
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(until__isnull=True), name="casework_pause_one_at_a_time"
            ),
            models.CheckConstraint(
                name="casework_pause_ordered", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.since}–{self.until or ''}"
