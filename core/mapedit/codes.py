"""Codes for new features: the next free number after a prefix."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.policy.models import Jurisdiction


def district_letters(code: str) -> str:
    """Two letters of a district, from the initials its address name is spelled with: NH for nanhai.

    Raises ``Jurisdiction.DoesNotExist`` for a code that is no district.
    """
    slug = Jurisdiction.objects.districts().get(code=code).slug
    return _LETTERS[slug]


_LETTERS = {"chancheng": "CC", "nanhai": "NH", "shunde": "SD", "sanshui": "SS", "gaoming": "GM"}


def next_number(prefix: str, taken: Iterable[str], *, digits: int) -> str:
    """``prefix`` with the smallest number above every taken one, at least ``digits`` wide."""
    numbers = [int(found[1]) for code in taken if (found := re.fullmatch(re.escape(prefix) + r"(\d+)", code))]
    return f"{prefix}{max(numbers, default=0) + 1:0{digits}d}"
