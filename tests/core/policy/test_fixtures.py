"""The fixture files, and what happens when one is corrupted."""

import json
import re
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from core.policy.loading import Counts, load
from core.policy.models import Document, Jurisdiction, Parameter

pytestmark = pytest.mark.django_db

FIXTURES = settings.BASE_DIR / "fixtures"
AREAS_KM2 = {"440604": 154.4, "440605": 1071.1, "440606": 806.3, "440607": 827.6, "440608": 937.9}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "fixtures"
    shutil.copytree(FIXTURES, copy, ignore=shutil.ignore_patterns("demo", "*.py", "__pycache__"))
    return copy


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_city_has_five_districts_and_32_towns_and_streets() -> None:
    assert Jurisdiction.objects.city().get().name == "佛山市"
    assert list(Jurisdiction.objects.districts().values_list("code", "short_name")) == [
        ("440604", "禅城"),
        ("440605", "南海"),
        ("440606", "顺德"),
        ("440607", "三水"),
        ("440608", "高明"),
    ]
    towns = Jurisdiction.objects.towns()
    assert towns.count() == 32
    assert all(town.code.startswith(town.parent_id) for town in towns)


def test_the_districts_are_as_large_as_they_should_be_on_the_ellipsoid() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, ST_Area(geom::geography) / 1e6 FROM policy_jurisdiction WHERE level = 'district'")
        areas = dict(cursor.fetchall())
    assert areas == pytest.approx(AREAS_KM2, rel=0.001)


def test_the_districts_do_not_overlap_and_fill_the_city() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(ST_Area(ST_Intersection(a.geom, b.geom)::geography)), 0)"
            " FROM policy_jurisdiction a JOIN policy_jurisdiction b ON a.code < b.code"
            " WHERE a.level = 'district' AND b.level = 'district'"
        )
        assert cursor.fetchone()[0] < 1
        cursor.execute(
            "SELECT abs(sum(ST_Area(geom::geography)) FILTER (WHERE level = 'district')"
            " - sum(ST_Area(geom::geography)) FILTER (WHERE level = 'city')) FROM policy_jurisdiction"
        )
        assert cursor.fetchone()[0] < 1


def test_the_documents_have_title_date_and_issuing_body() -> None:
    documents = Document.objects.in_bulk()
    assert set(documents) == {"S000", "S001", "S002", "S003", "S004", "MC-DEFAULT"}
    assert str(documents["S002"].issued_on) == "2022-03-30"
    assert documents["S001"].number == "东府办〔2017〕11号"
    assert documents["S003"].issuing_body == "清远市人民政府办公室"


def test_what_binds_follows_from_who_issued_it() -> None:
    statuses = {
        (code, place, status)
        for code, place, status in Parameter.objects.values_list("document", "jurisdiction__level", "status")
    }
    assert {(code, status) for code, _place, status in statuses} == {
        ("S000", "binding"),
        ("S001", "reference"),
        ("S002", "binding"),
        ("S003", "reference"),
        ("S004", "binding"),
        ("MC-DEFAULT", "binding"),
    }
    assert set(Parameter.objects.filter(document="S000").values_list("jurisdiction", flat=True)) == {"440605"}


def test_a_peer_citys_figure_names_the_city() -> None:
    for code, city in {"S001": "参照（东莞）", "S003": "参照（清远）"}.items():
        assert all(row.note.startswith(city) for row in Parameter.objects.filter(document=code))


def test_every_parameter_names_article_rule_and_unit_where_it_is_a_figure() -> None:
    for row in Parameter.objects.all():
        assert row.article
        assert row.clause_id
        assert row.unit if row.value is not None else row.text_value
        assert row.valid_from >= row.document.issued_on or row.document_id == "MC-DEFAULT"


def test_loading_again_changes_nothing(django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(8):
        counts = load(folder=FIXTURES)
    assert counts == {
        "jurisdictions": Counts(unchanged=38),
        "documents": Counts(unchanged=6),
        "parameters": Counts(unchanged=Parameter.objects.count()),
    }


def test_a_corrected_figure_is_updated_in_place(folder: Path) -> None:
    before = Parameter.objects.get(key="zone.count")
    edit(folder / "policy/S002.csv", lambda text: text.replace("zone.count,440600,=,54", "zone.count,440600,=,55"))
    counts = load(folder=folder)["parameters"]
    assert (counts.created, counts.updated) == (0, 1)
    after = Parameter.objects.get(key="zone.count")
    assert (after.pk, after.value) == (before.pk, 55)


def test_loading_keeps_what_the_city_adopted(parameter_of) -> None:
    adopted = parameter_of("quota.annual_share_percent", document_id="S001", status="adopted", value=20)
    load(folder=FIXTURES)
    assert Parameter.objects.filter(pk=adopted.pk, status="adopted").exists()


def test_the_command_counts_what_it_did() -> None:
    Parameter.objects.filter(key="zone.count").delete()
    output = StringIO()
    call_command("load_fixtures", stdout=output)
    assert "政策参数：新增 1，更新 0，未变" in output.getvalue()


CORRUPTIONS = [
    ("policy/S002.csv", "zone.count", lambda text: text.replace(",54,", ",五十四,"), "value 应为数字"),
    ("policy/S002.csv", "zone.count", lambda text: text.replace("zone.count,440600", "zone.count,440699"), "440699"),
    ("policy/S002.csv", "zone.count", lambda text: text.replace("zone.count,440600,=", "zone.count,440600,≈"), "≈"),
    ("policy/S002.csv", "zone.count", lambda text: text.replace(",54,", ",54,,,,"), "列"),
    ("policy/S002.csv", "zone.count", lambda text: text.replace(",54,", ",NaN,"), "精度"),
    ("policy/S004.csv", "2021-01-01,2023", lambda text: text.replace("2021-01-01,2023", "2020-12-31,2023"), "重叠"),
    ("policy/S004.csv", "2023-01-01", lambda text: text.replace("2023-01-01", "2023-02-30"), "日期"),
    (
        "policy/S001.csv",
        "quota.annual",
        lambda text: re.sub(r"(quota\.annual.*),reference,", r"\1,adopted,", text),
        "已采用",
    ),
    ("towns.csv", "440605124", lambda text: text.replace("440605124", "44060512"), "9 位"),
    ("towns.csv", "440605124", lambda text: text.replace(",shishan,440605", ",shishan,440699"), "上级"),
    ("documents.json", "S003", lambda text: text.replace("2024-04-08", "2024-04-31"), "日期"),
    ("documents.json", "S003", lambda text: text.replace('"code": "S003",', '"code": "S003"'), "JSON"),
]


@pytest.mark.parametrize(("name", "near", "corrupt", "complaint"), CORRUPTIONS)
def test_a_corrupted_fixture_is_one_sentence_with_file_and_line_and_writes_nothing(
    folder: Path, name: str, near: str, corrupt: Callable[[str], str], complaint: str
) -> None:
    Jurisdiction.objects.filter(code="440604010").delete()
    before = Parameter.objects.count()
    path = folder / name
    line = line_of(path, near)
    edit(path, corrupt)
    with pytest.raises(CommandError) as error:
        call_command("load_fixtures", folder=folder, verbosity=0)
    message = str(error.value)
    named = int(message.split("第 ")[1].split(" 行")[0])
    assert message.startswith(f"{name} 第 ")
    assert complaint in message
    assert message.count("\n") == 0
    # JSON notices a missing comma where the next name begins.
    assert named == (line + 1 if complaint == "JSON" else line)
    assert Parameter.objects.count() == before
    assert not Jurisdiction.objects.filter(code="440604010").exists()


def test_swapped_axes_are_caught(folder: Path) -> None:
    path = folder / "districts.geojson"
    content = json.loads(path.read_text(encoding="utf-8"))
    for feature in content["features"]:
        feature["geometry"]["coordinates"] = [
            [[[lat, lon] for lon, lat in ring] for ring in rings] for rings in feature["geometry"]["coordinates"]
        ]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CommandError, match="经纬度次序"):
        call_command("load_fixtures", folder=folder, verbosity=0)


def test_a_missing_or_foreign_encoded_file_is_named(folder: Path) -> None:
    (folder / "towns.csv").write_bytes((folder / "towns.csv").read_text(encoding="utf-8").encode("gbk"))
    with pytest.raises(CommandError, match=r"towns\.csv 第 2 行：不是 UTF-8 编码"):
        call_command("load_fixtures", folder=folder, verbosity=0)
    (folder / "towns.csv").unlink()
    with pytest.raises(CommandError, match=r"towns\.csv 第 1 行：缺少此文件"):
        call_command("load_fixtures", folder=folder, verbosity=0)


def test_a_figure_in_the_way_is_reported_with_the_line_that_meets_it(folder: Path, parameter_of) -> None:
    Parameter.objects.filter(key="zone.count").delete()
    parameter_of("zone.count", document_id="MC-DEFAULT", value=60)
    line = line_of(folder / "policy/S002.csv", "zone.count")
    with pytest.raises(CommandError, match=rf"S002\.csv 第 {line} 行：同一地区的同一参数在这段日期已有取值"):
        call_command("load_fixtures", folder=folder, verbosity=0)
