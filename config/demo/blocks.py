"""Superblocks that carry industry, cut into blocks by branch roads, and how many plots each holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from config.demo.cutting import (
    Array,
    Geoms,
    insert_shared_vertices,
    longest_edge_angle,
    polygon_parts,
    split_to_count,
    split_to_size,
)
from config.demo.redline import TractShape
from config.demo.streets import Superblocks, compactness
from config.demo.zoning import ZoneOutline

# Mean plot: near 12 mu as in a park of the Pearl River Delta when the city is sparse,
# and room for a province's worth of smaller ones when it is asked for a million.
LARGEST_MEAN_PLOT_M2 = 16_000.0
SMALLEST_MEAN_PLOT_M2 = 1_300.0

# Scattered village parks outside the red line: real ones fill over a tenth of the city's
# industrial land (rules §2.1); here they are what "industrial plots outside the red line" shows.
VILLAGE_M2 = 95e6


@dataclass
class Blocks:
    """Blocks with at least one plot, in drawing order; one row a block.

    ``plan`` are plan polygons, ``superblock`` their superblock, ``plots`` how many
    plots each is divided into, ``village`` whether it lies in a village park.
    """

    plan: Geoms
    superblock: NDArray[np.int64]
    plots: NDArray[np.int64]
    village: NDArray[np.bool_]


def develop(
    blocks: Superblocks,
    zones: list[ZoneOutline],
    tracts: list[TractShape],
    count: int,
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> Blocks:
    """The blocks of a city of ``count`` plots."""
    line = np.unique([t.superblock for t in tracts])
    village = _village_parks(blocks, zones, line, count, rng)
    rows = np.concatenate([line, village])
    is_village = np.concatenate([np.zeros(len(line), bool), np.ones(len(village), bool)])
    order = np.argsort(rows)
    rows, is_village = rows[order], is_village[order]

    # A small city fills some superblocks instead of drawing giant plots everywhere.
    built_m2 = blocks.area_m2[rows] * np.where(is_village, 0.42, 0.74)
    fill = min(1.0, count * LARGEST_MEAN_PLOT_M2 / built_m2.sum())
    if fill < 1.0:
        ends = np.cumsum(np.full(len(rows), fill))
        chosen = np.floor(ends) > np.floor(ends - fill)
        chosen[0] = True
        rows, is_village, built_m2 = rows[chosen], is_village[chosen], built_m2[chosen]
    mean_m2 = built_m2.sum() / count

    # Each superblock has a grain of its own: workshops here, large works there.
    n = len(rows)
    grain = mean_m2 * np.exp(rng.normal(0, 0.62, n)) * np.where(is_village, 0.55, 1.0)
    inner = shapely.buffer(blocks.plan[rows], -settings["kerb_m"], join_style="mitre", mitre_limit=2.0)
    target = np.clip(grain * rng.uniform(5.0, 11.0, n), 9_000.0, 140_000.0)
    pieces, _, of = split_to_size(inner, blocks.angle[rows], target, settings["branch_m"], rng, 1_500.0)
    good = (compactness(pieces) > 0.2) & (shapely.get_num_interior_rings(pieces) == 0)
    # Greens, ponds, schools and land not yet built on.
    empty = rng.random(len(pieces)) < np.where(is_village[of], 0.5, 0.13)
    keep = good & ~empty
    pieces, of = pieces[keep], of[keep]
    # Some blocks hold one large works.
    weight = shapely.area(pieces) / (grain[of] * np.exp(rng.normal(0, 0.35, len(pieces))))
    weight = np.where(rng.random(len(pieces)) < 0.05, 0.4, weight)
    return Blocks(pieces, rows[of], _counts(weight, count), is_village[of])


def _counts(weight: Array, total: int) -> NDArray[np.int64]:
    """Whole numbers of at least 1 in proportion to ``weight`` that sum to ``total``."""
    n = len(weight)
    if total <= n:
        keep = np.zeros(n, dtype=np.int64)
        keep[np.round(np.linspace(0, n - 1, total)).astype(int)] = 1
        return keep
    exact = weight / weight.sum() * (total - n)
    counts = np.floor(exact).astype(np.int64)
    for row in np.argsort(-(exact - counts), kind="stable")[: total - n - counts.sum()]:
        counts[row] += 1
    return counts + 1


def _village_parks(
    blocks: Superblocks,
    zones: list[ZoneOutline],
    line: NDArray[np.int64],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Superblocks outside zones and red line with industry of their own, in loose clusters."""
    free = (blocks.area_m2 > 120_000) & (compactness(blocks.plan) > 0.4)
    free[line] = False
    for zone in zones:
        free[zone.members] = False
    rows = np.flatnonzero(free)
    wanted = max(VILLAGE_M2, count * SMALLEST_MEAN_PLOT_M2 / 0.42 - blocks.area_m2[line].sum())
    # Nearer to the red line first, with noise, so that clusters form around it.
    at = shapely.points(shapely.get_coordinates(shapely.centroid(blocks.plan)))
    near = shapely.STRtree(at[line]).query_nearest(at[rows], return_distance=True, all_matches=False)
    distance = np.zeros(len(rows))
    distance[near[0][0]] = near[1]
    score = distance / 2500.0 + rng.gumbel(0, 1.0, len(rows))
    order = rows[np.argsort(score, kind="stable")]
    return order[: int(np.searchsorted(np.cumsum(blocks.area_m2[order]), wanted)) + 1]


def plot_shapes(plan: Geoms, counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[Geoms, NDArray[np.int64]]:
    """Plots of blocks: noded plan polygons and the block row of each."""
    pieces, of = split_to_count(plan, longest_edge_angle(plan), counts, rng)
    whole, src = polygon_parts(pieces, 60.0)
    of = of[src]
    noded = insert_shared_vertices(whole, of)
    return shapely.remove_repeated_points(noded, 0.001), of
