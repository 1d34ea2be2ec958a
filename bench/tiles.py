"""A plot tile through the application against the same statement behind an empty view, in requests a second."""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench import servers
from bench.client import Line, requests_per_second
from bench.rounds import interleaved, median_ratio

READER = "head.nanhai"
ZOOMS = (14, 16)
TILES = 24
ROUNDS = 5
SECONDS = 2.0
LEAST_RATIO = 0.7


def rows(environment: dict[str, str]) -> list[dict[str, Any]]:
    """One row a zoom; the reader is a district head, so that the permission filter takes part."""
    cookie = _signed_in()
    addresses = {zoom: _addresses(zoom) for zoom in ZOOMS}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="muchan-bench-"))
        file = Path(folder) / "statements.json"
        file.write_text(json.dumps(_statements([a for some in addresses.values() for a in some])), encoding="utf-8")
        ours = stack.enter_context(servers.gunicorn("config.wsgi:application", environment))
        bare = stack.enter_context(
            servers.gunicorn("bench.bare:application", environment | {"BENCH_STATEMENTS": str(file)})
        )
        return [_row(zoom, addresses[zoom], ours, bare, cookie) for zoom in ZOOMS]


def _row(zoom: int, addresses: list[str], ours: int, bare: int, cookie: str) -> dict[str, Any]:
    paths = [f"/tiles/plots/{address}.mvt" for address in addresses]
    one, other = Line(ours, cookie), Line(bare, "")
    sizes = []
    for path in paths:
        body = one.get(path)
        if body != other.get(path):
            raise RuntimeError(f"{path}: the application and the empty view drew different tiles")
        sizes.append(len(body))
    one.socket.close(), other.socket.close()
    through, empty = interleaved(
        lambda: requests_per_second(ours, paths, cookie, SECONDS),
        lambda: requests_per_second(bare, paths, "", SECONDS),
        ROUNDS,
    )
    ratio = median_ratio(through, empty)
    return {
        "what": f"plot tile z{zoom}, requests/s",
        "ours": f"{statistics.median(through):,.0f}",
        "bare": f"{statistics.median(empty):,.0f}",
        "ratio": ratio,
        "target": f">= {LEAST_RATIO}",
        "met": ratio >= LEAST_RATIO,
        "raw": {"ours": through, "bare": empty, "tiles": len(paths), "median_bytes": statistics.median(sizes)},
    }


def _signed_in() -> str:
    """A session of READER, made as signing in makes it; the Cookie header that carries it."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    from core.accounts.models import User

    user = User.objects.get(username=READER)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"Cookie: {settings.SESSION_COOKIE_NAME}={session.session_key}\r\n"


def _addresses(zoom: int) -> list[str]:
    """TILES tiles that hold plots of the reader, spread over the district, the same every time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """WITH tile AS (
                SELECT DISTINCT
                    floor((ST_XMin(geom_3857) + 20037508.342789244) / size)::int AS x,
                    floor((20037508.342789244 - ST_YMax(geom_3857)) / size)::int AS y
                FROM plots_plotversion, (SELECT 2 * 20037508.342789244 / (1 << %s) AS size) s
                WHERE district_id = '440605' AND valid_to IS NULL
            ) SELECT format('%%s/%%s/%%s', %s::int, x, y) FROM tile ORDER BY md5(x || '/' || y) LIMIT %s""",
            [zoom, zoom, TILES],
        )
        return [address for (address,) in cursor.fetchall()]


def _statements(addresses: list[str]) -> dict[str, str]:
    """The statement the application itself runs for every tile, permission filter included, bound for READER.

    Caught on its way to the database, so that it stays the application's own whatever the view becomes.
    """
    from django.db import connection
    from django.test import RequestFactory

    from core.accounts.models import User
    from core.web.tiles import tile

    user, requests = User.objects.get(username=READER), RequestFactory()
    bound: dict[str, str] = {}
    for address in addresses:
        caught: list[tuple[str, Any]] = []

        def catch(execute: Any, sql: str, params: Any, many: bool, context: Any, into: Any = caught) -> Any:
            into.append((sql, params))
            return execute(sql, params, many, context)

        request = requests.get(f"/tiles/plots/{address}.mvt")
        request.user = user
        with connection.execute_wrapper(catch):
            tile(request, "plots", *address.split("/"))
        drawing = [(sql, params) for sql, params in caught if "ST_AsMVT(" in sql]
        if len(drawing) != 1:
            raise RuntimeError(f"{address}: {len(drawing)} statements draw the tile, not one")
        with connection.cursor() as cursor:
            bound[address] = cursor.mogrify(*drawing[0]).decode()
    return bound
