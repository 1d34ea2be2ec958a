"""What kind of place each superblock is: its industry, age, tenure and street."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.demo.cutting import Array
from config.demo.streets import Superblocks
from config.demo.zoning import ZoneOutline

OLDEST_YEAR, NEWEST_YEAR = 1993, 2024


@dataclass
class Character:
    """One row a superblock: neighbours in a superblock resemble one another.

    ``industry`` indexes the industries of the settings; ``year`` is when most of its
    land was supplied; ``collective`` the share of collective land; ``storage`` and
    ``heavy`` the shares of logistics and of class-three industry; ``street`` its name.
    """

    industry: NDArray[np.int64]
    year: Array
    collective: Array
    storage: Array
    heavy: Array
    street: list[str]


def industry_weights(codes: list[str], rows: list[list[Any]]) -> Array:
    """Weights (districts, industries), each row summing to 1. The settings list districts in ``codes`` order."""
    weights = np.array([[row[4][d] for row in rows] for d in range(len(codes))], dtype=float)
    return weights / weights.sum(axis=1, keepdims=True)


def characters(
    blocks: Superblocks,
    in_zone: NDArray[np.bool_],
    on_line: NDArray[np.bool_],
    codes: list[str],
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> Character:
    """Draw the character of every superblock."""
    n = len(blocks)
    weights = industry_weights(codes, settings["industries"]["rows"])
    industry = np.zeros(n, dtype=np.int64)
    for district in range(len(codes)):
        rows = np.flatnonzero(blocks.district == district)
        industry[rows] = rng.choice(weights.shape[1], len(rows), p=weights[district])
    storage = np.where(rng.random(n) < 0.08, 0.7, 0.04)
    # Where logistics dominates the land, it dominates the firms.
    warehouse = next(i for i, row in enumerate(settings["industries"]["rows"]) if row[0] == "592")
    industry[storage > 0.5] = warehouse
    collective = np.where(in_zone, rng.beta(1.2, 5.0, n), np.where(on_line, rng.beta(2, 3, n), rng.beta(8, 1.5, n)))
    names = settings["streets"]
    first, second, kind = (rng.integers(0, len(names[part]), n).tolist() for part in ("first", "second", "kind"))
    street = [
        f"示例{names['first'][a]}{names['second'][b]}{names['kind'][c]}"
        for a, b, c in zip(first, second, kind, strict=True)
    ]
    return Character(
        industry=industry,
        year=np.clip(rng.normal(np.where(in_zone, 2011.0, 2004.0), 6.0), OLDEST_YEAR, NEWEST_YEAR),
        collective=collective,
        storage=storage,
        heavy=np.where(rng.random(n) < 0.1, 0.5, 0.03),
        street=street,
    )


def lead_zones(
    character: Character,
    zones: list[ZoneOutline],
    codes: list[str],
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> list[int]:
    """Give each zone a leading industry and about half of its superblocks to it.

    Neighbouring zones of a district lead in different industries while there are enough.
    """
    weights = industry_weights(codes, settings["industries"]["rows"])
    storage = [i for i, row in enumerate(settings["industries"]["rows"]) if row[0].startswith("59")]
    leading: list[int] = []
    had = np.zeros_like(weights)
    for zone in zones:
        want = weights[zone.district] ** 1.3 * 0.3 ** had[zone.district]
        want[storage] = 0.0
        industry = int(rng.choice(len(want), p=want / want.sum()))
        had[zone.district, industry] += 1
        members = np.array(zone.members)
        follow = members[(rng.random(len(members)) < 0.5) & (character.storage[members] < 0.5)]
        character.industry[follow] = industry
        leading.append(industry)
    return leading
