"""`import_layer`: what becomes of a file, by its counts, its findings, its exit and the change set it leaves."""

import json
import zipfile
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.accounts.models import Role
from core.mapedit.imports import tiles
from core.mapedit.models import Change, ChangeSet
from landuse.plots.models import PlotVersion
from tests import places
from tests.core.mapedit.files import code, feature, geojson, polygon, ring

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def planner():
    return places.account(Role.PLANNER, "440600")


def run(*arguments: object) -> tuple[int, dict]:
    """Exit status and document of ``import_layer … --format json``."""
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("import_layer", *map(str, arguments), "--format", "json", stdout=out)
    return int(left.value.code or 0), json.loads(out.getvalue())


def rules(document: dict) -> set[str]:
    return {finding["rule"] for finding in document["findings"]}


def outcome_of(*arguments: object) -> tuple[int, set[str]]:
    """Exit status and rules found; none where the file could not be read at all."""
    try:
        status, document = run(*arguments)
    except CommandError as error:
        return error.returncode, set()
    return status, rules(document)


def test_new_plots_become_a_draft_and_nothing_is_published(tmp_path, planner):
    status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1), feature(2)))
    assert (status, document["findings"]) == (0, [])
    assert {key: document[key] for key in ("read", "new", "changed", "unchanged", "missing", "refused")} == {
        "read": 2,
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "missing": 0,
        "refused": 0,
    }
    change_set = ChangeSet.objects.get(pk=document["change_set"])
    assert (change_set.state, change_set.author, change_set.place_codes) == ("draft", planner, [places.NANHAI])
    change = change_set.changes.get(feature=code(1))
    assert (change.action, change.operation, change.base_version) == ("add", "import", None)
    assert change.attributes["supply_mode"] == "grant"
    assert change.attributes["location"] == "示例路一号"
    assert change.geom.num_coords == 5
    assert not PlotVersion.objects.exists()


def test_the_document_names_format_encoding_and_coordinate_system(tmp_path):
    _status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1)), "--dry-run")
    assert (document["layer"], document["format"], document["srid"]) == ("plots", "geojson", 4326)
    assert document["encoding"] == "utf-8"


def test_a_dry_run_writes_nothing(tmp_path):
    status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1)), "--dry-run")
    assert (status, document["new"], document["change_set"]) == (0, 1, None)
    assert not ChangeSet.objects.exists()


def test_what_lies_as_in_force_is_unchanged_however_its_rings_are_written(tmp_path):
    places.plot(1, location="示例路一号")
    turned = ring(1)
    turned = [*turned[2:-1], *turned[:2], turned[2]][::-1]
    status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1, polygon(turned))))
    assert (status, document["unchanged"], document["change_set"]) == (0, 1, None)


def test_half_a_tenth_of_a_millimetre_is_no_change_and_a_centimetre_is(tmp_path):
    places.plot(1, location="示例路一号")
    near, far = ring(1), ring(1)
    near[1][0] += 5e-10
    far[1][0] += 1e-7
    assert run("plots", geojson(tmp_path / "near.geojson", feature(1, polygon(near))), "--dry-run")[1]["unchanged"] == 1
    assert run("plots", geojson(tmp_path / "far.geojson", feature(1, polygon(far))), "--dry-run")[1]["changed"] == 1


def test_a_change_keeps_what_the_file_does_not_carry(tmp_path):
    version = places.plot(1, location="旧址", plot_ratio_planned="2.500", term_years=30)
    _status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1)))
    change = Change.objects.get(change_set=document["change_set"])
    assert (change.action, change.base_version) == ("modify", version.pk)
    assert change.attributes["location"] == "示例路一号"
    assert (change.attributes["plot_ratio_planned"], change.attributes["term_years"]) == (2.5, 30)


def test_what_the_file_leaves_out_is_listed_and_stays_unless_asked_otherwise(tmp_path):
    places.plot(1, location="示例路一号")
    gone = places.plot(2)
    file = geojson(tmp_path / "plots.geojson", feature(1))
    status, document = run("plots", file)
    assert (status, document["missing"], document["change_set"]) == (0, 1, None)
    _status, document = run("plots", file, "--remove-missing")
    change = Change.objects.get(change_set=document["change_set"])
    assert (change.feature, change.action, change.base_version) == (gone.plot_id, "remove", gone.pk)


def test_columns_are_known_by_alias_and_label_and_can_be_named(tmp_path):
    shape = feature(1)["geometry"]
    facts = {"宗地代码": code(1), "所在区": "南海区", "土地用途": "100102", "gyfs": "lease", "说明": "别处"}
    file = geojson(tmp_path / "plots.geojson", {"type": "Feature", "properties": facts, "geometry": shape})
    status, document = run("plots", file, "--field", "location=说明")
    assert status == 0
    attributes = Change.objects.get(change_set=document["change_set"]).attributes
    assert (attributes["district_id"], attributes["supply_mode"]) == (places.NANHAI, "lease")
    assert attributes["location"] == "别处"


def test_one_refused_feature_holds_all_back_unless_the_valid_ones_are_asked_for(tmp_path):
    bow_tie = ring(2)
    bow_tie[1], bow_tie[2] = bow_tie[2], bow_tie[1]
    file = geojson(tmp_path / "plots.geojson", feature(1), feature(2, polygon(bow_tie)))
    status, document = run("plots", file)
    assert (status, document["new"], document["refused"], document["change_set"]) == (1, 1, 1, None)
    finding = next(each for each in document["findings"] if each["severity"] == "error")
    assert (finding["feature"], finding["rule"]) == (code(2), "geometry.self_intersection")
    assert finding["lon"] == pytest.approx(113.007, abs=0.001)
    assert not ChangeSet.objects.exists()
    status, document = run("plots", file, "--accept-valid")
    assert status == 1
    assert list(Change.objects.values_list("feature", flat=True)) == [code(1)]


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"ZDDM": "440605ABC"}, "code.form"),
        ({"ZDDM": ""}, "code.missing"),
        ({"ZDDM": 4.406050010019e18}, "code.imprecise"),
        ({"GYFS": "白送"}, "attribute.choice"),
        ({"SZQ": "番禺区"}, "attribute.place"),
        ({"TDYT": ""}, "attribute.required"),
        ({"SYQQ": "去年"}, "attribute.date"),
        ({"GHRJL": "两倍"}, "attribute.number"),
        ({"ZL": "长" * 121}, "attribute.length"),
        ({"SZQ": "三水区"}, "geometry.outside_district"),
        ({"SZZJ": "440604002"}, "attribute.place"),
    ],
)
def test_a_value_that_is_none_is_a_finding(tmp_path, facts, rule):
    status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1, **facts)))
    assert status == 1
    assert rule in rules(document)
    assert (document["refused"], document["change_set"]) == (1, None)


@pytest.mark.parametrize(
    ("geometry", "rule"),
    [
        (None, "file.null_geometry"),
        ({"type": "Polygon", "coordinates": []}, None),
        ({"type": "Point", "coordinates": [113.0, 23.05]}, None),
        (polygon([[y, x] for x, y in ring(1)]), None),
        (polygon([[x + 5, y] for x, y in ring(1)]), None),
    ],
)
def test_a_shape_that_is_none_is_a_finding_or_one_sentence(tmp_path, geometry, rule):
    file = geojson(tmp_path / "plots.geojson", feature(1, geometry), feature(2))
    status, found = outcome_of("plots", file)
    assert status in {1, 2}
    assert rule is None or rule in found
    assert not ChangeSet.objects.exists()


def test_an_unclosed_ring_is_closed_and_said(tmp_path):
    status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1, polygon(ring(1)[:-1]))))
    assert (status, document["refused"]) == (1, 0)
    assert [(each["feature"], each["severity"]) for each in document["findings"]] == [(code(1), "warning")]


def test_the_same_code_twice_refuses_both(tmp_path):
    status, document = run("plots", geojson(tmp_path / "plots.geojson", feature(1), feature(2, ZDDM=code(1))))
    assert (status, document["refused"]) == (1, 2)
    assert "code.repeated" in rules(document)


@pytest.mark.parametrize("tile", [1, 2, 20_000])
def test_overlaps_in_the_file_and_with_what_stays_are_refused_with_their_area(tmp_path, monkeypatch, tile):
    monkeypatch.setattr(tiles, "TILE_ROWS", tile)
    places.plot(5)
    file = geojson(
        tmp_path / "plots.geojson",
        feature(1),
        feature(2, polygon(ring(1, dx=0.001))),
        feature(6, polygon(ring(5, dx=0.0005))),
    )
    status, document = run("plots", file)
    assert (status, document["refused"]) == (1, 3)
    overlaps = [each for each in document["findings"] if each["rule"] == "geometry.overlap"]
    assert {(each["feature"], each["other"]) for each in overlaps} == {
        (code(1), code(2)),
        (code(2), code(1)),
        (code(6), code(5)),
    }
    assert all(each["measured"] > 1000 and each["required"] == 1 for each in overlaps)


def test_a_feature_that_moves_away_frees_its_ground_for_another(tmp_path):
    places.plot(1, location="示例路一号")
    file = geojson(tmp_path / "plots.geojson", feature(1, polygon(ring(3))), feature(2, polygon(ring(1))))
    assert run("plots", file)[1]["refused"] == 0


def test_districts_are_corrected_and_never_founded(tmp_path):
    shape = {"type": "Polygon", "coordinates": [ring(1)]}
    unknown = {"type": "Feature", "properties": {"XZQDM": "440699", "XZQMC": "新区"}, "geometry": shape}
    status, document = run("districts", geojson(tmp_path / "districts.geojson", unknown))
    assert (status, document["missing"]) == (1, 5)
    assert "code.unknown" in rules(document)


def test_a_planner_of_one_district_writes_into_no_other(tmp_path):
    sanshui = places.account(Role.PLANNER, places.SANSHUI)
    file = geojson(tmp_path / "plots.geojson", feature(1))
    status, document = run("plots", file, "--by", sanshui.username)
    assert (status, document["change_set"]) == (1, None)
    assert "place.reach" in rules(document)


def test_a_file_that_takes_a_square_metre_off_the_red_line_is_refused(tmp_path):
    lon, lat = places.CORNER[places.NANHAI]
    places.tract("RL-NH-0001", places.square(lon, lat), name="北片")
    less = [[lon, lat], [lon + 0.002, lat], [lon + 0.002, lat + 0.00199995], [lon, lat + 0.00199995], [lon, lat]]
    facts = {"TBBH": "RL-NH-0001", "SZQ": places.NANHAI, "MC": "北片", "GKJB": "ungraded"}
    file = geojson(tmp_path / "redline.geojson", {"type": "Feature", "properties": facts, "geometry": polygon(less)})
    for options in (["--accept-valid"], ["--dry-run"], []):
        status, document = run("redline", file, *options)
        assert (status, document["changed"], document["change_set"]) == (1, 1, None)
        assert any(rule.startswith("redline.") for rule in rules(document))
    assert not ChangeSet.objects.exists()


def test_a_file_goes_into_an_open_change_set_and_replaces_what_it_changes(tmp_path):
    first = run("plots", geojson(tmp_path / "one.geojson", feature(1)))[1]["change_set"]
    file = geojson(tmp_path / "two.geojson", feature(1, ZL="示例路二号"), feature(2))
    status, document = run("plots", file, "--into", first)
    assert (status, rules(document), document["change_set"]) == (1, {"change.replaced"}, first)
    locations = dict(Change.objects.values_list("feature", "attributes__location"))
    assert locations == {code(1): "示例路二号", code(2): "示例路一号"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.geojson", b""),
        ("noise.gpkg", b"SQLite format 3\0" + b"\0" * 50),
        ("cut.zip", b"PK\x03\x04" + b"\0" * 40),
        ("vrt.geojson", b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>"),
        ("words.txt", "今天天气不错。".encode("utf-16")),
        ("half.geojson", b'{"type": "FeatureCollection", "features": ['),
        ("list.geojson", b"[1, 2, 3]"),
    ],
)
def test_an_unreadable_file_is_one_sentence_and_exit_2(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        call_command("import_layer", "plots", str(path), stdout=StringIO())
    assert refused.value.returncode == 2
    assert str(refused.value).endswith("。")
    assert not ChangeSet.objects.exists()


def test_names_that_leave_the_archive_are_refused(tmp_path):
    path = tmp_path / "escape.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../plots.shp", b"x")
    with pytest.raises(CommandError) as refused:
        call_command("import_layer", "plots", str(path), stdout=StringIO())
    assert refused.value.returncode == 2


def test_without_a_planner_the_command_says_what_is_missing(tmp_path, planner):
    planner.is_active = False
    planner.save()
    with pytest.raises(CommandError, match="编制人员") as refused:
        call_command("import_layer", "plots", str(geojson(tmp_path / "a.geojson", feature(1))), stdout=StringIO())
    assert refused.value.returncode == 2


def test_the_number_of_queries_does_not_grow_with_the_features(tmp_path, planner, django_assert_max_num_queries):
    from core.mapedit.services import importing

    counted = []
    for number, count in enumerate((2, 60)):
        file = geojson(tmp_path / f"{number}.geojson", *(feature(n) for n in range(1, count + 1)))
        with django_assert_max_num_queries(60) as queries:
            importing.write(importing.examine(file, layer="plots", by=planner), by=planner, title="导入")
        counted.append(len(queries))
    # The first may also prepare statements that the second finds prepared.
    assert counted[1] <= counted[0]
