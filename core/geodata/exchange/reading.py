"""Read an exchange file: `detect` says what it is, `read` takes its features.

Both hand the file to a process of its own (`child`) that may use so much memory, time and disk and no more, knows no
secret, and can open nothing but the allow-listed formats. Whatever happens to it becomes one sentence.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from django.utils.translation import gettext as _

from core import confined
from core.confined import Progress
from core.geodata.exchange.child import out_of_memory
from core.geodata.exchange.formats import DRIVERS, LIMITS, Detected, Limits, Reading, Remark, Unreadable
from core.geodata.exchange.shapes import Shapes

ROWS = "rows.arrow"


def detect(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    srid: int | None = None,
    encoding: str | None = None,
    limits: Limits = LIMITS,
) -> Detected:
    """Say what the file (or .gdb folder) `path` is, from its description and first rows.

    `layer`, `srid` (EPSG) and `encoding` are what a person chose instead of what the file says. Raises Unreadable.
    """
    with tempfile.TemporaryDirectory(prefix="muchan-read-") as scratch:
        answer = _ask(Path(path), Path(scratch), layer, srid, encoding, limits, rows_into=None, progress=None)
    return Detected.from_json(answer["detected"])


def read(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    srid: int | None = None,
    encoding: str | None = None,
    limits: Limits = LIMITS,
    progress: Progress | None = None,
    meanwhile: Callable[[np.ndarray], None] | None = None,
) -> Reading:
    """Read every feature of the file (or .gdb folder) `path`, in its order, turned into EPSG:4490.

    `progress(done, total)` is called now and then; an exception it raises stops the reading and comes through.
    `meanwhile` is handed the geometries of each block of rows, in order, while the next ones are still being read.
    Raises Unreadable, also when the file has several layers and none is chosen, or its coordinate system is unknown.
    """
    with tempfile.TemporaryDirectory(prefix="muchan-read-") as scratch:
        arriving = _Arriving(Path(scratch) / ROWS, meanwhile)

        def follow(done: int, total: int) -> None:
            arriving.take(done)
            if progress:
                progress(done, total)

        answer = _ask(Path(path), Path(scratch), layer, srid, encoding, limits, rows_into=ROWS, progress=follow)
        with (Path(scratch) / ROWS).open("rb") as file:
            # The mapping outlives the file's name.
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    rows = pa.ipc.open_stream(pa.py_buffer(mapping)).read_all()
    arriving.take(rows.num_rows)
    return Reading(
        detected=Detected.from_json(answer["detected"]),
        geometry=Shapes(rows.column(rows.num_columns - 1), mapping=mapping),
        attributes=rows.remove_column(rows.num_columns - 1),
        numbers=np.arange(1, rows.num_rows + 1),
        remarks=[Remark(**each) for each in answer["remarks"]],
    )


class _Arriving:
    """The rows a reading process is still writing, handed on as they come."""

    def __init__(self, path: Path, take: Callable[[np.ndarray], None] | None) -> None:
        self._path, self._take = path, take
        self._stream: Any = None
        self._seen = 0

    def take(self, written: int) -> None:
        """Hand on what has come; `written` rows stand in the file."""
        while self._take and self._seen < written:
            if self._stream is None:
                self._stream = pa.ipc.open_stream(pa.OSFile(str(self._path), "rb"))
            batch = self._stream.read_next_batch()
            self._seen += batch.num_rows
            self._take(shapely.from_wkb(batch.column(batch.num_columns - 1).to_numpy(zero_copy_only=False)))


def _ask(
    path: Path,
    scratch: Path,
    layer: str | None,
    srid: int | None,
    encoding: str | None,
    limits: Limits,
    *,
    rows_into: str | None,
    progress: Progress | None,
) -> dict[str, Any]:
    """The reading process's answer about `path`; raises Unreadable for everything that keeps it from one."""
    if not path.is_file() and not path.is_dir():
        raise Unreadable(_("找不到文件 %(name)s。") % {"name": path.name})
    request = {
        "path": str(path.resolve()),
        "layer": layer,
        "srid": srid,
        "encoding": encoding,
        "limits": asdict(limits),
        "rows_into": rows_into,
    }
    return confined.ask(
        "core.geodata.exchange.child",
        request,
        scratch=scratch,
        seconds=limits.seconds,
        out_of_memory=out_of_memory(),
        environment=_environment(),
        progress=progress,
    )


@lru_cache
def _other_drivers() -> str:
    """GDAL's drivers that must not exist in the reading process, as its OGR_SKIP wants them.

    OGR_VRT always: a VRT opens whatever other file it names, and this process may have it switched off already.
    """
    # Late: it loads pandas where there is one, two seconds that only those who read a file should pay.
    import pyogrio

    return ",".join(sorted({"OGR_VRT", *pyogrio.list_drivers()} - set(DRIVERS.values())))


def _environment() -> dict[str, str]:
    """What the reading process finds besides what every such process does: allow-listed formats, no network."""
    return {
        "OGR_SKIP": _other_drivers(),
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
        "GDAL_PAM_ENABLED": "NO",
        "PROJ_NETWORK": "OFF",
        "SHAPE_RESTORE_SHX": "YES",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "0",
    }
