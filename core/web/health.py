"""/healthz: this process answers.  /readyz: database, migrations and worker are ready to serve people."""

from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.geodata.server import shortcomings
from core.jobs.models import WorkerHeartbeat


@lru_cache(maxsize=1)
def _latest_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of the last migration of every app, from the files; they do not change while the process lives."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _database() -> str:
    return " ".join(shortcomings())


def _migrations() -> str:
    missing = _latest_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    names = ", ".join(sorted(f"{app}.{name}" for app, name in missing))
    return _("数据库结构未更新：%(names)s；请运行 manage.py migrate。") % {"names": names} if missing else ""


def _worker() -> str:
    return "" if WorkerHeartbeat.objects.alive().exists() else _("没有后台进程在运行；请运行 manage.py worker。")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 whenever the process can answer at all; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all parts are ready, else 503; {"ready": bool, "parts": {part: "ok" or what is wrong}}.

    Open to everybody, so it names parts and migrations but no address, host or account.
    """
    parts = {}
    for name, examine in (("database", _database), ("migrations", _migrations), ("worker", _worker)):
        try:
            parts[name] = examine() or "ok"
        except DatabaseError:
            # The reason holds the server's address; it is in the database's own log.
            parts[name] = "the database does not answer" if name == "database" else "unknown"
    ready = all(answer == "ok" for answer in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
