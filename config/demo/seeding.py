"""Puts the demo city into the database: all of it or nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pghistory
import shapely
from django.db import connection, transaction
from django.utils.translation import gettext as _

from config.demo import cases, city, evaluations, layers, members, reports, supervision
from config.demo.accounts import Password, create_accounts, usernames
from config.demo.city import City, Say
from config.demo.copying import restart_ids
from config.demo.firms import load_firms, load_industries
from config.demo.zoning import NoRoom
from core.accounts.models import User
from core.mapedit.models import Publication
from core.policy.models import Jurisdiction
from efficiency.returns.models import LandOfYear, PlotFigure, YearlyReturn
from efficiency.returns.services import refresh_land, refresh_plot_figures
from landuse.plots.models import Occupation, Plot, PlotVersion
from landuse.redline.models import Tract, TractVersion
from parks.enterprises.models import Enterprise, EnterpriseMember, Industry
from parks.programmes.models import Membership, Programme
from parks.zones.models import Zone, ZoneVersion

LAST_YEAR = 2025

# Any number; two seed_demo at once must not both find the database empty.
LOCK = 4_406_000_054


class SeedRefused(Exception):
    """The demo city cannot be put here; the message says why and what to do."""


class AlreadySeeded(Exception):
    """The demo city is here already; nothing was done."""


@dataclass(frozen=True)
class Seeded:
    """How much was put into the database."""

    zones: int
    tracts: int
    plots: int
    enterprises: int
    returns: int
    cases: int = 0


def seed_demo(*, seed: int, plots: int, years: int, password: Password, say: Say, with_cases: bool = True) -> Seeded:
    """Draw the demo city and load it in one transaction; ``with_cases`` leads some cases through it as well.

    Raises SeedRefused when the database holds data that is not the demo city's or lacks
    what the city stands on, AlreadySeeded when the demo city is there.
    """
    started = time.monotonic()

    def timed(message: str) -> None:
        say(f"[{time.monotonic() - started:6.1f} s] {message}")

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        with pghistory.context(source="seed_demo", seed=seed):
            _refuse_unless_free()
            districts = _districts()
            try:
                drawn = city.draw(districts, seed=seed, plots=plots, say=timed)
            except NoRoom as error:
                raise SeedRefused(str(error)) from error
            # Foreign keys are checked with each statement instead of queued by the million.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            restart_ids(
                User, Publication, Occupation, YearlyReturn, PlotFigure, LandOfYear, EnterpriseMember, Membership
            )
            # An ORM write first: it hands the history context to the transaction, which COPY cannot.
            accounts = create_accounts(password)
            played = list(range(LAST_YEAR - years + 1, LAST_YEAR + 1))
            result = _load(drawn, accounts, played, timed)
        _analyze()
        if with_cases:
            # Outside the context above: each act is written in the name of who does it.
            reports.load_reports(seed, accounts)
            evaluations.load_evaluations(seed, played, accounts, timed)
            flags = supervision.load_supervision(seed, played[-1], accounts, timed)
            timed(_("低效预警 %(count)d 条") % {"count": flags})
            result = replace(result, cases=cases.load_cases(seed, accounts))
            timed(_("办件 %(count)d 件") % {"count": result.cases})
    timed(_("示例城市已就绪"))
    return result


def _load(drawn: City, accounts: dict[str, User], years: list[int], say: Say) -> Seeded:
    publisher = accounts["reviewer.city"]
    load_industries()
    towns = layers.town_codes(drawn)
    zones = layers.load_zones(drawn, publisher)
    tracts = layers.load_tracts(drawn, zones, publisher)
    say(_("集聚区与红线已装载"))
    land, codes = layers.load_plots(drawn, towns, years, publisher, say)
    enterprises, returns = load_firms(drawn, land, codes, towns, years, accounts, say)
    say(_("培育计划成员 %(count)d 家") % {"count": members.load_members(drawn.seed)})
    for year in years:
        refresh_plot_figures(year=year)
        refresh_land(year=year)
    say(_("宗地亩均指标与企业用地已计算"))
    return Seeded(len(zones), tracts, len(codes), enterprises, returns)


def _refuse_unless_free() -> None:
    """Raise unless the database holds no land or enterprise data at all."""
    foreign = _("数据库中已有非示例数据（%s），不能装入示例城市。请另用一个空数据库，或先 make reset。")
    if Enterprise.objects.filter(is_demo=False).exists():
        raise SeedRefused(foreign % _("企业"))
    if Publication.objects.filter(is_demo=False).exists():
        raise SeedRefused(foreign % _("图层发布"))
    if Publication.objects.filter(is_demo=True).exists():
        raise AlreadySeeded(_("示例城市已在数据库中，未作任何改动。"))
    if Programme.objects.filter(is_demo=True).exists() or Membership.objects.exists():
        raise SeedRefused(foreign % Membership._meta.verbose_name)
    for model in (Enterprise, Zone, Tract, Plot):
        if model._default_manager.exists():
            raise SeedRefused(foreign % model._meta.verbose_name)
    taken = User.objects.filter(username__in=usernames()).order_by("username")
    if names := list(taken.values_list("username", flat=True)):
        raise SeedRefused(foreign % _("账号 %s") % "、".join(names))


def _districts() -> dict[str, shapely.Geometry]:
    """Boundaries by district code, from the database."""
    wanted = city.district_codes()
    rows = Jurisdiction.objects.filter(code__in=wanted, geom__isnull=False)
    found = {row.code: shapely.from_wkb(bytes(row.geom.wkb)) for row in rows if row.geom}
    if missing := sorted(set(wanted) - set(found)):
        raise SeedRefused(_("缺少各区界线（%s）。请先运行 manage.py load_fixtures。") % "、".join(missing))
    return found


def _analyze() -> None:
    """Fresh statistics, without which the first maps would be slow."""
    models = (
        Zone, ZoneVersion, Tract, TractVersion, Plot, PlotVersion, Occupation, Industry,
        Enterprise, EnterpriseMember, Membership, YearlyReturn, PlotFigure, LandOfYear,
    )  # fmt: skip
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
