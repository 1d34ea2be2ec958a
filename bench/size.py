"""``python -m bench.size PLOTS [--keep]``: all rows of one size; prints one JSON document."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from bench import database

#: The demo city of the newcomer must stand within this (seconds); a province has no promise yet.
SEED_SECONDS = {40_000: 120}


def main(plots: int, *, keep: bool) -> dict[str, Any]:
    """Measure one size in its own database."""
    name = database.name_of(plots)
    measured: list[dict[str, Any]] = []
    try:
        if not (keep and database.exists(name)):
            seconds = database.create(plots)
            limit = SEED_SECONDS.get(plots)
            measured.append(
                {
                    "what": "seed_demo, seconds",
                    "ours": f"{seconds:.1f}",
                    "bare": "",
                    "ratio": None,
                    "target": f"<= {limit}" if limit else "",
                    "met": seconds <= limit if limit else None,
                    "raw": {"seconds": seconds},
                }
            )
        environment = database.environment_of(name)
        os.environ |= environment
        import django

        django.setup()
        from bench import compliance, evaluation, mapedit, returns, tiles

        measured.append(compliance.row(environment["DATABASE_URL"]))
        measured += tiles.rows(environment)
        measured += evaluation.rows(environment["DATABASE_URL"], plots)
        measured += returns.rows(environment, plots)
        # Last: it publishes.
        measured += mapedit.rows(environment["DATABASE_URL"], plots)
        from django.db import connection

        connection.close()
    finally:
        if not keep:
            database.drop(name)
    return {"plots": plots, "rows": measured}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), keep="--keep" in sys.argv[2:]), ensure_ascii=False))
