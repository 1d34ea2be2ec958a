"""Which superblocks become a zone, which join the red line, which are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from config.demo.ground import Ground, area_m2
from config.demo.streets import Superblocks, compactness, neighbours

M2_PER_MU = 2000 / 3

# Superblocks across a street no wider than this grow into one zone.
STREET_M = 62.0


class NoRoom(Exception):
    """The seed leaves no room for what the city must hold; the message says where."""


@dataclass
class ZoneOutline:
    """A zone: its outline (CGCS2000), ellipsoidal area, and the superblocks inside."""

    district: int
    town: int
    geom: shapely.Geometry
    area_m2: float
    members: list[int]


def share_out(total: int, weights: list[float]) -> list[int]:
    """``total`` in proportion to ``weights``, by largest remainder."""
    exact = np.array(weights, dtype=float) / sum(weights) * total
    counts = np.floor(exact).astype(int)
    for row in np.argsort(-(exact - counts), kind="stable")[: total - counts.sum()]:
        counts[row] += 1
    return [int(c) for c in counts]


class _Grower:
    """Grows zones over the street plan, one at a time, never into one another."""

    def __init__(self, blocks: Superblocks, ground: Ground, rng: np.random.Generator) -> None:
        self.blocks, self.ground, self.rng = blocks, ground, rng
        self.centre = shapely.get_coordinates(shapely.centroid(blocks.plan))
        self.free = (blocks.area_m2 > 150_000) & (compactness(blocks.plan) > 0.38)
        i, j, shared = neighbours(blocks.plan, STREET_M)
        self.links: list[dict[int, float]] = [{} for _row in range(len(blocks))]
        for a, b, length in zip(i.tolist(), j.tolist(), shared.tolist(), strict=True):
            if length > 150.0 and blocks.district[a] == blocks.district[b]:
                self.links[a][b] = self.links[b][a] = length

    def grow(self, seed: int, low_m2: float, high_m2: float) -> ZoneOutline | None:
        """A zone around superblock ``seed`` with an area in the range, or None."""
        rng, blocks = self.rng, self.blocks
        target = rng.uniform(low_m2 * 0.98, low_m2 * 1.22 if rng.random() < 0.6 else high_m2 * 0.96)
        turn, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.9)
        members = [seed]
        total = blocks.area_m2[seed] * 1.06
        while total < target:
            middle = self.centre[members].mean(axis=0)
            edge = sorted({n for m in members for n in self.links[m] if self.free[n]} - set(members))
            if not edge:
                return None
            off = self.centre[edge] - middle
            u = off[:, 0] * np.cos(turn) + off[:, 1] * np.sin(turn)
            v = off[:, 1] * np.cos(turn) - off[:, 0] * np.sin(turn)
            contact = np.array([sum(self.links[e].get(m, 0.0) for m in members) for e in edge])
            cost = np.hypot(u / stretch, v * stretch) - 0.55 * contact
            cost = cost + rng.normal(0, 170.0, len(edge))
            best = edge[int(cost.argmin())]
            members.append(best)
            total += blocks.area_m2[best] * 1.06
        return self._outline(members, low_m2, high_m2)

    def _outline(self, members: list[int], low_m2: float, high_m2: float) -> ZoneOutline | None:
        blocks = self.blocks
        # Close the streets between the members, then step back to just outside the kerb.
        grown = shapely.buffer(blocks.plan[members], STREET_M / 2 + 1, join_style="mitre", mitre_limit=2.5)
        outline = shapely.buffer(shapely.union_all(grown), -(STREET_M / 2 - 3), join_style="mitre", mitre_limit=2.5)
        if outline.geom_type != "Polygon":
            return None
        outline = shapely.simplify(shapely.Polygon(outline.exterior), 1.5)
        inside = shapely.contains(outline, blocks.plan)
        placed = self.ground.place(np.array([outline]))[0]
        area = area_m2(placed)
        if not (low_m2 <= area <= high_m2) or not placed.is_valid:
            return None
        rows = np.flatnonzero(inside)
        if not self.free[rows].all():
            return None
        self._outline_plan = outline
        return ZoneOutline(int(blocks.district[members[0]]), int(blocks.town[members[0]]), placed, area, rows.tolist())

    def occupy(self, zone: ZoneOutline) -> None:
        """Keep other zones off this one and off the superblocks around it."""
        near = shapely.dwithin(self.blocks.plan, self._outline_plan, 180.0)
        self.free[near] = False


def draw_zones(
    blocks: Superblocks,
    towns: list[list[tuple[str, float, float, float]]],
    codes: list[str],
    settings: dict[str, Any],
    ground: Ground,
    rng: np.random.Generator,
) -> list[ZoneOutline]:
    """The zones of the city, district by district, spread around the towns by weight."""
    counts = share_out(settings["count"], [settings["floor_km2"][c] for c in codes])
    grower = _Grower(blocks, ground, rng)
    zones: list[ZoneOutline] = []
    for number, wanted in enumerate(counts):
        low, high = (mu * M2_PER_MU for mu in settings["size_mu"][codes[number]])
        weight = np.array([t[3] for t in towns[number]])
        here = np.flatnonzero(blocks.district == number)
        made: list[ZoneOutline] = []
        for attempt in range(wanted * 80):
            if len(made) == wanted:
                break
            # Towns share the zones by weight; later attempts take any free place.
            had = np.bincount([z.town for z in made], minlength=len(weight))
            want = weight / (had + 0.4)
            town = int(rng.choice(len(weight), p=want / want.sum()))
            open_here = here[grower.free[here] & (blocks.town[here] == town)]
            if attempt > wanted * 20:
                open_here = here[grower.free[here]]
            if not len(open_here):
                continue
            at = np.array([towns[number][town][1], towns[number][town][2]])
            distance = np.hypot(*(blocks.lonlat[open_here] - at).T)
            nearness = np.exp(-distance / 0.05)
            seed = int(rng.choice(open_here, p=nearness / nearness.sum()))
            zone = grower.grow(seed, low, high)
            if zone is not None:
                grower.occupy(zone)
                made.append(zone)
        if len(made) < wanted:
            raise NoRoom(
                _("%(code)s 只放得下 %(made)d 个示例集聚区，需要 %(wanted)d 个。请换一个 --seed。")
                % {"code": codes[number], "made": len(made), "wanted": wanted}
            )
        made.sort(key=lambda z: (-z.geom.centroid.y, z.geom.centroid.x))
        zones += made
    return zones
