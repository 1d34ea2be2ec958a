"""The street plan: districts → quarters → superblocks, on the flat plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from config.demo.cutting import Array, Geoms, polygon_parts, split_to_size
from config.demo.ground import Ground, areas_m2


@dataclass
class Superblocks:
    """Land between arterial streets. All arrays have one row a superblock.

    ``plan`` are plan polygons, ``area_m2`` ellipsoidal, ``angle`` the direction of its
    streets, ``lonlat`` its centre, ``district`` and ``town`` indexes into the given lists.
    """

    plan: Geoms
    area_m2: Array
    angle: Array
    lonlat: Array
    district: NDArray[np.int64]
    town: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.plan)


def _rivers(lines: list[dict[str, Any]], ground: Ground) -> shapely.Geometry:
    parts = []
    for line in lines:
        points = ground.to_plan(np.array(line["points"], dtype=float))
        smooth = shapely.linestrings(_rounded(points))
        parts.append(shapely.buffer(smooth, line["width_m"] / 2))
    return shapely.union_all(parts)


def _rounded(points: Array) -> Array:
    """A polyline with its corners cut away (Chaikin), as water runs."""
    for _ in range(4):
        a, b = points[:-1], points[1:]
        points = np.concatenate(
            [points[:1], np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], 1).reshape(-1, 2), points[-1:]]
        )
    return points


def _quarters(land: shapely.Geometry, settings: dict[str, Any], rng: np.random.Generator) -> Geoms:
    """Irregular quarters (Voronoi cells of a jittered lattice) with main roads between them."""
    spacing = settings["quarter_spacing_m"]
    x0, y0, x1, y1 = land.bounds
    xs, ys = np.meshgrid(
        np.arange(x0 - spacing, x1 + 2 * spacing, spacing),
        np.arange(y0 - spacing, y1 + 2 * spacing, spacing * 0.87),
    )
    xs = xs + (np.arange(len(xs)) % 2)[:, None] * spacing / 2
    points = np.column_stack([xs.ravel(), ys.ravel()])
    points += rng.uniform(-0.38, 0.38, points.shape) * spacing
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    centres = shapely.get_coordinates(shapely.centroid(cells))
    cells = cells[np.lexsort((centres[:, 1], centres[:, 0]))]
    n = len(cells)
    low, high = settings["quarter_gap_m"]
    wide_low, wide_high = settings["wide_gap_m"]
    gap = np.where(
        rng.random(n) < settings["wide_gap_share"], rng.uniform(wide_low, wide_high, n), rng.uniform(low, high, n)
    )
    cells = shapely.buffer(cells, -gap / 2, join_style="mitre")
    return cells


def lay_streets(
    districts: Geoms,
    towns: list[list[tuple[str, float, float, float]]],
    settings: dict[str, Any],
    ground: Ground,
    rng: np.random.Generator,
) -> Superblocks:
    """Superblocks of every district.

    ``districts`` are CGCS2000 polygons; nothing comes nearer to their edges than the
    margin of the settings, so no rounding can push a plot over a boundary. ``towns``
    holds for each district the (name, lon, lat, weight) of its towns; a superblock
    belongs to the nearest.
    """
    streets = settings["streets"]
    on_plan = ground.unplace(shapely.segmentize(districts, 0.002))
    water = _rivers(settings["rivers"]["lines"], ground)
    land = shapely.difference(shapely.buffer(on_plan, -streets["district_margin_m"], join_style="round"), water)
    cells = _quarters(shapely.union_all(land), streets, rng)
    plans, angles, of_district = [], [], []
    for number, piece in enumerate(land):
        quarters, _ = polygon_parts(shapely.intersection(cells, piece), 200_000.0)
        n = len(quarters)
        blocks, angle, _ = split_to_size(
            quarters,
            rng.uniform(0, np.pi / 2, n),
            streets["superblock_m2"] * np.exp(rng.normal(0, 0.22, n)),
            streets["arterial_m"],
            rng,
            40_000.0,
        )
        whole = shapely.get_num_interior_rings(blocks) == 0
        plans.append(blocks[whole])
        angles.append(angle[whole])
        of_district.append(np.full(whole.sum(), number))
    plan = np.concatenate(plans)
    district = np.concatenate(of_district)
    placed = ground.place(plan)
    lonlat = shapely.get_coordinates(shapely.centroid(placed))
    town = np.zeros(len(plan), dtype=np.int64)
    for number, places in enumerate(towns):
        rows = np.flatnonzero(district == number)
        at = np.array([[p[1], p[2]] for p in places])
        reach = (lonlat[rows, None, :] - at[None]) * [np.cos(np.radians(23.0)), 1.0]
        town[rows] = np.hypot(reach[..., 0], reach[..., 1]).argmin(axis=1)
    return Superblocks(plan, areas_m2(placed), np.concatenate(angles), lonlat, district, town)


def compactness(plan: Geoms) -> Array:
    """4πA/P²: 1 for a disc, 0.79 for a square, near 0 for a sliver."""
    return 4 * np.pi * shapely.area(plan) / np.maximum(shapely.length(plan), 1.0) ** 2


def neighbours(plan: Geoms, gap_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Pairs (i, j) of superblocks across a street of at most ``gap_m``, and the shared length."""
    grown = shapely.buffer(plan, gap_m / 2 + 1.0, join_style="mitre", mitre_limit=2.0)
    i, j = shapely.STRtree(grown).query(grown, predicate="intersects")
    off = i < j
    i, j = i[off], j[off]
    shared = shapely.area(shapely.intersection(grown[i], grown[j])) / (gap_m / 2)
    order = np.lexsort((j, i))
    return i[order], j[order], shared[order]
