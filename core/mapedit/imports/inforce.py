"""The features in force, streamed from the database in blocks of columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import shapely
from django.db import connection

from core.mapedit.checks.bulk import Features
from core.mapedit.layers import EditableLayer

BLOCK_ROWS = 50_000


@dataclass(frozen=True)
class Block:
    """Some features in force: ``codes``, ``versions`` (base of a change), canonical ``values`` by attribute, geometry.

    ``geometry`` holds shapely MultiPolygons, EPSG:4490; ``values`` those asked for.
    """

    codes: pa.Array
    versions: np.ndarray
    geometry: np.ndarray
    values: dict[str, pa.Array]

    def only(self, rows: np.ndarray) -> Block:
        """Some of its features."""
        held = {name: column.take(rows) for name, column in self.values.items()}
        return Block(self.codes.take(rows), self.versions[rows], self.geometry[rows], held)


def as_features(blocks: Sequence[Block], label: str) -> Features:
    """The features of ``blocks``, called by the attribute ``label``."""
    empty = pa.array([], type=pa.string())
    return Features(
        pa.concat_arrays([empty, *(block.codes for block in blocks)]),
        pa.concat_arrays([empty, *(block.values[label] for block in blocks)]),
        np.concatenate([np.empty(0, dtype=object), *(block.geometry for block in blocks)]),
    )


def each_block(
    layer: EditableLayer,
    take: Callable[[Block], None],
    *,
    attributes: Sequence[str] | None = None,
    within: tuple[float, float, float, float] | None = None,
) -> None:
    """Hand every feature of ``layer`` that drafts start from to ``take``, in blocks.

    ``attributes`` names those wanted, None for all; ``within`` (west, south, east, north in EPSG:4490) leaves out
    features whose bounds lie elsewhere. One statement; memory holds one block, however many features there are.
    """
    wanted = [each for each in layer.attributes if attributes is None or each.name in attributes]
    columns = [f"v.{layer.feature_column}", layer.version_id_sql("v"), "v.geom"]
    for attribute in wanted:
        held = f"v.{attribute.name}"
        columns.append(f"array_to_string({held}, '、')" if attribute.kind == "places" else f"{held}::text")
    nearby = "AND v.geom && ST_MakeEnvelope({!r}, {!r}, {!r}, {!r}, 4490)".format(*map(float, within)) if within else ""
    rows = _Rows([attribute.name for attribute in wanted], take)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"""
            COPY (
                SELECT {", ".join(columns)} FROM {layer.table} v
                WHERE {layer.open_sql("v")} AND v.geom IS NOT NULL {nearby}
            ) TO STDOUT (FORMAT csv)
            """,
            rows,
        )
    rows.flush()


class _Rows:
    """A file that psycopg2 writes rows to, one a call, and that becomes a block of columns now and then."""

    def __init__(self, names: Sequence[str], take: Callable[[Block], None]) -> None:
        self.names = ["code", "version", "geom", *names]
        self.take = take
        self.lines: list[bytes] = []

    def write(self, line: Any) -> int:
        self.lines.append(line if isinstance(line, bytes) else line.encode())
        if len(self.lines) >= BLOCK_ROWS:
            self.flush()
        return len(line)

    def flush(self) -> None:
        """Hand over what has come in."""
        if not self.lines:
            return
        table = pyarrow.csv.read_csv(
            io.BytesIO(b"".join(self.lines)),
            read_options=pyarrow.csv.ReadOptions(column_names=self.names, use_threads=False, block_size=1 << 30),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()) | {"version": pa.int64()},
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[""],
            ),
        ).combine_chunks()
        self.lines = []
        columns = {name: table.column(name).chunk(0) for name in self.names}
        self.take(
            Block(
                codes=columns.pop("code"),
                versions=columns.pop("version").to_numpy(),
                geometry=shapely.from_wkb(columns.pop("geom").to_numpy(zero_copy_only=False)),
                values=columns,
            )
        )
