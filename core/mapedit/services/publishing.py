"""Putting an approved change set into force: one serialised transaction."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.mapedit import checks, layers, perms
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet, Layer, Publication
from core.mapedit.states import State
from core.refusals import NotAllowed, Refused, Stale, sentence_of


def publish(*, change_set_id: int, by: User) -> Publication:
    """Close the versions a change set replaces and open its own, as one publication.

    The layer's row lock makes publications of a layer wait for each other, so each one is
    checked against what the one before it left. It takes effect on the day asked for, at
    the earliest today. Raises NotAllowed, Stale when another publication changed one of
    its features first, and Refused when a check or a guard of the database objects; then
    nothing was changed.
    """
    try:
        with transaction.atomic():
            return _publish(change_set_id, by)
    except DatabaseError as error:
        raise Refused(sentence_of(error)) from error


def _publish(change_set_id: int, by: User) -> Publication:
    name = ChangeSet.objects.values_list("layer_id", flat=True).get(pk=change_set_id)
    wait_for_turn(name)
    change_set = ChangeSet.objects.select_for_update(of=("self",)).select_related("document").get(pk=change_set_id)
    if change_set.state != State.APPROVED:
        raise NotAllowed(_("变更 #%(number)s 目前为“%(state)s”，批准后才能发布。") % _naming(change_set))
    if not perms.reviews(by, change_set):
        raise NotAllowed(_("发布由辖区内未参与编制的审核人员办理。"))
    layer = layers.editable(name)
    effective_on = max(change_set.effective_on or timezone.localdate(), timezone.localdate())
    _refuse_stale(change_set, layer, effective_on)
    errors = [finding for finding in checks.check_change_set(change_set, on=effective_on) if finding.is_error]
    if errors:
        raise Refused(
            _("发布前复核发现 %(count)s 处错误，未发布。首处：%(first)s")
            % {"count": len(errors), "first": errors[0].message},
            errors,
        )
    publication = number(
        Publication(
            layer_id=name,
            title=change_set.title,
            reason=change_set.reason,
            document=change_set.document,
            document_number=change_set.document_number,
            published_by=by,
            effective_on=effective_on,
        )
    )
    _replace(change_set, layer, publication)
    change_set.publication = publication
    change_set.publish()
    change_set.save(update_fields=["publication", "state", "changed_at"])
    hear_guards()
    return publication


def wait_for_turn(layer: str) -> None:
    """Take a layer's row lock, held until the transaction ends: whoever publishes next sees what this one left."""
    Layer.objects.select_for_update().get(name=layer)


def number(publication: Publication) -> Publication:
    """Write a publication under the next number of its layer, whose lock the caller holds."""
    last = Publication.objects.filter(layer_id=publication.layer_id).aggregate(last=Max("number"))["last"] or 0
    publication.number = last + 1
    publication.published_at = timezone.now()
    publication.save(force_insert=True)
    return publication


def hear_guards() -> None:
    """Let guards deferred to the commit speak now, while their sentence can still reach a person."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _naming(change_set: ChangeSet) -> dict[str, object]:
    return {"number": change_set.pk, "state": change_set.get_state_display()}


def _refuse_stale(change_set: ChangeSet, layer: EditableLayer, effective_on: dt.date) -> None:
    """Refuse when a feature's version is no longer the one the change was made from, or a new code is taken."""
    future = "v.valid_from > %(on)s" if layer.versioned else "false"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.feature
            FROM mapedit_change c
            LEFT JOIN {layer.table} v ON v.{layer.feature_column} = c.feature AND {layer.open_sql("v")}
            WHERE c.change_set_id = %(set)s
              AND ({layer.version_id_sql("v")} IS DISTINCT FROM c.base_version OR {future})
            ORDER BY c.feature LIMIT 5
            """,
            {"set": change_set.pk, "on": effective_on},
        )
        stale = [code for (code,) in cursor.fetchall()]
    if stale:
        raise Stale(
            _("“%(codes)s”在编制之后已由另一次发布改变，未发布。请退回，由编制人对照现行版本合并后重新提交。")
            % {"codes": "、".join(stale)}
        )


def _replace(change_set: ChangeSet, layer: EditableLayer, publication: Publication) -> None:
    columns, facts = ", ".join(layer.columns()), ", ".join(f"r.{name}" for name in layer.columns())
    values: dict[str, Any] = {"set": change_set.pk, "on": publication.effective_on, "publication": publication.pk}
    if layer.versioned:
        statements = [
            f"""
            UPDATE {layer.table} v SET valid_to = %(on)s
            FROM mapedit_change c
            WHERE c.change_set_id = %(set)s AND c.action <> 'add' AND v.id = c.base_version
            """,
            f"""
            INSERT INTO {layer.feature_model._meta.db_table} (code)
            SELECT feature FROM mapedit_change WHERE change_set_id = %(set)s AND action = 'add'
            ON CONFLICT DO NOTHING
            """,
            f"""
            INSERT INTO {layer.table} ({layer.feature_column}, geom, valid_from, publication_id, {columns})
            SELECT c.feature, c.geom, %(on)s, %(publication)s, {facts}
            FROM mapedit_change c
            CROSS JOIN LATERAL jsonb_to_record(c.attributes) AS r ({layer.record_sql()})
            WHERE c.change_set_id = %(set)s AND c.action <> 'remove'
            ORDER BY c.feature
            """,
        ]
    else:
        settings = ", ".join(f"{name} = r.{name}" for name in layer.columns())
        statements = [
            f"""
            UPDATE {layer.table} v SET geom = c.geom, {settings}
            FROM mapedit_change c
            CROSS JOIN LATERAL jsonb_to_record(c.attributes) AS r ({layer.record_sql()})
            WHERE c.change_set_id = %(set)s AND c.action = 'modify' AND v.{layer.feature_column} = c.feature
            """
        ]
    statements.append(
        """
        INSERT INTO mapedit_descent (publication_id, layer_id, parent, child)
        SELECT %(publication)s, s.layer_id, origin.code, c.feature
        FROM mapedit_change c
        JOIN mapedit_changeset s ON s.id = c.change_set_id
        CROSS JOIN LATERAL unnest(c.origins) AS origin (code)
        WHERE c.change_set_id = %(set)s AND c.action <> 'remove' AND origin.code <> c.feature
        ON CONFLICT DO NOTHING
        """
    )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
