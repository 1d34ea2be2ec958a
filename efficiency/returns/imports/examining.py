"""A file of returns against the register and what is believed: every row judged, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.policy import services as policy
from core.policy.models import CITY_CODE
from efficiency.returns.imports import incoming as taking
from efficiency.returns.imports import judging, reading
from efficiency.returns.imports.incoming import Incoming
from efficiency.returns.imports.reading import Reading
from efficiency.returns.imports.remarks import WARNING, Remarks
from efficiency.returns.imports.standing import Register, Standing, register, standing

UNCHANGED, NEW, CHANGED, REFUSED = range(4)
"""What becomes of a row."""

SHOWN_ROWS = 20

BIG_BYTES = 16 << 20
"""From this size on a file takes so long to read that the whole register is asked for meanwhile."""

Progress = Callable[[str, int, int], None]
"""Called with the stage ("read", "check", "write"), what is done of it and its total; it may raise to end the work."""


@dataclass(frozen=True)
class Options:
    """What is said of the file: its year, office and how final; ``places`` (codes) limit whose rows may go in.

    ``units_checked``: figures whose unit looks wrong were verified, and are no errors.
    """

    year: int
    office: str
    status: str
    places: tuple[str, ...] = (CITY_CODE,)
    units_checked: bool = False


@dataclass
class Examined:
    """A file that was examined: rows as they came, how they stand, what is wrong, and what becomes of each."""

    options: Options
    source: Reading
    incoming: Incoming
    held: Standing
    remarks: Remarks
    kind: np.ndarray

    @property
    def counts(self) -> dict[str, int]:
        """Rows read, and how many are new, changed, unchanged and refused."""
        found = np.bincount(self.kind, minlength=4).tolist()
        return {
            "read": len(self.kind),
            "new": found[NEW],
            "changed": found[CHANGED],
            "unchanged": found[UNCHANGED],
            "refused": found[REFUSED],
        }

    @property
    def writable(self) -> np.ndarray:
        """Positions of the rows that may go in and would change something."""
        return np.flatnonzero((self.kind == NEW) | (self.kind == CHANGED))

    def preview(self) -> list[dict[str, Any]]:
        """The first rows that would change something, each figure before and after, in smallest units."""
        shown = []
        for at in self.writable[:SHOWN_ROWS].tolist():
            figures = [
                {
                    "key": key,
                    "before": int(self.held.now.minor[key][at]) if self.held.now.known[key][at] else None,
                    "after": int(found.minor[at]),
                }
                for key, found in self.incoming.figures.items()
                if found.known[at]
            ]
            shown.append(
                {
                    "row": int(self.source.numbers[at]),
                    "uscc": self.incoming.codes[at].as_py(),
                    "name": self.held.name[at].as_py(),
                    "new": bool(self.kind[at] == NEW),
                    "figures": figures,
                }
            )
        return shown


def examine(path: Path, *, options: Options, progress: Progress | None = None) -> Examined:
    """Read the file ``path`` and judge every row. Raises core.confined.Unreadable."""
    say = progress or (lambda stage, done, total: None)
    source, held = _read(path, options.year, lambda done, total: say("read", done, total))
    say("check", 0, len(source))
    examined = judge(source, options=options, held=held)
    say("check", len(source), len(source))
    return examined


def _read(path: Path, year: int, progress: Callable[[int, int], None]) -> tuple[Reading, Register | None]:
    """The file, and beside a big one the register, asked for while another process reads."""
    if not path.is_file() or path.stat().st_size < BIG_BYTES:
        return reading.read(path, progress=progress), None
    language = translation.get_language()

    def read() -> Reading:
        with translation.override(language):
            return reading.read(path, progress=progress)

    with ThreadPoolExecutor(max_workers=1) as waiting:
        read_file = waiting.submit(read)
        held = register(year)
        return read_file.result(), held


def judge(source: Reading, *, options: Options, held: Register | None = None) -> Examined:
    """Judge every row of a file that was read, as things stand in the database now or in the register ``held``."""
    remarks = Remarks(source.numbers)
    incoming = taking.understand(source, options.year, remarks)
    known = held or register(options.year, keys=list(incoming.figures), codes=incoming.codes)
    stand = standing(incoming.codes, known)
    judging.against_register(source, incoming, stand, options.places, remarks)
    on = timezone.localdate()
    judging.against_figures(
        source,
        incoming,
        stand,
        year=options.year,
        office=options.office,
        bounds=judging.Bounds(
            policy.value("returns.unit_suspect_factor", on=on), policy.value("returns.jump_times", on=on)
        ),
        units_checked=options.units_checked,
        remarks=remarks,
    )
    return Examined(options, source, incoming, stand, remarks, _kinds(incoming, stand, options.status, remarks))


def _kinds(incoming: Incoming, held: Standing, status: str, remarks: Remarks) -> np.ndarray:
    count = len(incoming)
    given, differs = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    for key, found in incoming.figures.items():
        given |= found.known
        differs |= found.known & (~held.now.known[key] | (found.minor != held.now.minor[key]))
    known = held.enterprise != 0
    remarks.rows(
        known & ~given & ~remarks.refused, "no_figures", WARNING, "", _("这一行没有任何数据，不写入：请核对。")
    )
    other = pc.fill_null(pc.not_equal(held.status.cast(pa.string()), status), False).to_numpy(zero_copy_only=False)
    kind = np.full(count, UNCHANGED)
    kind[known & given & (differs | other)] = CHANGED
    kind[known & given & ~held.has_version] = NEW
    kind[remarks.refused] = REFUSED
    return kind
