"""`manage.py import_layer`: a file into a change set of a layer, with everything that is wrong with it."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from core.accounts.models import CITY_CODE, Role, User
from core.geodata.exchange.child import Unneeded
from core.geodata.exchange.formats import Unreadable
from core.mapedit.imports import report
from core.mapedit.layers import LayerUnknown, all_layers
from core.mapedit.services import importing
from core.refusals import Refused

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2


class Command(BaseCommand):
    """Exit 0 when nothing is to be said, 1 with findings, 2 when the file cannot be read."""

    # The file is checked here; the project's own checks would load every page first.
    requires_system_checks = []
    help = "把 SHP、GPKG、GeoJSON、FileGDB、DXF 或国土 TXT 文件导入为图层变更（不发布）。"

    def run_from_argv(self, argv: list[str]) -> None:
        """As a process of its own: without the libraries that pyarrow would load and nothing here uses."""
        sys.meta_path.insert(0, Unneeded())  # type: ignore[arg-type]
        # Each geometry is an object the collector follows, and none of them is part of a cycle: looking for cycles
        # among a million of them takes a tenth of the import and finds nothing.
        gc.disable()
        super().run_from_argv(argv)

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the layer, the file and what a person may know better than the file."""
        parser.add_argument("layer", choices=[layer.name for layer in all_layers()])
        parser.add_argument("file", type=Path)
        parser.add_argument("--srid", type=int, help="坐标系的 EPSG 号，文件没有写明时使用，如 4526")
        parser.add_argument("--encoding", help="文字编码：utf-8 或 gbk")
        parser.add_argument("--source-layer", help="文件含多个图层时，导入其中哪一个")
        parser.add_argument(
            "--field", action="append", default=[], metavar="属性=字段", help="属性取自哪个字段，如 code=ZDDM"
        )
        parser.add_argument("--dry-run", action="store_true", help="只检查，不写入")
        parser.add_argument("--accept-valid", action="store_true", help="有要素不合格时，仍写入其余合格的")
        parser.add_argument("--remove-missing", action="store_true", help="文件中没有的现行要素列为移除")
        parser.add_argument("--into", type=int, metavar="N", help="写入已有的变更 #N，而不新建")
        parser.add_argument("--title", default="", help="新变更的标题")
        parser.add_argument("--by", metavar="USERNAME", help="以哪个账号编制；默认为第一个全市的编制人员")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print what became of it and exit with it."""
        try:
            outcome = self._import(**options)
        except (Unreadable, Refused, LayerUnknown) as error:
            raise CommandError(getattr(error, "sentence", str(error)), returncode=UNREADABLE) from error
        if options["format"] == "json":
            self.stdout.write(json.dumps(report.as_document(outcome), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_table(outcome))
        sys.exit(FINDINGS if outcome.findings else CLEAN)

    def _import(self, **options: Any) -> importing.Outcome:
        by = _planner(options["by"])
        examined = importing.examine(
            options["file"],
            layer=options["layer"],
            options=importing.Options(
                source_layer=options["source_layer"],
                srid=options["srid"],
                encoding=options["encoding"],
                columns=_columns(options["field"]),
            ),
            by=by,
            leave_surroundings=True,
        )
        return importing.write(
            examined,
            by=by,
            change_set_id=options["into"],
            title=options["title"] or _("导入 %(name)s") % {"name": options["file"].name[:100]},
            accept_valid=options["accept_valid"],
            remove_missing=options["remove_missing"],
            dry_run=options["dry_run"],
        )


def _planner(username: str | None) -> User:
    planners = User.objects.filter(is_active=True, role=Role.PLANNER)
    chosen = planners.filter(username=username) if username else planners.filter(place_codes__contains=[CITY_CODE])
    planner = chosen.order_by("pk").first()
    if planner is None:
        raise CommandError(
            "没有可以编制变更的账号：请先建立全市范围的自然资源编制人员账号，或用 --by 指定一个。",
            returncode=UNREADABLE,
        )
    return planner


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        name, separator, column = pair.partition("=")
        if not separator:
            raise CommandError(f"“{pair}”应写作 属性=字段。", returncode=UNREADABLE)
        columns[name] = column
    return columns


def as_table(outcome: importing.Outcome) -> str:
    """Text for a terminal: what the file is, the counts, and a line a finding."""
    examined, counts = outcome.examined, outcome.counts
    detected = examined.detected
    lines = [
        f"{examined.layer.title}\t{detected.format}\tEPSG:{detected.srid}\t{detected.encoding}",
        f"读取 {counts['read']}：新增 {counts['new']}，变更 {counts['changed']}，未变 {counts['unchanged']}，"
        f"不合格 {counts['refused']}；文件未列的现行要素 {counts['missing']}",
    ]
    for finding in outcome.findings:
        place = "" if finding.lon is None else f"\t{finding.lon:.6f}, {finding.lat:.6f}"
        lines.append(f"{'错误' if finding.is_error else '提示'}\t{finding.feature or '—'}\t{finding.message}{place}")
    written = outcome.change_set
    lines.append(f"已写入变更 #{written.pk}（草拟，未发布）。" if written else "没有写入任何变更。")
    return "\n".join(lines)
