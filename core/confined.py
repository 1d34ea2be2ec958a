"""Bytes of strangers are parsed in a process of their own, which may use so much and no more, and knows no secret.

:func:`ask` starts ``python -m MODULE`` with one request as JSON on standard input and hands its answer back; the module
calls :func:`limit_self` and :func:`speak` before it touches the file, writes ``answer.json`` into its working folder
and a line ``done total`` of progress at a time to standard output. Whatever happens to it becomes one sentence.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from django.apps import apps
from django.conf import settings
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[1]
ANSWER = "answer.json"
OPEN_FILES = 256
TICK_SECONDS = 0.5

NO_MEMORY = ("MemoryError", "bad_alloc", "Cannot allocate", "failed to map segment", "memory allocation of")
"""How a process's last words name the limit on its memory."""

Progress = Callable[[int, int], None]


class Unreadable(Exception):
    """A file that cannot be read at all; `sentence` says in Chinese what, why and the way out."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def limit_self(*, memory_bytes: int, seconds: float, file_bytes: int) -> None:
    """Bound memory, processor time, file size and open files of this process, for good."""
    processor = (int(seconds) + 1) * 4
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def speak(language: str, locale_paths: list[str]) -> None:
    """Set gettext up for the language of the person asking; no app, model or database is known here."""
    settings.configure(USE_I18N=True, LANGUAGE_CODE=language, LOCALE_PATHS=locale_paths)
    apps.populate([])
    translation.activate(language)


def ask(
    module: str,
    request: Mapping[str, Any],
    *,
    scratch: Path,
    seconds: float,
    out_of_memory: str,
    environment: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The answer of ``python -m module`` to ``request``, which works in the folder ``scratch``.

    ``environment`` is added to an empty one. ``progress`` is called now and then; an exception it raises ends the
    process and comes through. Raises Unreadable for everything that keeps it from an answer: its own refusal,
    ``seconds`` gone by, ``out_of_memory`` (the sentence for that), a crash.
    """
    question = scratch / "request.json"
    spoken = {
        "language": get_language() or settings.LANGUAGE_CODE,
        "locale_paths": [str(each) for each in settings.LOCALE_PATHS],
    }
    question.write_text(json.dumps({**request, **spoken}), encoding="utf-8")
    output, output_end = os.pipe()
    with (
        (scratch / "log").open("w+b") as log,
        question.open("rb") as asked,
        os.fdopen(output, "rb", 0) as progress_from,
    ):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            cwd=scratch,
            env={**_environment(scratch), **(environment or {})},
            stdin=asked,
            stdout=output_end,
            stderr=log,
            start_new_session=True,
        )
        os.close(output_end)
        finished = False
        try:
            finished = _follow(progress_from, time.monotonic() + seconds, progress)
        finally:
            _end(process, seconds=5 if finished else 0)
        log.seek(0)
        said = log.read()[-4_000:].decode("utf-8", errors="replace")
    if not finished:
        raise Unreadable(_("读取超过 %(seconds)d 秒仍未完成，已停止：请拆分文件后分别导入。") % {"seconds": seconds})
    return _understood(scratch / ANSWER, process.returncode, said, out_of_memory)


def _environment(scratch: Path) -> dict[str, str]:
    """What every such process finds: no secret, no database."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
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


def _understood(path: Path, returncode: int, said: str, out_of_memory: str) -> dict[str, Any]:
    if said:
        logger.info("reading process: %s", said)
    if returncode == 0 and path.exists():
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if "unreadable" in answer:
            raise Unreadable(answer["unreadable"])
        return answer
    logger.error("reading process ended with %s: %s", returncode, said)
    if returncode in {-signal.SIGKILL, -signal.SIGABRT} or any(word in said for word in NO_MEMORY):
        raise Unreadable(out_of_memory)
    if returncode in {-signal.SIGSEGV, -signal.SIGBUS}:
        # Parsers written in C fall over when memory is refused to them, and over forged content: no telling which.
        raise Unreadable(_("文件太大、太复杂或已损坏，读取进程超出内存上限或异常中止：请拆分文件或重新导出后再试。"))
    if returncode == -signal.SIGXCPU:
        raise Unreadable(_("读取所需的计算时间超过上限，已停止：请拆分文件后分别导入。"))
    raise Unreadable(_("读取这个文件时出错，已中止，没有写入任何数据：请换一种格式重新导出后再试。"))
