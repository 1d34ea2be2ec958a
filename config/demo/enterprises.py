"""Enterprises of the demo city: names, industries, sizes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.demo.character import Character, industry_weights
from config.demo.cutting import Array
from config.demo.occupation import Land, Occupations
from config.demo.streets import Superblocks
from config.demo.uscc import demo_codes

M2_PER_MU = 2000 / 3


@dataclass
class Firms:
    """One row an enterprise, in the order of its first plot."""

    district: NDArray[np.int64]
    town: NDArray[np.int64]
    industry: NDArray[np.int64]
    land_mu: Array
    """Land it works on now: built plots, by its shares."""
    since: NDArray[np.int64]
    """Year of its first occupation."""
    tenant: NDArray[np.bool_]
    name: list[str]
    short_name: list[str]
    uscc: list[str]
    established: list[dt.date]
    representative: list[str]

    def __len__(self) -> int:
        return len(self.district)


def found(
    land: Land,
    occupations: Occupations,
    blocks: Superblocks,
    character: Character,
    codes: list[str],
    district_names: list[str],
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> Firms:
    """The enterprises behind ``occupations``. ``district_names`` like '南海区'."""
    count = occupations.enterprises
    now = occupations.end_year == 0
    firm, plot = occupations.enterprise, occupations.plot
    worked = np.where(now & ~land.empty[plot], occupations.share * land.area_m2[plot], 0.0)
    land_mu = np.bincount(firm, weights=worked, minlength=count) / M2_PER_MU
    # Its home is its first plot in drawing order among those it holds now.
    rows = np.flatnonzero(now)
    _, first = np.unique(firm[rows], return_index=True)
    home = land.superblock[plot[rows[first]]]
    since = np.full(count, 9999)
    np.minimum.at(since, firm, occupations.year)
    tenant = np.zeros(count, bool)
    tenant[firm[rows[first]]] = ~occupations.owner[rows[first]]

    district, town = blocks.district[home], blocks.town[home]
    weights = industry_weights(codes, settings["industries"]["rows"])
    industry = character.industry[home].copy()
    own_way = rng.random(count) < 0.55
    for number in range(len(codes)):
        drawn = np.flatnonzero(own_way & (district == number))
        industry[drawn] = rng.choice(weights.shape[1], len(drawn), p=weights[number])

    age = np.minimum(rng.geometric(0.22, count), 15)
    days = rng.integers(0, 181, count)
    established = [
        dt.date(max(1984, year - back), 1, 1) + dt.timedelta(days=day)
        for year, back, day in zip(since.tolist(), age.tolist(), days.tolist(), strict=True)
    ]
    name, short = _names(district, industry, district_names, settings, rng)
    surnames = settings["surnames"]["list"]
    masks = rng.random(count) < 0.7
    people = rng.integers(0, len(surnames), count)
    representative = [
        surnames[p] + ("某某" if m else "某") for p, m in zip(people.tolist(), masks.tolist(), strict=True)
    ]
    uscc = demo_codes(rng.permutation(1_000_000)[:count], [codes[d] for d in district.tolist()])
    return Firms(district, town, industry, land_mu, since, tenant, name, short, uscc, established, representative)


def _names(
    district: NDArray[np.int64],
    industry: NDArray[np.int64],
    district_names: list[str],
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> tuple[list[str], list[str]]:
    """Full and short names, all different: within a district and industry no combination comes twice."""
    first, second = settings["brand"]["first"], settings["brand"]["second"]
    forms = [f for f, _ in settings["forms"]["list"]]
    form_share = np.array([w for _, w in settings["forms"]["list"]], dtype=float)
    form_share /= form_share.sum()
    name, short = [""] * len(district), [""] * len(district)
    for d, place in enumerate(district_names):
        for i, row in enumerate(settings["industries"]["rows"]):
            members = np.flatnonzero((district == d) & (industry == i))
            if not len(members):
                continue
            trades = row[5]
            space = len(first) * len(second) * len(trades)
            if len(members) > space:
                raise OverflowError("The demo city has more enterprises than names.")
            picks = rng.choice(space, len(members), replace=False)
            ends = rng.choice(len(forms), len(members), p=form_share)
            for member, pick, end in zip(members.tolist(), picks.tolist(), ends.tolist(), strict=True):
                brand_no, trade_no = divmod(pick, len(trades))
                a, b = divmod(brand_no, len(second))
                brand = f"示例{first[a]}{second[b]}"
                trade, form = trades[trade_no], forms[end]
                if form[:2] in trade or (form == "厂" and trade.endswith(("科技", "设备", "材料"))):
                    form = "有限公司"
                name[member] = f"佛山市{place}{brand}{trade}{form}"
                short[member] = f"{brand}{trade}"
    return name, short
