"""``manage.py load_fixtures``: places, documents, parameters and what other packages keep in the fixtures folder."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from core.policy.fixture_files import FixtureError
from core.policy.loading import load_all, sources


class Command(BaseCommand):
    """Load the fixtures; exit 1 with one sentence, nothing written, when a file will not do."""

    help = "写入行政区划、政策文件、政策参数和其他随产品提供的数据；可重复执行，全部写入或全不写入。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--folder",
            type=Path,
            default=settings.BASE_DIR / "fixtures",
            help="数据文件所在目录，默认为项目的 fixtures。",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        labels = {
            "jurisdictions": _("行政区划"),
            "documents": _("政策文件"),
            "parameters": _("政策参数"),
            **{source.name: str(source.title) for source in sources()},
        }
        try:
            counts = load_all(folder=options["folder"])
        except FixtureError as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            for name, count in counts.items():
                self.stdout.write(
                    _("%(name)s：新增 %(created)d，更新 %(updated)d，未变 %(unchanged)d")
                    % {
                        "name": labels[name],
                        "created": count.created,
                        "updated": count.updated,
                        "unchanged": count.unchanged,
                    }
                )
