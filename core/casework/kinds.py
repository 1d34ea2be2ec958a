"""Kinds of cases: packages above announce theirs in ``AppConfig.ready()``.

``core`` imports nothing from ``landuse`` or ``parks``. A domain adds only its form, its
checks and its effect; the way, the clock, the papers and the pages are the same for all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.forms import Form
from django.http import HttpRequest

from core.accounts.models import Role
from core.casework.findings import Finding

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from core.accounts.models import User
    from core.casework.models import Case


class KindUnknown(LookupError):
    """No kind of case has this name."""


@dataclass(frozen=True)
class PaperSlot:
    """One line of the documents checklist. ``suffixes`` narrows the types accepted; empty means every known one."""

    key: str
    title: StrOrPromise
    required: bool = True
    help: StrOrPromise = ""
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What a case is about: the district that handles it, the codes of the plots concerned, and a title for people."""

    district: str
    codes: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class CaseKind:
    """A kind of case.

    ``officer`` receives and conducts, ``offices`` review in parallel, ``decider`` decides,
    ``appeals`` hears appeals: roles, reaching the case by their places. The lengths of its
    clocks are policy parameters ``case.<name>.accept_days``, ``.review_days``,
    ``.decision_days``, ``.correction_days`` (working days) and ``.notice_days`` (days).

    ``form(data, case=…)`` is a Django form whose cleaned fields are the case's ``data``.
    ``subject(case)`` tells from the data what the case is about; None while it cannot
    tell. ``assess(case, on)`` is pure: the findings under the facts and parameters of a
    date. ``record(case)`` writes the typed rows of a submitted case and raises Refused;
    it is called again after a correction. ``approve``, ``undo`` and ``take_effect``
    (case, by) act within the move's transaction and raise Refused: reserve, give back,
    change the record. ``undo`` follows a move away from an approval. ``facts(case)`` are
    the lines (label, value, note) of its summary. Templates: ``form_template`` draws the
    form's own fields (context: form, case, kind; what in it follows from other fields carries
    ``data-live="name"`` and is drawn anew while somebody types), ``detail_template`` what staff and
    applicant read below the facts (context from ``detail(request, case)``),
    ``letter_template`` the body of the decision letter (context from ``letter(case)``).
    """

    name: str
    title: StrOrPromise
    prefix: str
    hint: StrOrPromise
    officer: Role
    offices: tuple[Role, ...]
    decider: Role
    appeals: Role
    papers: tuple[PaperSlot, ...]
    form: type[Form]
    subject: Callable[[Case], Subject | None]
    assess: Callable[[Case, dt.date], Sequence[Finding]]
    record: Callable[[Case], None]
    approve: Callable[[Case, User], None]
    undo: Callable[[Case, User], None]
    take_effect: Callable[[Case, User], None]
    facts: Callable[[Case], Sequence[tuple[Any, Any, Any]]]
    form_template: str
    detail_template: str = ""
    detail: Callable[[HttpRequest, Case], Mapping[str, Any]] = lambda _request, _case: {}
    letter_template: str = "casework/letter/plain.html"
    letter: Callable[[Case], Mapping[str, Any]] = lambda _case: {}
    icon: str = "file-text"

    def slot(self, key: str) -> PaperSlot | None:
        """The line of the checklist called ``key``."""
        return next((slot for slot in self.papers if slot.key == key), None)


_kinds: dict[str, CaseKind] = {}


def register(kind: CaseKind) -> None:
    """Announce a kind; another one under the same name is an error."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"case kind {kind.name!r} is registered twice")


def kind(name: str) -> CaseKind:
    """The kind called ``name``; raises KindUnknown."""
    try:
        return _kinds[name]
    except KeyError:
        raise KindUnknown(name) from None


def all_kinds() -> list[CaseKind]:
    """Every kind, in the order they were announced."""
    return list(_kinds.values())
