"""Checks and consequences that the packages above core add for their own layers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.mapedit.findings import Consequence, Finding
from core.mapedit.models import Change, ChangeSet

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class DomainCheck:
    """A rule of the domain about change sets of some layers (every layer when ``layers`` is empty).

    ``find(change_set, on, features)`` returns findings about the set as it would be in
    force on ``on``; with ``features`` given only those codes have just been edited and
    nothing else needs to be looked at again, so that drawing stays quick. Where one edited
    feature can be judged by itself, ``find_one(change, on)`` does so instead; ``only_if`` is an
    SQL condition on ``%(on)s`` that a live check asks along with everything else, and leaves
    this rule out when it is false. An import of new features asks ``sieve(codes, attributes)``
    first, columns (n,) of canonical texts, which of them (mask (n,)) may be wrong at all; ``find``
    then looks at those.
    """

    key: str
    layers: Sequence[str]
    find: Callable[[ChangeSet, dt.date, Sequence[str] | None], list[Finding]]
    order: int = 100
    find_one: Callable[[Change, dt.date], list[Finding]] | None = None
    only_if: str = ""
    sieve: Callable[[pa.Array, Mapping[str, pa.Array]], np.ndarray] | None = None


@dataclass(frozen=True)
class Effect:
    """Figures with a legal meaning that change sets of some layers move: ``weigh(change_set, on)``."""

    key: str
    layers: Sequence[str]
    weigh: Callable[[ChangeSet, dt.date], list[Consequence]]
    order: int = 100


_checks: dict[str, DomainCheck] = {}
_effects: dict[str, Effect] = {}


def register_check(check: DomainCheck) -> None:
    """Add a domain check; a different one under the same key is an error."""
    if _checks.setdefault(check.key, check) != check:
        raise ValueError(f"check {check.key!r} is registered twice")


def register_effect(effect: Effect) -> None:
    """Add an effect; a different one under the same key is an error."""
    if _effects.setdefault(effect.key, effect) != effect:
        raise ValueError(f"effect {effect.key!r} is registered twice")


def checks_of(layer: str) -> list[DomainCheck]:
    """Checks that apply to ``layer``, in order."""
    return sorted((c for c in _checks.values() if not c.layers or layer in c.layers), key=lambda c: c.order)


def effects_of(layer: str) -> list[Effect]:
    """Effects of changing ``layer``, in order."""
    return sorted((e for e in _effects.values() if not e.layers or layer in e.layers), key=lambda e: e.order)
