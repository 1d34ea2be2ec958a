#!/usr/bin/env python3
"""Django's command line, with one plain sentence where the set-up is at fault."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import CommandError, execute_from_command_line
        from django.db import OperationalError, ProgrammingError
    except ImportError as error:
        sys.exit(f"manage.py: {error}; run 'make run' once, then use .venv/bin/python manage.py.")
    try:
        # Django keeps a settings error back until a command needs them, and then blames the command.
        _ = settings.INSTALLED_APPS
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"manage.py: {error}")
    except CommandError as error:
        # Said of an argument while the line was read, before Django listens for it.
        if "--traceback" in sys.argv:
            raise
        sys.stderr.write(f"CommandError: {error}\n")
        sys.exit(error.returncode)
    except OperationalError as error:
        # No SQLSTATE means that libpq never got an answer: the server is down or the address is wrong.
        if "--traceback" in sys.argv or getattr(error.__cause__, "pgcode", None):
            raise
        reason = " ".join(str(error).split())
        sys.exit(f"manage.py: the database does not answer ({reason}); start it with 'make run' or check DATABASE_URL.")
    except ProgrammingError as error:
        # A table or column that is not there is a fault of ours unless the database is behind the code.
        missing = getattr(error.__cause__, "pgcode", "") in {"42P01", "42703"} and _migrations_are_missing()
        if "--traceback" in sys.argv or not missing:
            raise
        sys.exit("manage.py: the database is empty or behind this code; run 'make run', or manage.py migrate.")


def _migrations_are_missing() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


if __name__ == "__main__":
    main()
