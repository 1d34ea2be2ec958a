"""What offices and people say about a case."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.casework.models.cases import Case, person
from core.casework.queries import RemarkQuerySet
from core.history import tracked


@tracked()
class Review(models.Model):
    """会审意见: what one office is asked, by when, and what it says. Once given it stands.

    ``office`` is a role. A case that is decided anew asks again in the next ``round``.
    """

    class Verdict(models.TextChoices):
        AGREE = "agree", _("同意")
        CONDITIONAL = "conditional", _("有条件同意")
        DISAGREE = "disagree", _("不同意")

    case = models.ForeignKey(Case, models.PROTECT, related_name="reviews", verbose_name=_("办件"))
    office = models.CharField(_("部门"), max_length=12)
    round = models.PositiveSmallIntegerField(_("轮次"), default=1)
    asked_at = models.DateTimeField(_("送审时间"), auto_now_add=True)
    due_on = models.DateField(_("截止"))
    remaining_days = models.SmallIntegerField(_("暂停时剩余工作日"), null=True, blank=True)
    assignee = person(_("经办人"))
    verdict = models.CharField(_("意见"), max_length=12, choices=Verdict, blank=True)
    text = models.TextField(_("说明"), blank=True)
    given_at = models.DateTimeField(_("出具时间"), null=True, blank=True)
    given_by = person(_("出具人"))

    class Meta:
        verbose_name = _("会审意见")
        verbose_name_plural = _("会审意见")
        ordering = ["round", "pk"]
        indexes = [
            models.Index(fields=["office", "due_on"], condition=Q(given_at__isnull=True), name="review_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["case", "office", "round"], name="casework_review_once_an_office"),
            models.CheckConstraint(
                name="casework_review_given_whole",
                condition=Q(given_at__isnull=True, given_by__isnull=True, verdict="")
                | Q(given_at__isnull=False, given_by__isnull=False, verdict__in=["agree", "conditional", "disagree"]),
                violation_error_message=_("意见、出具人和时间须一并记录。"),
            ),
            models.CheckConstraint(
                name="casework_review_says_why",
                condition=Q(verdict__in=["", "agree"]) | ~Q(text=""),
                violation_error_message=_("有条件同意或不同意须写明理由。"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="given_stands",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__given_at__isnull=False),
            ),
            pgtrigger.Trigger(
                name="given_while_asked",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__given_at__isnull=False),
                declare=[("asked", "casework_case%ROWTYPE")],
                func="""
                    -- The lock lets no review slip in beside the move that ends the round.
                    SELECT * INTO asked FROM casework_case WHERE id = NEW.case_id FOR SHARE;
                    IF asked.state <> 'review' OR asked.round <> NEW.round THEN
                        RAISE EXCEPTION '办件 % 不在这一轮会审，不能出具意见', coalesce(asked.number, asked.id::text)
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'casework_review_while_asked';
                    END IF;
                    IF asked.filed_by_id = NEW.given_by_id THEN
                        RAISE EXCEPTION '填报人不得对自己填报的办件出具意见'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'casework_review_by_another';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.office} {self.verdict}"

    @property
    def is_given(self) -> bool:
        """Whether the office has spoken."""
        return self.given_at is not None


@tracked()
class Remark(models.Model):
    """留言与批示: a word on a case. An ``internal`` one is not shown to the applicant; instructions come from heads."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="remarks", verbose_name=_("办件"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("人员"))
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    text = models.TextField(_("内容"))
    internal = models.BooleanField(_("仅内部可见"), default=True)
    instruction = models.BooleanField(_("批示"), default=False)

    objects = RemarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("留言")
        verbose_name_plural = _("留言")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(name="casework_remark_not_empty", condition=~Q(text="")),
            models.CheckConstraint(
                name="casework_remark_instruction_internal",
                condition=Q(instruction=False) | Q(internal=True),
                violation_error_message=_("批示仅内部可见。"),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.case_id} {self.text[:20]}"
