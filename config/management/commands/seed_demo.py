"""The demo city: invented zones, red line, plots, enterprises and returns on real boundaries."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from config.demo.accounts import choose_password
from config.demo.seeding import AlreadySeeded, SeedRefused, seed_demo

DEFAULT_PLOTS = 40_000
DEFAULT_YEARS = 5
DEFAULT_SEED = 1


class Command(BaseCommand):
    """Thin: reads arguments, calls ``config.demo.seeding.seed_demo``, prints."""

    help = "装入示例城市（全部为虚构数据，名称带“示例”）。同一 --seed 得到完全相同的数据；办件的日期从装入当日倒推。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--plots", type=int, default=DEFAULT_PLOTS, help="宗地数，默认 40000")
        parser.add_argument("--years", type=int, default=DEFAULT_YEARS, help="报表年数（至 2025 年），默认 5")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="随机种子，默认 1")
        parser.add_argument("--no-cases", action="store_true", help="不装入示例办件、用地指标和评价")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 100 <= options["plots"] <= 1_500_000:
            raise CommandError(_("--plots 须在 100 至 1500000 之间。"))
        if not 1 <= options["years"] <= 15:
            raise CommandError(_("--years 须在 1 至 15 之间。"))
        if options["seed"] < 0:
            raise CommandError(_("--seed 不得为负。"))
        password = choose_password()

        def say(message: str) -> None:
            if options["verbosity"]:
                self.stderr.write(message, ending="\n")
                self.stderr.flush()

        try:
            done = seed_demo(
                seed=options["seed"],
                plots=options["plots"],
                years=options["years"],
                password=password,
                say=say,
                with_cases=not options["no_cases"],
            )
        except AlreadySeeded as already:
            if options["verbosity"]:
                self.stdout.write(str(already))
            return
        except SeedRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["verbosity"]:
            self.stdout.write(
                _(
                    "示例城市：集聚区 %(zones)s 个、红线图斑 %(tracts)s 个、宗地 %(plots)s 宗、"
                    "企业 %(enterprises)s 家、年报 %(returns)s 份、办件 %(cases)s 件。"
                )
                % vars(done)
            )
        if password.generated:
            # Said even when quiet: nobody could sign in otherwise.
            self.stdout.write(_("示例账号的口令：%s") % password.text)
