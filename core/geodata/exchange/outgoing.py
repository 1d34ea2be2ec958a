"""What the writers are given and what they say back: fields, batches of features, one sentence when refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from django.utils.translation import gettext as _
from pyproj import Transformer

from core.geodata.crs import CGCS2000

WGS84 = 4326
ZONED = {4526: 38, 4525: 37}
"""CGCS2000 3° Gauss-Krueger with the zone in front of the easting: EPSG number to zone."""
BARE = {4547: 38, 4546: 37}
"""The same planes without it."""
GEOGRAPHIC = (CGCS2000, WGS84)
SRIDS = (*GEOGRAPHIC, *ZONED, *BARE)

_LAYER_UNSAFE = re.compile(r'[\\/:*?"<>|,;=`\x00-\x1f]')


class Unwritable(Exception):
    """What cannot be put into the format asked for; `sentence` says in Chinese what, why and the way out."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Field:
    """One attribute column.

    `name` is its key in `Batch.columns` and its name where long names can be; `dbf_name` the one in a DBF, ASCII, at
    most ten characters; `label` the Chinese name, kept as alias where the format has one. `width`: characters of a
    text, digits of an integer.
    """

    name: str
    dbf_name: str
    label: str
    type: Literal["text", "integer", "real", "date", "boolean"] = "text"
    width: int = 80

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,9}", self.dbf_name):
            raise ValueError(f"not a DBF field name: {self.dbf_name!r}")


@dataclass(frozen=True)
class Batch:
    """Some features: shapely (Multi)Polygons (n,), EPSG:4490 lon/lat, and a column of n values for each field."""

    geometry: Any
    columns: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Written:
    """How many features a file holds, and a Chinese sentence for everything the format could not hold."""

    count: int
    losses: list[str]


@dataclass
class Outgoing:
    """A layer on its way into a file: its batches, taken to `srid`, and what was lost so far.

    `code_field` names the column that must survive in every format; the others may be cut where the format is
    narrower; then `losses` counts them by sentence, label and width. `progress` is called with the number of
    features after each batch.
    """

    batches: Iterable[Batch]
    fields: Sequence[Field]
    srid: int
    code_field: str
    progress: Callable[[int], None] | None = None
    count: int = 0
    losses: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    def projected(self) -> Iterator[Batch]:
        """The batches as MultiPolygons in `srid` (x east, y north), outer rings counter-clockwise, checked.

        Raises Unwritable for a feature without a polygon.
        """
        for batch in self.batches:
            yield Batch(self._project(batch), batch.columns)
            self.count += len(batch.geometry)
            if self.progress is not None:
                self.progress(self.count)

    def _project(self, batch: Batch) -> Any:
        geometry = np.asarray(batch.geometry, dtype=object)
        kinds = shapely.get_type_id(geometry)
        bad = ~np.isin(kinds, (3, 6)) | shapely.is_empty(geometry)
        if bad.any():
            code = self.codes(batch)[int(np.flatnonzero(bad)[0])]
            raise Unwritable(_("要素 %(code)s 没有面，不能导出，请先更正其图形。") % {"code": code})
        single = kinds == 3
        geometry = shapely.force_2d(geometry)
        if single.any():
            geometry[single] = shapely.multipolygons(geometry[single], indices=np.arange(int(single.sum())))
        geometry = shapely.orient_polygons(geometry)
        # CGCS2000 and WGS84 differ by less than a metre of plate motion, which no published grid describes.
        if self.srid in GEOGRAPHIC:
            return geometry
        transformer = Transformer.from_crs(CGCS2000, self.srid, always_xy=True)
        return shapely.transform(geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))

    def codes(self, batch: Batch) -> list[str]:
        """The codes of a batch's features, as text."""
        return texts(batch.columns[self.code_field])

    def sentences(self) -> list[str]:
        """What was lost, one sentence a field and reason, with the number of features."""
        return [
            sentence % {"label": label, "width": width, "count": count}
            for (sentence, label, width), count in self.losses.items()
        ]


def texts(values: Sequence[Any]) -> list[str]:
    """`values` as text, nothing for None."""
    return ["" if value is None else str(value) for value in values]


def rings(geometry: Any) -> Iterator[list[list[Any]]]:
    """For each MultiPolygon of an array (n,), its polygons as lists of rings: outer first, then holes.

    A ring is a float array (vertices, 2), its closing point left out.
    """
    _kind, coordinates, (ring_ends, part_ends, ends) = shapely.to_ragged_array(geometry)
    ring_ends, part_ends, ends = ring_ends.tolist(), part_ends.tolist(), ends.tolist()
    for first, last in pairwise(ends):
        yield [
            [
                coordinates[ring_ends[ring] : ring_ends[ring + 1] - 1]
                for ring in range(part_ends[part], part_ends[part + 1])
            ]
            for part in range(first, last)
        ]


def safe_name(name: str) -> str:
    """`name` without the characters that files, archives and CAD layers forbid; never empty."""
    return _LAYER_UNSAFE.sub("_", name).strip(" .") or "layer"
