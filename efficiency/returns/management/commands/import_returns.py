"""`manage.py import_returns`: a year's figures of an office from .xlsx or .csv, with everything that is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.accounts.models import CITY_CODE, User
from core.confined import Unreadable
from core.refusals import Refused
from efficiency.returns.figures import Office
from efficiency.returns.imports import report
from efficiency.returns.imports.examining import Options
from efficiency.returns.models import ReturnStatus
from efficiency.returns.services import importing

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2


class Command(BaseCommand):
    """Exit 0 when nothing is to be said, 1 with findings, 2 when the file cannot be read."""

    # The file is checked here; the project's own checks would load every page first.
    requires_system_checks = []
    help = "把 .xlsx 或 .csv 文件导入为某一年度的企业年报。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the year, the file and what is said of it."""
        parser.add_argument("year", type=int)
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--office", choices=Office.values, default=Office.STATISTICS.value, help="数据由哪个部门提供"
        )
        parser.add_argument("--status", choices=ReturnStatus.values, default=ReturnStatus.FINAL.value)
        parser.add_argument("--place", default=CITY_CODE, metavar="CODE", help="只接受这个区的企业；默认全市")
        parser.add_argument("--by", metavar="USERNAME", help="以哪个账号导入，只接受其管辖范围内的企业")
        parser.add_argument("--dry-run", action="store_true", help="只核对，不写入")
        parser.add_argument("--accept-valid", action="store_true", help="有行不合格时，仍写入其余合格的")
        parser.add_argument("--units-checked", action="store_true", help="疑为单位写错的数值已核实，照常写入")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print what became of it and exit with it."""
        if not 2000 <= options["year"] <= 2100:
            raise CommandError("年度应为 2000–2100 之间的四位数。", returncode=UNREADABLE)
        try:
            outcome = self._import(**options)
        except (Unreadable, Refused) as error:
            raise CommandError(error.sentence, returncode=UNREADABLE) from error
        document = report.as_document(outcome.examined)
        if options["format"] == "json":
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_table(document, outcome))
        sys.exit(FINDINGS if document["findings"] else CLEAN)

    def _import(self, **options: Any) -> importing.Outcome:
        by: User | None = None
        places: tuple[str, ...] = (options["place"],)
        if options["by"]:
            by = User.objects.filter(is_active=True, username=options["by"]).first()
            if by is None:
                raise CommandError(f"没有启用的账号“{options['by']}”。", returncode=UNREADABLE)
            places = tuple(by.place_codes)
        return importing.import_file(
            options["file"],
            options=Options(options["year"], options["office"], options["status"], places, options["units_checked"]),
            by=by,
            accept_valid=options["accept_valid"],
            dry_run=options["dry_run"],
        )


def as_table(document: dict[str, Any], outcome: importing.Outcome) -> str:
    """Text for a terminal: the counts, and a line a finding."""
    lines = [
        f"{document['year']} 年度：读取 {document['read']} 行，新增 {document['new']}，变更 {document['changed']}，"
        f"未变 {document['unchanged']}，不合格 {document['refused']}"
    ]
    for each in document["findings"]:
        place = f"第 {each['row']} 行" if each["row"] else "文件"
        value = f"\t{each['value']}" if each["value"] else ""
        lines.append(f"{report.SEVERITIES[each['severity']]}\t{place}\t{each['column']}\t{each['message']}{value}")
    batch = outcome.batch
    lines.append(f"已写入，导入批次 {batch.pk}。" if batch else "没有写入任何年报。")
    return "\n".join(lines)
