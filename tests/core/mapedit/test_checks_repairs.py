"""One-click repairs: the fault is gone, nothing else moved, and a sentence says what changed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Polygon

from core.mapedit import checks
from core.mapedit.checks import repairs
from core.mapedit.models import Change
from core.refusals import Refused
from tests import places
from tests.core.mapedit import drafts

TODAY = dt.date(2026, 11, 22)
WEST, SOUTH = 113.00, 23.05
METRE = 1 / 102_400


def box(lon: float, lat: float, width: float = 0.01, height: float = 0.01) -> MultiPolygon:
    return MultiPolygon(Polygon.from_bbox((lon, lat, lon + width, lat + height)), srid=4490)


def drawn(wkt: str, **attributes: object) -> Change:
    return drafts.add(places.draft("zones"), "FS-NH-03", GEOSGeometry(wkt, srid=4490), **attributes)


def rules(change: Change) -> set[str]:
    return {finding.rule for finding in checks.check_change(change, on=TODAY)}


def mended(change: Change, repair: str, **options: str) -> repairs.Repaired:
    """Apply a repair that the check offered, and save it."""
    offered = {name for finding in checks.check_change(change, on=TODAY) for name in finding.repairs}
    assert repair in offered
    result = repairs.apply(change, repair, on=TODAY, **options)
    change.geom = result.geom
    change.save()
    return result


@pytest.mark.django_db
class TestRepairs:
    @pytest.mark.parametrize("repair", ["snap_to_neighbour", "remove_overlap"])
    def test_an_overlap_is_snapped_or_cut_away(self, repair):
        places.zone("FS-NH-02", box(WEST + 0.01, SOUTH))
        change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST + 3 * METRE, SOUTH))
        result = mended(change, repair, other="FS-NH-02")
        assert not rules(change) & {"geometry.overlap", "geometry.sliver_overlap", "geometry.gap"}
        assert result.before_area_m2 - result.after_area_m2 == pytest.approx(3 * 1107.5, rel=0.01)
        assert "\N{MINUS SIGN}3,3" in result.summary

    def test_a_gap_is_closed_by_snapping(self):
        places.zone("FS-NH-02", box(WEST + 0.01, SOUTH))
        change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST - 0.5 * METRE, SOUTH))
        result = mended(change, "snap_to_neighbour", other="FS-NH-02")
        assert "geometry.gap" not in rules(change)
        assert result.after_area_m2 > result.before_area_m2
        assert result.moved

    def test_what_is_outside_is_clipped_to_the_district(self):
        edge = MultiPolygon(Polygon.from_bbox((113.02, 23.0, 113.12, 23.1)), srid=4490)
        change = drafts.add(places.draft("zones"), "FS-NH-03", edge)
        assert "geometry.outside_district" in rules(change)
        mended(change, "clip_to_district")
        assert "geometry.outside_district" not in rules(change)

    def test_a_bow_tie_becomes_two_parts(self):
        change = drawn("MULTIPOLYGON(((113 23.05,113.01 23.06,113.01 23.05,113 23.06,113 23.05)))")
        result = mended(change, "make_valid")
        assert (len(result.geom), result.geom.valid) == (2, True)
        assert "修复图形" in result.summary

    def test_a_spike_goes_and_the_rest_stays_bit_for_bit(self):
        change = drawn(
            "MULTIPOLYGON(((113 23.05,113.01 23.05,113.01 23.055,113.02 23.05501,113.01 23.05502,113.01 23.06,"
            "113 23.06,113 23.05)))"
        )
        result = mended(change, "remove_spike")
        assert "geometry.spike" not in rules(change)
        assert (113.01, 23.06) in result.geom.coords[0][0]

    def test_vertices_too_close_become_one(self):
        near = 113.01 + 0.004 * METRE
        change = drawn(f"MULTIPOLYGON(((113 23.05,113.01 23.05,{near} 23.05,113.01 23.06,113 23.06,113 23.05)))")
        result = mended(change, "remove_close_vertices")
        assert "geometry.close_vertices" not in rules(change)
        assert len(result.removed) == 1

    def test_a_sliver_part_is_dropped(self):
        thin = 23.07 + 0.05 / 110_750
        change = drawn(
            "MULTIPOLYGON(((113 23.05,113.01 23.05,113.01 23.06,113 23.06,113 23.05)),"
            f"((113 23.07,113.01 23.07,113.01 {thin},113 {thin},113 23.07)))"
        )
        mended(change, "drop_sliver")
        assert "geometry.sliver" not in rules(change)

    def test_nothing_to_mend_is_said_and_an_unknown_repair_is_an_error(self):
        change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST, SOUTH))
        with pytest.raises(Refused, match="图形未变"):
            repairs.apply(change, "remove_spike", on=TODAY)
        with pytest.raises(repairs.RepairUnknown):
            repairs.apply(change, "make_nice", on=TODAY)

    def test_a_feature_wholly_on_another_cannot_be_cut_to_nothing(self):
        places.zone("FS-NH-02", box(WEST, SOUTH))
        change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST, SOUTH))
        with pytest.raises(Refused, match="做不到"):
            repairs.apply(change, "remove_overlap", on=TODAY)
