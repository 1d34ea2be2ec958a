"""Who sits where: owners over neighbouring plots, tenants in shared workshops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config.demo.cutting import Array

Ints = NDArray[np.int64]

# Two enterprises to three plots or so: 25,000 in a city of 40,000 plots.
ENTERPRISES_A_PLOT = 0.625

MAX_TENANTS = 6

# Leases of workshops that do not state a floor area.
FLOOR_UNKNOWN = 0.15


@dataclass
class Land:
    """What is known of every plot when its occupants are drawn; one row a plot, in drawing order."""

    area_m2: Array
    superblock: Ints
    supplied: Ints
    empty: NDArray[np.bool_]
    multi_let: NDArray[np.bool_]
    ratio_built: Array


@dataclass
class Occupations:
    """One row an occupation. ``year``/``day`` begin it; ``end_year`` is 0 while it lasts."""

    plot: Ints
    enterprise: Ints
    owner: NDArray[np.bool_]
    share: Array
    floor_m2: Array
    """Leased floor area, 0 where none is known."""
    year: Ints
    day: Ints
    end_year: Ints
    end_day: Ints
    enterprises: int


def occupy(land: Land, rng: np.random.Generator) -> Occupations:
    """Draw occupants of all plots, about ``ENTERPRISES_A_PLOT`` enterprises a plot."""
    n = len(land.area_m2)
    idle = land.empty & (rng.random(n) < 0.6)
    vacant = ~land.empty & (rng.random(n) < 0.03)
    owned = ~idle & ~vacant & ~land.multi_let
    lets = owned & ~land.empty & (rng.random(n) < 0.07)

    owner_plot = np.flatnonzero(owned)
    owner_share = np.where(lets[owner_plot], np.round(rng.uniform(0.45, 0.85, len(owner_plot)), 2), 1.0)

    workshops = np.flatnonzero(land.multi_let & ~vacant)
    tenants = np.clip(1 + rng.poisson(0.7 + land.area_m2[workshops] / 14_000.0), 1, MAX_TENANTS).astype(np.int64)
    shared_plot = np.repeat(workshops, tenants)
    weight = rng.gamma(2.0, 1.0, len(shared_plot)) + 0.15
    total = np.bincount(shared_plot, weights=weight, minlength=n)
    let_part = rng.uniform(0.7, 1.0, n)
    # Floored, so that no sum of shares can pass 1.
    shared = np.maximum(np.floor(weight / total[shared_plot] * let_part[shared_plot] * 1e4) / 1e4, 1e-4)
    second_plot = owner_plot[lets[owner_plot]]
    second = np.round(1 - owner_share[lets[owner_plot]], 2)

    tenant_plot = np.concatenate([shared_plot, second_plot])
    tenant_share = np.concatenate([shared, second])
    order = np.argsort(tenant_plot, kind="stable")
    tenant_plot, tenant_share = tenant_plot[order], tenant_share[order]

    wanted = round(ENTERPRISES_A_PLOT * n)
    owner_firm, owner_firms = _runs(land.superblock[owner_plot], max(1, wanted - len(tenant_plot)), rng)
    tenant_firm = owner_firms + np.arange(len(tenant_plot))

    plot = np.concatenate([owner_plot, tenant_plot])
    owner = np.concatenate([np.ones(len(owner_plot), bool), np.zeros(len(tenant_plot), bool)])
    enterprise = np.concatenate([owner_firm, tenant_firm])
    share = np.concatenate([owner_share, tenant_share])
    supplied = land.supplied[plot]
    year = np.where(owner, supplied, np.maximum(supplied + 1, rng.integers(2013, 2025, len(plot))))
    year = np.minimum(year, 2025)
    day = rng.integers(181, 364, len(plot))

    # Some tenants took over from a neighbour who moved to its present place.
    follows = (
        np.flatnonzero(
            ~owner[1:]
            & ~owner[:-1]
            & (plot[1:] != plot[:-1])
            & (rng.random(len(plot) - 1) < 0.06)
            & (year[1:] > supplied[1:] + 3)
            & (year[1:] >= 2017)
        )
        + 1
    )
    count = len(plot)
    result = Occupations(
        plot=np.concatenate([plot, plot[follows]]),
        enterprise=np.concatenate([enterprise, enterprise[follows - 1]]),
        owner=np.concatenate([owner, np.zeros(len(follows), bool)]),
        share=np.concatenate([share, share[follows]]),
        floor_m2=np.zeros(count + len(follows)),
        year=np.concatenate([year, year[follows] - 2]),
        day=np.concatenate([day, day[follows]]),
        end_year=np.concatenate([np.zeros(count, np.int64), year[follows]]),
        end_day=np.concatenate([np.zeros(count, np.int64), day[follows]]),
        enterprises=owner_firms + len(tenant_plot),
    )
    order = np.lexsort((result.enterprise, result.plot))
    for name in ("plot", "enterprise", "owner", "share", "year", "day", "end_year", "end_day"):
        setattr(result, name, getattr(result, name)[order])
    result.floor_m2 = _leased_floors(result, land, rng)
    return result


def _leased_floors(occupations: Occupations, land: Land, rng: np.random.Generator) -> Array:
    """Floor area in m² of tenants in shared workshops: about their share of what is built; 0 where none is known."""
    plot = occupations.plot
    built = occupations.share * land.area_m2[plot] * land.ratio_built[plot]
    floor = np.round(built * rng.uniform(0.8, 1.05, len(plot)), 1)
    stated = rng.random(len(plot)) >= FLOOR_UNKNOWN
    return np.where(~occupations.owner & land.multi_let[plot] & stated, floor, 0.0)


def _runs(place: Ints, wanted: int, rng: np.random.Generator) -> tuple[Ints, int]:
    """Give consecutive slots to the same firm until ``wanted`` firms have land.

    A firm's plots lie together within a superblock, as where it grew.
    """
    n = len(place)
    if not n:
        return np.zeros(0, np.int64), 0
    starts = np.ones(n, bool)
    starts[1:] = place[1:] != place[:-1]
    others = np.flatnonzero(~starts)
    more = min(len(others), max(0, wanted - int(starts.sum())))
    starts[rng.choice(others, more, replace=False)] = True
    firm = np.cumsum(starts) - 1
    return firm.astype(np.int64), int(firm[-1]) + 1
