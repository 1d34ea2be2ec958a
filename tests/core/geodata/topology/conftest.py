"""Made-up land around (113.00, 23.00), EPSG:4490."""

import numpy as np
import pytest
import shapely


@pytest.fixture(scope="session")
def town() -> np.ndarray:
    """A hundred blocks of sixteen plots that share their bent boundaries, streets between the blocks."""
    random = np.random.default_rng(20260701)
    plots = []
    for block in range(100):
        west, south = 113 + 0.0045 * (block % 10), 23 + 0.0045 * (block // 10)
        lattice = np.stack(np.meshgrid(np.arange(5), np.arange(5), indexing="ij"), axis=-1) * 0.001 + (west, south)
        lattice += random.uniform(-1e-4, 1e-4, lattice.shape)
        middle = {}

        def bend(
            a: tuple[int, int], b: tuple[int, int], lattice: np.ndarray = lattice, middle: dict = middle
        ) -> object:
            key = tuple(sorted((a, b)))
            if key not in middle:
                middle[key] = (lattice[a] + lattice[b]) / 2 + random.uniform(-2e-5, 2e-5, 2)
            return middle[key]

        for i in range(4):
            for j in range(4):
                corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
                ring = [at for n in range(4) for at in (lattice[corners[n]], bend(corners[n], corners[(n + 1) % 4]))]
                plots.append(shapely.MultiPolygon([shapely.Polygon(np.round(ring, 9))]))
    return np.array(plots, dtype=object)
