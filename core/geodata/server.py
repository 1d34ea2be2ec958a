"""Whether the database server can carry the project: PostgreSQL 15, PostGIS 3.3 and btree_gist."""

from typing import Any

from django.core.checks import Error, Tags, register
from django.db import connections
from django.utils.translation import gettext as _

POSTGRESQL_MINIMUM = 15
POSTGIS_MINIMUM = (3, 3)


def shortcomings(alias: str = "default") -> list[str]:
    """What the server behind connection `alias` lacks, one sentence each that says what to do; [] when nothing.

    An extension that is available but not yet created in this database counts as present: the first migration
    creates it.  Raises django.db.OperationalError when the server does not answer.
    """
    with connections[alias].cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int / 10000")
        (major,) = cursor.fetchone()
        cursor.execute(
            "select name, coalesce(installed_version, default_version) from pg_available_extensions"
            " where name in ('postgis', 'btree_gist')"
        )
        versions: dict[str, str] = dict(cursor.fetchall())
    found = []
    if major < POSTGRESQL_MINIMUM:
        found.append(
            _("数据库是 PostgreSQL %(major)s，需要 %(minimum)s 或更高版本：请升级，或将 DATABASE_URL 指向新版服务器。")
            % {"major": major, "minimum": POSTGRESQL_MINIMUM}
        )
    if "postgis" not in versions:
        found.append(
            _("数据库服务器没有 PostGIS：请在服务器上安装（Debian：apt-get install postgresql-%(major)s-postgis-3）。")
            % {"major": major}
        )
    elif _version(versions["postgis"]) < POSTGIS_MINIMUM:
        found.append(
            _("PostGIS 版本为 %(version)s，需要 3.3 或更高版本：请升级后执行 alter extension postgis update。")
            % {"version": versions["postgis"]}
        )
    if "btree_gist" not in versions:
        found.append(_("数据库服务器没有 btree_gist 扩展：请安装 PostgreSQL 的 contrib 扩展包。"))
    return found


def _version(text: str) -> tuple[int, int]:
    """(major, minor) of a version such as 3.3.2 or 3.4.0dev."""
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


@register(Tags.database)
def check_server(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[Error]:
    """Django system check, run by `migrate` and by `check --database default`."""
    return [Error(sentence, id="geodata.E001") for alias in databases or [] for sentence in shortcomings(alias)]
