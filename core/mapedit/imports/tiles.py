"""The features of a file by the place they lie in, a tile of the map at a time, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")

TILE_ROWS = 20_000
"""Few enough for two tiles of shapely objects at a time, many enough that what lies on borders is little."""


@dataclass(frozen=True)
class Tile:
    """Row numbers of features whose centres lie together, in ascending order, and the bounds (4,) of them all."""

    rows: np.ndarray
    bounds: np.ndarray


def tiles(rows: np.ndarray, bounds: np.ndarray) -> list[Tile]:
    """``rows`` (ascending numbers of features with geometry) as tiles, by the ``bounds`` (n, 4) of every feature.

    Strips from west to east, each cut from south to north: whatever the layer's outline, every tile is full.
    """
    if not len(rows):
        return []
    x, y = (bounds[rows, :2] + bounds[rows, 2:]).T
    strips = max(round(np.sqrt(len(rows) / TILE_ROWS)), 1)
    found = []
    for strip in np.array_split(np.argsort(x, kind="stable"), strips):
        for part in np.array_split(strip[np.argsort(y[strip], kind="stable")], -(-len(strip) // TILE_ROWS)):
            here = np.sort(rows[part])
            box = bounds[here]
            found.append(Tile(here, np.concatenate((box[:, :2].min(axis=0), box[:, 2:].max(axis=0)))))
    return found


def visitors(tile: Tile, among: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Those ``among`` (mask (n,)) the features of other tiles whose ``bounds`` (n, 4) reach into ``tile``."""
    west, south, east, north = tile.bounds
    inside = among & (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    inside &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    inside[tile.rows] = False
    return np.flatnonzero(inside)


def along_a_curve(rows: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """``rows`` along a Z-order curve over 2¹⁶ × 2¹⁶ cells of their bounds: neighbours on the map become neighbours."""
    centre = bounds[rows, :2] + bounds[rows, 2:]
    low = centre.min(axis=0, initial=np.inf)
    span = np.maximum(centre.max(axis=0, initial=-np.inf) - low, 1e-12)
    cells = ((centre - low) / span * 65_535).astype(np.uint64)
    code = np.zeros(len(rows), dtype=np.uint64)
    for bit in range(16):
        for axis in (0, 1):
            code |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return rows[np.argsort(code, kind="stable")]


def ahead(work: Callable[[Item], Callable[[], Result]], items: Sequence[Item], *, workers: int) -> Iterator[Result]:
    """What comes of each item, in order, while ``workers`` threads are busy with the next ones and no more.

    ``work`` is called in the caller's thread, where the database may be asked; what it returns, in another.
    """
    with ThreadPoolExecutor(workers) as pool:
        coming: list[Future[Result]] = []
        try:
            for item in items:
                coming.append(pool.submit(work(item)))
                if len(coming) > workers:
                    yield coming.pop(0).result()
            while coming:
                yield coming.pop(0).result()
        finally:
            for each in coming:
                each.cancel()
