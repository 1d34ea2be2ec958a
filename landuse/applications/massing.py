"""How much building the conditions allow, drawn as a block on the plot's outline: before and after, one scale.

A sketch, not a design: the footprint is the outline drawn in until it covers the building
density, the height follows from plot ratio, density and a storey height. Metres on a
local plane; nothing here is measured for a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import shapely
from shapely import affinity

from landuse.plots.models import PlotVersion

METRES_A_DEGREE = 111_320.0
# Seen from the south-east, 35° above the ground: how far north leans right, how far it rises, how far height rises.
LEAN, NORTH, UP = 0.28, 0.57, 0.82
SIMPLIFY_M = 0.5
MARGIN = 0.08
SCALES_M = (10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Conditions:
    """The planning conditions a block is drawn from; None where the register holds none."""

    plot_ratio: Decimal | None
    density: Decimal | None
    green_ratio: Decimal | None
    height_limit_m: Decimal | None

    @property
    def storeys(self) -> Decimal | None:
        """Storeys the floor area makes on the footprint, unrounded."""
        if not self.plot_ratio or not self.density:
            return None
        return self.plot_ratio * 100 / self.density

    def height_m(self, storey: Decimal) -> Decimal | None:
        """Height of that many whole storeys."""
        return None if self.storeys is None else Decimal(math.ceil(self.storeys)) * storey

    def exceeds_limit(self, storey: Decimal) -> bool:
        """Whether such a block would be higher than the height limit."""
        height = self.height_m(storey)
        return height is not None and self.height_limit_m is not None and height > self.height_limit_m


@dataclass(frozen=True)
class Block:
    """SVG paths of one block: its walls from the far to the near one, each with its side, and its roof."""

    walls: tuple[tuple[str, str], ...]
    roof: str


@dataclass(frozen=True)
class Massing:
    """A drawing for each side in one view: ground, neighbours, and the block where there is one."""

    view_box: str
    ground: str
    neighbours: tuple[str, ...]
    before: Block | None
    after: Block | None
    scale_m: int
    scale_path: str


def massing(
    plot: PlotVersion, before: Conditions, after: Conditions, storey: Decimal, neighbours: Iterable[Any] = ()
) -> Massing:
    """Both blocks of a plot on its ground; ``neighbours`` are outlines (EPSG:4490) drawn around it."""
    west, south, east, north = plot.geom.extent
    middle = ((west + east) / 2, (south + north) / 2)
    ground = _local(plot.geom, middle)
    blocks = [_block(ground, side, storey) for side in (before, after)]
    tops = [max((float(side.height_m(storey) or 0) for side in (before, after)), default=0.0), 0.0]
    corners = [_project(x, y, z) for part in ground.geoms for x, y in part.exterior.coords for z in tops]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    margin = MARGIN * max(right - left, bottom - top)
    width, height = right - left + 2 * margin, bottom - top + 3 * margin
    scale = max((length for length in SCALES_M if length <= width / 3), default=SCALES_M[0])
    return Massing(
        view_box=f"{left - margin:.1f} {top - margin:.1f} {width:.1f} {height:.1f}",
        ground=_path(ground),
        neighbours=tuple(_path(_local(outline, middle)) for outline in neighbours),
        before=blocks[0],
        after=blocks[1],
        scale_m=scale,
        scale_path=f"M{left:.1f} {bottom + margin:.1f}h{scale}",
    )


def _local(geom: Any, middle: tuple[float, float]) -> shapely.MultiPolygon:
    """An outline in metres east and north of ``middle``, without what a sketch cannot show."""
    lon, lat = middle
    east, north = METRES_A_DEGREE * math.cos(math.radians(lat)), METRES_A_DEGREE
    moved = affinity.affine_transform(shapely.from_wkb(bytes(geom.wkb)), [east, 0, 0, north, -lon * east, -lat * north])
    return _polygons(moved.simplify(SIMPLIFY_M))


def _polygons(shape: Any) -> shapely.MultiPolygon:
    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.MultiPolygon([shapely.geometry.polygon.orient(part) for part in parts])


def _block(ground: shapely.MultiPolygon, conditions: Conditions, storey: Decimal) -> Block | None:
    height = conditions.height_m(storey)
    if height is None or conditions.density is None:
        return None
    footprint = _drawn_in(ground, float(conditions.density) / 100)
    top = float(height)
    walls = sorted(
        (
            wall
            for part in footprint.geoms
            for ring in (part.exterior, *part.interiors)
            for wall in _walls(list(ring.coords), top)
        ),
        key=lambda wall: -wall[0],
    )
    return Block(walls=tuple((side, path) for _, side, path in walls), roof=_path(footprint, top))


def _drawn_in(ground: shapely.MultiPolygon, share: float) -> shapely.MultiPolygon:
    """The outline drawn in evenly until it covers ``share`` of its area."""
    if share >= 1:
        return ground
    near, far = 0.0, math.sqrt(ground.area)
    for _ in range(24):
        inset = (near + far) / 2
        if ground.buffer(-inset, join_style="mitre").area > share * ground.area:
            near = inset
        else:
            far = inset
    return _polygons(ground.buffer(-near, join_style="mitre"))


def _walls(ring: Sequence[tuple[float, ...]], top: float) -> Iterable[tuple[float, str, str]]:
    """The walls seen from the south-east: how far north, which side, path. Rings run counter-clockwise, holes back."""
    for (x1, y1, *_), (x2, y2, *_) in pairwise(ring):
        if x2 - x1 + LEAN * (y2 - y1) <= 0:
            continue
        corners = [_project(x1, y1), _project(x2, y2), _project(x2, y2, top), _project(x1, y1, top)]
        side = "front" if abs(x2 - x1) >= abs(y2 - y1) else "side"
        yield (y1 + y2) / 2, side, _ring(corners)


def _project(x: float, y: float, z: float = 0.0) -> tuple[float, float]:
    return x + LEAN * y, -NORTH * y - UP * z


def _path(shape: shapely.MultiPolygon, z: float = 0.0) -> str:
    return "".join(
        _ring([_project(x, y, z) for x, y, *_ in ring.coords[:-1]])
        for part in shape.geoms
        for ring in (part.exterior, *part.interiors)
    )


def _ring(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"
