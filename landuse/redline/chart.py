"""The step chart of a red-line area against its floor, as SVG coordinates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from landuse.redline.history import Step

# Inside a view box of 420 × 146.
LEFT, RIGHT, TOP, BOTTOM = 8, 412, 20, 110


@dataclass(frozen=True)
class Chart:
    """Paths in the template's view box; ``points`` are the steps with their place on it."""

    area_path: str
    floor_path: str
    floor_label_y: float
    points: list[dict[str, Any]]
    first: dt.date
    last: dt.date
    now: dict[str, float]
    met: bool | None


def step_chart(steps: list[Step], *, on: dt.date) -> Chart | None:
    """Steps until ``on``; None when there are none. The value axis does not begin at zero."""
    steps = [step for step in steps if step.at <= on and step.floor_m2 is not None]
    if not steps:
        return None
    first = steps[0].at
    days = max((on - first).days, 1)
    levels = [step.area_m2 for step in steps] + [step.floor_m2 for step in steps if step.floor_m2]
    low, high = min(levels), max(levels)
    # Exactly at the floor all the time would be a line of no height.
    span = (high - low) or max(high, 1.0) * 1e-6

    def x(at: dt.date) -> float:
        return round(LEFT + (RIGHT - LEFT) * (at - first).days / days, 1)

    def y(area_m2: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (area_m2 - low) / span, 1)

    def stairs(values: list[float]) -> str:
        path = f"M{x(steps[0].at)} {y(values[0])}"
        for step, value in zip(steps[1:], values[1:], strict=True):
            path += f"H{x(step.at)}V{y(value)}"
        return f"{path}H{x(on)}"

    areas = [step.area_m2 for step in steps]
    floors = [step.floor_m2 or 0.0 for step in steps]
    return Chart(
        area_path=stairs(areas),
        floor_path=stairs(floors),
        floor_label_y=y(floors[-1]) + 15,
        points=[{"x": x(step.at), "y": y(step.area_m2), "step": step} for step in steps],
        first=first,
        last=on,
        now={"x": x(on), "y": y(areas[-1])},
        met=steps[-1].met,
    )
