"""The red line of the demo city: tracts, and what each publication changes in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from config.demo.cutting import cut
from config.demo.ground import Ground, area_m2
from config.demo.streets import Superblocks, compactness
from config.demo.zoning import M2_PER_MU, NoRoom, ZoneOutline

# A red line of crumbs would look like a mistake: no tract is cut smaller than 30 mu.
SMALLEST_M2 = 20_000.0


@dataclass
class TractShape:
    """One version of one tract; ``closed`` is the publication that ended it, if any."""

    district: int
    superblock: int
    zone: int | None
    geom: shapely.Geometry
    area_m2: float
    opened: int
    closed: int | None = None
    tract: int = -1


@dataclass
class _District:
    """The ledger of one district while its publications are played through."""

    queue: list[int]
    versions: list[TractShape] = field(default_factory=list)
    growing: TractShape | None = None

    def in_force(self) -> list[TractShape]:
        return [v for v in self.versions if v.closed is None]

    def total(self) -> float:
        return sum(v.area_m2 for v in self.in_force())


class RedLine:
    """Plays the publications of the settings over the superblocks of the city.

    Floors sum to exactly 450 km², so no district has slack to give to another
    (S002 P6 (一)2): each publication meets its surplus district by district, to the
    square metre, by cutting the last tract taken in.
    """

    def __init__(self, blocks: Superblocks, ground: Ground, codes: list[str], rng: np.random.Generator) -> None:
        self.blocks, self.ground, self.codes, self.rng = blocks, ground, codes, rng
        self.geoms = ground.place(blocks.plan)
        self.tracts = 0

    def draw(
        self, zones: list[ZoneOutline], settings: dict[str, Any], floors_km2: dict[str, float]
    ) -> list[TractShape]:
        """Every version of every tract, in a fixed order."""
        taken = np.zeros(len(self.blocks), bool)
        for zone in zones:
            near = shapely.intersects(self.geoms, zone.geom)
            taken |= near
            taken[zone.members] = True
        versions: list[TractShape] = []
        for number, code in enumerate(self.codes):
            ledger = _District(self._queue(number, taken, zones))
            self._inside(ledger, number, zones, floors_km2[code] * 1e6)
            for step, surplus_mu in enumerate(settings["surplus_mu"][code]):
                target = floors_km2[code] * 1e6 + surplus_mu * M2_PER_MU
                if step:
                    self._give_up(ledger, step, target)
                self._fill(ledger, number, step, target)
            versions += ledger.versions
        return versions

    def _queue(self, district: int, taken: np.ndarray, zones: list[ZoneOutline]) -> list[int]:
        """Superblocks outside zones in the order in which the red line takes them in."""
        blocks, rng = self.blocks, self.rng
        fit = (blocks.district == district) & ~taken & (blocks.area_m2 > 260_000) & (compactness(blocks.plan) > 0.45)
        rows = np.flatnonzero(fit)
        centres = np.array([z.geom.centroid.coords[0] for z in zones if z.district == district])
        off = (blocks.lonlat[rows, None, :] - centres[None]) * [0.92, 1.0]
        nearest = np.hypot(off[..., 0], off[..., 1]).min(axis=1)
        # Small clusters, each around a chosen superblock, nearer to zones more often.
        weight = np.exp(-nearest / 0.03)
        order: list[int] = []
        left = dict(zip(rows.tolist(), weight.tolist(), strict=True))
        while left and len(order) < 160:
            keys = np.array(list(left))
            p = np.array(list(left.values()))
            seed = int(rng.choice(keys, p=p / p.sum()))
            size = int(rng.choice([1, 2, 3, 4], p=[0.25, 0.35, 0.25, 0.15]))
            distance = np.hypot(*((blocks.lonlat[keys] - blocks.lonlat[seed]) * [0.92, 1.0]).T)
            for row in keys[np.argsort(distance, kind="stable")][:size].tolist():
                order.append(row)
                del left[row]
        return order

    def _inside(self, ledger: _District, district: int, zones: list[ZoneOutline], floor_m2: float) -> None:
        """Tracts inside the zones; some superblocks of a zone serve living, green and water."""
        for index, zone in enumerate(zones):
            if zone.district != district:
                continue
            members = np.array(zone.members)
            serving = round(len(members) * self.rng.uniform(0.1, 0.24))
            apart = set(self.rng.choice(members, serving, replace=False).tolist())
            for row in zone.members:
                if row not in apart:
                    self._open(ledger, district, row, index, self.geoms[row], 0)
        if ledger.total() > floor_m2:
            raise NoRoom(_("%s 的示例集聚区已超过红线面积。请换一个 --seed。") % self.codes[district])

    def _open(
        self,
        ledger: _District,
        district: int,
        row: int,
        zone: int | None,
        geom: shapely.Geometry,
        step: int,
        tract: int = -1,
    ) -> TractShape:
        if tract < 0:
            tract = self.tracts
            self.tracts += 1
        made = TractShape(district, row, zone, geom, area_m2(geom), step, tract=tract)
        ledger.versions.append(made)
        return made

    def _give_up(self, ledger: _District, step: int, target: float) -> None:
        """Release scattered tracts where the line shrinks, and sometimes where it moves."""
        moves = self.rng.random() < 0.45
        if ledger.total() <= target and not moves:
            return
        outside = [v for v in ledger.in_force() if v.zone is None and v is not ledger.growing]
        gone = outside[int(self.rng.integers(len(outside)))]
        gone.closed = step

    def _fill(self, ledger: _District, district: int, step: int, target: float) -> None:
        """Take in land until the district's total is ``target`` to within half a m²."""
        growing = ledger.growing
        missing = target - ledger.total()
        if growing is not None and missing > 1.0:
            row = growing.superblock
            whole = area_m2(self.geoms[row])
            grow_to = min(whole, growing.area_m2 + missing)
            if whole - grow_to < SMALLEST_M2:
                geom, ledger.growing = self.geoms[row], None
            else:
                geom = self._cut_to(row, grow_to)
            growing.closed = step
            fresh = self._open(ledger, district, row, None, geom, step, growing.tract)
            if ledger.growing is not None:
                ledger.growing = fresh
            missing = target - ledger.total()
            if missing < -1.0:
                # The whole superblock was more than asked for: cut it after all.
                fresh.geom = self._cut_to(row, fresh.area_m2 + missing)
                fresh.area_m2 = area_m2(fresh.geom)
                ledger.growing = fresh
                missing = target - ledger.total()
        while missing > 1.0:
            if not ledger.queue:
                raise NoRoom(_("%s 没有余地放下红线图斑。请换一个 --seed。") % self.codes[district])
            row = ledger.queue.pop(0)
            whole = area_m2(self.geoms[row])
            if missing > whole + SMALLEST_M2 or abs(missing - whole) < 0.5:
                self._open(ledger, district, row, None, self.geoms[row], step)
            else:
                want = missing if missing < whole - SMALLEST_M2 else whole * 0.6
                made = self._open(ledger, district, row, None, self._cut_to(row, want), step)
                ledger.growing = made
            missing = target - ledger.total()

    def _cut_to(self, row: int, want_m2: float) -> shapely.Geometry:
        """Part of superblock ``row``, cut by one straight line to ``want_m2`` on the ellipsoid."""
        plan = self.blocks.plan[[row]]
        angle = self.blocks.angle[[row]]
        low, high = 0.0, 1.0
        best: shapely.Geometry | None = None
        for _step in range(60):
            middle = (low + high) / 2
            none = np.zeros(1)
            _rest, part = cut(plan, angle, np.zeros(1, bool), np.array([middle]), none, none)
            best = self.ground.place(part)[0]
            got = area_m2(best)
            if abs(got - want_m2) < 0.2:
                break
            low, high = (middle, high) if got < want_m2 else (low, middle)
        if best is None or best.geom_type != "Polygon" or abs(area_m2(best) - want_m2) > 0.5:
            raise NoRoom(_("有一个红线图斑切不出所需面积。请换一个 --seed。"))
        return best
