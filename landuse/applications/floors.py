"""The floor schedule: floor area by function before and after, its sums and shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from landuse.applications.figures import FLOOR, usable
from landuse.applications.functions import Function

ZERO = Decimal(0)
BEFORE, AFTER = "before", "after"


def field_name(function: str, side: str) -> str:
    """The form field of one cell: ``floor_office_after``."""
    return f"floor_{function}_{side}"


@dataclass(frozen=True)
class Row:
    """One function's floor area in m²."""

    function: Function
    before: Decimal
    after: Decimal

    @property
    def label(self) -> str:
        """The function in words."""
        return str(self.function.label)


@dataclass(frozen=True)
class Schedule:
    """A floor schedule: one row a function, in the order of :class:`Function`."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Schedule:
        """From form values; an empty cell, or one with a fault, counts as nothing."""
        return cls(
            tuple(
                Row(
                    function,
                    *(usable(data.get(field_name(function, side)), FLOOR) or ZERO for side in (BEFORE, AFTER)),
                )
                for function in Function
            )
        )

    @property
    def used(self) -> tuple[Row, ...]:
        """Rows that hold any floor area."""
        return tuple(row for row in self.rows if row.before or row.after)

    @property
    def before(self) -> Decimal:
        """All floor area before, m²."""
        return sum((row.before for row in self.rows), ZERO)

    @property
    def after(self) -> Decimal:
        """All floor area after, m²."""
        return sum((row.after for row in self.rows), ZERO)

    def after_of(self, functions: Iterable[Function]) -> Decimal:
        """Floor area of some functions after, m²."""
        wanted = set(functions)
        return sum((row.after for row in self.rows if row.function in wanted), ZERO)

    def share_after(self, functions: Iterable[Function]) -> Decimal:
        """Their share of all floor area after, in %, unrounded; 0 of nothing."""
        return self.after_of(functions) * 100 / self.after if self.after else ZERO
