"""Whether anything stands against a plot or its owner: registers of other packages, asked one after the other.

Supervision agreements and idle land have ledgers of their own; the packages that keep
them announce a register here in ``AppConfig.ready()``. A condition tells which registers
it looked into: nothing found in none of them is not the same as nothing found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Record:
    """One entry that stands against a plot or enterprise: its number in the register, and what it says."""

    number: str
    text: StrOrPromise


@dataclass(frozen=True)
class Register:
    """A ledger. ``open_on(plot, applicant, on)`` are its entries open on a day: plot code and 统一社会信用代码."""

    key: str
    title: StrOrPromise
    open_on: Callable[[str, str, dt.date], Sequence[Record]]


_breaches: dict[str, Register] = {}
_idle: dict[str, Register] = {}


def register_breaches(register: Register) -> None:
    """Announce a ledger of breaches of agreements; another one under the same key is an error."""
    _add(_breaches, register)


def register_idle_land(register: Register) -> None:
    """Announce a ledger of findings of idle land; another one under the same key is an error."""
    _add(_idle, register)


def breaches() -> list[Register]:
    """Ledgers of breaches."""
    return list(_breaches.values())


def idle_land() -> list[Register]:
    """Ledgers of idle land."""
    return list(_idle.values())


def _add(registers: dict[str, Register], register: Register) -> None:
    if registers.setdefault(register.key, register) is not register:
        raise ValueError(f"register {register.key!r} is registered twice")
