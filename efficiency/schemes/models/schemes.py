"""Schemes and their versions."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.moves import declared_moves, only_these_change
from core.policy.models import Document, Jurisdiction
from efficiency.schemes.queries import SchemeQuerySet, VersionQuerySet


class VersionState(models.TextChoices):
    """Where a version of a scheme stands."""

    DRAFT = "draft", _("草稿")
    SUBMITTED = "submitted", _("待批准")
    APPROVED = "approved", _("已批准")
    RETURNED = "returned", _("退回修改")
    RETIRED = "retired", _("已停用")


VERSION_STEPS = (
    ("draft", "submitted"),
    ("returned", "submitted"),
    ("submitted", "approved"),
    ("submitted", "returned"),
    ("submitted", "draft"),
    ("approved", "retired"),
)
"""Every (from, to) pair a version may take; its author takes it back from submitted to draft."""

EDITABLE = (VersionState.DRAFT, VersionState.RETURNED)


@tracked()
class Scheme(models.Model):
    """A way to score enterprises; its rules are in its versions. A sample binds nobody until a version is approved."""

    code = models.SlugField(_("代码"), max_length=30, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("适用范围"))
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("依据文件")
    )
    source = models.TextField(_("来源说明"), blank=True)
    is_sample = models.BooleanField(_("样例"), default=False)

    objects = SchemeQuerySet.as_manager()

    class Meta:
        verbose_name = _("评价办法")
        verbose_name_plural = _("评价办法")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("schemes:scheme", args=[self.code])


@tracked()
class SchemeVersion(models.Model):
    """One edition of a scheme. A run that is published used an approved one; approved ones never change.

    ``requires`` is the least that must be known of an enterprise: a list of alternatives, each a list of figures, one
    figure of every list: ``[["tax_cny"], ["fixed_asset_investment_cny", "output_cny"]]`` is "tax and (investment or
    output)" (PM-1, rules §3.1 A5). Who lacks it gets no class (N).
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="versions", verbose_name=_("办法"))
    number = models.PositiveSmallIntegerField(_("版次"))
    state = models.CharField(_("状态"), max_length=10, choices=VersionState, default=VersionState.DRAFT)
    title = models.CharField(_("本版说明"), max_length=120, blank=True)
    year_from = models.PositiveSmallIntegerField(_("适用年度起"), default=2000)
    year_to = models.PositiveSmallIntegerField(_("适用年度止"), null=True, blank=True)
    requires = models.JSONField(_("最低数据要求"), default=list, blank=True)
    merge_tenants = models.BooleanField(
        _("同一宗地的企业合并评价"), default=False, help_text=_("主要宗地相同的企业合并计算，共用结果。")
    )
    objection_days = models.PositiveSmallIntegerField(_("异议期（工作日）"), default=3)
    revision = models.PositiveIntegerField(_("修订号"), default=0)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("编制人")
    )
    changed_at = models.DateTimeField(_("最近修改"), auto_now=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("批准人")
    )
    approved_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    approval = models.CharField(_("批准文号"), max_length=60, blank=True)
    remark = models.TextField(_("审核意见"), blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("评价办法版本")
        verbose_name_plural = _("评价办法版本")
        ordering = ["scheme", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["scheme", "number"], name="schemes_version_number_once"),
            models.UniqueConstraint(
                fields=["scheme"],
                condition=Q(state__in=["draft", "submitted", "returned"]),
                name="schemes_one_version_under_way",
                violation_error_message=_("该办法已有一版在编制或待批准。"),
            ),
            models.CheckConstraint(name="schemes_version_state_known", condition=Q(state__in=VersionState.values)),
            models.CheckConstraint(
                name="schemes_version_years_ordered",
                condition=Q(year_to__isnull=True) | Q(year_to__gte=F("year_from")),
            ),
            models.CheckConstraint(
                name="schemes_version_approved_by_another",
                condition=~Q(state__in=["approved", "retired"])
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False)
                    & (Q(author__isnull=True) | ~Q(approved_by=F("author")))
                ),
                violation_error_message=_("编制人不得批准自己编制的办法。"),
            ),
        ]
        triggers = [
            declared_moves(noun="评价办法", first="draft", steps=VERSION_STEPS, constraint="schemes_version_moves"),
            # Weights of each cohort come to exactly 100 and its cuts end at 100 before anybody is asked to approve it.
            pgtrigger.Trigger(
                name="is_whole_when_submitted",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state"),
                declare=[("fault", "record")],
                func="""
                    IF NEW.state IN ('submitted', 'approved') AND NEW.state <> OLD.state THEN
                        IF NOT EXISTS (SELECT FROM schemes_cohort WHERE version_id = NEW.id) THEN
                            RAISE EXCEPTION '评价办法至少要有一个评价组'
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'schemes_version_whole';
                        END IF;
                        SELECT c.name, coalesce(sum(i.weight), 0) AS weight INTO fault
                        FROM schemes_cohort c LEFT JOIN schemes_indicator i ON i.cohort_id = c.id
                        WHERE c.version_id = NEW.id
                        GROUP BY c.id, c.name HAVING coalesce(sum(i.weight), 0) <> 100 ORDER BY c.id LIMIT 1;
                        IF FOUND THEN
                            RAISE EXCEPTION '“%”的权重合计为 %，应为 100', fault.name, fault.weight
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'schemes_weights_sum';
                        END IF;
                        SELECT c.name, max(k.up_to_percent) AS last INTO fault
                        FROM schemes_cohort c LEFT JOIN schemes_classcut k ON k.cohort_id = c.id
                        WHERE c.version_id = NEW.id
                        GROUP BY c.id, c.name HAVING max(k.up_to_percent) IS DISTINCT FROM 100 ORDER BY c.id LIMIT 1;
                        IF FOUND THEN
                            RAISE EXCEPTION '“%”的分档未到 100%%', fault.name
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'schemes_cuts_end';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
            # The constraint above knows the last author; whoever wrote any of it before is in the history.
            pgtrigger.Trigger(
                name="approved_by_no_author",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state"),
                func="""
                    IF NEW.state = 'approved' AND NEW.state <> OLD.state AND EXISTS (
                        SELECT FROM schemes_schemeversionevent e
                        WHERE e.pgh_obj_id = NEW.id AND e.author_id = NEW.approved_by_id
                    ) THEN
                        RAISE EXCEPTION '编制过本版的人不得批准它'
                            USING ERRCODE = 'check_violation', HINT = '由另一名市级工信园区人员批准。',
                                CONSTRAINT = 'schemes_version_approved_by_no_author';
                    END IF;
                    RETURN NEW;
                """,
            ),
            only_these_change(
                when=pgtrigger.Q(old__state__in=["approved", "retired"]),
                free=["state", "changed_at"],
                sentence="已批准的评价办法不可修改",
                hint="另编新版。",
                constraint="schemes_version_stands",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} V{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("schemes:version", args=[self.scheme.code, self.number])

    @property
    def is_editable(self) -> bool:
        """Whether those who draft may change it."""
        return self.state in EDITABLE

    @property
    def years(self) -> str:
        """The years it applies to, in words."""
        if self.year_to is None:
            return gettext("%s 年起") % self.year_from
        return gettext("%(first)s 至 %(last)s 年") % {"first": self.year_from, "last": self.year_to}

    def was_written_by(self, user: Any) -> bool:
        """Whether the account saved or submitted any of it: everybody who did has been its author."""
        events: Any = self.pgh_event_model  # type: ignore[attr-defined]
        return self.author_id == user.pk or events.objects.filter(pgh_obj=self.pk, author=user.pk).exists()
