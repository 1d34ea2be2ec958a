"""Writing plots other than by a change set: planning conditions put into force by a decision."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from core.accounts.models import User
from core.mapedit.models import Publication
from core.mapedit.services import facts
from landuse.plots.models import PlotVersion


@dataclass(frozen=True)
class PlanningConditions:
    """规划条件 of a plot: plot ratio, density and green ratio in %, height limit in m, and the use."""

    plot_ratio: Decimal
    density: Decimal
    green_ratio: Decimal
    height_limit_m: Decimal
    use_code: str


def set_planning_conditions(
    *,
    base: PlotVersion,
    conditions: PlanningConditions,
    title: str,
    document_number: str,
    reason: str,
    by: User,
    effective_on: dt.date,
    is_demo: bool = False,
) -> Publication:
    """Open a new version of a plot under other conditions; ``base`` must still be its version in force.

    Raises Stale and Refused as :func:`core.mapedit.services.facts.publish_facts` does.
    """
    return facts.publish_facts(
        layer="plots",
        feature=base.plot_id,
        facts={
            "plot_ratio_planned": conditions.plot_ratio,
            "density_planned": conditions.density,
            "green_ratio_planned": conditions.green_ratio,
            "height_limit_m": conditions.height_limit_m,
            "use_code": conditions.use_code,
        },
        base_version=base.pk,
        title=title,
        document_number=document_number,
        reason=reason,
        by=by,
        effective_on=effective_on,
        is_demo=is_demo,
    )
