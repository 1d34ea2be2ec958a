"""The reading process: ``python -m core.geodata.exchange.child``, started by `reading` and by nothing else.

Takes one request as JSON on standard input, writes ``answer.json`` (and the rows asked for) into its working folder
and a line ``done total`` of progress at a time to standard output. It first limits itself, because what follows
parses bytes of strangers.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from core.confined import ANSWER, limit_self, speak
from core.geodata.exchange.formats import DRIVERS, Limits, Unreadable


class Unneeded:
    """Import hook: pyogrio and pyarrow load pandas when it is there, more than a second for nothing used here."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name in {"geopandas", "pandas"}:
            raise ModuleNotFoundError(name)


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
    limits = Limits(**request["limits"])
    limit_self(memory_bytes=limits.memory_bytes, seconds=limits.seconds, file_bytes=limits.unpacked_bytes)
    speak(request["language"], request["locale_paths"])
    Path(ANSWER).write_text(json.dumps(answer(request)), encoding="utf-8")


if __name__ == "__main__":
    main()
