"""One square metre at the floor, by the editor's requests and by `import_layer` (raw SQL: test_floor_guard)."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon
from django.core.management import call_command
from django.test import Client

from core.accounts.models import CITY_CODE, Role
from core.mapedit.models import ChangeSet
from tests import places
from tests.landuse.redline.conftest import CHANCHENG, GROUND, block
from tests.places import NANHAI

pytestmark = pytest.mark.django_db

KM2, TALL, LOW = 1_000_000.0, 0.01, 0.0001
# A block's sides are doubles: this much (m²) keeps one that is meant to be at the floor from lying a hair under it.
HAIR = 0.001
CODE = f"RL-{CHANCHENG}"

Tracts = dict[str, tuple[str, MultiPolygon]]


def main_block(missing_m2: float = 0.0, district: str = CHANCHENG) -> MultiPolygon:
    return block(*GROUND[district], KM2 + HAIR - missing_m2, height=TALL)


def beside(district: str) -> MultiPolygon:
    """A little more than one square metre in ``district``."""
    lon, lat = GROUND[district]
    return block(lon, lat + TALL + LOW, 1.0001, height=LOW)


def tracts_of(case: str) -> Tracts:
    """District and outline of each tract the case draws, by code; areas are the database's, so only within a test."""
    out = {CODE: (CHANCHENG, main_block(1))}
    return {
        "one out": out,
        "one out, one in": out | {"RL-CC-0002": (CHANCHENG, beside(CHANCHENG))},
        "one out, one in elsewhere": out | {"RL-NH-0002": (NANHAI, beside(NANHAI))},
    }[case]


cases = pytest.mark.parametrize(
    ("case", "accepted"), [("one out", False), ("one out, one in", True), ("one out, one in elsewhere", False)]
)


@pytest.fixture(autouse=True)
def planner(small_floors: dict[str, float]) -> Any:
    """Every district at its floor of 1 km² and the city at its 5 km²."""
    for code in GROUND:
        places.tract(f"RL-{code}", main_block(district=code), district=code)
    return places.account(Role.PLANNER, CITY_CODE)


@cases
def test_the_editor_submits_it_only_when_the_district_keeps_its_floor(planner, case: str, accepted: bool):
    change_set = places.draft("redline", planner)
    client, root = Client(), f"/map/edit/redline/{change_set.pk}/"
    client.force_login(planner)
    for code, (district, geom) in tracts_of(case).items():
        facts = {"district_id": district, "name": "", "control_level": "ungraded"}
        sent = {"geometry": json.loads(geom.geojson), "attributes": facts}
        if code == CODE:
            answer = client.put(f"{root}change/{code}/", sent, content_type="application/json")
        else:
            answer = client.post(f"{root}change/", sent | {"code": code}, content_type="application/json")
        assert answer.status_code == 200, answer.content
    answer = client.post(f"{root}submit/", {}, content_type="application/json")
    change_set.refresh_from_db()
    if accepted:
        assert (answer.status_code, change_set.state) == (200, "submitted"), answer.content
    else:
        assert answer.status_code in {400, 409, 422}
        assert change_set.state == "draft"
        assert "净减" in answer.json()["sentence"]


@cases
def test_a_file_becomes_a_change_set_only_when_the_district_keeps_its_floor(tmp_path: Path, case: str, accepted: bool):
    features = [
        {
            "type": "Feature",
            "properties": {"TBBH": code, "SZQ": district, "MC": "", "GKJB": "ungraded"},
            "geometry": json.loads(geom.geojson),
        }
        for code, (district, geom) in tracts_of(case).items()
    ]
    file = tmp_path / "redline.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("import_layer", "redline", str(file), "--format", "json", "--accept-valid", stdout=out)
    document = json.loads(out.getvalue())
    errors = [finding["rule"] for finding in document["findings"] if finding["severity"] == "error"]
    assert (document["change_set"] is not None) is accepted, json.dumps(document, ensure_ascii=False)
    assert ChangeSet.objects.exists() is accepted
    assert ("redline.balance" in errors) is not accepted
