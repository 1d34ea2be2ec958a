"""Map editing: a live check, a publication and an import, each beside the least any program would have to do."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg2
import shapely

from bench import database
from bench.database import CHECKOUT
from bench.rounds import interleaved, median_ratio, seconds_of

ROUNDS = 21
MOST_LIVE, MOST_PUBLISH, MOST_IMPORT = 4.0, 3.0, 2.5
PROMISED_FROM = 500_000
"""Plots from which on a publication and an import keep to theirs: with fewer, what does not grow weighs most."""
EDITED = 60
"""Plots that are edited in turn, spread over the layer, so that no single place decides."""


def rows(url: str, plots: int) -> list[dict[str, Any]]:
    """The rows of the table."""
    changes = _edited_plots()
    measured = [_live_check(changes), _publication(changes, url), _import(plots)]
    return [
        measured[0],
        *(row if plots >= PROMISED_FROM else row | {"target": "", "met": None} for row in measured[1:]),
    ]


def _edited_plots() -> list[Any]:
    """Drafts of one changed plot each: a corner drawn in by a fifth of the way to the centre."""
    from django.contrib.gis.geos import GEOSGeometry
    from django.core.serializers.json import DjangoJSONEncoder

    from core.accounts.models import User
    from core.mapedit import layers
    from core.mapedit.models import Change, ChangeSet, Layer
    from landuse.plots.models import PlotVersion

    names = layers.editable("plots").columns()
    author = User.objects.get(username="planner.city")
    held = PlotVersion.objects.filter(valid_to__isnull=True).order_by("plot_id")
    step = max(held.count() // EDITED, 1)
    changes = []
    for plot in held[: step * EDITED : step]:
        parts = [list(polygon.exterior.coords) for polygon in shapely.from_wkb(bytes(plot.geom.wkb)).geoms]
        centre = plot.geom.centroid
        (lon, lat), *others = parts[0][:-1]
        ring = [(lon + 0.2 * (centre.x - lon), lat + 0.2 * (centre.y - lat)), *others]
        drawn = shapely.MultiPolygon([shapely.Polygon(ring), *map(shapely.Polygon, parts[1:])])
        if not drawn.is_valid:
            continue
        attributes = json.loads(json.dumps({name: getattr(plot, name) for name in names}, cls=DjangoJSONEncoder))
        attributes["registered_area_m2"] = None
        change_set = ChangeSet.objects.create(
            layer=Layer.objects.get(name="plots"), title="性能测量", author=author, place_codes=[plot.district_id]
        )
        changes.append(
            Change.objects.create(
                change_set=change_set,
                feature=plot.plot_id,
                action="modify",
                operation="reshape",
                geom=GEOSGeometry(memoryview(shapely.to_wkb(drawn)), srid=4490),
                attributes=attributes,
                base_version=plot.pk,
            )
        )
    return changes


def _live_check(changes: list[Any]) -> dict[str, Any]:
    """Both as the service runs them, through Django on its open connection."""
    from django.utils import timezone

    from core.mapedit import checks
    from landuse.plots.models import PlotVersion

    on = timezone.localdate()

    def ours() -> float:
        return seconds_of(lambda: [checks.check_change(change, on=on) for change in changes]) / len(changes)

    def neighbours() -> None:
        for change in changes:
            around = PlotVersion.objects.filter(valid_to__isnull=True, geom__intersects=change.geom)
            list(around.values_list("plot_id", "geom"))

    measured, bare = interleaved(ours, lambda: seconds_of(neighbours) / len(changes), ROUNDS)
    return _row("live check of one plot, ms", measured, bare, MOST_LIVE)


def _publication(changes: list[Any], url: str) -> dict[str, Any]:
    """One-feature change sets published in turn, each the service's way and the next by hand."""
    from django.db import connection as django_connection

    from core.accounts.models import User
    from core.mapedit.services.publishing import publish

    reviewer = User.objects.get(username="reviewer.city")
    ready = iter([change for change in changes if _approved(change, reviewer)])
    by_hand = psycopg2.connect(url)

    def ours() -> float:
        change = next(ready)
        seconds = seconds_of(lambda: publish(change_set_id=change.change_set_id, by=reviewer))
        assert not django_connection.in_atomic_block
        return seconds

    def bare() -> float:
        change = next(ready)
        return seconds_of(lambda: _publish_by_hand(by_hand, change, reviewer.pk))

    try:
        measured, plain = interleaved(ours, bare, min(ROUNDS, len(changes) // 2 - 2))
    finally:
        by_hand.close()
    return _row("publishing one plot, ms", measured, plain, MOST_PUBLISH)


def _approved(change: Any, reviewer: Any) -> bool:
    """Take a draft through its review, without the pages; False when it has errors and would not be published."""
    from django.utils import timezone

    from core.mapedit import checks

    change_set = change.change_set
    if any(finding.is_error for finding in checks.check_change_set(change_set, on=timezone.localdate())):
        return False
    for move in ("pass_checks", "submit", "ask_opinions", "give_notice", "approve"):
        getattr(change_set, move)()
        if move == "approve":
            change_set.approved_by, change_set.approved_at = reviewer, timezone.now()
        change_set.save()
    return True


def _publish_by_hand(connection: Any, change: Any, reviewer: int) -> None:
    """What any program has to write: the publication, the old version's end, the new version, the set's state."""
    from core.mapedit import layers

    layer = layers.editable("plots")
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT max(number) FROM mapedit_publication WHERE layer_id = 'plots'")
        cursor.execute(
            """
            INSERT INTO mapedit_publication (layer_id, number, title, reason, document_number, published_by_id,
                published_at, effective_on, is_demo)
            VALUES ('plots', %s, '性能测量', '', '', %s, now(), current_date, false) RETURNING id
            """,
            [cursor.fetchone()[0] + 1, reviewer],
        )
        (publication,) = cursor.fetchone()
        cursor.execute("UPDATE plots_plotversion SET valid_to = current_date WHERE id = %s", [change.base_version])
        cursor.execute(
            f"""
            INSERT INTO plots_plotversion (plot_id, geom, valid_from, publication_id, {", ".join(layer.columns())})
            SELECT c.feature, c.geom, current_date, %s, {", ".join(f"r.{name}" for name in layer.columns())}
            FROM mapedit_change c CROSS JOIN LATERAL jsonb_to_record(c.attributes) AS r ({layer.record_sql()})
            WHERE c.id = %s
            """,
            [publication, change.pk],
        )
        cursor.execute(
            "UPDATE mapedit_changeset SET state = 'published', publication_id = %s WHERE id = %s",
            [publication, change.change_set_id],
        )


_SMALL_PARENT = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""
"""A process counts the memory of the one it was forked from as its own peak: the import gets a small parent."""


def _import(plots: int) -> dict[str, Any]:
    """``import_layer plots`` of every plot as a new one, with all checks, beside ogr2ogr loading the file with none.

    Both load into a database that has places, rules and a planner, and no plots.
    """
    with tempfile.TemporaryDirectory() as folder, database.without_land(plots) as name:
        file = Path(folder) / "plots.gpkg"
        subprocess.run([*_manage("export_layer"), "plots", str(file)], check=True, cwd=CHECKOUT, stdout=sys.stderr)
        began = time.perf_counter()
        options = ["-nln", "bench_import", "-overwrite", "-nlt", "MULTIPOLYGON", "--config", "PG_USE_COPY", "YES"]
        load = ["ogr2ogr", "-f", "PostgreSQL", _ogr_address(database.url_of(name)), str(file), *options]
        subprocess.run(load, check=True, stdout=sys.stderr)
        bare = time.perf_counter() - began
        command = [*_manage("import_layer"), "plots", str(file), "--accept-valid", "--format", "json"]
        began = time.perf_counter()
        run = [sys.executable, "-c", _SMALL_PARENT, *command]
        done = subprocess.run(run, cwd=CHECKOUT, env=database.environment_of(name), capture_output=True, check=False)
        ours = time.perf_counter() - began
        document = json.loads(done.stdout)
        assert document["new"] + document["refused"] == document["read"], "every plot must be checked as a new one"
    peak_mb = int(done.stderr.split()[-1]) / 1024
    row = _row(f"import of {document['read']:,} plots, seconds (peak {peak_mb:,.0f} MB)", [ours], [bare], MOST_IMPORT)
    return row | {
        "ours": f"{ours:.1f}",
        "bare": f"{bare:.1f}",
        "raw": row["raw"] | {"peak_mb": peak_mb, **{key: document[key] for key in ("new", "refused")}},
    }


def _manage(command: str) -> list[str]:
    return [sys.executable, str(CHECKOUT / "manage.py"), command]


def _ogr_address(url: str) -> str:
    """The database address as GDAL wants it."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    fields = {
        "dbname": parts.path.lstrip("/"),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": query.get("host") or parts.hostname or "",
        "port": query.get("port") or str(parts.port or ""),
    }
    return "PG:" + " ".join(f"{key}='{value}'" for key, value in fields.items() if value)


def _row(what: str, ours: list[float], bare: list[float], most: float) -> dict[str, Any]:
    ratio = median_ratio(ours, bare)
    return {
        "what": what,
        "ours": f"{statistics.median(ours) * 1000:.2f}",
        "bare": f"{statistics.median(bare) * 1000:.2f}",
        "ratio": ratio,
        "target": f"<= {most:g}",
        "met": ratio <= most,
        "raw": {"ours": ours, "bare": bare},
    }
