"""Change sets as tests need them: drafted in a line, with everything a real one holds."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.core.serializers.json import DjangoJSONEncoder

from core.mapedit import layers
from core.mapedit.models import Action, Change, ChangeSet, LayerVersion
from core.mapedit.models.changes import Operation
from tests import places

PLAIN: dict[str, dict[str, Any]] = {
    "zones": {
        "name": "新示例集聚区",
        "zone_class": "qianmu",
        "district_codes": [places.NANHAI],
        "leading_industry": "",
        "managing_body": "",
    },
    "redline": {"district_id": places.NANHAI, "name": "", "control_level": "ungraded"},
    "plots": {
        "district_id": places.NANHAI,
        "town_id": None,
        "location": "",
        "use_code": "100102",
        "is_m0": False,
        "supply_mode": "grant",
    },
    "controls": {"district_id": places.NANHAI, "kind": "farmland", "name": ""},
}
"""Attributes with which a new feature of each layer is complete."""


def add(change_set: ChangeSet, code: str, geom: GEOSGeometry, **attributes: Any) -> Change:
    """A new feature."""
    return Change.objects.create(
        change_set=change_set,
        feature=code,
        action=Action.ADD,
        operation=Operation.DRAW,
        geom=geom,
        attributes={**PLAIN[change_set.layer_id], **attributes},
    )


def modify(change_set: ChangeSet, version: LayerVersion, geom: GEOSGeometry | None = None, **attributes: Any) -> Change:
    """A changed feature: another outline, other attributes, or both."""
    layer = layers.editable(change_set.layer_id)
    held = json.loads(json.dumps({name: getattr(version, name) for name in layer.columns()}, cls=DjangoJSONEncoder))
    return Change.objects.create(
        change_set=change_set,
        feature=getattr(version, layer.feature_column),
        action=Action.MODIFY,
        operation=Operation.RESHAPE,
        geom=geom or version.geom,
        attributes={**held, **attributes},
        base_version=version.pk,
    )


def remove(change_set: ChangeSet, version: LayerVersion) -> Change:
    """The end of a feature."""
    layer = layers.editable(change_set.layer_id)
    return Change.objects.create(
        change_set=change_set,
        feature=getattr(version, layer.feature_column),
        action=Action.REMOVE,
        operation=Operation.REMOVE,
        base_version=version.pk,
    )
