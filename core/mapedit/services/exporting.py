"""Layers, selections and change sets out into exchange files, as of any date."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import shapely
from django.contrib.gis.geos import Polygon
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from core.accounts.scope import Viewer
from core.geodata.crs import CGCS2000
from core.geodata.exchange import writing
from core.geodata.exchange.formats import DXF, TXT
from core.geodata.exchange.writing import Batch, Field, Unwritable, Written
from core.mapedit import layers
from core.mapedit.layers import Attribute, EditableLayer
from core.mapedit.models import Action, ChangeSet

CODE = "code"
BLOCK_BYTES = 16 << 20
ZONE_38 = 4526
"""CGCS2000 3° zone 38, which holds all of Foshan but its western edge."""

SRIDS = (4490, 4526, 4525, 4547, 4546, 4326)

_TYPES = {"number": "real", "integer": "integer", "date": "date", "bool": "boolean"}
_WIDTHS = {"place": 6, "town": 9, "places": 40, "integer": 5, "choice": 24}
_LAND_CLASS = "地类编码"


@dataclass(frozen=True)
class Selection:
    """Which features of a layer: all, or those of ``codes``, of a ``district``, or touching ``bbox`` (EPSG:4490)."""

    codes: Sequence[str] = ()
    district: str = ""
    bbox: tuple[float, float, float, float] | None = None


def default_srid(file_format: str) -> int:
    """The coordinate system a format is expected in: metres for drawings and 国土 TXT, degrees for the others."""
    return ZONE_38 if file_format in {TXT, DXF} else CGCS2000


def export_layer(
    path: str | os.PathLike[str],
    *,
    layer: str,
    file_format: str,
    by: Viewer | None,
    on: dt.date | None = None,
    selection: Selection = Selection(),
    srid: int | None = None,
    encoding: str = "utf-8",
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write the features of ``layer`` in force on ``on`` (today) that ``by`` may read to ``path``.

    ``by`` None reads everything, as at the command line. Importing the file into an unchanged layer finds no
    difference, as far as the format holds attributes. Raises Unwritable with a sentence, LayerUnknown.
    """
    editable = layers.editable(layer)
    on = on or timezone.localdate()
    rows = _select(editable, by, on, selection)
    sql, params = _rows_sql(editable, rows)
    return _write(Path(path), editable, sql, params, file_format, srid, encoding, on, progress)


def export_change_set(
    path: str | os.PathLike[str],
    *,
    change_set: ChangeSet,
    file_format: str,
    srid: int | None = None,
    encoding: str = "utf-8",
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write what a change set would have in force to ``path``: its new and changed features, not those it ends.

    The caller has made sure that the reader may see the set. Raises Unwritable.
    """
    layer = layers.editable(change_set.layer_id)
    values = ", ".join(_value_sql(attribute, "r") for attribute in layer.attributes)
    sql = f"""
        SELECT c.feature, c.geom, {values}
        FROM mapedit_change c CROSS JOIN LATERAL jsonb_to_record(c.attributes) AS r ({layer.record_sql()})
        WHERE c.change_set_id = %s AND c.action <> %s ORDER BY c.feature
    """
    params = (change_set.pk, Action.REMOVE.value)
    return _write(Path(path), layer, sql, params, file_format, srid, encoding, timezone.localdate(), progress)


def fields_of(layer: EditableLayer) -> list[Field]:
    """The columns of a layer's file, the code first."""
    return [
        Field(CODE, layer.code_dbf, str(layer.code_label), "text", 20),
        *(
            Field(
                attribute.name,
                attribute.dbf,
                str(attribute.label),
                _TYPES.get(attribute.kind, "text"),  # type: ignore[arg-type]
                attribute.max_length or _WIDTHS.get(attribute.kind, 40),
            )
            for attribute in layer.attributes
        ),
    ]


def file_name(layer: EditableLayer, *, file_format: str, on: dt.date, scope: str = "", demo: bool = False) -> str:
    """What the file is called when it is handed out: layer, scope, date, and that it is a demo city's."""
    parts = [str(layer.title), scope, on.isoformat(), _("示例数据") if demo else ""]
    return "_".join(part for part in parts if part) + writing.SUFFIXES[file_format]


def _select(layer: EditableLayer, by: Viewer | None, on: dt.date, selection: Selection) -> models.QuerySet[Any]:
    rows: Any = layer.version._default_manager.all()
    if layer.versioned:
        rows = rows.in_force_on(on)
        if by is not None:
            rows = rows.visible_to(by)
    else:
        rows = rows.districts()
        if by is not None and not (by.is_authenticated and by.is_active):
            rows = rows.none()
    rows = rows.filter(geom__isnull=False)
    if selection.codes:
        rows = rows.filter(**{f"{layer.feature_column}__in": list(selection.codes)})
    if selection.district and layer.place and layer.attribute(layer.place).kind == "places":
        rows = rows.filter(**{f"{layer.place}__contains": [selection.district]})
    elif selection.district:
        rows = rows.filter(**{layer.place or "pk": selection.district})
    if selection.bbox:
        box = Polygon.from_bbox(selection.bbox)
        box.srid = CGCS2000
        rows = rows.filter(geom__intersects=box)
    return rows


def _rows_sql(layer: EditableLayer, rows: models.QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    values = ", ".join(_value_sql(attribute, "v") for attribute in layer.attributes)
    columns = f"v.{layer.feature_column}, v.geom, {values}"
    key = layer.version._meta.pk.column  # type: ignore[union-attr]
    try:
        chosen, params = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return f"SELECT {columns} FROM {layer.table} v WHERE false", ()
    return (
        f"SELECT {columns} FROM {layer.table} v WHERE v.{key} IN ({chosen}) ORDER BY v.{layer.feature_column}",
        params,
    )


def _value_sql(attribute: Attribute, alias: str) -> str:
    """SQL: an attribute as text."""
    column = f"{alias}.{attribute.name}"
    if attribute.kind == "places":
        return f"array_to_string({column}, '、')"
    return f"{column}::text"


def _write(
    path: Path,
    layer: EditableLayer,
    sql: str,
    params: Sequence[Any],
    file_format: str,
    srid: int | None,
    encoding: str,
    on: dt.date,
    progress: Callable[[int], None] | None,
) -> Written:
    land_class = next((a.name for a in layer.attributes if _LAND_CLASS in a.aliases), None)
    with tempfile.TemporaryFile(dir=path.parent) as rows:
        with connection.cursor() as cursor:
            # psycopg2 fills a placeholder only when it executes; COPY has to have its values in the text.
            bound = cursor.mogrify(sql, params).decode() if params else sql
            cursor.copy_expert(f"COPY ({bound}) TO STDOUT (FORMAT csv)", rows)
        if not rows.tell():
            raise Unwritable(_("没有要素可导出：请放宽范围，或换一个日期。"))
        rows.seek(0)
        return writing.write(
            path,
            format=file_format,
            batches=_batches(layer, rows),
            fields=fields_of(layer),
            layer_name=str(layer.title),
            code_field=CODE,
            srid=srid or default_srid(file_format),
            encoding=encoding,
            name_field=layer.label,
            class_field=land_class,
            dated=on,
            progress=progress,
        )


def _batches(layer: EditableLayer, rows: Any) -> Iterator[Batch]:
    """Batches of rows that COPY wrote as CSV: code, geometry, attributes as text."""
    names = [CODE, "geometry", *layer.columns()]
    types = {attribute.name: _ARROW.get(attribute.kind, pa.string()) for attribute in layer.attributes}
    reader = pyarrow.csv.open_csv(
        rows,
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=BLOCK_BYTES, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={CODE: pa.string(), "geometry": pa.string(), **types},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["true"],
            false_values=["false"],
        ),
    )
    for batch in reader:
        columns: dict[str, Sequence[Any]] = {CODE: batch.column(0).to_pylist()}
        for attribute in layer.attributes:
            column = batch.column(names.index(attribute.name))
            columns[attribute.name] = (_labelled(attribute, column) if attribute.choices else column).to_pylist()
        yield Batch(shapely.from_wkb(batch.column(1).to_numpy(zero_copy_only=False)), columns)


_ARROW = {"number": pa.float64(), "integer": pa.int64(), "date": pa.date32(), "bool": pa.bool_()}


def _labelled(attribute: Attribute, column: pa.Array) -> pa.Array:
    """Choices by their labels, as people read them, unless the value is a code of a public standard."""
    labels = {value: value if value.isdigit() else str(label) for value, label in attribute.choices}
    coded = column.dictionary_encode()
    shown = [labels.get(value, value) for value in coded.dictionary.to_pylist()]
    return pc.take(pa.array(shown, type=pa.string()), coded.indices)


def disposition(name: str) -> str:
    """The header that hands a file out under ``name``, Chinese included."""
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"
