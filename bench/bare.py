"""An empty view: the application's own tile statements, with no session read, no reader and no permission asked.

Served by the same gunicorn behind the same middleware as the application, so that what differs is the application's
own work. The statements were bound by the application for one reader, the permission filter included, and are read
from the file named by ``BENCH_STATEMENTS``. ``BENCH_MIDDLEWARE=0`` takes the middleware away too.
"""

# ruff: noqa: E402 (settings are chosen before anything reads them)
import json
import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

settings.ROOT_URLCONF = __name__
if os.environ.get("BENCH_MIDDLEWARE") == "0":
    settings.MIDDLEWARE = []

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

STATEMENTS = json.loads(Path(os.environ["BENCH_STATEMENTS"]).read_text(encoding="utf-8"))


def tile(request: HttpRequest, z: int, x: int, y: int) -> HttpResponse:
    """Run the statement of one tile and answer what it draws."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS[f"{z}/{x}/{y}"])
        # The tile is the last column; the application reads the layer's revision in the same statement.
        body = bytes(cursor.fetchone()[-1])
    headers = {"Content-Length": str(len(body))}
    return HttpResponse(body, content_type="application/vnd.mapbox-vector-tile", headers=headers)


urlpatterns = [path("tiles/plots/<int:z>/<int:x>/<int:y>.mvt", tile)]
application = get_wsgi_application()
