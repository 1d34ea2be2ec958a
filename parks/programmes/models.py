"""企业培育计划: which programmes there are, and which enterprises belong to one, as what, from when to when."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import policy
from core.history import tracked
from core.policy.models import DateRange, Document, Jurisdiction
from parks.enterprises.models import Enterprise
from parks.programmes import guards
from parks.programmes.queries import MembershipQuerySet, ProgrammeQuerySet
from parks.programmes.standings import ENDED, EXPIRED, Standing

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Level(models.TextChoices):
    """Whose programme it is."""

    CITY = "city", _("市级")
    DISTRICT = "district", _("区级")
    TOWN = "town", _("镇级")


@tracked()
class Programme(models.Model):
    """企业培育计划: a list of enterprises somebody keeps under a document, open from a day to a day.

    ``place`` is whose enterprises may belong to it: the city, or a district (a programme
    of the towns has its district). How many it is meant to hold is a policy parameter,
    ``quota_key``; ``quota_caps`` says that the figure is a limit and not a target, and then
    the database holds to it. ``member_types`` are the kinds of members its document tells
    apart. ``valid_to`` is the first day without effect.
    """

    code = models.SlugField(_("代号"), max_length=40, primary_key=True)
    name = models.CharField(_("名称"), max_length=60)
    level = models.CharField(_("级别"), max_length=8, choices=Level)
    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("适用地区"))
    quota_key = models.CharField(_("名额参数"), max_length=80, blank=True, db_default="")
    quota_caps = models.BooleanField(_("名额为上限"), default=False)
    member_types = ArrayField(models.CharField(max_length=40), verbose_name=_("成员类别"), default=list, blank=True)
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("依据文件")
    )
    article = models.CharField(_("条款"), max_length=80, blank=True, db_default="")
    clause_id = models.CharField(_("规则编号"), max_length=12, blank=True, db_default="")
    valid_from = models.DateField(_("开始日"))
    valid_to = models.DateField(_("结束日"), null=True, blank=True, help_text=_("当日起不再有效；空白为未定。"))
    note = models.CharField(_("说明"), max_length=300, blank=True, db_default="")
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = ProgrammeQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业培育计划")
        verbose_name_plural = _("企业培育计划")
        ordering = ["place", "level", "code"]
        constraints = [
            models.CheckConstraint(name="programmes_level_known", condition=Q(level__in=Level.values)),
            models.CheckConstraint(
                name="programmes_dates_ordered",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                violation_error_message=_("计划结束日须晚于开始日。"),
            ),
            models.CheckConstraint(
                name="programmes_have_a_source",
                condition=Q(is_demo=True) | (Q(document__isnull=False) & ~Q(article="")),
                violation_error_message=_("计划须写明依据文件和条款。"),
            ),
            models.CheckConstraint(
                name="programmes_cap_has_a_figure",
                condition=Q(quota_caps=False) | ~Q(quota_key=""),
                violation_error_message=_("名额为上限的计划须指明名额参数。"),
            ),
        ]
        triggers = guards.PROGRAMME

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("programmes:programme", args=[self.code])

    def quota_on(self, on: dt.date) -> policy.Value | None:
        """How many members it is meant to hold on a day, with its source; None where no figure is in force."""
        if not self.quota_key:
            return None
        try:
            return policy.value(self.quota_key, self.place_id, on)
        except policy.ParameterMissing:
            return None

    @property
    def last_day(self) -> dt.date | None:
        """The last day it is open, as a reader says it; none where the end is open."""
        return last_day(self.valid_to)

    def stands_on(self, day: dt.date) -> bool:
        """Whether it is open on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


EARLIEST_BASE_YEAR = 2000


def last_day(valid_to: dt.date | None) -> dt.date | None:
    """The day before the first one without effect."""
    return valid_to - dt.timedelta(days=1) if valid_to else None


@tracked()
class Membership(models.Model):
    """计划成员资格: an enterprise in a programme, in force on [valid_from, valid_to).

    ``member_type`` is one of its programme's. ``pledge_years`` are the years within which
    the enterprise pledged to double its ``base_year``'s figures; empty where the programme
    asks for no pledge. A membership that ends early keeps its row and gets the day as its
    ``valid_to``: dates alone say whether it was in force on a day, its standing why it ended.
    """

    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, related_name="programme_memberships", verbose_name=_("企业")
    )
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="memberships", verbose_name=_("计划"))
    member_type = models.CharField(_("成员类别"), max_length=40, blank=True)
    pledge_years = models.PositiveSmallIntegerField(_("承诺年限"), null=True, blank=True)
    base_year = models.PositiveSmallIntegerField(_("基数年度"), null=True, blank=True)
    standing = models.CharField(_("状态"), max_length=8, choices=Standing, default=Standing.NORMAL)
    valid_from = models.DateField(_("起始日期"))
    valid_to = models.DateField(_("终止日期"), null=True, blank=True, help_text=_("当日起不再是成员；空白为未定。"))
    document_number = models.CharField(_("认定文号"), max_length=60, blank=True)
    reason = models.CharField(_("事由"), max_length=200, blank=True)
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("计划成员资格")
        verbose_name_plural = _("计划成员资格")
        ordering = ["programme", "-valid_from", "pk"]
        indexes = [models.Index(fields=["programme", "standing"], name="membership_of_programme")]
        constraints = [
            models.CheckConstraint(name="programmes_standing_known", condition=Q(standing__in=Standing.values)),
            models.CheckConstraint(
                name="programmes_membership_dates_ordered",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                violation_error_message=_("终止日期不得早于起始日期。"),
            ),
            models.CheckConstraint(
                name="programmes_membership_pledge_known",
                condition=Q(pledge_years__isnull=True, base_year__isnull=True)
                | Q(pledge_years__isnull=False, pledge_years__in=[3, 5], base_year__isnull=False),
                violation_error_message=_("承诺年限为 3 年或 5 年，并须写明基数年度。"),
            ),
            models.CheckConstraint(
                name="programmes_membership_base_year_sane",
                condition=Q(base_year__isnull=True)
                | (Q(base_year__gte=EARLIEST_BASE_YEAR) & Q(base_year__lte=F("valid_from__year"))),
                violation_error_message=_("基数年度不得早于 2000 年，也不得晚于成员资格起始的年份。"),
            ),
            models.CheckConstraint(
                name="programmes_membership_end_says_why",
                condition=~Q(standing__in=ENDED) | (Q(valid_to__isnull=False) & ~Q(reason="")),
                violation_error_message=_("降级、淘汰或退出须写明终止日期和事由。"),
            ),
            ExclusionConstraint(
                name="programmes_membership_one_at_a_time",
                expressions=[
                    ("enterprise", RangeOperators.EQUAL),
                    ("programme", RangeOperators.EQUAL),
                    (DateRange(F("valid_from"), F("valid_to"), Value("[)")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("该企业在这段日期已是本计划的成员。"),
            ),
        ]
        triggers = guards.MEMBERSHIP

    def __str__(self) -> str:
        return f"{self.enterprise} — {self.programme}"

    @property
    def last_day(self) -> dt.date | None:
        """The last day in force, as a reader says it; none where the end is open."""
        return last_day(self.valid_to)

    @property
    def is_ended(self) -> bool:
        """Whether it was ended before its time."""
        return self.standing in ENDED

    def is_in_force(self, on: dt.date) -> bool:
        """Whether the enterprise is a member on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)

    def standing_label(self, on: dt.date) -> StrOrPromise:
        """How it stands on a day, in a word: 期满 once its last day has passed."""
        if not self.is_ended and self.valid_to is not None and on >= self.valid_to:
            return EXPIRED
        return Standing(self.standing).label
