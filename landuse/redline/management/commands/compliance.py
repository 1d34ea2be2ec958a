"""`manage.py compliance`: the red line against its floors, as a table or as JSON."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.geodata.area import mu_from_m2
from landuse.redline.compliance import Compliance, FloorMissing, Standing, assess


class Command(BaseCommand):
    """Exit 0 when everything holds, 1 when something does not, 2 when it cannot be told."""

    help = "工业用地红线面积与各区下限对照；全部达标时退出码为 0，否则为 1。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--on`` and ``--format``."""
        parser.add_argument("--on", type=_date, default=None, metavar="DATE", help="日期，如 2026-03-31")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the verdict and exit with it."""
        try:
            compliance = assess(on=options["on"])
        except FloorMissing as error:
            raise CommandError(str(error), returncode=2) from error
        if options["format"] == "json":
            self.stdout.write(json.dumps(as_document(compliance), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_table(compliance))
        sys.exit(0 if compliance.met else 1)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}”不是日期；请写成 2026-03-31 的样子。", returncode=2) from None


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "area_m2": standing.area_m2,
        "floor_m2": standing.floor_m2,
        "surplus_m2": standing.surplus_m2,
        "met": standing.met,
    }


def as_document(compliance: Compliance) -> dict[str, Any]:
    """The JSON document other programs rely on; areas in ellipsoidal m², unrounded."""
    return {
        "on": compliance.on.isoformat(),
        "city": _standing(compliance.city),
        "districts": [{"code": d.code, "name": d.name, **_standing(d)} for d in compliance.districts],
        "zones": {
            "count": len(compliance.large_zones),
            "required": compliance.zones_required,
            "not_over_10000_mu": [zone.code for zone in compliance.zones_not_over],
        },
        "met": compliance.met,
    }


def as_table(compliance: Compliance) -> str:
    """Text for a terminal: one line a place, surplus in m² and 亩 so that no slack hides."""
    lines = [f"截至 {compliance.on}"]
    for s in (*compliance.districts, compliance.city):
        lines.append(
            f"{s.name}\t{s.area_m2 / 1e6:.6f} km²\t下限 {s.floor_m2 / 1e6:g} km²"
            f"\t余量 {s.surplus_m2:+,.2f} m²（{mu_from_m2(s.surplus_m2):+,.2f} 亩）"
            f"\t{'达标' if s.met else '未达标'}"
        )
    lines.append(f"万亩集聚区 {len(compliance.large_zones)}/{compliance.zones_required}")
    lines += [
        f"未超过万亩：{zone.code} {zone.name} {mu_from_m2(zone.area_m2):,.2f} 亩" for zone in compliance.zones_not_over
    ]
    return "\n".join(lines)
