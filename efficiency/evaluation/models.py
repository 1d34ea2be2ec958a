"""Runs of an evaluation and their results: written once, superseded, never overwritten."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.moves import declared_moves, only_these_change
from core.policy.models import Jurisdiction
from core.references import points_to
from efficiency.evaluation.queries import (
    GroupScoreQuerySet,
    ObjectionQuerySet,
    PlotScoreQuerySet,
    RunQuerySet,
    ScoreQuerySet,
)
from efficiency.schemes.models import Grade, SchemeVersion
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise


class RunState(models.TextChoices):
    """What a run counts as."""

    COMPUTED = "computed", _("已计算")
    OBJECTION = "objection", _("公示异议期")
    FINAL = "final", _("已公布")
    SUPERSEDED = "superseded", _("已被重算替代")
    DISCARDED = "discarded", _("已作废")


RUN_STEPS = (
    ("computed", "objection"),
    ("computed", "discarded"),
    ("computed", "superseded"),
    ("objection", "final"),
    ("objection", "superseded"),
    ("final", "superseded"),
)


@tracked()
class Run(models.Model):
    """评价: one scheme version applied to one year's figures, as they were believed at ``as_of``.

    ``inputs`` name the versions it read (scheme, returns, land, occupation, outlines: counts and digests), ``bases``
    the base values in effect, ``cuts`` per cohort the number of ranked, last rank and lowest score of each class,
    ``counts`` the enterprises by class. ``digest`` is the SHA-256 of the ordered results; it seals the run: once it
    is set, results can be neither added nor changed.
    """

    year = models.PositiveSmallIntegerField(_("年度"))
    number = models.PositiveSmallIntegerField(_("当年第几次"))
    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("范围"))
    version = models.ForeignKey(SchemeVersion, models.PROTECT, related_name="runs", verbose_name=_("评价办法"))
    state = models.CharField(_("状态"), max_length=10, choices=RunState, default=RunState.COMPUTED)
    engine = models.CharField(_("计算引擎"), max_length=10)
    as_of = models.DateTimeField(_("数据截至"))
    inputs = models.JSONField(_("输入版本"), default=dict)
    bases = models.JSONField(_("采用的基准值"), default=dict)
    cuts = models.JSONField(_("分档线"), default=dict)
    counts = models.JSONField(_("各类企业数"), default=dict)
    enterprises = models.PositiveIntegerField(_("参评企业数"), default=0)
    plots = models.PositiveIntegerField(_("涉及宗地数"), default=0)
    digest = models.CharField(_("结果摘要"), max_length=64, blank=True)
    seconds = models.FloatField(_("用时（秒）"), default=0)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", verbose_name=_("替代")
    )
    reason = models.TextField(_("重算原因"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发起人")
    )
    at = models.DateTimeField(_("计算时间"), auto_now_add=True)
    objection_from = models.DateField(_("异议期起"), null=True, blank=True)
    objection_until = models.DateField(_("异议期止"), null=True, blank=True, help_text=_("当日仍可提出。"))
    published_on = models.DateField(_("公布日期"), null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("公布人")
    )
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("亩均评价")
        verbose_name_plural = _("亩均评价")
        ordering = ["-year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["year", "place", "number"], name="evaluation_run_number_once"),
            models.UniqueConstraint(
                fields=["year", "place"],
                condition=Q(state="final"),
                name="evaluation_one_final_a_year",
                violation_error_message=_("该年度已有公布的评价。"),
            ),
            models.CheckConstraint(name="evaluation_run_state_known", condition=Q(state__in=RunState.values)),
            models.CheckConstraint(
                name="evaluation_run_sealed_before_shown",
                condition=Q(state__in=["computed", "discarded"]) | ~Q(digest=""),
            ),
            models.CheckConstraint(
                name="evaluation_run_window_ordered",
                condition=Q(objection_until__isnull=True) | Q(objection_until__gte=models.F("objection_from")),
            ),
            models.CheckConstraint(
                name="evaluation_run_published_when",
                condition=~Q(state="final") | Q(published_on__isnull=False),
            ),
        ]
        triggers = [
            declared_moves(noun="评价", first="computed", steps=RUN_STEPS, constraint="evaluation_run_moves"),
            only_these_change(
                when=~pgtrigger.Q(old__digest=""),
                free=["state", "objection_from", "objection_until", "published_on", "published_by_id"],
                sentence="评价已封存，结果不可改",
                hint="另作一次评价替代它。",
                constraint="evaluation_run_sealed",
            ),
            pgtrigger.Trigger(
                name="keeps_its_results",
                when=pgtrigger.After,
                operation=pgtrigger.Delete | pgtrigger.UpdateOf("id"),
                func="""
                    IF (TG_OP = 'DELETE' OR NEW.id <> OLD.id) AND (
                        EXISTS (SELECT FROM evaluation_score WHERE run_id = OLD.id)
                        OR EXISTS (SELECT FROM evaluation_plotscore WHERE run_id = OLD.id)
                    ) THEN
                        RAISE EXCEPTION '评价已有结果，不可删除'
                            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'evaluation_run_keeps_its_results';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} 年第 {self.number} 次评价"


def _sealed_with_its_run(table: str, subject: str = "", column: str = "", key: str = "") -> list[pgtrigger.Trigger]:
    """Results are only added, to a run that has no digest yet, and about something that is there.

    ``subject`` is the table that ``column`` points to by its ``key``; triggers on it (migration 0002) keep what is
    pointed to.
    """
    is_there = points_to(
        table=table,
        subjects={column: (subject, key)},
        lock="evaluation results point to",
        sentence="评价结果所指的企业或宗地不存在",
    )
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="added_before_the_seal",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            declare=[("runs", "bigint[]")],
            func=f"""
                runs := ARRAY(SELECT DISTINCT run_id FROM new_rows);
                -- A seal that somebody is just setting is waited for, and seen by the statement after this one.
                PERFORM FROM evaluation_run WHERE id = ANY(runs) FOR SHARE;
                IF (SELECT count(*) FROM evaluation_run WHERE id = ANY(runs)) < cardinality(runs) THEN
                    RAISE EXCEPTION '评价不存在'
                        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{table}_of_a_run', TABLE = TG_TABLE_NAME;
                END IF;
                IF EXISTS (SELECT FROM evaluation_run WHERE id = ANY(runs) AND digest <> '') THEN
                    RAISE EXCEPTION '评价已封存，不可再加结果'
                        USING ERRCODE = 'restrict_violation', CONSTRAINT = '{table}_sealed', TABLE = TG_TABLE_NAME;
                END IF;
                {is_there if subject else ""}
                RETURN NULL;
            """,  # noqa: S608
        ),
    ]


class Why(models.TextChoices):
    """Why an enterprise was not ranked. Of the last three it is in N; of the others it has no class at all."""

    RATED = "", _("已评级")
    NO_COHORT = "s", _("不在评价范围")
    NO_LAND = "l", _("没有用地面积")
    NO_RETURN = "r", _("没有年报")
    MISSING = "m", _("缺少必需数据")
    YOUNG = "y", _("成立不满规定年限")
    INDICATOR = "i", _("指标数据缺失")


class Score(models.Model):
    """评价结果: one enterprise in one run, with all that its working shows.

    ``cohort`` is the order of the cohort in the scheme version, 0 when in none. ``values`` are the indicators' values
    in their units, ``points`` what they earned, both in the order of the cohort's indicators, NaN where missing;
    points are rounded to 4 decimals (half up) each and ``total`` is their exact sum. ``rank`` is 1 + the number of
    better ones in the cohort; ties share it. ``industry_rank``/``industry_count`` rank it among the ranked of its
    industry (2-digit division) in its cohort. Industry, district, town and zone are those of the run.
    With ``merge_tenants`` enterprises with one principal plot have equal results.
    """

    pk = models.CompositePrimaryKey("run_id", "enterprise_id")
    run = models.ForeignKey(
        Run, models.PROTECT, related_name="scores", verbose_name=_("评价"), db_index=False, db_constraint=False
    )
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, related_name="scores", verbose_name=_("企业"), db_index=False, db_constraint=False
    )
    district_code = models.CharField(_("所在区"), max_length=6)
    town_code = models.CharField(_("所在镇街"), max_length=12)
    zone_code = models.CharField(_("所在集聚区"), max_length=20)
    industry_code = models.CharField(_("行业"), max_length=5)
    cohort = models.SmallIntegerField(_("评价组"))
    land_m2 = models.FloatField(_("用地面积（m²）"))
    values = ArrayField(models.FloatField(), verbose_name=_("指标值"))
    points = ArrayField(models.FloatField(), verbose_name=_("得分"))
    total = models.FloatField(_("总分"), null=True)
    grade = models.CharField(_("类别"), max_length=1, choices=Grade, blank=True)
    why = models.CharField(_("未评级原因"), max_length=1, choices=Why, blank=True)
    rank = models.IntegerField(_("名次"), null=True)
    industry_rank = models.IntegerField(_("行业内名次"), null=True)
    industry_count = models.IntegerField(_("行业内家数"), null=True)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业评价结果")
        verbose_name_plural = _("企业评价结果")
        indexes = [models.Index(fields=["enterprise", "run"], name="evaluation_score_of_firm")]
        triggers = _sealed_with_its_run("evaluation_score", "enterprises_enterprise", "enterprise_id", "id")

    def __str__(self) -> str:
        return f"{self.run_id} {self.enterprise_id}"


class PlotScore(models.Model):
    """宗地评价结果: the mean of its occupants' totals, weighed by the land each uses of it.

    ``grade`` is the class of the occupant using most of it, ``enterprises`` counts its occupants, ``rated`` those
    ranked.
    """

    pk = models.CompositePrimaryKey("run_id", "plot_id")
    run = models.ForeignKey(
        Run, models.PROTECT, related_name="plot_scores", verbose_name=_("评价"), db_index=False, db_constraint=False
    )
    plot = models.ForeignKey(
        Plot, models.PROTECT, related_name="scores", verbose_name=_("宗地"), db_index=False, db_constraint=False
    )
    area_m2 = models.FloatField(_("宗地面积（m²）"))
    enterprises = models.SmallIntegerField(_("企业数"))
    rated = models.SmallIntegerField(_("参评企业数"))
    total = models.FloatField(_("得分"), null=True)
    grade = models.CharField(_("类别"), max_length=1, choices=Grade, blank=True)

    objects = PlotScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("宗地评价结果")
        verbose_name_plural = _("宗地评价结果")
        indexes = [models.Index(fields=["plot", "run"], name="evaluation_score_of_plot")]
        triggers = _sealed_with_its_run("evaluation_plotscore", "plots_plot", "plot_id", "code")

    def __str__(self) -> str:
        return f"{self.run_id} {self.plot_id}"


class GroupKind(models.TextChoices):
    """What a result is summed over."""

    CITY = "city", _("全市")
    DISTRICT = "district", _("区")
    TOWN = "town", _("镇街")
    ZONE = "zone", _("集聚区")
    INDUSTRY = "industry", _("行业")


class GroupScore(models.Model):
    """汇总结果: an industry (every level of GB/T 4754), town, zone, district or the city in one run.

    ``enterprises`` counts all there are, with land or a return. Sums are over those with a return; ``land_m2`` is
    their land, too, each one's own on the basis of its cohort (actual for those in none). ``mean_total`` is rounded
    half up to 4 decimals. Quartiles are of the totals and of tax per 亩 (元) of the ranked, by linear interpolation
    (``percentile_cont`` of PostgreSQL).
    """

    pk = models.CompositePrimaryKey("run_id", "kind", "code")
    run = models.ForeignKey(Run, models.PROTECT, related_name="groups", verbose_name=_("评价"), db_index=False)
    kind = models.CharField(_("层级"), max_length=8, choices=GroupKind)
    code = models.CharField(_("代码"), max_length=20)
    enterprises = models.IntegerField(_("企业数"))
    rated = models.IntegerField(_("参评企业数"))
    grades = models.JSONField(_("各类企业数"), default=dict)
    land_m2 = models.FloatField(_("用地面积（m²）"))
    tax_cny = models.DecimalField(_("税收（元）"), max_digits=22, decimal_places=2, null=True)
    output_cny = models.DecimalField(_("产值（元）"), max_digits=22, decimal_places=2, null=True)
    investment_cny = models.DecimalField(_("固定资产投资（元）"), max_digits=22, decimal_places=2, null=True)
    added_value_cny = models.DecimalField(_("增加值（元）"), max_digits=22, decimal_places=2, null=True)
    mean_total = models.FloatField(_("平均得分"), null=True)
    total_quartiles = ArrayField(models.FloatField(), verbose_name=_("得分四分位"), null=True)
    tax_quartiles = ArrayField(models.FloatField(), verbose_name=_("亩均税收四分位（元/亩）"), null=True)

    objects = GroupScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("汇总评价结果")
        verbose_name_plural = _("汇总评价结果")
        constraints = [
            models.CheckConstraint(name="evaluation_group_kind_known", condition=Q(kind__in=GroupKind.values))
        ]
        triggers = _sealed_with_its_run("evaluation_groupscore")

    def __str__(self) -> str:
        return f"{self.run_id} {self.kind} {self.code}"


class ObjectionState(models.TextChoices):
    """What became of an objection."""

    OPEN = "open", _("待核")
    ACCEPTED = "accepted", _("采纳")
    REJECTED = "rejected", _("不采纳")


@tracked()
class Objection(models.Model):
    """异议: an enterprise contests its result within the window; accepted ones lead to a correction and a new run."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="objections", verbose_name=_("评价"))
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="objections", verbose_name=_("企业"))
    text = models.TextField(_("异议内容"))
    state = models.CharField(_("状态"), max_length=8, choices=ObjectionState, default=ObjectionState.OPEN)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("提出人"))
    at = models.DateTimeField(_("提出时间"), auto_now_add=True)
    answer = models.TextField(_("答复"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("答复人")
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("评价异议")
        verbose_name_plural = _("评价异议")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "enterprise"], condition=Q(state="open"), name="evaluation_one_open_objection"
            ),
            models.CheckConstraint(
                name="evaluation_objection_answered",
                condition=Q(state="open", answered_by__isnull=True)
                | (Q(answered_by__isnull=False, answered_at__isnull=False) & ~Q(answer="")),
                violation_error_message=_("答复须写明理由。"),
            ),
            models.CheckConstraint(name="evaluation_objection_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.enterprise_id}"
