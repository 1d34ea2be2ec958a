"""Plots of the demo city: shapes with believable, correlated planning facts, in batches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from config.demo.blocks import Blocks, plot_shapes
from config.demo.character import NEWEST_YEAR, OLDEST_YEAR, Character
from config.demo.cutting import Array, Geoms
from config.demo.ground import Ground, areas_m2
from config.demo.settings import rng as stage_rng
from config.demo.streets import Superblocks

# Plots are made and loaded in batches of about this many, so that a million need no
# more memory than these plus a few numbers each.
BATCH = 40_000

# Superblocks of a town are numbered into cadastral sub-areas of this many.
SUBAREA = 12

PLANNED_RATIOS = np.array([1.0, 1.2, 1.5, 1.8, 2.0, 2.2, 2.5, 3.0, 3.5, 4.0])
# How often each ratio was planned in the oldest and the newest supply: 工业上楼.
OLD_RATIO_SHARE = np.array([0.34, 0.22, 0.2, 0.08, 0.1, 0.03, 0.02, 0.01, 0, 0])
NEW_RATIO_SHARE = np.array([0.0, 0.03, 0.12, 0.1, 0.2, 0.14, 0.16, 0.16, 0.06, 0.03])

STATE_MODES = ("grant", "elastic", "lease", "lease_then_sell", "agreement", "allocation", "contribution")
STATE_MODE_OLD = np.array([0.52, 0.0, 0.02, 0.0, 0.33, 0.12, 0.01])
STATE_MODE_NEW = np.array([0.62, 0.19, 0.04, 0.09, 0.04, 0.01, 0.01])


@dataclass
class PlotBatch:
    """A batch of plots, one row each; ``rows`` are the COPY columns after the geometry."""

    code: list[str]
    geom: Geoms
    area_m2: Array
    superblock: NDArray[np.int64]
    supplied: NDArray[np.int64]
    """Year of supply."""
    empty: NDArray[np.bool_]
    """Land supplied and not built on."""
    multi_let: NDArray[np.bool_]
    """Standard workshops let to several tenants."""
    ratio_built: Array
    opened: NDArray[np.int64]
    """Index of the publication that brought the plot in."""
    rows: list[tuple[str, ...]]


class PlotCodes:
    """宗地代码 in drawing order: county, cadastral area, sub-area, G/J + B, running number."""

    def __init__(self, blocks: Superblocks, codes: list[str]) -> None:
        self._last: dict[str, int] = {}
        self._prefix: list[str] = []
        order: dict[tuple[int, int], int] = {}
        for district, town in zip(blocks.district.tolist(), blocks.town.tolist(), strict=True):
            number = order.get((district, town), 0)
            order[district, town] = number + 1
            self._prefix.append(f"{codes[district]}{town + 1:03d}{number // SUBAREA + 1:03d}")

    def take(self, superblock: int, ownership: str) -> str:
        """The next code in the sub-area of ``superblock``."""
        key = f"{self._prefix[superblock]}{ownership}B"
        number = self._last[key] = self._last.get(key, 0) + 1
        if number > 99_999:
            raise OverflowError(f"Sub-area {key} has more than 99,999 plots.")
        return f"{key}{number:05d}"


def batches(
    seed: int,
    blocks: Superblocks,
    built: Blocks,
    character: Character,
    ground: Ground,
    codes: list[str],
    place_names: list[list[str]],
    opening_years: list[int],
) -> Iterator[PlotBatch]:
    """Yield all plots of the city, batch by batch, neighbours together.

    ``place_names[district][town]`` is the text a location begins with;
    ``opening_years[i]`` the last year of supply that plot publication ``i`` took in.
    """
    numbers = PlotCodes(blocks, codes)
    used = np.flatnonzero(built.plots > 0)
    # District by district, so that the database tests a batch against one boundary.
    used = used[np.argsort(blocks.district[built.superblock[used]], kind="stable")]
    ends = np.cumsum(built.plots[used])
    house: dict[int, int] = {}
    for number in range(int(ends[-1] - 1) // BATCH + 1):
        rows = used[(ends - 1) // BATCH == number]
        if not len(rows):
            continue
        rng = stage_rng(seed, "plots", number)
        shapes, of = plot_shapes(built.plan[rows], built.plots[rows], rng)
        geom = ground.place(shapes)
        sound = shapely.is_valid(geom) & (shapely.get_type_id(geom) == 3)
        block = rows[of[sound]]
        yield _describe(geom[sound], block, blocks, built, character, numbers, place_names, opening_years, house, rng)


def _pick(rng: np.random.Generator, shares: Array) -> NDArray[np.int64]:
    """One draw a row from rows of shares that sum to 1."""
    edges = np.cumsum(shares, axis=1)
    return np.minimum((edges < rng.random(len(shares))[:, None]).sum(axis=1), shares.shape[1] - 1)


def _describe(
    geom: Geoms,
    block: NDArray[np.int64],
    blocks: Superblocks,
    built: Blocks,
    character: Character,
    numbers: PlotCodes,
    place_names: list[list[str]],
    opening_years: list[int],
    house: dict[int, int],
    rng: np.random.Generator,
) -> PlotBatch:
    n = len(geom)
    superblock = built.superblock[block]
    village = built.village[block]
    area = areas_m2(geom)
    collective = rng.random(n) < character.collective[superblock]

    year = np.rint(character.year[superblock] + rng.normal(0, 3.5, n)).astype(int)
    # A few plots of every year keep being supplied, so that history has something to tell.
    fresh = rng.random(n) < np.where(village, 0.02, 0.07)
    year = np.where(fresh, rng.integers(2019, NEWEST_YEAR + 2, n), year)
    year = np.clip(year, OLDEST_YEAR, NEWEST_YEAR + 1)
    newness = ((year - OLDEST_YEAR) / (NEWEST_YEAR - OLDEST_YEAR)).clip(0, 1)[:, None]

    storage = rng.random(n) < character.storage[superblock]
    heavy = rng.random(n) < character.heavy[superblock]
    grade = np.where(heavy, 3, np.where(rng.random(n) < 0.46, 1, 2))
    m0 = ~storage & (grade == 1) & (year >= 2015) & ~village & (rng.random(n) < 0.20)

    ratio = PLANNED_RATIOS[_pick(rng, OLD_RATIO_SHARE * (1 - newness) + NEW_RATIO_SHARE * newness)]
    ratio = np.where(m0, np.maximum(ratio, rng.choice([3.0, 3.5, 4.0], n)), ratio)
    ratio = np.where(storage, np.minimum(ratio, 2.0), ratio)
    empty = rng.random(n) < np.where(year >= 2021, 0.22, 0.045)
    done = np.clip(rng.beta(5, 2.2, n) * np.where(village, 0.8, 1.0), 0.12, 1.0)
    ratio_built = np.where(empty, 0.0, np.round(ratio * done, 2))
    density = np.clip(np.rint(rng.normal(46, 8, n)), 30, 65)
    green = np.clip(np.rint(rng.normal(13, 3.5, n)), 5, 20)
    height = np.where(m0, 100, np.clip(np.rint(ratio * 14 / 6) * 6, 18, 60))

    mode_row = _pick(rng, STATE_MODE_OLD * (1 - newness) + STATE_MODE_NEW * newness)
    term = np.array([50, 30, 20, 50, 50, 0, 40])[mode_row]
    term = np.where((mode_row == 1) & (rng.random(n) < 0.4), 20, term)
    term = np.where(collective, rng.choice([20, 30, 40, 50], n, p=[0.25, 0.4, 0.1, 0.25]), term)
    day = rng.integers(0, 365, n)
    registered = np.round(area * (1 + np.clip(rng.normal(0, 0.0011, n), -0.003, 0.003)), 2)
    multi_let = ~empty & (rng.random(n) < np.where(village, 0.26, 0.07))
    opened = np.minimum(np.searchsorted(opening_years, year), len(opening_years) - 1)

    code: list[str] = []
    rows: list[tuple[str, ...]] = []
    columns = zip(
        superblock.tolist(),
        collective.tolist(),
        storage.tolist(),
        grade.tolist(),
        m0.tolist(),
        ratio.tolist(),
        ratio_built.tolist(),
        density.tolist(),
        green.tolist(),
        height.tolist(),
        mode_row.tolist(),
        term.tolist(),
        year.tolist(),
        day.tolist(),
        registered.tolist(),
        strict=True,
    )
    district_of, town_of = blocks.district.tolist(), blocks.town.tolist()
    for sb, is_j, store, cls, is_m0, far, far_built, dens, grn, high, mode, years, since, ordinal, reg in columns:
        code.append(numbers.take(sb, "J" if is_j else "G"))
        door = house[sb] = house.get(sb, 0) + 1
        start = dt.date(since, 1, 1) + dt.timedelta(days=ordinal)
        bounded = years > 0
        rows.append(
            (
                f"{place_names[district_of[sb]][town_of[sb]]}{character.street[sb]}{door}号",
                f"110{100 + cls}" if store else f"100{100 + cls}",
                "t" if is_m0 else "f",
                f"{far:.1f}",
                f"{far_built:.2f}",
                f"{dens:.0f}",
                f"{grn:.0f}",
                f"{high:.0f}",
                "collective" if is_j else STATE_MODES[mode],
                str(years) if bounded else r"\N",
                start.isoformat(),
                _years_later(start, years).isoformat() if bounded else r"\N",
                f"{reg:.2f}",
            )
        )
    return PlotBatch(code, geom, area, superblock, year, empty, multi_let, ratio_built, opened, rows)


def _years_later(start: dt.date, years: int) -> dt.date:
    if start.month == 2 and start.day == 29:
        start = start.replace(day=28)
    return start.replace(year=start.year + years)
