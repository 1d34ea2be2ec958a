"""What every writer of a draft is made of: take the set, write changes, finish.

The set's row is locked from `take` on, so that two people on one set come one after the
other, and a writer names the revision of the change it read: who comes second is refused
with what is there now, and nobody overwrites anybody silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import MultiPolygon
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.mapedit import bases, layers, perms
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Action, Change, ChangeSet
from core.mapedit.models.changes import Operation
from core.mapedit.states import State
from core.refusals import NotAllowed, Refused, Stale


class ChangeMoved(Stale):
    """Somebody else wrote the change first; ``current`` is what is there now, None when it was discarded."""

    def __init__(self, sentence: str, current: Change | None) -> None:
        super().__init__(sentence)
        self.current = current


@dataclass
class Draft:
    """A change set taken for writing: its row is locked until the transaction ends."""

    change_set: ChangeSet
    layer: EditableLayer
    by: User


def take(*, change_set_id: int, by: User) -> Draft:
    """Lock a change set for writing by ``by``. Raises NotAllowed when it is out of sight, decided, or not theirs."""
    visible = ChangeSet.objects.visible_to(by).select_for_update(of=("self",))
    change_set = visible.filter(pk=change_set_id).first()
    if change_set is None:
        raise NotAllowed(_("没有变更 #%(number)s，或不在本账号的辖区内。") % {"number": change_set_id})
    if not change_set.is_editable:
        raise NotAllowed(
            _("变更 #%(number)s 目前为“%(state)s”，内容不可再改；退回后再修改。")
            % {"number": change_set_id, "state": change_set.get_state_display()}
        )
    if not perms.edits(by, change_set):
        raise NotAllowed(_("变更由辖区覆盖其全部范围的自然资源编制人员修改。"))
    return Draft(change_set, layers.editable(change_set.layer_id), by)


def finish(draft: Draft) -> ChangeSet:
    """Note that a set was written: its places, its revision, and that what was checked is a draft again."""
    change_set = draft.change_set
    change_set.place_codes = places_of(change_set, draft.layer)
    if not perms.reaches(draft.by, change_set.place_codes):
        raise NotAllowed(_("变更涉及本账号辖区以外的区，由市级编制人员办理。"))
    change_set.revision += 1
    if change_set.state != State.DRAFT:
        change_set.edit()
    change_set.save()
    return change_set


def places_of(change_set: ChangeSet, layer: EditableLayer) -> list[str]:
    """District codes that the changes of a set and the versions they replace lie in, in order."""
    if not layer.place:
        # Its features are the places.
        codes = "SELECT c.feature AS code FROM mapedit_change c WHERE c.change_set_id = %(set)s"
    else:
        # Told apart before they are taken apart: a million changes name a handful of places.
        codes = f"""
            SELECT {_place_codes("named.places")} AS code
            FROM (
                SELECT c.attributes -> '{layer.place}' AS places FROM mapedit_change c WHERE c.change_set_id = %(set)s
                UNION
                SELECT to_jsonb(v.{layer.place})
                FROM mapedit_change c JOIN {layer.table} v ON v.id = c.base_version
                WHERE c.change_set_id = %(set)s
            ) named
        """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT code FROM ({codes}) place WHERE code ~ '^[0-9]{{6}}$' ORDER BY code",
            {"set": change_set.pk},
        )
        return [code for (code,) in cursor.fetchall()]


def _place_codes(held: str) -> str:
    """SQL: the codes in a jsonb text or array of texts, a row each."""
    listed = f"CASE jsonb_typeof({held}) WHEN 'array' THEN {held} ELSE jsonb_build_array({held}) END"
    return f"jsonb_array_elements_text({listed})"


def write(
    draft: Draft,
    feature: str,
    *,
    revision: int | None,
    operation: str,
    geom: MultiPolygon | None = None,
    attributes: Mapping[str, Any] | None = None,
    origins: Sequence[str] = (),
    checked: bool = True,
) -> Change | None:
    """Upsert one change of a taken set; see :func:`save_change`. Without ``checked`` no revision is compared."""
    change = read(draft, feature, revision) if checked else existing(draft, feature)
    if change is None:
        change = first_touch(draft, feature, geom)
    elif change.action == Action.REMOVE:
        # Drawn again after it had been struck out.
        base = bases.in_force(draft.layer, [feature]).get(feature)
        change.action = Action.MODIFY
        change.geom = base.geom if base else None
    if geom is not None:
        change.geom = geom
    if change.geom is None:
        raise Refused(_("“%(code)s”没有图形，请先绘制。") % {"code": feature})
    if attributes is not None:
        change.attributes = {**change.attributes, **attributes}
    change.operation = operation
    change.origins = sorted({*change.origins, *origins} - {feature})
    return store(draft, change)


def end(draft: Draft, feature: str, *, revision: int | None, checked: bool = True) -> Change | None:
    """Turn the change of a feature into its end; None where the set itself had added it."""
    if not draft.layer.versioned:
        raise Refused(_("区划由上级确定，这里只更正现有区的界线，不移除。"))
    change = read(draft, feature, revision) if checked else existing(draft, feature)
    if change is not None and change.action == Action.ADD:
        change.delete()
        return None
    if change is None:
        change = first_touch(draft, feature, None)
    change.action, change.operation, change.geom, change.origins = Action.REMOVE, Operation.REMOVE, None, []
    return store(draft, change)


def new_code(draft: Draft, attributes: Mapping[str, Any], *, beside: Sequence[str] = ()) -> str:
    """The next free code of the layer: of no feature in force, past, or in any open change set."""
    column = draft.layer.feature_column
    if not draft.layer.versioned:
        raise Refused(_("区划由上级确定，这里只更正现有区的界线，不新增。"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {column} FROM {draft.layer.table}
            UNION
            SELECT c.feature FROM mapedit_change c JOIN mapedit_changeset s ON s.id = c.change_set_id
            WHERE s.layer_id = %s AND s.state NOT IN ('published', 'withdrawn')
            """,
            [draft.layer.name],
        )
        taken = [code for (code,) in cursor.fetchall()]
    try:
        return draft.layer.next_code(attributes, [*taken, *beside])
    except (LookupError, ObjectDoesNotExist) as error:
        raise Refused(_("请先填写所在区，再编号。")) from error


def defaults(layer: EditableLayer) -> dict[str, Any]:
    """The attributes of a new feature."""
    return {attribute.name: attribute.default for attribute in layer.attributes}


def existing(draft: Draft, feature: str) -> Change | None:
    """The change of a feature, if the set has one."""
    return draft.change_set.changes.select_related("changed_by").filter(feature=feature).first()


def read(draft: Draft, feature: str, revision: int | None) -> Change | None:
    """The change of a feature, when it is still the one its writer read."""
    change = existing(draft, feature)
    if (change.revision if change else None) == revision:
        return change
    if change is None:
        raise ChangeMoved(
            _("“%(code)s”的变更已由他人撤销，您的修改未写入。请对照后重新保存。") % {"code": feature}, None
        )
    who = str(change.changed_by) if change.changed_by else _("他人")
    when = timezone.localtime(change.changed_at).strftime("%H:%M")
    raise ChangeMoved(
        _("%(who)s在 %(when)s 修改了“%(code)s”，您的修改未写入。请对照两份，选定后保存。")
        % {"who": who, "when": when, "code": feature},
        change,
    )


def first_touch(draft: Draft, feature: str, geom: MultiPolygon | None) -> Change:
    """A change, not stored yet, that leaves its feature as in force; with ``geom`` one that adds an unknown code."""
    base = bases.in_force(draft.layer, [feature]).get(feature)
    if base is None:
        if not draft.layer.versioned:
            raise Refused(_("区划由上级确定，这里只更正现有区的界线，不新增。"))
        if geom is None:
            raise Refused(_("没有现行要素“%(code)s”，可能刚由另一次发布终止。") % {"code": feature})
        refuse_code(draft.layer, feature)
        return Change(
            change_set=draft.change_set,
            feature=feature,
            action=Action.ADD,
            attributes=defaults(draft.layer),
            revision=0,
        )
    if not perms.reaches(draft.by, draft.layer.places_of(base.attributes)):
        raise NotAllowed(_("“%(code)s”在本账号辖区以外，由市级编制人员办理。") % {"code": feature})
    return Change(
        change_set=draft.change_set,
        feature=feature,
        action=Action.MODIFY,
        geom=base.geom,
        attributes=base.attributes,
        base_version=base.version,
        revision=0,
    )


def refuse_code(layer: EditableLayer, code: str) -> None:
    """Raise Refused for what is not written as a code of the layer."""
    if not layer.is_code(code) or len(code) > 20:
        raise Refused(_("编号“%(code)s”不合规则。%(hint)s") % {"code": code[:40], "hint": layer.code_hint})


def store(draft: Draft, change: Change) -> Change | None:
    """Write a change, or delete it when it leaves its feature as in force."""
    change.revision += 1
    change.changed_by = draft.by
    change.changed_at = timezone.now()
    change.save()
    if change.action == Action.MODIFY and _equals_base(draft.layer, change):
        change.delete()
        return None
    return change


def _equals_base(layer: EditableLayer, change: Change) -> bool:
    """Whether shape (whatever its starting points) and attributes are those of the version it was made from."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.attributes = {layer.attributes_sql("v")}
               AND ST_AsBinary(ST_Normalize(c.geom)) = ST_AsBinary(ST_Normalize(v.geom))
            FROM mapedit_change c
            JOIN {layer.table} v ON v.{layer.feature_column} = c.feature
             AND {"v.id = c.base_version" if layer.versioned else layer.open_sql("v")}
            WHERE c.id = %s
            """,
            [change.pk],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
