"""A small city over two evaluated years: a good firm, one that fell, one in class D, and one in another district."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from efficiency.evaluation.models import GroupScore, PlotScore, Run
from efficiency.returns.models import PlotFigure
from landuse.plots.models import PlotVersion
from parks.enterprises.models import Enterprise, Industry
from tests import places
from tests.efficiency.flags import ground

YEAR = 2024
MU_10 = ground.MU_10
GRADES = {"good": ("A", "A"), "fallen": ("A", "B"), "low": ("D", "D"), "away": ("B", "C")}
TOTALS = {"good": (110.0, 120.0), "fallen": (100.0, 70.0), "low": (21.0, 20.0), "away": (80.0, 60.0)}
"""By firm its result in the year before and in the year."""


@dataclass(frozen=True)
class World:
    """Firms by what they are, their plots, and the runs of both years."""

    firms: dict[str, Enterprise]
    plots: dict[str, PlotVersion]
    run: Run
    before: Run | None


def world(*, years: int = 2, state: str = "final") -> World:
    """The city with the results of one or two years."""
    section = Industry.objects.get_or_create(code="C", defaults={"name": "制造业"})[0]
    division = Industry.objects.get_or_create(code="33", defaults={"name": "金属制品业"})[0]
    Industry.objects.filter(code="33").update(parent=section)
    Industry.objects.get_or_create(code="331", defaults={"name": "结构性金属制品制造", "parent": division})
    plots, firms = {}, {}
    for number, name in enumerate(GRADES, start=1):
        district = places.SANSHUI if name == "away" else places.NANHAI
        plots[name] = places.plot(number, district=district)
        firms[name] = ground.firm(number, on_plot=plots[name], district=district)
        for year in (YEAR - 1, YEAR):
            ground.filed(
                firms[name], year, tax_cny=Decimal(1_000_000 * number), output_cny=Decimal(20_000_000 * number)
            )
            ground.land(firms[name], year)
            PlotFigure.objects.create(
                plot_id=plots[name].plot_id, year=year, area_m2=MU_10, tax_cny=1_000_000 * number,
                output_cny=20_000_000 * number, tax_cny_per_mu=100_000.0 * number,
                output_cny_per_mu=2_000_000.0 * number,
            )  # fmt: skip
    before = _evaluated(YEAR - 1, 0, firms, plots, "final") if years == 2 else None
    return World(firms, plots, _evaluated(YEAR, 1, firms, plots, state), before)


def _evaluated(year: int, which: int, firms: dict[str, Enterprise], plots: dict[str, PlotVersion], state: str) -> Run:
    run = ground.run(year, state)
    for name, firm in firms.items():
        grade, total = GRADES[name][which], TOTALS[name][which]
        ground.score(run, firm, grade, total=total, zone_code="FS-NH-01")
        PlotScore.objects.create(
            run=run, plot_id=plots[name].plot_id, area_m2=MU_10, enterprises=1, rated=1, total=total, grade=grade
        )
    for kind, code, tax in (
        ("industry", "C", 2),
        ("industry", "33", 2),
        ("industry", "331", 2),
        ("zone", "FS-NH-01", 2),
    ):
        GroupScore.objects.create(
            run=run, kind=kind, code=code, enterprises=4, rated=4, grades={"A": 1, "D": 1}, land_m2=4 * MU_10,
            tax_cny=tax * 1_000_000 * (which + 1), output_cny=80_000_000, mean_total=70.0 + which,
            total_quartiles=[20.0, 60.0, 100.0], tax_quartiles=[50_000.0, 100_000.0, 200_000.0],
        )  # fmt: skip
    return ground.seal(run)
