"""An evaluation in parts by Dask: parts of the columns as Parquet files, one function a part and step."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from efficiency.evaluation.columns import Coded, Columns
from efficiency.evaluation.merging import spread_over_tenants, units
from efficiency.evaluation.scoring import Results, in_parts
from efficiency.schemes.rules import Rules

ROWS = 100_000
"""Enterprises a part."""
_PLAIN = ("enterprise", "above_scale", "established", "returns")
# Which plot is whose matters to no step once tenants are merged, and plots have by far the most names.
_CODED = ("district", "town", "zone", "industry", "size")


def evaluate(columns: Columns, rules: Rules, *, scheduler: str = "", rows: int = ROWS) -> Results:
    """The results of the columns, computed a part at a time by Dask.

    By default in processes' threads of this machine; with the address of a ``scheduler`` by its workers, who must
    share this machine's temporary folder (TMPDIR) and have the project installed.
    """
    import dask

    one, belongs = units(columns) if rules.merge_tenants else (columns, None)
    with tempfile.TemporaryDirectory(prefix="evaluation-") as folder:
        parts = _written(one, Path(folder), rows)

        def each(step: Any, of: Sequence[Any]) -> list[Any]:
            done: tuple[Any, ...] = dask.compute(*(dask.delayed(_on_part)(step, part) for part in of))
            return list(done)

        if scheduler:
            from distributed import Client

            with Client(scheduler):
                results = in_parts(parts, rules, columns.year, each)
        else:
            with dask.config.set(scheduler="threads"):
                results = in_parts(parts, rules, columns.year, each)
    return results if belongs is None else spread_over_tenants(results, belongs)


class Part:
    """A part of the columns on disk, and what its codes mean."""

    def __init__(self, path: Path, frame: Columns) -> None:
        self.path, self.frame = path, frame

    def columns(self) -> Columns:
        """Read it."""
        table = pq.read_table(self.path)

        def plain(name: str) -> Any:
            return table[name].to_numpy()

        texts: dict[str, Any] = {name: Coded(plain(name), getattr(self.frame, name).names) for name in _CODED}
        return Columns(
            year=self.frame.year,
            **{name: plain(name) for name in _PLAIN},
            **texts,
            plot=Coded(np.zeros(len(table), dtype=np.int32), ("",)),
            land={basis: plain(f"land {basis}") for basis in self.frame.land},
            figures={key: plain(f"figure {key}") for key in self.frame.figures},
            tree=self.frame.tree,
        )


def _on_part(step: Any, part: Part) -> Any:
    return step(part.columns())


def _written(columns: Columns, folder: Path, rows: int) -> list[Part]:
    """The columns as files of ``rows`` enterprises each; the files hold numbers only, their meaning stays here."""
    frame = replace(columns.take(np.zeros(0, dtype=np.intp)), plot=Coded(np.zeros(0, dtype=np.int32), ()))
    parts = []
    for number, start in enumerate(range(0, len(columns), rows)):
        part = columns.take(np.arange(start, min(start + rows, len(columns))))
        table: dict[str, Any] = {name: getattr(part, name) for name in _PLAIN}
        table |= {name: getattr(part, name).codes for name in _CODED}
        table |= {f"land {basis}": areas for basis, areas in part.land.items()}
        table |= {f"figure {key}": figures for key, figures in part.figures.items()}
        path = folder / f"{number:05d}.parquet"
        pq.write_table(pa.table(table), path, compression="zstd")
        parts.append(Part(path, frame))
    return parts
