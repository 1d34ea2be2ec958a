"""Coordinate systems told from definitions and from bare numbers, and GCJ-02 told from a shift."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from core.geodata.exchange.crs_detection import EXTENT, guess, identify
from core.geodata.exchange.gcj02 import from_gcj02, gcj02_likeness, to_gcj02
from tests.core.geodata.exchange import making

ESRI_ZONE_38 = (
    'PROJCS["CGCS2000_3_Degree_GK_Zone_38",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",38500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@pytest.mark.parametrize("version", ["WKT1_ESRI", "WKT1_GDAL", "WKT2_2019"])
@pytest.mark.parametrize("srid", [4490, 4326, 3857, 32649, 4525, 4526, 4546, 4547, 4497, 4498])
def test_a_system_is_known_by_its_parameters_in_every_dialect(srid: int, version: str) -> None:
    found = identify(CRS.from_epsg(srid).to_wkt(version))
    assert found is not None
    assert found.srid == srid


def test_the_names_of_a_system_do_not_matter() -> None:
    for text in (ESRI_ZONE_38, ESRI_ZONE_38.replace("CGCS2000_3_Degree_GK_Zone_38", "自定义")):
        found = identify(text)
        assert found is not None
        assert found.srid == 4526
    shifted = identify(ESRI_ZONE_38.replace("38500000.0", "400000.0"))
    assert shifted is not None
    assert shifted.srid is None


@pytest.mark.parametrize("text", [None, "", "/etc/passwd", "EPSG:99999999", "urn:x", 'LOCAL_CS["CAD"]'])
def test_what_names_no_system_is_left_to_the_coordinates(text: str | None) -> None:
    assert identify(text) is None


@pytest.mark.parametrize("srid", [4490, 4525, 4526, 4546, 4547, 4497, 4498, 3857])
@pytest.mark.parametrize("swapped", [True, False])
def test_every_corner_of_the_city_is_told_from_its_numbers(srid: int, swapped: bool) -> None:
    west, south, east, north = EXTENT
    lon, lat = np.meshgrid(np.linspace(west + 0.01, east - 0.01, 5), np.linspace(south + 0.01, north - 0.01, 5))
    x, y = Transformer.from_crs(4490, srid, always_xy=True).transform(lon.ravel(), lat.ravel())
    points = np.column_stack((y, x) if swapped else (x, y))
    for point in points:
        found = guess(point[None, :])
        assert (found.srid, found.swapped, found.inside) == (srid, swapped, True)


def test_no_coordinates_tell_nothing() -> None:
    assert guess(np.empty((0, 2))).srid is None
    assert guess(np.array([[np.nan, np.inf]])).srid is None


def test_gcj02_there_and_back_is_exact_and_some_six_hundred_metres_off() -> None:
    lon, lat = np.meshgrid(np.linspace(112.4, 113.4, 9), np.linspace(22.7, 23.5, 9))
    east, north = to_gcj02(lon, lat)
    back = from_gcj02(east, north)
    assert np.abs(back[0] - lon).max() < 1e-12
    assert np.abs(back[1] - lat).max() < 1e-12
    shift_m = np.hypot((east - lon) * 102_500, (north - lat) * 110_750)
    assert shift_m.min() > 590
    assert shift_m.max() < 645


def shifted(shapes: np.ndarray, by: object) -> np.ndarray:
    return shapely.transform(shapes, by, interleaved=False)


def test_features_moved_as_a_public_map_moves_them_are_warned_about() -> None:
    known = np.array([*making.plots(5), None], dtype=object)
    for by, words in ((to_gcj02, "GCJ-02"), (from_gcj02, "多纠偏")):
        remark = gcj02_likeness(shifted(known, by), known)
        assert remark is not None
        assert remark.kind == "gcj02"
        assert words in remark.message
        assert 590 < remark.measured < 645


def test_other_shifts_are_not_taken_for_gcj02() -> None:
    known = np.array(making.plots(5), dtype=object)
    assert gcj02_likeness(known, known) is None
    assert gcj02_likeness(shifted(known, lambda x, y: (x + 0.005, y + 0.003)), known) is None
    assert gcj02_likeness(shifted(known[:2], to_gcj02), known[:2]) is None
