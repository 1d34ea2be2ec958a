"""What a feature, a change set and a layer went through."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role, User
from core.mapedit import layers
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet, Descent, Opinion, Publication
from core.mapedit.states import State


@dataclass(frozen=True)
class Version:
    """One version of a feature, in force on [``valid_from``, ``valid_to``), and the publication that opened it."""

    number: int
    valid_from: dt.date
    valid_to: dt.date | None
    area_m2: float
    difference_m2: float | None
    name: str
    publication: Publication
    change_set_id: int | None

    @property
    def never_in_force(self) -> bool:
        """Whether another publication replaced it on the very day."""
        return self.valid_to == self.valid_from


@dataclass(frozen=True)
class Kin:
    """A feature another came from, or became, by a publication."""

    code: str
    publication: Publication


@dataclass(frozen=True)
class Event:
    """One line of a change set's time line."""

    at: dt.datetime
    what: str
    who: str
    detail: str = ""
    tone: str = ""


@dataclass
class Life:
    """Versions of a feature, newest first, and what it came from and became."""

    versions: list[Version] = field(default_factory=list)
    parents: list[Kin] = field(default_factory=list)
    children: list[Kin] = field(default_factory=list)


def life_of(layer: EditableLayer, code: str) -> Life:
    """Every version of feature ``code`` of a versioned layer and its kin; three queries."""
    if not layer.versioned:
        return Life()
    manager: Any = layer.version._default_manager
    held = {layer.feature_column: code}
    rows = manager.filter(**held).select_related("publication__document", "publication__published_by")
    sets = dict(
        ChangeSet.objects.filter(publication__in=rows.values("publication")).values_list("publication_id", "pk")
    )
    versions: list[Version] = []
    before: float | None = None
    for row in rows.defer("geom", "geom_3857").order_by("valid_from", "id"):
        label = getattr(row, layer.label) or code
        versions.append(
            Version(
                number=len(versions) + 1,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                area_m2=row.area_m2,
                difference_m2=None if before is None else row.area_m2 - before,
                name=str(label),
                publication=row.publication,
                change_set_id=sets.get(row.publication_id),
            )
        )
        before = row.area_m2
    life = Life(versions=versions[::-1])
    for descent in Descent.objects.filter(layer_id=layer.name, child=code).select_related("publication"):
        life.parents.append(Kin(descent.parent, descent.publication))
    for descent in Descent.objects.filter(layer_id=layer.name, parent=code).select_related("publication"):
        life.children.append(Kin(descent.child, descent.publication))
    return life


def became(layer: EditableLayer, code: str) -> list[str]:
    """Codes of the features in force that a feature was merged or split into, over however many publications."""
    return [
        child
        for (child,) in _rows(
            f"""
            WITH RECURSIVE later AS (
                SELECT d.child, d.publication_id FROM mapedit_descent d
                WHERE d.layer_id = '{layer.name}' AND d.parent = %s
                UNION
                SELECT d.child, d.publication_id FROM mapedit_descent d
                JOIN later ON d.parent = later.child AND d.publication_id > later.publication_id
                WHERE d.layer_id = '{layer.name}'
            )
            SELECT DISTINCT l.child FROM later l
            JOIN {layer.table} v ON v.{layer.feature_column} = l.child AND {layer.open_sql("v")}
            ORDER BY l.child
            """,
            code,
        )
    ]


def version_count(layer_name: str, code: str) -> int:
    """How many versions of a feature there were; 0 for layers that keep none."""
    layer = layers.editable(layer_name)
    if not layer.versioned:
        return 0
    manager: Any = layer.version._default_manager
    count: int = manager.filter(**{layer.feature_column: code}).count()
    return count


MOVED = {
    State.DRAFT: gettext_lazy("恢复草拟"),
    State.CHECKED: gettext_lazy("检查通过"),
    State.SUBMITTED: gettext_lazy("提交变更"),
    State.OPINIONS: gettext_lazy("征求部门意见"),
    State.NOTICE: gettext_lazy("进入公示"),
    State.APPROVED: gettext_lazy("批准"),
    State.PUBLISHED: gettext_lazy("发布"),
    State.RETURNED: gettext_lazy("退回补正"),
    State.WITHDRAWN: gettext_lazy("撤回"),
}

_MOVED = """
    SELECT e.pgh_created_at, e.state, e.return_reason, e.notice_until,
           (x.metadata ->> 'user')::bigint, e.submitted_by_id, e.approved_by_id, e.author_id
    FROM (
        SELECT *, lag(state) OVER (ORDER BY pgh_id) AS former FROM mapedit_changesetevent WHERE pgh_obj_id = %s
    ) e
    LEFT JOIN pghistory_context x ON x.id = e.pgh_context_id
    WHERE e.former IS DISTINCT FROM e.state
    ORDER BY e.pgh_id
"""

_SAID = """
    SELECT e.pgh_created_at, e.verdict, e.text, e.office, e.officer_id FROM mapedit_opinionevent e
    WHERE e.change_set_id = %s AND e.pgh_label <> 'delete' ORDER BY e.pgh_id
"""

_FILED = """
    SELECT e.pgh_created_at, e.name, e.pgh_label, e.added_by_id, (x.metadata ->> 'user')::bigint
    FROM mapedit_paperevent e LEFT JOIN pghistory_context x ON x.id = e.pgh_context_id
    WHERE e.change_set_id = %s ORDER BY e.pgh_id
"""


def time_line(change_set: ChangeSet) -> list[Event]:
    """Who moved a change set when, what offices said and which papers came and went; newest first, four queries."""
    moved, said, filed = (_rows(sql, change_set.pk) for sql in (_MOVED, _SAID, _FILED))
    ids = {row[4] for row in moved} | {row[5] for row in moved} | {row[6] for row in moved}
    ids |= {change_set.author_id} | {row[4] for row in said} | {row[3] for row in filed} | {row[4] for row in filed}
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=ids - {None})}
    verdicts, offices = dict(Opinion.Verdict.choices), dict(Role.choices)
    events = []
    for at, state, reason, until, actor, submitter, approver, author in moved:
        known = {State.DRAFT: author, State.SUBMITTED: submitter, State.APPROVED: approver, State.WITHDRAWN: author}
        detail = reason if state == State.RETURNED else ""
        if state == State.NOTICE:
            detail = _("公示至 %(until)s") % {"until": until.isoformat()} if until else _("不设公示期")
        tone = {State.RETURNED: "risk", State.PUBLISHED: "met", State.WITHDRAWN: "quiet"}.get(state, "")
        events.append(Event(at, str(MOVED[State(state)]), people.get(actor or known.get(state) or 0, ""), detail, tone))
    if moved:
        events[0] = Event(events[0].at, _("新建变更"), events[0].who)
    for at, verdict, text, office, officer in said:
        what = _("%(office)s：%(verdict)s") % {"office": offices.get(office, office), "verdict": verdicts[verdict]}
        events.append(Event(at, what, people.get(officer, ""), text, "unmet" if verdict == "disagree" else ""))
    for at, name, label, added_by, actor in filed:
        what = _("移除附件") if label == "delete" else _("上传附件")
        events.append(Event(at, what, people.get(actor or added_by, ""), name))
    # Moves of one transaction bear one time; turning the sorted list round keeps the last of them first.
    return sorted(events, key=lambda event: event.at)[::-1]


def _rows(sql: str, value: int | str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
        return cursor.fetchall()
