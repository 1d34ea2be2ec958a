"""``python -m bench [--plots N …] [--keep]``: one child process a size, a table, and bench/results.json.

``PLOTS=40000 make bench`` (or ``--plots 40000``) measures the small size alone. A size already measured stays in
results.json until it is measured again, so that the large one can be run separately. Exit 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
SIZES = (40_000, 1_000_000)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked = [int(size) for size in os.environ.get("PLOTS", "").replace(",", " ").split()]
    parser.add_argument("--plots", type=int, nargs="+", default=asked or list(SIZES), metavar="N")
    parser.add_argument("--keep", action="store_true", help="keep the databases and use those that are there")
    options = parser.parse_args()

    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {"sizes": {}}
    for plots in options.plots:
        print(f"Measuring {plots:,} plots", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "bench.size", str(plots), *(["--keep"] if options.keep else [])]
        # A process a size: Django holds one database address for its whole life.
        measured = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results["sizes"][str(plots)] = json.loads(measured.stdout)
        results |= {"measured_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "cores": os.cpu_count()}
        RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    sizes = [results["sizes"][str(plots)] for plots in options.plots]
    print(table(sizes))
    return 0 if all(row["met"] is not False for size in sizes for row in size["rows"]) else 1


def table(sizes: list[dict[str, Any]]) -> str:
    """Rows of all sizes: what, ours, compared with, ratio or figure, target, verdict."""
    lines = [("plots", "measured", "ours", "bare", "ratio", "target", "")]
    for size in sizes:
        for row in size["rows"]:
            verdict = {True: "met", False: "MISSED", None: ""}[row["met"]]
            ratio = f"{row['ratio']:.3f}" if row.get("ratio") is not None else ""
            lines.append((f"{size['plots']:,}", row["what"], row["ours"], row["bare"], ratio, row["target"], verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
