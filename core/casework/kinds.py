"""Kinds of cases: packages above announce theirs in ``AppConfig.ready()``.

``core`` imports nothing from ``landuse`` or ``parks``. A domain adds only its form, its
checks and its effect; the way, the clock, the papers and the pages are the same for all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.forms import Form
from django.http import HttpRequest

from core.accounts.models import Role
from core.casework.findings import Finding
from core.casework.states import Actor, Procedure

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from core.accounts.models import User
    from core.casework.models import Case


def _nothing(*_arguments: Any) -> None:
    """A kind that does nothing besides what every case does."""


class KindUnknown(LookupError):
    """No kind of case has this name."""


@dataclass(frozen=True)
class PaperSlot:
    """One line of the documents checklist.

    ``suffixes`` narrows the types accepted; empty means every known one. ``state`` is the one
    in which it has to be there before the case goes on; "" asks for it whenever something is handed in.
    """

    key: str
    title: StrOrPromise
    required: bool = True
    help: StrOrPromise = ""
    suffixes: tuple[str, ...] = ()
    state: str = ""

    def asked_in(self, state: str) -> bool:
        """Whether the applicant is to bring it in that state."""
        return self.state in ("", state)


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

    A kind of ``procedure`` supervision is opened by its officer, never by applicants
    (:func:`core.casework.services.filing.open_supervision`). ``subject(case)`` then reads
    ``case.cause``, ``assess`` gives what the notice rests on, ``form`` is the enterprise's plan
    (:class:`core.casework.plans.PlanForm` serves most), ``offices`` are empty. Its clocks are
    ``case.<name>.plan_days``, ``.accept_days`` (of the plan), ``.check_days``, ``.decision_days``,
    ``.settle_days`` (working days) and ``.rectify_days`` (days, at most). Instead of ``record``,
    ``approve``, ``undo`` and ``take_effect`` every move calls ``on_move(case, move, by, values)`` within its
    transaction, before the state changes; ``values`` are what the move's form in ``move_forms``
    asked for besides the reason. ``letter_titles`` renames letters by the name of their move.
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
    facts: Callable[[Case], Sequence[tuple[Any, Any, Any]]]
    form_template: str
    record: Callable[[Case], None] = _nothing
    approve: Callable[[Case, User], None] = _nothing
    undo: Callable[[Case, User], None] = _nothing
    take_effect: Callable[[Case, User], None] = _nothing
    procedure: Procedure = Procedure.APPLICATION
    on_move: Callable[[Case, str, User, Mapping[str, Any]], None] = _nothing
    move_forms: Mapping[str, type[Form]] = field(default_factory=dict)
    letter_titles: Mapping[str, StrOrPromise] = field(default_factory=dict)
    detail_template: str = ""
    detail: Callable[[HttpRequest, Case], Mapping[str, Any]] = lambda _request, _case: {}
    letter_template: str = "casework/letter/plain.html"
    letter: Callable[[Case], Mapping[str, Any]] = lambda _case: {}
    icon: str = "file-text"

    @property
    def is_supervision(self) -> bool:
        """Whether offices open it against an enterprise."""
        return self.procedure == Procedure.SUPERVISION

    def role_of(self, actor: Actor) -> Role:
        """The role that plays a part."""
        parts = {Actor.OFFICER: self.officer, Actor.DECIDER: self.decider, Actor.APPEALS: self.appeals}
        return parts.get(actor, Role.ENTERPRISE)

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
