"""`manage.py evaluate`: per-亩 evaluation of a year, computed, stored and sealed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.accounts.models import CITY_CODE
from core.refusals import Refused
from efficiency.evaluation.engines import ENGINES, POSTGRES
from efficiency.evaluation.models import Run
from efficiency.evaluation.services import evaluating
from efficiency.schemes.models import VersionState

RANKED = ("A", "B", "C", "D")


class Command(BaseCommand):
    """Exit 0 when a run was stored, 2 when the year cannot be evaluated."""

    help = "按评价办法对一个年度作亩均效益评价，保存并封存结果（不公布）。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the year, and by which scheme, engine and state of the data."""
        parser.add_argument("year", type=int)
        parser.add_argument("--scheme", default="", metavar="CODE", help="评价办法代码；默认为适用该年度的已批准办法")
        parser.add_argument("--engine", choices=ENGINES, default=POSTGRES)
        parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="Dask 调度器地址；默认用本机各处理器")
        parser.add_argument("--as-of", type=_moment, metavar="T", help="按此刻采信的年报计算，如 2026-03-31T12:00")
        parser.add_argument("--place", default=CITY_CODE, metavar="CODE", help="只评价一个区，如 440605")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Evaluate, and say what came out."""
        try:
            version = evaluating.version_for(year=options["year"], scheme=options["scheme"], place=options["place"])
            run = evaluating.evaluate(
                year=options["year"],
                version=version,
                place=options["place"],
                engine=options["engine"],
                scheduler=options["scheduler"],
                as_of=options["as_of"],
            )
        except Refused as refused:
            raise CommandError(refused.sentence, returncode=2) from refused
        self.stdout.write(
            json.dumps(_document(run), ensure_ascii=False, indent=2) if options["format"] == "json" else _text(run)
        )


def _document(run: Run) -> dict[str, Any]:
    return {
        "run": run.pk,
        "year": run.year,
        "scheme": run.version.scheme.code,
        "engine": run.engine,
        "enterprises": run.enterprises,
        "plots": run.plots,
        "classes": {grade: count for grade, count in run.counts.items() if grade},
        "digest": run.digest,
        "seconds": run.seconds,
        "scheme_version": run.version.number,
        "trial": run.version.state != VersionState.APPROVED,
    }


def _text(run: Run) -> str:
    classes = "，".join(f"{grade} 类 {count} 家" for grade, count in run.counts.items() if grade in RANKED)
    lines = [
        f"{run.year} 年第 {run.number} 次评价，办法 {run.version}。",
        f"参评企业 {run.enterprises} 家，宗地 {run.plots} 宗。",
        f"{classes}；不定等级 {run.counts['N']} 家，不在评价范围 {run.counts['']} 家。",
        f"结果摘要 {run.digest}，用时 {run.seconds} 秒。",
    ]
    if run.version.state != VersionState.APPROVED:
        lines.append("所用办法尚未批准，结果只供试算，不能公示。")
    return "\n".join(lines)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}”不是时间；请写成 2026-03-31T12:00 的样子。", returncode=2) from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
