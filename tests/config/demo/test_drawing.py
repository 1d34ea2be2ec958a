"""The drawn city, before any database: shapes, areas, codes."""

import itertools
import json
from functools import cache

import numpy as np
import pytest
import shapely
from django.conf import settings as django_settings
from shapely.geometry import shape

from config.demo import city, settings
from config.demo.city import City
from config.demo.ground import Ground, area_m2, areas_m2
from config.demo.plots import PlotBatch
from config.demo.uscc import check_digit, demo_codes, organisation_code
from config.demo.zoning import share_out

MU = 2000 / 3


@cache
def districts() -> dict[str, shapely.Geometry]:
    path = django_settings.BASE_DIR / "fixtures" / "districts.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return {str(f["properties"]["code"]): shape(f["geometry"]) for f in features}


@cache
def drawn(seed: int = 1, plots: int = 3000) -> City:
    return city.draw(districts(), seed=seed, plots=plots)


@cache
def plot_batches(seed: int = 1, plots: int = 3000) -> list[PlotBatch]:
    return list(drawn(seed, plots).plots(city.town_names(), [2020, 2021, 2022, 2023, 2024, 2025]))


def overlap_m2(geoms: np.ndarray) -> float:
    i, j = shapely.STRtree(geoms).query(geoms, predicate="intersects")
    pair = i < j
    common = shapely.intersection(geoms[i[pair]], geoms[j[pair]])
    return float(areas_m2(common).max(initial=0.0))


def test_the_floors_share_out_54_zones_by_largest_remainder() -> None:
    assert share_out(54, [21, 190, 111, 53, 75]) == [3, 23, 13, 6, 9]


@pytest.mark.parametrize("seed", [1, 7])
def test_every_zone_is_strictly_over_10000_mu_inside_its_district_and_apart(seed: int) -> None:
    town = drawn(seed)
    geoms = np.array([zone.geom for zone in town.zones])
    assert len(geoms) == 54
    assert all(10_200 * MU < area_m2(geom) < 16_000 * MU for geom in geoms)
    assert all(districts()[town.codes[z.district]].contains(z.geom) for z in town.zones)
    assert overlap_m2(geoms) == 0.0
    assert shapely.is_valid(geoms).all()


@pytest.mark.parametrize("seed", [1, 7])
def test_the_red_line_meets_each_surplus_to_the_square_metre_at_every_publication(seed: int) -> None:
    town = drawn(seed)
    conf = settings.load("city")
    for step in range(len(conf["redline"]["publications"])):
        force = [t for t in town.tracts if t.opened <= step and (t.closed is None or t.closed > step)]
        assert overlap_m2(np.array([t.geom for t in force])) == 0.0
        for number, code in enumerate(town.codes):
            floor = conf["zones"]["floor_km2"][code] * 1e6
            total = sum(area_m2(t.geom) for t in force if t.district == number)
            assert total - floor == pytest.approx(conf["redline"]["surplus_mu"][code][step] * MU, abs=1.0)
            assert total > floor


def test_a_tract_never_has_two_versions_at_once_and_lies_in_one_district() -> None:
    town = drawn()
    versions: dict[int, list[tuple[int, float]]] = {}
    for tract in town.tracts:
        assert districts()[town.codes[tract.district]].contains(tract.geom)
        versions.setdefault(tract.tract, []).append((tract.opened, tract.closed or np.inf))
    for spans in versions.values():
        spans.sort()
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert any(len(spans) > 1 for spans in versions.values())


def test_plots_are_valid_apart_and_inside_their_district() -> None:
    town = drawn()
    geoms = np.concatenate([b.geom for b in plot_batches()])
    assert len(geoms) == pytest.approx(3000, abs=30)
    assert shapely.is_valid(geoms).all()
    assert overlap_m2(geoms) < 0.1
    superblock = np.concatenate([b.superblock for b in plot_batches()])
    for number, code in enumerate(town.codes):
        here = geoms[town.blocks.district[superblock] == number]
        boundary = districts()[code]
        shapely.prepare(boundary)
        assert len(here)
        assert shapely.contains(boundary, here).all()


def test_plots_side_by_side_share_their_vertices() -> None:
    geoms = np.concatenate([b.geom for b in plot_batches()])[:400]
    i, j = shapely.STRtree(geoms).query(geoms, predicate="intersects")
    pair = i < j
    shared = shapely.intersection(geoms[i[pair]], geoms[j[pair]])
    lines = shared[shapely.length(shared) > 1e-5]
    assert len(lines) > 200
    corners = set(map(tuple, shapely.get_coordinates(geoms).tolist()))
    ends = shapely.get_coordinates(lines).tolist()
    assert all(tuple(point) in corners for point in ends)


def test_plots_vary_in_size_as_in_a_city() -> None:
    mu = np.concatenate([b.area_m2 for b in plot_batches(1, 40_000)[:1]]) / MU
    low, middle, high = np.percentile(mu, [10, 50, 99])
    assert 6 < middle < 25
    assert high / middle > 4 > 1 > low / middle


def test_plot_codes_have_19_characters_and_never_repeat() -> None:
    codes = [code for batch in plot_batches() for code in batch.code]
    assert len(set(codes)) == len(codes)
    assert all(len(c) == 19 and c[:6] in districts() and c[12] in "GJ" and c[13] == "B" for c in codes)


def test_registered_area_is_near_the_measured_one_and_terms_keep_to_50_years() -> None:
    for batch in plot_batches():
        registered = np.array([float(row[-1]) for row in batch.rows])
        assert np.abs(registered / batch.area_m2 - 1).max() < 0.0031
        assert all(row[9] == r"\N" or int(row[9]) <= 50 for row in batch.rows)


def test_bending_the_plan_and_unbending_it_is_exact_to_a_millimetre() -> None:
    ground = Ground(settings.load("city")["warp"]["waves"], settings.rng(3, "ground"))
    plan = settings.rng(3, "points").uniform(-40_000, 40_000, (500, 2))
    assert np.abs(ground.to_plan(ground.to_lonlat(plan)) - plan).max() < 1e-3


def test_the_fast_area_agrees_with_the_geodesic_one() -> None:
    geoms = np.array([tract.geom for tract in drawn().tracts[:100]])
    exact = np.array([area_m2(geom) for geom in geoms])
    assert np.abs(areas_m2(geoms) / exact - 1).max() < 3e-7


def test_known_credit_code_vectors_check_out() -> None:
    # The worked example of GB 11714-1997: D2143569-X.
    assert organisation_code("D2143569") == "D2143569X"
    for code in demo_codes(np.arange(50), ["440605"] * 50):
        assert len(code) == 18
        assert code[8:10] == "XD"
        assert check_digit(code[:17]) == code[17]


def test_the_same_seed_draws_the_same_bytes_and_another_seed_does_not() -> None:
    first = plot_batches(1, 3000)
    again = list(
        city.draw(districts(), seed=1, plots=3000).plots(city.town_names(), [2020, 2021, 2022, 2023, 2024, 2025])
    )
    other = plot_batches(7, 3000)

    def picture(batches: list[PlotBatch]) -> list[bytes]:
        return [b"".join(shapely.to_wkb(b.geom).tolist()) for b in batches]

    assert picture(first) == picture(again)
    assert [b.rows for b in first] == [b.rows for b in again]
    assert picture(first) != picture(other)
