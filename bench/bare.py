"""An empty view: the application's own tile statements, with no session, no permission and no middleware.

Served by the same gunicorn as the application. The statements were bound by the application for one reader, the
permission filter included, and are read from the file named by ``BENCH_STATEMENTS``.
"""

import json
import os
from pathlib import Path

import django
from django.conf import settings

if not settings.configured:
    from config import settings as project

    settings.configure(
        **{
            name: getattr(project, name) for name in ("DATABASES", "SECRET_KEY", "ALLOWED_HOSTS", "USE_TZ", "TIME_ZONE")
        },
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[],
        INSTALLED_APPS=["django.contrib.gis"],
    )
    django.setup()

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
