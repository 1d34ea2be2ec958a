"""控制线 on the map: outline and card."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.web import registry
from core.web.map_links import feature_url
from landuse.controls.models import ControlVersion


def controls(user: Any, on: dt.date) -> Any:
    """Control areas in force on ``on``."""
    return ControlVersion.objects.visible_to(user).in_force_on(on)


def control_card(request: HttpRequest, code: str, on: dt.date) -> dict[str, Any] | None:
    """A control area's facts."""
    control = (
        controls(request.user, on).select_related("district", "publication__document").filter(control_id=code).first()
    )
    if control is None:
        return None
    return {
        "feature": control,
        "title": control.name or control.control_id,
        "code": control.control_id,
        "district_url": feature_url("districts", control.district_id),
    }


def register() -> None:
    """Register the layer."""
    registry.register_layer(
        registry.MapLayer(
            name="controls",
            title=_("控制线"),
            order=50,
            queryset=controls,
            code="control_id",
            label="name",
            place="district__name",
            measure_word=_("块"),
            visible=False,
            card_template="controls/map/card.html",
            card=control_card,
        )
    )
