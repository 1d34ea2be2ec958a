"""Putting other facts of one feature into force by a decision, without a change set: its outline stays as it is."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pghistory
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.mapedit import history, layers
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Publication
from core.mapedit.services import publishing
from core.refusals import Refused, Stale, sentence_of


def publish_facts(
    *,
    layer: str,
    feature: str,
    facts: Mapping[str, Any],
    base_version: int,
    title: str,
    document_number: str,
    reason: str,
    by: User,
    effective_on: dt.date,
    is_demo: bool = False,
) -> Publication:
    """Close version ``base_version`` of a feature and open one that differs in ``facts`` alone, as one publication.

    ``facts`` are attributes of the layer by name; those left out stay. The publication
    waits for its turn behind others of the layer and is held by the same guards of the
    database as one that comes from a change set. Whether ``by`` may decide this is the
    caller's to know: the decision named by ``document_number`` is the authority.

    Raises Stale when ``base_version`` is no longer the version in force (changed,
    merged, split or removed meanwhile, or followed by a coming one), Refused when a
    guard objects; then nothing was changed. ``ValueError`` for a layer without versions
    or an attribute it does not have.
    """
    described = layers.editable(layer)
    unknown = set(facts) - set(described.columns())
    if unknown or not described.versioned:
        raise ValueError(f"layer {layer!r} keeps no versions or has no attributes {sorted(unknown)}")
    publication = Publication(
        layer_id=layer,
        title=title,
        reason=reason,
        document_number=document_number,
        published_by=by,
        effective_on=effective_on,
        is_demo=is_demo,
    )
    try:
        with transaction.atomic(), pghistory.context(user=by.pk):
            publishing.wait_for_turn(layer)
            _refuse_stale(described, feature, base_version, effective_on)
            publishing.number(publication)
            _replace(described, base_version, facts, publication)
            publishing.hear_guards()
    except DatabaseError as error:
        raise Refused(sentence_of(error)) from error
    return publication


def _refuse_stale(layer: EditableLayer, feature: str, base_version: int, effective_on: dt.date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, valid_from FROM {layer.table} WHERE {layer.feature_column} = %s AND valid_to IS NULL",
            [feature],
        )
        held = cursor.fetchone()
    named = {"label": layer.code_label, "code": feature}
    if held is None:
        became = history.became(layer, feature)
        if became:
            raise Stale(
                _("%(label)s“%(code)s”已不在册，现为 %(became)s，未发布。请按现行要素重新办理。")
                % {**named, "became": _("、").join(became)}
            )
        raise Stale(_("%(label)s“%(code)s”已不在册，未发布。请核对后重新办理。") % named)
    version, valid_from = held
    if version != base_version:
        raise Stale(
            _("%(label)s“%(code)s”在决定所依据的版本之后已由另一次发布改变，未发布。请按现行版本重新办理。") % named
        )
    if valid_from > effective_on:
        raise Stale(
            _("%(label)s“%(code)s”已有自 %(on)s 起生效的版本，此前不能再改，未发布。")
            % {**named, "on": valid_from.isoformat()}
        )


def _replace(layer: EditableLayer, base_version: int, facts: Mapping[str, Any], publication: Publication) -> None:
    values: dict[str, Any] = {
        "base": base_version,
        "facts": json.dumps(dict(facts), cls=DjangoJSONEncoder),
        "on": publication.effective_on,
        "publication": publication.pk,
    }
    columns, held = ", ".join(layer.columns()), ", ".join(f"r.{name}" for name in layer.columns())
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {layer.table} SET valid_to = %(on)s WHERE id = %(base)s", values)
        cursor.execute(
            f"""
            INSERT INTO {layer.table} ({layer.feature_column}, geom, valid_from, publication_id, {columns})
            SELECT v.{layer.feature_column}, v.geom, %(on)s, %(publication)s, {held}
            FROM {layer.table} v
            CROSS JOIN LATERAL jsonb_to_record({layer.attributes_sql("v")} || %(facts)s::jsonb)
                AS r ({layer.record_sql()})
            WHERE v.id = %(base)s
            """,
            values,
        )
