"""Change sets: proposals to change a layer, from the first draft to the publication.

A change set holds at most one change a feature: the feature as it shall be (``add``,
``modify``) or its end (``remove``). Splits and merges are such changes together with
where each feature came from (``origins``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.contrib.gis.db.models import MultiPolygonField
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from core.geodata.crs import CGCS2000
from core.history import tracked
from core.mapedit.models.versions import Layer, Publication
from core.mapedit.queries import ChangeSetQuerySet
from core.mapedit.states import EDITABLE, MOVES, State, declared_steps
from core.policy.models import Document

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_STEPS = ", ".join(f"('{source}', '{target}')" for source, target in declared_steps())
_EDITABLE = ", ".join(f"'{state.value}'" for state in EDITABLE)


def _person(name: StrOrPromise, *, db_index: bool = True) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=name,
        db_index=db_index,
    )


@tracked()
class ChangeSet(FSMModelMixin, models.Model):
    """变更: what one proposal would change in one layer, and how far its review has come.

    ``revision`` rises with every write of the set or of one of its changes; a writer
    names the revision it read and is refused when another came first. ``evidence`` is
    what the checks found when it was submitted, frozen. ``place_codes`` are the
    districts its changes touch.
    """

    layer = models.ForeignKey(Layer, models.PROTECT, verbose_name=_("图层"))
    title = models.CharField(_("标题"), max_length=120)
    reason = models.TextField(_("事由"), blank=True)
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("依据文件")
    )
    document_number = models.CharField(_("批准文号"), max_length=60, blank=True)
    effective_on = models.DateField(_("拟生效日期"), null=True, blank=True, help_text=_("空白为发布当日。"))
    place_codes = ArrayField(models.CharField(max_length=6), verbose_name=_("涉及区"), default=list, blank=True)
    state = FSMField(_("状态"), default=State.DRAFT, choices=State.choices, protected=True)
    revision = models.PositiveIntegerField(_("修订号"), default=0)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="change_sets", verbose_name=_("编制人")
    )
    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    changed_at = models.DateTimeField(_("最近修改"), auto_now=True)
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    submitted_by = _person(_("提交人"))
    notice_from = models.DateField(_("公示开始"), null=True, blank=True)
    notice_until = models.DateField(_("公示截止"), null=True, blank=True, help_text=_("当日仍在公示。"))
    approved_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    approved_by = _person(_("批准人"))
    return_reason = models.TextField(_("退回意见"), blank=True)
    evidence = models.JSONField(_("检查结果"), null=True, blank=True, encoder=DjangoJSONEncoder)
    publication = models.OneToOneField(
        Publication, models.PROTECT, null=True, blank=True, related_name="change_set", verbose_name=_("发布")
    )
    reverts = models.ForeignKey(
        Publication, models.PROTECT, null=True, blank=True, related_name="reversals", verbose_name=_("撤销的发布")
    )

    objects = ChangeSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("变更")
        verbose_name_plural = _("变更")
        ordering = ["-changed_at"]
        indexes = [
            models.Index(fields=["layer", "state"], name="changeset_layer_state"),
            GinIndex(fields=["place_codes"], name="changeset_places"),
        ]
        constraints = [
            models.CheckConstraint(name="mapedit_changeset_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="mapedit_changeset_approver_differs",
                condition=Q(approved_by__isnull=True)
                | (~Q(approved_by=F("author")) & (Q(submitted_by__isnull=True) | ~Q(approved_by=F("submitted_by")))),
                violation_error_message=_("编制人或提交人不得批准自己的变更。"),
            ),
            models.CheckConstraint(
                name="mapedit_changeset_published_by_publication",
                condition=Q(state=State.PUBLISHED, publication__isnull=False)
                | (~Q(state=State.PUBLISHED) & Q(publication__isnull=True)),
                violation_error_message=_("已发布的变更须有发布记录，未发布的不得有。"),
            ),
            models.CheckConstraint(
                name="mapedit_changeset_approved_by_somebody",
                condition=~Q(state__in=[State.APPROVED, State.PUBLISHED]) | Q(approved_by__isnull=False),
                violation_error_message=_("批准须记录批准人。"),
            ),
            models.CheckConstraint(
                name="mapedit_changeset_notice_ordered",
                condition=Q(notice_until__isnull=True) | Q(notice_until__gte=F("notice_from")),
                violation_error_message=_("公示截止不得早于开始。"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="moves_are_declared",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
                func=f"""
                    IF TG_OP = 'INSERT' THEN
                        IF NEW.state <> '{State.DRAFT.value}' THEN
                            RAISE EXCEPTION '变更须从草拟开始'
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'mapedit_changeset_moves';
                        END IF;
                    ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_STEPS}) THEN
                        RAISE EXCEPTION '变更不能由 % 转为 %', OLD.state, NEW.state
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'mapedit_changeset_moves';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="leaves_no_changes",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete | pgtrigger.UpdateOf("id"),
                func="""
                    IF EXISTS (SELECT FROM mapedit_change WHERE change_set_id = OLD.id)
                        AND (TG_OP = 'DELETE' OR NEW.id <> OLD.id) THEN
                        RAISE EXCEPTION '变更 % 还有要素，不能删除', OLD.id
                            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'mapedit_change_of_a_set',
                                TABLE = TG_TABLE_NAME, HINT = '先移除其中的要素。';
                    END IF;
                    RETURN coalesce(NEW, OLD);
                """,
            ),
            pgtrigger.Protect(
                name="ended_is_immutable",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state__in=[State.PUBLISHED.value, State.WITHDRAWN.value]),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    @property
    def is_editable(self) -> bool:
        """Whether its changes may still change."""
        return self.state in EDITABLE

    # What each move records besides the state is written by services.workflow; these only
    # make a move that states.MOVES does not declare impossible.

    @transition(field=state, source=list(MOVES["edit"].sources), target=MOVES["edit"].target)
    def edit(self) -> None:
        """Back to the drawing board: what was checked is being changed."""

    @transition(field=state, source=list(MOVES["pass_checks"].sources), target=MOVES["pass_checks"].target)
    def pass_checks(self) -> None:
        """The complete checks found no error."""

    @transition(field=state, source=list(MOVES["submit"].sources), target=MOVES["submit"].target)
    def submit(self) -> None:
        """The author asks for review."""

    @transition(field=state, source=list(MOVES["ask_opinions"].sources), target=MOVES["ask_opinions"].target)
    def ask_opinions(self) -> None:
        """A reviewer takes it up and asks the offices."""

    @transition(field=state, source=list(MOVES["give_notice"].sources), target=MOVES["give_notice"].target)
    def give_notice(self) -> None:
        """All offices were heard; the public notice begins."""

    @transition(field=state, source=list(MOVES["approve"].sources), target=MOVES["approve"].target)
    def approve(self) -> None:
        """Somebody other than its author approves it."""

    @transition(field=state, source=list(MOVES["publish"].sources), target=MOVES["publish"].target)
    def publish(self) -> None:
        """Its changes come into force."""

    @transition(
        field=state, source=list(MOVES["return_for_revision"].sources), target=MOVES["return_for_revision"].target
    )
    def return_for_revision(self) -> None:
        """A reviewer sends it back with a reason."""

    @transition(field=state, source=list(MOVES["withdraw"].sources), target=MOVES["withdraw"].target)
    def withdraw(self) -> None:
        """Its author gives it up."""


class Action(models.TextChoices):
    """What a change does to its feature."""

    ADD = "add", _("新增")
    MODIFY = "modify", _("修改")
    REMOVE = "remove", _("移除")


class Operation(models.TextChoices):
    """By which act of an editor the change came about."""

    DRAW = "draw", _("绘制")
    RESHAPE = "reshape", _("整形")
    SPLIT = "split", _("切割")
    MERGE = "merge", _("合并")
    CUT = "cut", _("挖洞")
    ATTRIBUTES = "attributes", _("改属性")
    REMOVE = "remove", _("移除")
    REPAIR = "repair", _("修复")
    IMPORT = "import", _("导入")
    REVERT = "revert", _("撤销发布")


def _writes_an_editable_set(rows: str) -> str:
    return f"""
        SELECT sets.id, s.id IS NULL AS unknown INTO fault
        FROM (SELECT DISTINCT change_set_id AS id FROM {rows}) sets
        LEFT JOIN mapedit_changeset s ON s.id = sets.id
        WHERE s.id IS NULL OR s.state NOT IN ({_EDITABLE}) LIMIT 1;
        IF fault.unknown THEN
            RAISE EXCEPTION '没有编号为 % 的变更', fault.id
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'mapedit_change_of_a_set',
                    TABLE = TG_TABLE_NAME;
        ELSIF fault.id IS NOT NULL THEN
            RAISE EXCEPTION '变更 % 已提交，内容不可再改', fault.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'mapedit_change_frozen',
                    TABLE = TG_TABLE_NAME, HINT = '退回后再修改。';
        END IF;
        RETURN NULL;
    """


# An import may write a million of these; its file and its findings are kept, so the rows
# themselves are followed from their first correction on.
@tracked(inserts=False)
class Change(models.Model):
    """One feature as a change set would have it; drafts may be faulty, a publication may not.

    ``geom`` (EPSG:4490) is null exactly when the feature ends. ``attributes`` holds all
    editable attributes of the layer, not only those that differ. ``base_version`` is the
    id of the version in force the change was made from; publishing refuses it when
    another publication came in between.
    """

    # An import writes a million rows: no index that the unique one makes needless, none of `changed_by` where nobody
    # is named, and for their places a block-range index, which costs nothing to keep because imports lay features down
    # along a curve (imports.copying). Nor are the set and the importing account looked up a million times: that the set
    # exists is checked once a statement, by the triggers below and `ChangeSet.leaves_no_changes`, and `changed_by`
    # begins with the first correction.
    change_set = models.ForeignKey(
        ChangeSet,
        models.CASCADE,
        related_name="changes",
        verbose_name=_("变更"),
        db_index=False,
        db_constraint=False,
    )
    feature = models.CharField(_("要素编号"), max_length=20)
    action = models.CharField(_("动作"), max_length=6, choices=Action)
    operation = models.CharField(_("方式"), max_length=10, choices=Operation)
    geom = MultiPolygonField(_("图形"), srid=CGCS2000, null=True, blank=True, spatial_index=False)
    attributes = models.JSONField(_("属性"), default=dict, encoder=DjangoJSONEncoder)
    base_version = models.BigIntegerField(_("依据版本"), null=True, blank=True)
    origins = ArrayField(models.CharField(max_length=20), verbose_name=_("来源要素"), default=list, blank=True)
    revision = models.PositiveIntegerField(_("修订号"), default=1)
    changed_by = _person(_("修改人"), db_index=False)
    changed_at = models.DateTimeField(_("修改时间"), db_default=Now())

    class Meta:
        verbose_name = _("变更要素")
        verbose_name_plural = _("变更要素")
        ordering = ["feature"]
        indexes = [
            models.Index(fields=["changed_by"], name="mapedit_change_by", condition=Q(changed_by__isnull=False)),
            # As an expression: Django would make any index on a geometry column by name a GiST one.
            BrinIndex(
                OpClass(F("geom"), name="brin_geometry_inclusion_ops_2d"),
                name="mapedit_change_place",
                autosummarize=True,
                pages_per_range=16,
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["change_set", "feature"], name="mapedit_change_once_a_feature"),
            models.CheckConstraint(name="mapedit_change_action_known", condition=Q(action__in=Action.values)),
            models.CheckConstraint(
                name="mapedit_change_geom_by_action",
                condition=Q(action=Action.REMOVE, geom__isnull=True)
                | (~Q(action=Action.REMOVE) & Q(geom__isnull=False)),
                violation_error_message=_("移除的要素不带图形，其余须有图形。"),
            ),
            models.CheckConstraint(
                name="mapedit_change_base_by_action",
                condition=Q(action=Action.ADD, base_version__isnull=True)
                | (~Q(action=Action.ADD) & Q(base_version__isnull=False)),
                violation_error_message=_("修改和移除须注明依据的版本，新增不得注明。"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name=f"set_is_editable_{operation}",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger_operation,
                referencing=referencing,
                declare=[("fault", "record")],
                func=_writes_an_editable_set(rows),
            )
            for operation, pgtrigger_operation, referencing, rows in (
                ("insert", pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"), "new_rows"),
                ("update", pgtrigger.Update, pgtrigger.Referencing(new="new_rows"), "new_rows"),
                ("delete", pgtrigger.Delete, pgtrigger.Referencing(old="old_rows"), "old_rows"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.feature}"


@tracked()
class Opinion(models.Model):
    """部门意见: what one office says of a change set. A later one of the same office replaces it."""

    class Verdict(models.TextChoices):
        AGREE = "agree", _("同意")
        CONDITIONAL = "conditional", _("有条件同意")
        DISAGREE = "disagree", _("不同意")

    change_set = models.ForeignKey(ChangeSet, models.CASCADE, related_name="opinions", verbose_name=_("变更"))
    office = models.CharField(_("部门"), max_length=12)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("经办人"))
    verdict = models.CharField(_("意见"), max_length=12, choices=Verdict)
    text = models.TextField(_("说明"), blank=True)
    given_at = models.DateTimeField(_("时间"), auto_now=True)

    class Meta:
        verbose_name = _("部门意见")
        verbose_name_plural = _("部门意见")
        ordering = ["given_at"]
        constraints = [
            models.UniqueConstraint(fields=["change_set", "office"], name="mapedit_opinion_once_an_office"),
            models.CheckConstraint(
                name="mapedit_opinion_says_why",
                condition=Q(verdict="agree") | ~Q(text=""),
                violation_error_message=_("有条件同意或不同意须写明理由。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.office} {self.get_verdict_display()}"


@tracked()
class Paper(models.Model):
    """附件: a file that supports a change set, kept with the digest of its content."""

    change_set = models.ForeignKey(ChangeSet, models.CASCADE, related_name="papers", verbose_name=_("变更"))
    name = models.CharField(_("文件名"), max_length=200)
    file = models.FileField(_("文件"), upload_to="mapedit/papers/%Y/%m")
    content_type = models.CharField(_("类型"), max_length=100)
    size = models.PositiveBigIntegerField(_("字节数"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    added_by = _person(_("上传人"))
    added_at = models.DateTimeField(_("上传时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("附件")
        verbose_name_plural = _("附件")
        ordering = ["added_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["change_set", "sha256"],
                name="mapedit_paper_once",
                violation_error_message=_("这份文件已经附上。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Presence(models.Model):
    """Who has a feature open in an editor right now. Transient, so history does not follow it."""

    change_set = models.ForeignKey(ChangeSet, models.CASCADE, related_name="presences", verbose_name=_("变更"))
    feature = models.CharField(_("要素编号"), max_length=20, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("人员"))
    seen_at = models.DateTimeField(_("最近所见"), db_default=Now())

    class Meta:
        verbose_name = _("在场")
        verbose_name_plural = _("在场")
        constraints = [
            models.UniqueConstraint(fields=["change_set", "user"], name="mapedit_presence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.feature}"


@tracked()
class Descent(models.Model):
    """沿革: a feature that a publication split off, merged or replaced, and what it came from."""

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="descents", verbose_name=_("发布"))
    layer = models.ForeignKey(Layer, models.PROTECT, verbose_name=_("图层"))
    parent = models.CharField(_("来源要素"), max_length=20)
    child = models.CharField(_("结果要素"), max_length=20)

    class Meta:
        verbose_name = _("沿革")
        verbose_name_plural = _("沿革")
        indexes = [
            models.Index(fields=["layer", "parent"], name="descent_parent"),
            models.Index(fields=["layer", "child"], name="descent_child"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["publication", "parent", "child"], name="mapedit_descent_once"),
            models.CheckConstraint(name="mapedit_descent_not_itself", condition=~Q(parent=F("child"))),
        ]

    def __str__(self) -> str:
        return f"{self.parent} → {self.child}"
