"""The reading process: ``python -m core.geodata.exchange.child``, started by `reading` and by nothing else.

Takes one request as JSON on standard input, writes ``answer.json`` (and the rows asked for) into its working folder
and a line ``done total`` of progress at a time to standard output. It first limits itself, because what follows
parses bytes of strangers.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from core.geodata.exchange.formats import DRIVERS, Limits, Unreadable

OPEN_FILES = 256


class Unneeded:
    """Import hook: pyogrio and pyarrow load pandas when it is there, more than a second for nothing used here."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name in {"geopandas", "pandas"}:
            raise ModuleNotFoundError(name)


def limit_self(limits: Limits) -> None:
    """Bound memory, processor time, file size and open files of this process, for good."""
    seconds = int(limits.seconds) + 1
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds * 4),
        (resource.RLIMIT_FSIZE, limits.unpacked_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def speak(language: str, locale_paths: list[str]) -> None:
    """Set gettext up for the language of the person asking; no app, model or database is known here."""
    settings.configure(USE_I18N=True, LANGUAGE_CODE=language, LOCALE_PATHS=locale_paths)
    apps.populate([])
    translation.activate(language)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What is to be said about the file of `request`: ``detected`` and ``remarks``, or ``unreadable``, a sentence."""
    sys.meta_path.insert(0, Unneeded())  # type: ignore[arg-type]
    # Late, so that even loading the parsers happens within the limits.
    import pyarrow as pa
    import pyogrio
    import shapely

    from core.geodata.exchange import parsing

    if strangers := set(pyogrio.list_drivers()) - set(DRIVERS.values()):
        raise SystemExit(f"GDAL offers formats that are not allowed here: {sorted(strangers)}")

    def progress(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    try:
        detected, remarks = parsing.parse(
            Path(request["path"]),
            scratch=Path("unpacked"),
            layer=request["layer"],
            srid=request["srid"],
            encoding=request["encoding"],
            limits=Limits(**request["limits"]),
            rows_into=Path(request["rows_into"]) if request["rows_into"] else None,
            progress=progress,
        )
    except Unreadable as unreadable:
        return {"unreadable": unreadable.sentence}
    except MemoryError:
        return {"unreadable": out_of_memory()}
    except (RuntimeError, ValueError, OSError, pa.ArrowException, shapely.errors.ShapelyError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        if "bad_alloc" in str(error):
            return {"unreadable": out_of_memory()}
        return {"unreadable": _("文件内容已损坏或不完整，无法读取：请重新导出后再试。")}
    return {"detected": asdict(detected), "remarks": [asdict(remark) for remark in remarks]}


def out_of_memory() -> str:
    """The sentence for a file that needs more memory than a reading process may use."""
    return _("文件太大或太复杂，读取所需内存超过上限：请拆分文件，或先抽稀过密的顶点。")


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin)
    limit_self(Limits(**request["limits"]))
    speak(request["language"], request["locale_paths"])
    Path("answer.json").write_text(json.dumps(answer(request)), encoding="utf-8")


if __name__ == "__main__":
    main()
