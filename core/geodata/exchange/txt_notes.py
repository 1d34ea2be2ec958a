"""What a reader of 国土 TXT says about a file: notes with a line and a place, or one sentence that refuses it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.geodata.exchange.formats import LIMITS, WARNING, Unreadable


class TxtUnreadable(Unreadable):
    """A 国土 TXT that cannot be read at all; `sentence` says in Chinese what, why and the way out."""


_SHOWN = 40


def shown(text: str) -> str:
    """`text` from a file as a sentence may quote it: its beginning, when it is too long to be read."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know about a line of the file.

    `severity` is one of formats.ERROR, WARNING, NOTE; `message` one Chinese sentence. `line` counts from 1, `plot`
    is the index of the plot, None for the whole file. `east`/`north` are in the file's own coordinates (metres, or
    degrees when the file is in degrees). `measured` and `required` are in the unit the message speaks of.
    """

    kind: str
    severity: str
    message: str
    line: int | None = None
    plot: int | None = None
    east: float | None = None
    north: float | None = None
    measured: float | None = None
    required: float | None = None


class Notes:
    """Collects notes, at most `per_kind` of one kind: a million bad lines must not become a million objects."""

    def __init__(self, per_kind: int = LIMITS.remarks_per_kind) -> None:
        self._per_kind = per_kind
        self._notes: list[Note] = []
        self._counts: Counter[str] = Counter()

    def add(self, note: Note) -> None:
        """Keep `note`, or only count it when there are many of its kind."""
        self._counts[note.kind] += 1
        if self._counts[note.kind] <= self._per_kind:
            self._notes.append(note)

    def in_order(self) -> list[Note]:
        """Every note kept, by line (those of the whole file first), then one sentence for each kind cut short."""
        cut_short = [
            Note(
                kind,
                WARNING,
                _("同类问题共 %(count)s 处，只列出前 %(kept)s 处。") % {"count": count, "kept": self._per_kind},
                measured=count,
                required=self._per_kind,
            )
            for kind, count in self._counts.items()
            if count > self._per_kind
        ]
        return [*sorted(self._notes, key=lambda note: note.line or 0), *cut_short]
