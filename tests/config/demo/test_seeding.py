"""seed_demo against the database: the same bytes, all or nothing, never beside real data."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.utils import timezone

from config.demo import firms, seeding
from config.demo.accounts import Password, usernames
from config.demo.uscc import check_digit
from core.accounts.models import User
from core.mapedit.models import Layer, Publication
from core.policy.models import Jurisdiction
from efficiency.returns.figures import FIGURES
from efficiency.returns.models import LandOfYear, PlotFigure, YearlyReturn
from landuse.plots.models import Occupation, Plot, PlotVersion
from landuse.redline.models import Tract, TractVersion
from parks.enterprises.models import Enterprise, EnterpriseMember, Industry
from parks.programmes.models import Membership, Programme
from parks.zones.models import Zone, ZoneVersion

pytestmark = pytest.mark.django_db

TABLES: list[type[models.Model]] = [
    Publication, Zone, ZoneVersion, Tract, TractVersion, Plot, PlotVersion,
    Industry, Enterprise, EnterpriseMember, Occupation, YearlyReturn, PlotFigure, LandOfYear,
    Programme, Membership,
]  # fmt: skip

# Loaded from the fixtures of every installation, too.
KEPT = (Industry, Programme)


def seed(number: int = 1, plots: int = 600) -> seeding.Seeded:
    """The city without its cases, whose days are counted back from today; see test_cases."""
    return seeding.seed_demo(
        seed=number,
        plots=plots,
        years=2,
        password=Password("test-only", generated=False),
        say=lambda _: None,
        with_cases=False,
    )


def digest() -> str:
    """Every row of every table of the demo, in key order, as PostgreSQL prints it."""
    whole = hashlib.sha256()
    with connection.cursor() as cursor:
        for model in TABLES:
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY {key})) FROM {table} t")
            whole.update(str(cursor.fetchone()[0]).encode())
    return whole.hexdigest()


def seeded_digest(number: int) -> str:
    """The digest of a city that is seeded and rolled back again."""
    with transaction.atomic():
        seed(number)
        found = digest()
        transaction.set_rollback(True)
    return found


def test_the_same_seed_fills_every_table_with_the_same_bytes() -> None:
    first = seeded_digest(1)
    assert first == seeded_digest(1)


@pytest.fixture
def demo(db: None) -> seeding.Seeded:
    return seed()


def test_a_seeded_city_holds_together(demo: seeding.Seeded) -> None:
    assert demo.zones == 54
    assert demo.plots == pytest.approx(600, abs=10)
    assert demo.enterprises == pytest.approx(375, abs=60)

    # Demo data says so.
    assert not Enterprise.objects.exclude(name__contains="示例").exists()
    assert not Enterprise.objects.filter(is_demo=False).exists()
    assert not ZoneVersion.objects.exclude(name__contains="示例").exists()
    assert not TractVersion.objects.exclude(name__contains="示例").exists()
    assert not PlotVersion.objects.exclude(location__contains="示例").exists()
    assert not Publication.objects.filter(is_demo=False).exists()

    # Members of programmes, in force and over, of every standing that a list is narrowed by.
    assert Membership.objects.in_force_on().count() > 30
    assert not Membership.objects.filter(is_demo=False).exists()
    assert not Membership.objects.exclude(document_number__startswith="示例").exists()
    assert set(Membership.objects.values_list("standing", flat=True)) >= {"normal", "warned"}

    # Every date since the first publication has 54 zones and the floors kept.
    floors = {"440604": 21, "440605": 190, "440606": 111, "440607": 75, "440608": 53}
    totals = set()
    for on in [*Publication.objects.filter(layer="redline").values_list("effective_on", flat=True)]:
        assert ZoneVersion.objects.in_force_on(on).filter(area_m2__gt=10_000 * 2000 / 3).count() == 54
        rows = TractVersion.objects.in_force_on(on).values_list("district").annotate(models.Sum("area_m2"))
        area = dict(rows.order_by())
        assert all(area[code] > km2 * 1e6 for code, km2 in floors.items())
        totals.add(round(sum(area.values())))
    assert len(totals) >= 5

    # Occupants, figures and accounts.
    assert Occupation.objects.filter(kind="tenant").exists()
    assert PlotFigure.objects.filter(year=2025).count() > 300
    returns = YearlyReturn.objects.filter(year=2025)
    assert returns.filter(rd_cny=None).exists()
    assert returns.filter(emission_kg=None).exists()
    assert returns.filter(status="provisional").exists()
    for row in returns.iterator():
        known = {figure.key for figure in FIGURES if getattr(row, figure.key) is not None}
        assert set(row.sources) == known
    land = LandOfYear.objects.filter(year=2025)
    assert land.filter(zone_code="").exists()
    assert land.exclude(zone_code="").exists()
    # Tenants own nothing, and their floors are converted to less or more than they share of the ground.
    tenants = land.filter(enterprise__occupations__leased_floor_m2__gt=0)
    assert tenants.filter(registered_m2=0).exists()
    assert tenants.exclude(converted_m2=models.F("actual_m2")).exists()
    assert set(usernames()) == set(User.objects.values_list("username", flat=True))
    assert EnterpriseMember.objects.values("enterprise__district").distinct().count() == 5
    assert User.objects.get(username="head.nanhai").display_name == "南海区领导"
    assert User.objects.get(username="head.nanhai").check_password("test-only")


def test_history_knows_that_the_city_came_from_seed_demo(demo: seeding.Seeded) -> None:
    with connection.cursor() as cursor:
        for table in ("plots_plotversionevent", "enterprises_enterpriseevent", "plots_occupationevent"):
            cursor.execute(
                f"SELECT count(*), count(*) FILTER (WHERE c.metadata->>'source' = 'seed_demo')"
                f" FROM {table} e LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id"
            )
            events, ours = cursor.fetchone()
            assert events == ours > 0


def test_seeding_twice_says_so_and_changes_nothing(demo: seeding.Seeded, capsys: pytest.CaptureFixture[str]) -> None:
    before = digest()
    call_command("seed_demo", plots=600)
    assert "已在数据库中" in capsys.readouterr().out
    assert digest() == before


def nothing_seeded() -> bool:
    return not any(model._default_manager.exists() for model in TABLES if model not in KEPT)


def test_a_real_enterprise_keeps_the_demo_city_out() -> None:
    industry = Industry.objects.create(code="C", name="制造业")
    first_17 = "91440605MA4UABCD0"
    Enterprise.objects.create(
        uscc=first_17 + check_digit(first_17), name="某企业", industry=industry, district_id="440605", size="small"
    )
    with pytest.raises(CommandError, match=r"非示例数据（企业）"):
        call_command("seed_demo", plots=600)
    assert Enterprise.objects.count() == 1
    assert not Zone.objects.exists()


def test_a_real_publication_keeps_the_demo_city_out() -> None:
    layer, _created = Layer.objects.get_or_create(name="redline")
    Publication.objects.create(
        layer=layer, number=1, title="正式发布", published_at=timezone.now(), effective_on=dt.date(2022, 4, 1)
    )
    with pytest.raises(CommandError, match="非示例数据"):
        call_command("seed_demo", plots=600)


def test_an_account_of_the_same_name_keeps_the_demo_city_out() -> None:
    User.objects.create(username="auditor", display_name="审计", role="auditor", place_codes=["440600"])
    with pytest.raises(CommandError, match="auditor"):
        call_command("seed_demo", plots=600)
    assert nothing_seeded()


def test_without_boundaries_the_command_says_what_to_run_first() -> None:
    Jurisdiction.objects.filter(code="440605").update(geom=None)
    with pytest.raises(CommandError, match="load_fixtures"):
        call_command("seed_demo", plots=600)


def test_a_failure_halfway_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Iterator[Any]:
        raise ConnectionError("power cut")

    monkeypatch.setattr(firms, "play", broken)
    with pytest.raises(ConnectionError):
        seed()
    assert nothing_seeded()
    assert not User.objects.exists()


@pytest.mark.parametrize("arguments", [{"plots": 3}, {"years": 0}, {"seed": -1}])
def test_senseless_sizes_are_refused_with_a_sentence(arguments: dict[str, int]) -> None:
    with pytest.raises(CommandError, match="--"):
        call_command("seed_demo", **arguments)
