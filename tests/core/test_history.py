"""Every write to every table of ours is in history: ORM, raw SQL and COPY, with its user."""

import io

import pghistory
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from pghistory.models import Context

from core.accounts.models import Role
from core.history.models import Insertion
from core.mapedit.models import Change, ChangeEvent
from efficiency.returns.models import YearlyReturn
from landuse.plots.models import Plot, PlotEvent, PlotVersionEvent
from parks.zones.models import ZoneVersion, ZoneVersionEvent
from tests.places import NANHAI, account, draft, enterprise, plot, square, zone

pytestmark = pytest.mark.django_db

OURS = {"core", "parks", "landuse", "efficiency"}
"""Packages; nobody has to remember to name a new app here."""
COUNTERS = {"mapedit.Layer"}
"""Tables that only count the writes which are themselves in history."""
TRANSIENT = {"mapedit.Presence", "redline.AreaChange"}
"""Rows that live for a minute or a transaction and say nothing afterwards."""
BY_THE_MILLION = {"mapedit.Change", "returns.YearlyReturn"}
"""Rows of an import: each is followed from its first change on, each statement that adds some leaves one record."""
APPEND_ONLY = {
    "evaluation.Score", "evaluation.PlotScore", "evaluation.GroupScore", "agreements.Check", "casework.TimelineEntry",
    "history.Insertion",
}  # fmt: skip
"""Rows that are never changed: they are their own history, and say when they were written."""


def test_every_model_of_ours_is_tracked_for_insert_update_and_delete():
    untracked = []
    for model in apps.get_models():
        package = model.__module__.partition(".")[0]
        if package not in OURS or hasattr(model, "pgh_tracked_model") or model._meta.proxy:
            continue
        if model._meta.label in COUNTERS | TRANSIENT:
            continue
        if model._meta.label in APPEND_ONLY:
            assert "append_only" in {trigger.name for trigger in model._meta.triggers}
            continue
        names = {trigger.name for trigger in getattr(model._meta, "triggers", [])}
        wanted = {"update_update", "delete_delete"}
        wanted.add("insertion" if model._meta.label in BY_THE_MILLION else "insert_insert")
        if not wanted <= names:
            untracked.append(model._meta.label)
    assert untracked == []


def test_raw_sql_is_recorded():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO plots_plot (code) VALUES (%s)", [f"{NANHAI}001001GB09999"])
    assert PlotEvent.objects.get(pgh_label="insert").code.endswith("09999")


def test_copy_is_recorded_row_by_row():
    codes = "".join(f"{NANHAI}001001GB{n:05d}\n" for n in range(500))
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert("COPY plots_plot (code) FROM STDIN", io.StringIO(codes))
    assert PlotEvent.objects.filter(pgh_label="insert").count() == 500


@pytest.mark.parametrize("by_copy", [False, True])
def test_a_statement_that_adds_many_returns_is_recorded_once_with_its_user(by_copy):
    user = account(Role.MONITOR, NANHAI)
    firms = [enterprise(number).pk for number in (1, 2, 3)]
    with pghistory.context(user=user.pk), transaction.atomic(), connection.cursor() as cursor:
        if by_copy:
            # A statement first: it carries the context into the transaction.
            cursor.execute("SELECT 1")
            lines = "".join(f"{firm}\t2025\t7\t\t2026-01-01\n" for firm in firms)
            columns = "enterprise_id, year, tax_cny, source, valid_from"
            cursor.cursor.copy_expert(f"COPY returns_yearlyreturn ({columns}) FROM STDIN", io.StringIO(lines))
        else:
            cursor.execute(
                "INSERT INTO returns_yearlyreturn (enterprise_id, year, tax_cny, source, valid_from)"
                " SELECT unnest(%s), 2025, 7, '', '2026-01-01'",
                [firms],
            )
    found = Insertion.objects.get()
    keys = YearlyReturn.objects.order_by("pk").values_list("pk", flat=True)
    assert (found.table_name, found.rows) == ("returns_yearlyreturn", 3)
    assert (found.first_key, found.last_key) == (keys[0], keys[2])
    assert found.pgh_context.metadata["user"] == user.pk
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        Insertion.objects.all().delete()


def test_closing_a_version_records_the_change_and_its_user():
    user = account(Role.PLANNER, NANHAI)
    version = zone("Z-1", square(113.0, 23.05, 0.03))
    with pghistory.context(user=user.pk, url="/zones/"), transaction.atomic():
        ZoneVersion.objects.filter(pk=version.pk).update(valid_to="2026-01-01")
    event = ZoneVersionEvent.objects.get(pgh_label="update")
    assert str(event.valid_to) == "2026-01-01"
    assert Context.objects.get(pk=event.pgh_context_id).metadata["user"] == user.pk


def test_a_deletion_keeps_the_row_as_it_was():
    version = plot(1)
    geom = version.geom
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM plots_plotversion WHERE id = %s", [version.pk])
    assert PlotVersionEvent.objects.get(pgh_label="delete").geom.equals_exact(geom)


@pytest.mark.parametrize("statement", ["UPDATE plots_plotevent SET code = 'x'", "DELETE FROM plots_plotevent"])
def test_history_itself_cannot_be_changed(statement):
    Plot.objects.create(code=f"{NANHAI}001001GB00001")
    with pytest.raises(DatabaseError, match="(?i)cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["plots_plot", "plots_plotversionevent", "policy_parameter"])
def test_a_table_cannot_be_emptied_without_a_trace(table):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL muchan.truncate = ''")
        with pytest.raises(DatabaseError, match="不可整表清空"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")


def test_a_corrected_draft_keeps_the_row_as_it_was_before():
    change_set = draft("zones")
    change = Change.objects.create(
        change_set=change_set, feature="Z-9", action="add", operation="draw", geom=square(113.0, 23.05), attributes={}
    )
    assert not ChangeEvent.objects.exists()
    Change.objects.filter(pk=change.pk).update(attributes={"name": "示例"}, revision=2)
    event = ChangeEvent.objects.get()
    assert (event.pgh_label, event.attributes, event.revision) == ("update", {}, 1)
