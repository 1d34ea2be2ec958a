"""Read an exchange file: `detect` says what it is, `read` takes its features.

Both hand the file to a process of its own (`child`) that may use so much memory, time and disk and no more, knows no
secret, and can open nothing but the allow-listed formats. Whatever happens to it becomes one sentence.
"""

from __future__ import annotations

import json
import logging
import mmap
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import shapely
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.geodata.exchange.child import out_of_memory
from core.geodata.exchange.formats import DRIVERS, LIMITS, Detected, Limits, Reading, Remark, Unreadable
from core.geodata.exchange.shapes import Shapes

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[3]
ROWS = "rows.arrow"
TICK_SECONDS = 0.5

NO_MEMORY = ("MemoryError", "bad_alloc", "Cannot allocate", "failed to map segment")
"""How the reading process's last words name the limit on its memory."""

Progress = Callable[[int, int], None]


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
        "language": get_language() or settings.LANGUAGE_CODE,
        "locale_paths": [str(each) for each in settings.LOCALE_PATHS],
    }
    question = scratch / "request.json"
    question.write_text(json.dumps(request), encoding="utf-8")
    output, output_end = os.pipe()
    with (
        (scratch / "log").open("w+b") as log,
        question.open("rb") as asked,
        os.fdopen(output, "rb", 0) as progress_from,
    ):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "core.geodata.exchange.child"],
            cwd=scratch,
            env=_environment(scratch),
            stdin=asked,
            stdout=output_end,
            stderr=log,
            start_new_session=True,
        )
        os.close(output_end)
        finished = False
        try:
            finished = _follow(progress_from, time.monotonic() + limits.seconds, progress)
        finally:
            _end(process, seconds=5 if finished else 0)
        log.seek(0)
        said = log.read()[-4_000:].decode("utf-8", errors="replace")
    if not finished:
        raise Unreadable(
            _("读取超过 %(seconds)d 秒仍未完成，已停止：请拆分文件后分别导入。") % {"seconds": limits.seconds}
        )
    return _understood(scratch / "answer.json", process.returncode, said)


@lru_cache
def _other_drivers() -> str:
    """GDAL's drivers that must not exist in the reading process, as its OGR_SKIP wants them.

    OGR_VRT always: a VRT opens whatever other file it names, and this process may have it switched off already.
    """
    # Late: it loads pandas where there is one, two seconds that only those who read a file should pay.
    import pyogrio

    return ",".join(sorted({"OGR_VRT", *pyogrio.list_drivers()} - set(DRIVERS.values())))


def _environment(scratch: Path) -> dict[str, str]:
    """The reading process's whole environment: no secret, no database, no network, allow-listed formats."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OGR_SKIP": _other_drivers(),
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
        "GDAL_PAM_ENABLED": "NO",
        "PROJ_NETWORK": "OFF",
        "SHAPE_RESTORE_SHX": "YES",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "0",
        # Address space is limited: no pools and thread stacks that are reserved and never used.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _follow(output: BinaryIO, deadline: float, progress: Progress | None) -> bool:
    """Pass progress on until the process closes its `output`; False when `deadline` comes first."""
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(min(left, TICK_SECONDS)):
                continue
            data = os.read(output.fileno(), 65_536)
            if not data:
                return True
            *lines, pending = (pending + data).split(b"\n")
            if lines and progress:
                done, total = lines[-1].split()
                progress(int(done), int(total))
    return False


def _end(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Wait so long for the process to leave, then end it and all it started."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _understood(path: Path, returncode: int, said: str) -> dict[str, Any]:
    if said:
        logger.info("reading process: %s", said)
    if returncode == 0 and path.exists():
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if "unreadable" in answer:
            raise Unreadable(answer["unreadable"])
        return answer
    logger.error("reading process ended with %s: %s", returncode, said)
    if returncode in {-signal.SIGKILL, -signal.SIGABRT} or any(word in said for word in NO_MEMORY):
        raise Unreadable(out_of_memory())
    if returncode in {-signal.SIGSEGV, -signal.SIGBUS}:
        # Parsers written in C fall over when memory is refused to them, and over forged content: no telling which.
        raise Unreadable(_("文件太大、太复杂或已损坏，读取进程超出内存上限或异常中止：请拆分文件或重新导出后再试。"))
    if returncode == -signal.SIGXCPU:
        raise Unreadable(_("读取所需的计算时间超过上限，已停止：请拆分文件后分别导入。"))
    raise Unreadable(_("读取这个文件时出错，已中止，没有写入任何数据：请换一种格式重新导出后再试。"))
