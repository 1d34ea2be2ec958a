"""What every condition looks at: a case, the day, what is asked, and the plot version it is asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from core import policy
from core.casework.models import Case
from landuse.applications import asked, rules
from landuse.applications.models import PlotRatioApplication
from landuse.plots.models import PlotVersion


@dataclass(frozen=True)
class Subject:
    """A case on a day. ``version`` is None while no plot in force is chosen; ``application`` once submitted."""

    case: Case
    on: dt.date
    asked: asked.Asked
    version: PlotVersion | None
    application: PlotRatioApplication | None

    @classmethod
    def of(cls, case: Case, on: dt.date) -> Subject:
        """Read a case as it stands."""
        return cls(
            case=case,
            on=on,
            asked=asked.Asked.of(case.data),
            version=asked.version_on(case, on),
            application=None if case.is_editable else asked.recorded(case),
        )

    @property
    def place(self) -> str:
        """The district whose parameters apply: that of the plot, of the case while none is chosen."""
        return self.asked.plot[:6] if len(self.asked.plot) == 19 else self.case.district_id

    @cached_property
    def basis(self) -> policy.Value | None:
        """The rule in force that lets limits be relaxed here."""
        return rules.in_force(rules.RELAXED, self.place, self.on)
