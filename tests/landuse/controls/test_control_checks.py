"""Zones, red line and plots against 城镇开发边界, 永久基本农田 and 生态保护红线."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.gis.geos import MultiPolygon
from django.db import Error, transaction

from core.mapedit import checks, layers
from core.mapedit.findings import Finding
from core.mapedit.models import Change
from core.policy.models import Parameter
from landuse.controls.models import Control, ControlKind, ControlVersion
from tests import places
from tests.core.mapedit import drafts

TODAY = dt.date(2026, 11, 22)
HERE = (113.00, 23.05)


def control(code: str, kind: ControlKind, geom: MultiPolygon, **facts: object) -> ControlVersion:
    """A control area in force."""
    return ControlVersion.objects.create(
        control=Control.objects.get_or_create(code=code)[0],
        kind=kind,
        geom=geom,
        district_id=places.NANHAI,
        publication=places.publication("controls"),
        **{"valid_from": places.START, **facts},
    )


def conflicts(change: Change) -> list[Finding]:
    """What live and complete check both say about control areas."""
    live = [f for f in checks.check_change(change, on=TODAY) if f.rule.startswith("controls.")]
    complete = [f for f in checks.check_change_set(change.change_set, on=TODAY) if f.rule.startswith("controls.")]
    assert [f.message for f in live] == [f.message for f in complete]
    return live


def plot_change() -> Change:
    return drafts.add(places.draft("plots"), "440605001001GB00001", places.square(*HERE))


@pytest.mark.django_db
class TestConflicts:
    def test_a_city_that_imported_nothing_is_not_judged(self):
        assert conflicts(plot_change()) == []

    @pytest.mark.parametrize("kind", [ControlKind.FARMLAND, ControlKind.ECOLOGY])
    def test_industry_on_farmland_or_ecology_is_an_error_with_area_and_place(self, kind):
        control("KZ-NH-0001", kind, places.square(HERE[0] + 0.001, HERE[1]), name="示例片")
        (finding,) = conflicts(plot_change())
        assert finding.is_error
        assert finding.message.startswith(f"占用{kind.label}“示例片”")
        assert finding.measured == pytest.approx(0.001 * 102_400 * 0.002 * 110_750, rel=0.01)
        assert HERE[0] + 0.001 < finding.lon < HERE[0] + 0.002
        assert finding.other == "KZ-NH-0001"

    @pytest.mark.parametrize("layer", ["zones", "redline", "plots"])
    def test_every_layer_of_industry_is_judged(self, layer):
        control("KZ-NH-0001", ControlKind.FARMLAND, places.square(*HERE))
        code = {"zones": "FS-NH-03", "redline": "RL-NH-0009", "plots": "440605001001GB00001"}[layer]
        change = drafts.add(places.draft(layer), code, places.square(*HERE))
        assert [f.rule for f in conflicts(change)] == ["controls.farmland"]

    def test_a_shared_border_is_no_conflict(self):
        control("KZ-NH-0001", ControlKind.FARMLAND, places.square(HERE[0] + 0.002, HERE[1]))
        assert conflicts(plot_change()) == []

    def test_a_control_area_that_has_ended_does_not_count(self):
        control("KZ-NH-0001", ControlKind.FARMLAND, places.square(*HERE), valid_to=dt.date(2025, 1, 1))
        assert conflicts(plot_change()) == []


@pytest.mark.django_db
class TestUrbanBoundary:
    def test_outside_the_boundary_is_a_remark_until_the_rule_is_adopted(self):
        control("KZ-NH-0001", ControlKind.URBAN, places.square(HERE[0] + 0.001, HERE[1]))
        (finding,) = conflicts(plot_change())
        assert not finding.is_error
        assert finding.message.startswith("超出城镇开发边界")
        reference = Parameter.objects.get(key="park.inside_development_boundary")
        reference.pk, reference.status = None, "adopted"
        reference.valid_from = dt.date(2026, 1, 1)
        reference.save(force_insert=True)
        (finding,) = conflicts(plot_change())
        assert finding.is_error
        assert "二(九)" in finding.source.label

    def test_inside_several_areas_together_is_inside(self):
        control("KZ-NH-0001", ControlKind.URBAN, places.square(HERE[0] - 0.001, HERE[1], 0.002))
        control("KZ-NH-0002", ControlKind.URBAN, places.square(HERE[0] + 0.001, HERE[1], 0.002))
        assert conflicts(plot_change()) == []

    def test_far_from_every_area_all_of_it_is_outside(self):
        control("KZ-NH-0001", ControlKind.URBAN, places.square(HERE[0] + 0.02, HERE[1]))
        (finding,) = conflicts(plot_change())
        assert finding.measured == pytest.approx(0.002 * 102_400 * 0.002 * 110_750, rel=0.01)


@pytest.mark.django_db
class TestTheLayer:
    def test_control_areas_are_edited_like_any_layer(self):
        layer = layers.editable("controls")
        assert layer.next_code({"district_id": places.NANHAI}, ["KZ-NH-0001"]) == "KZ-NH-0002"
        change = drafts.add(places.draft("controls"), "KZ-NH-0001", places.square(*HERE))
        assert checks.check_change(change, on=TODAY) == []

    def test_the_database_keeps_them_apart_and_in_their_district(self):
        control("KZ-NH-0001", ControlKind.FARMLAND, places.square(*HERE))
        with pytest.raises(Error, match="重叠"), transaction.atomic():
            control("KZ-NH-0002", ControlKind.ECOLOGY, places.square(HERE[0] + 0.001, HERE[1]))
        with pytest.raises(Error, match="超出所在区"), transaction.atomic():
            control("KZ-NH-0003", ControlKind.ECOLOGY, places.square(*places.CORNER[places.SANSHUI]))
