"""Vector tiles: the SQL that turns a permission-filtered QuerySet into one Mapbox Vector Tile.

The QuerySet's own SQL becomes a subquery, its parameters stay bound, so a tile can
never show a row that the same QuerySet would not. Tiles use Web Mercator (EPSG:3857)
and the XYZ scheme: y grows southwards from the north-west corner of the world.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.gis.db.models import GeometryField
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, FloatField, Func, IntegerField, Value
from django.utils.translation import gettext as _

from core.geodata.crs import WEB_MERCATOR

MAX_ZOOM = 22
EXTENT = 4096
BUFFER = 64
GRID = 128
"""Cells along one side of an aggregated tile."""

WORLD_M = 20_037_508.342789244
"""Half the width of the Web Mercator square, in its metres."""

_NUMBER = re.compile(r"[0-9]{1,8}", re.ASCII)

# Sent with the tile in one message, which PostgreSQL runs as one transaction. Parallel workers
# halve the throughput of many small tiles, and compiling takes longer than the tile itself.
# As SELECT rather than SET LOCAL, because a history context, where one is set, prefixes every other statement.
_SETTINGS = "SELECT set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true); "


class TileAddressError(ValueError):
    """The tile address names no tile; the message says why."""


@dataclass(frozen=True, slots=True)
class TileAddress:
    """Zoom, column and row of a tile."""

    z: int
    x: int
    y: int

    @classmethod
    def parse(cls, z: str, x: str, y: str) -> Self:
        """Read an address from text; :class:`TileAddressError` when it names no tile."""
        if not all(_NUMBER.fullmatch(part) for part in (z, x, y)):
            raise TileAddressError(_("瓦片地址应为三个非负整数：级别/列/行。"))
        address = cls(int(z), int(x), int(y))
        if address.z > MAX_ZOOM:
            raise TileAddressError(_("瓦片级别应在 0 到 %(limit)s 之间。") % {"limit": MAX_ZOOM})
        if address.x >= 1 << address.z or address.y >= 1 << address.z:
            raise TileAddressError(
                _("第 %(z)s 级的列号和行号应小于 %(size)s。") % {"z": address.z, "size": 1 << address.z}
            )
        return address

    @property
    def size(self) -> float:
        """Width of the tile in EPSG:3857 metres."""
        return 2 * WORLD_M / (1 << self.z)

    @property
    def cell(self) -> float:
        """Width of a cell of the aggregated tile in EPSG:3857 metres."""
        return self.size / GRID

    @property
    def left(self) -> float:
        """Western edge in EPSG:3857 metres."""
        return -WORLD_M + self.x * self.size

    @property
    def top(self) -> float:
        """Northern edge in EPSG:3857 metres."""
        return WORLD_M - self.y * self.size


@dataclass(frozen=True, slots=True)
class _Part:
    """A parameter left open: the attribute of the address it will hold."""

    name: str


class _TileEnvelope(Func):
    """SQL: the tile's square in EPSG:3857, widened by ``margin`` of its width."""

    output_field = GeometryField(srid=WEB_MERCATOR)

    def __init__(self, margin: float = 0) -> None:
        super().__init__(
            Value(_Part("z")), Value(_Part("x")), Value(_Part("y")), Value(margin, output_field=FloatField())
        )

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        placeholders = [sql for sql, _params in parts]
        params = [value for _sql, values in parts for value in values]
        return (
            "ST_TileEnvelope({}, {}, {}, margin => {})".format(*placeholders),
            params,
        )


class _AsMVTGeom(Func):
    """SQL: a 3857 geometry in the tile's own coordinates, clipped; null when nothing of it is left."""

    function = "ST_AsMVTGeom"
    # Opaque to Django: it goes straight into ST_AsMVT and never into Python.
    output_field = models.BinaryField()


class _CellOf(Func):
    """SQL: the grid column or row of a bounding box's centre; ``side`` 'X' from the west, 'Y' from the north."""

    output_field = IntegerField()

    def __init__(self, geometry: str, side: str) -> None:
        super().__init__(F(geometry), Value(_Part("left" if side == "X" else "top")), Value(_Part("cell")))
        self.side = side

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        (box, box_params), (edge, edge_params), (cell, cell_params) = (
            compiler.compile(part) for part in self.get_source_expressions()
        )
        side = self.side
        centre = f"(ST_{side}Min({box}) + ST_{side}Max({box})) / 2"
        distance = f"{centre} - {edge}::float8" if side == "X" else f"{edge}::float8 - ({centre})"
        params = [*box_params, *box_params, *edge_params]
        if side == "Y":
            params = [*edge_params, *box_params, *box_params]
        return f"floor(({distance}) / {cell}::float8)::int", [*params, *cell_params]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that answers one row, with its bound parameters.

    A tile's statement is compiled once for all addresses; :meth:`at` fills in one.
    """

    sql: str
    params: tuple[Any, ...]

    def at(self, address: TileAddress) -> Statement:
        """The statement for one tile."""
        filled = (getattr(address, part.name) if isinstance(part, _Part) else part for part in self.params)
        return Statement(self.sql, tuple(filled))

    def run(self) -> tuple[Any, ...]:
        """The row, from one round trip with the settings tiles need."""
        with connection.cursor() as cursor:
            cursor.execute(_SETTINGS + self.sql, self.params)
            return cursor.fetchone()


def _compiled(queryset: models.QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    return queryset.order_by().query.sql_with_params()


def feature_tile(
    queryset: models.QuerySet[Any],
    *,
    name: str,
    properties: Mapping[str, Any],
    geometry: str = "geom_3857",
    feature_id: Any = "id",
) -> Statement:
    """The statement whose only column is the tile's bytes: every feature with id and properties.

    ``properties`` maps a tile property to a lookup or expression of ``queryset``;
    ``feature_id`` is an integer column or expression. A QuerySet that can hold
    nothing gives an empty tile.
    """
    columns = {f"t_{key}": _expression(value) for key, value in properties.items()}
    rows = queryset.filter(**{f"{geometry}__bboverlaps": _TileEnvelope(margin=BUFFER / EXTENT)}).values(
        t_geom=_AsMVTGeom(F(geometry), _TileEnvelope(), Value(EXTENT), Value(BUFFER), Value(value=True)),
        t_id=_expression(feature_id),
        **columns,
    )
    try:
        inner, params = _compiled(rows)
    except EmptyResultSet:
        return Statement("SELECT ''::bytea", ())
    quote = connection.ops.quote_name
    chosen = ", ".join(f"{quote('t_' + key)} AS {quote(key)}" for key in properties)
    # Names come from the layer's registration, values stay parameters.
    sql = (
        f"SELECT ST_AsMVT(tile, %s, {EXTENT}, 'geom', 'id') FROM ("  # noqa: S608
        f"SELECT t_geom AS geom, t_id AS id{', ' + chosen if chosen else ''} "
        f"FROM ({inner}) source WHERE t_geom IS NOT NULL) tile"
    )
    return Statement(sql, (name, *params))


def grid_tile(
    queryset: models.QuerySet[Any],
    *,
    name: str,
    area: str = "area_m2",
    value: str = "",
    value_is_number: bool = True,
    geometry: str = "geom_3857",
) -> Statement:
    """The statement of an aggregated tile: GRID × GRID cells instead of features too small to see.

    A feature counts in the cell that holds the centre of its bounding box, hence in one
    tile only. Properties: ``count``, ``area_m2`` (sum of the column ``area``) and, when the
    column ``value`` is given, ``value``: the mean weighted by area, or the commonest class.
    """
    columns: dict[str, Any] = {"t_value": F(value)} if value else {}
    rows = queryset.filter(**{f"{geometry}__bboverlaps": _TileEnvelope()}).values(
        t_col=_CellOf(geometry, "X"),
        t_row=_CellOf(geometry, "Y"),
        t_area=F(area),
        **columns,
    )
    try:
        inner, params = _compiled(rows)
    except EmptyResultSet:
        return Statement("SELECT ''::bytea", ())
    mean = ""
    if value and value_is_number:
        mean = (
            ", (sum(t_value * t_area) FILTER (WHERE t_value IS NOT NULL)"
            " / nullif(sum(t_area) FILTER (WHERE t_value IS NOT NULL), 0))::float8 AS value"
        )
    elif value:
        mean = ", mode() WITHIN GROUP (ORDER BY t_value) AS value"
    side = EXTENT // GRID
    sql = (
        f"SELECT ST_AsMVT(tile, %s, {EXTENT}, 'geom') FROM ("  # noqa: S608
        # Reversed: the specification wants outer rings clockwise with y pointing down.
        f"SELECT ST_Reverse(ST_MakeEnvelope(t_col * {side}, t_row * {side},"
        f" (t_col + 1) * {side}, (t_row + 1) * {side})) AS geom,"
        f" count(*)::int AS count, sum(t_area)::float8 AS area_m2{mean}"
        f" FROM ({inner}) source WHERE t_col BETWEEN 0 AND {GRID - 1} AND t_row BETWEEN 0 AND {GRID - 1}"
        f" GROUP BY t_col, t_row) tile"
    )
    return Statement(sql, (name, *params))


def _expression(value: Any) -> Any:
    return F(value) if isinstance(value, str) else value
