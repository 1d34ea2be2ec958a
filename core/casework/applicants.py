"""Who applies: the package that knows enterprises tells casework about them.

A case names its applicant by 统一社会信用代码, which lasts; ``core`` knows no enterprise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.accounts.models import User


@dataclass(frozen=True)
class Applicant:
    """An enterprise as a case needs it. ``code`` is its USCC, ``district`` an administrative code."""

    code: str
    name: str
    district: str


@dataclass(frozen=True)
class Directory:
    """The functions a package offers: who an account acts for, who has a code, and the accounts of a code.

    ``find(user, text, limit)`` are applicants ``user`` may file for, found by name or code.
    """

    of_user: Callable[[User], Applicant | None]
    by_code: Callable[[str], Applicant | None]
    accounts: Callable[[str], Sequence[User]]
    find: Callable[[User, str, int], Sequence[Applicant]]


_directory: list[Directory] = []


def register(directory: Directory) -> None:
    """Announce the one directory of applicants."""
    _directory[:] = [directory]


def directory() -> Directory:
    """The directory; raises IndexError when no package announced one."""
    return _directory[0]
