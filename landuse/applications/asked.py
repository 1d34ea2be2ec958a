"""What a case asks for, and the plot version it asks it for; read from the form however incomplete it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.casework.models import Case
from landuse.applications.figures import DENSITY, GREEN, HEIGHT, RATIO, usable
from landuse.applications.floors import Schedule
from landuse.applications.models import PlotRatioApplication
from landuse.plots.models import Occupation, OccupationKind, PlotVersion, UseCode
from parks.programmes.models import Membership


@dataclass(frozen=True)
class Asked:
    """The application as written so far: what is missing or has a fault is None or empty.

    ``use_after`` is empty when the use stays; ``membership`` is the id of the one relied on.
    """

    plot: str
    membership: int | None
    plot_ratio: Decimal | None
    density: Decimal | None
    green_ratio: Decimal | None
    height_limit_m: Decimal | None
    use_after: str
    reason: str
    floors: Schedule

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Asked:
        """From form values."""
        membership = str(data.get("membership") or "")
        use_after = str(data.get("use_after") or "")
        return cls(
            plot=str(data.get("plot") or ""),
            membership=int(membership) if membership.isascii() and membership.isdigit() else None,
            plot_ratio=usable(data.get("plot_ratio"), RATIO),
            density=usable(data.get("density"), DENSITY),
            green_ratio=usable(data.get("green_ratio"), GREEN),
            height_limit_m=usable(data.get("height_limit_m"), HEIGHT),
            use_after=use_after if use_after in UseCode.values else "",
            reason=str(data.get("reason") or "").strip(),
            floors=Schedule.of(data),
        )


def recorded(case: Case) -> PlotRatioApplication | None:
    """The typed record of a case that was submitted."""
    return PlotRatioApplication.objects.select_related("base_version", "publication").filter(case=case).first()


def version_on(case: Case, on: dt.date) -> PlotVersion | None:
    """The plot version a case is about: the one it was submitted for, while it is written the one in force on a day.

    A case with the offices stays about the version its applicant saw, whatever becomes of
    the plot meanwhile; that it changed is a finding of its own.
    """
    if not case.is_editable:
        application = recorded(case)
        if application is not None:
            return application.base_version
    code = Asked.of(case.data).plot
    return PlotVersion.objects.in_force_on(on).filter(plot_id=code).first() if code else None


def owned_plots(applicant_code: str, on: dt.date) -> list[PlotVersion]:
    """Plots in force on a day that an enterprise occupies as their owner, in the order of their codes."""
    held = Occupation.objects.in_force_on(on).filter(enterprise__uscc=applicant_code, kind=OccupationKind.OWNER)
    rows = PlotVersion.objects.in_force_on(on).filter(plot__in=held.values("plot"))
    return list(rows.defer("geom", "geom_3857").order_by("plot_id"))


def owns(applicant_code: str, plot: str, on: dt.date) -> bool:
    """Whether an enterprise occupies a plot as its owner on a day."""
    held = Occupation.objects.in_force_on(on).filter(enterprise__uscc=applicant_code, kind=OccupationKind.OWNER)
    return bool(held.filter(plot_id=plot).exists())


def memberships(applicant_code: str, on: dt.date) -> list[Membership]:
    """An enterprise's memberships of programmes in force on a day."""
    rows = Membership.objects.in_force_on(on).filter(enterprise__uscc=applicant_code)
    return list(rows.select_related("programme").order_by("programme", "pk"))
