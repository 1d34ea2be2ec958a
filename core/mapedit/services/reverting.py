"""Taking a publication back: a new draft that does the opposite, to be reviewed like any other."""

from __future__ import annotations

from typing import Any

import pghistory
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.mapedit import layers, perms
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet, Publication
from core.mapedit.services import drafting, writing
from core.refusals import NotAllowed, Refused, Stale

NAMED = 5
"""So many features are named in a refusal; the rest is counted."""

# What the publication did to each feature, what holds now, and what held before it.
_UNDONE = """
    SELECT c.feature, c.action, o.id AS open_id, o.publication_id AS open_publication, b.id AS before_id
    FROM mapedit_change c
    LEFT JOIN {table} o ON o.{feature} = c.feature AND o.valid_to IS NULL
    LEFT JOIN {table} b ON b.id = c.base_version
    WHERE c.change_set_id = %(set)s
"""

_TOUCHED = f"""
    SELECT u.feature FROM ({_UNDONE}) u
    WHERE CASE u.action
        WHEN 'remove' THEN EXISTS (
            SELECT FROM {{table}} v JOIN mapedit_publication p ON p.id = v.publication_id
            WHERE v.{{feature}} = u.feature AND p.number > %(number)s
        )
        ELSE u.open_publication IS DISTINCT FROM %(publication)s
    END
    ORDER BY u.feature
"""

_INVERSE = f"""
    INSERT INTO mapedit_change (change_set_id, feature, action, operation, geom, attributes, base_version,
                                origins, revision, changed_by_id)
    SELECT %(draft)s, u.feature,
           CASE u.action WHEN 'add' THEN 'remove' WHEN 'remove' THEN 'add' ELSE 'modify' END,
           'revert',
           CASE WHEN u.action <> 'add' THEN v.geom END,
           {{attributes}},
           u.open_id,
           -- What the publication made of this feature is where it comes from again.
           CASE WHEN u.action = 'add' THEN '{{{{}}}}' ELSE coalesce((
               SELECT array_agg(d.child::text ORDER BY d.child) FROM mapedit_descent d
               WHERE d.publication_id = %(publication)s AND d.parent = u.feature
           ), '{{{{}}}}') END::varchar(20)[],
           1, %(by)s
    FROM ({_UNDONE}) u
    JOIN {{table}} v ON v.id = CASE WHEN u.action = 'add' THEN u.open_id ELSE u.before_id END
"""


def revert(*, publication_id: int, by: User) -> ChangeSet:
    """A draft that undoes a publication: what it added ends, what it changed or removed is as it was before.

    Raises NotAllowed unless ``by`` drafts and reaches every place of it, Stale with the features that a
    later publication touched, and Refused for publications that came from no change set or whose layer
    keeps no versions.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        publication = Publication.objects.select_related("change_set").get(pk=publication_id)
        layer = layers.editable(publication.layer_id)
        change_set: ChangeSet | None = getattr(publication, "change_set", None)
        if not perms.drafts(by):
            raise NotAllowed(_("撤销发布的变更由自然资源编制人员拟定。"))
        if change_set is None:
            raise Refused(
                _("第 %(number)s 次发布不是由变更产生的（初始导入或办件决定），不能撤销。")
                % {"number": publication.number}
            )
        if not layer.versioned:
            raise Refused(_("“%(layer)s”不保留历史版本，请另拟变更更正。") % {"layer": layer.title})
        if not perms.reaches(by, change_set.place_codes):
            raise NotAllowed(_("这次发布涉及本账号辖区以外的区，由市级编制人员撤销。"))
        _refuse_touched(publication, change_set, layer)
        title = _("撤销第 %(number)s 次发布：%(title)s") % {"number": publication.number, "title": publication.title}
        draft = drafting.create_change_set(layer=layer.name, title=title[:120], author=by)
        draft.reverts = publication
        _execute(_INVERSE, layer, _values(publication, change_set) | {"draft": draft.pk, "by": by.pk})
        draft.place_codes = writing.places_of(draft, layer)
        draft.revision += 1
        draft.save()
        return draft


def touched_later(publication: Publication) -> list[str]:
    """Codes of the features that a later publication changed again, in order."""
    change_set: ChangeSet | None = getattr(publication, "change_set", None)
    layer = layers.editable(publication.layer_id)
    if change_set is None or not layer.versioned:
        return []
    return [code for (code,) in _execute(_TOUCHED, layer, _values(publication, change_set))]


def _refuse_touched(publication: Publication, change_set: ChangeSet, layer: EditableLayer) -> None:
    touched = touched_later(publication)
    if touched:
        raise Stale(
            _("之后的发布又改变了其中 %(count)s %(word)s：%(codes)s。请先撤销之后的发布，或另拟变更。")
            % {
                "count": len(touched),
                "word": layer.measure_word,
                "codes": _("、").join(touched[:NAMED]) + (_("等") if len(touched) > NAMED else ""),
            }
        )


def _values(publication: Publication, change_set: ChangeSet) -> dict[str, Any]:
    return {"publication": publication.pk, "number": publication.number, "set": change_set.pk}


def _execute(sql: str, layer: EditableLayer, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    statement = sql.format(table=layer.table, feature=layer.feature_column, attributes=layer.attributes_sql("v"))
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
