"""`manage.py export_layer`: a layer, as of a date, into an exchange file."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.geodata.exchange.writing import ENCODINGS, FORMATS, SUFFIXES, Unwritable
from core.mapedit.layers import all_layers
from core.mapedit.models import ChangeSet
from core.mapedit.services import exporting


class Command(BaseCommand):
    """Exit 0 when the file was written, 2 when it could not be."""

    help = "把图层（任一日期）导出为 SHP、GPKG、GeoJSON、FileGDB、DXF 或国土 TXT。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the layer, the file, and which features in which form."""
        parser.add_argument("layer", choices=[layer.name for layer in all_layers()])
        parser.add_argument("file", type=Path)
        parser.add_argument("--on", type=_date, metavar="DATE", help="日期，如 2026-03-31")
        parser.add_argument("--srid", type=int, choices=exporting.SRIDS)
        parser.add_argument("--encoding", choices=ENCODINGS, default="utf-8")
        parser.add_argument("--as", dest="file_format", choices=FORMATS, help="格式；默认按文件名")
        parser.add_argument("--district", default="", metavar="CODE", help="只导出一个区，如 440605")
        parser.add_argument("--code", action="append", default=[], help="只导出这些编号")
        parser.add_argument("--bbox", type=_box, metavar="西,南,东,北", help="只导出范围内的（CGCS2000 经纬度）")
        parser.add_argument("--change-set", type=int, metavar="N", help="导出变更 #N 的内容，而不是现行要素")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file and say what is in it."""
        path: Path = options["file"]
        file_format = options["file_format"] or _format_of(path)
        try:
            written = self._export(path, file_format, options)
        except (Unwritable, OSError) as error:
            raise CommandError(getattr(error, "sentence", str(error)), returncode=2) from error
        if options["format"] == "json":
            document = {
                "layer": options["layer"],
                "format": file_format,
                "file": str(path),
                "written": written.count,
                "losses": written.losses,
            }
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
            return
        self.stdout.write(f"已导出 {written.count} 个要素到 {path}。")
        for sentence in written.losses:
            self.stdout.write(sentence)

    def _export(self, path: Path, file_format: str, options: dict[str, Any]) -> exporting.Written:
        form: dict[str, Any] = {"file_format": file_format, "srid": options["srid"], "encoding": options["encoding"]}
        if options["change_set"]:
            change_set = ChangeSet.objects.filter(pk=options["change_set"], layer_id=options["layer"]).first()
            if change_set is None:
                raise CommandError(f"该图层没有变更 #{options['change_set']}。", returncode=2)
            return exporting.export_change_set(path, change_set=change_set, **form)
        return exporting.export_layer(
            path,
            layer=options["layer"],
            by=None,
            on=options["on"],
            selection=exporting.Selection(tuple(options["code"]), options["district"], options["bbox"]),
            **form,
        )


def _format_of(path: Path) -> str:
    name = path.name.lower()
    for file_format, suffix in sorted(SUFFIXES.items(), key=lambda pair: -len(pair[1])):
        if name.endswith(suffix):
            return file_format
    if name.endswith(".shp"):
        raise CommandError("SHP 由多个文件组成，请导出为 .zip。", returncode=2)
    known = "、".join(SUFFIXES.values())
    raise CommandError(f"看不出“{path.name}”的格式：请以 {known} 结尾，或用 --as 指定。", returncode=2)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}”不是日期；请写成 2026-03-31 的样子。", returncode=2) from None


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise CommandError(f"“{text}”应为四个数：西,南,东,北。", returncode=2) from None
    return west, south, east, north
