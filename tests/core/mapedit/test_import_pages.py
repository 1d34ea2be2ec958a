"""The pages of an import: who may open them, what they show, and that bad input never ends in an error page."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from core.accounts.models import Role
from core.jobs import tracking
from core.mapedit.models import Change, ChangeSet, Import
from core.mapedit.services import uploads
from tests import places
from tests.core.mapedit.files import code, feature, geojson, polygon, ring

pytestmark = pytest.mark.django_db

UPLOAD = "/changes/import/"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def planner(client):
    planner = places.account(Role.PLANNER, "440600")
    client.force_login(planner)
    return planner


def send(client, tmp_path, *features, name="宗地.geojson", layer="plots", address=UPLOAD):
    content = geojson(tmp_path / "sent.geojson", *features).read_bytes()
    return client.post(address, {"layer": layer, "file": SimpleUploadedFile(name, content)})


def address(name, item):
    return reverse(f"mapedit:{name}", args=[item.pk])


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.PLANNER, Role.ENTERPRISE}])
def test_only_planners_import(client, role):
    client.force_login(places.account(role, "440600"))
    assert client.get(UPLOAD).status_code == 403


def test_strangers_are_sent_to_sign_in(client):
    assert client.get(UPLOAD).status_code == 302


def test_a_file_is_previewed_then_written_and_opens_in_the_editor(client, planner, tmp_path):
    places.plot(1, location="示例路一号")
    places.plot(9)
    answer = send(client, tmp_path, feature(1), feature(2))
    item = Import.objects.get()
    assert answer.headers["Location"] == address("import_file", item)
    page = client.get(address("import_file", item)).content.decode()
    assert "1 处新增、0 处修改，全部合格" in page
    assert "文件未列的现行要素" in page
    assert not ChangeSet.objects.exists()
    answer = client.post(address("import_write", item), {"title": "狮山宗地"})
    change_set = ChangeSet.objects.get()
    assert answer.headers["Location"] == reverse("mapedit:editor", args=["plots", change_set.pk])
    assert (change_set.title, change_set.author) == ("狮山宗地", planner)
    assert list(change_set.changes.values_list("feature", flat=True)) == [code(2)]
    item.refresh_from_db()
    assert (item.state, item.change_set) == ("written", change_set)
    assert "已写入变更" in client.get(address("import_file", item)).content.decode()


def test_with_a_refused_feature_only_the_valid_ones_can_be_written(client, planner, tmp_path):
    bow_tie = ring(2)
    bow_tie[1], bow_tie[2] = bow_tie[2], bow_tie[1]
    send(client, tmp_path, feature(1), feature(2, polygon(bow_tie)))
    item = Import.objects.get()
    page = client.get(address("import_file", item)).content.decode()
    assert "1 处不合格，1 处可写入" in page
    assert "自相交" in page
    assert client.post(address("import_write", item)).status_code == 409
    assert not Change.objects.exists()
    client.post(address("import_write", item), {"accept_valid": "1"})
    assert list(Change.objects.values_list("feature", flat=True)) == [code(1)]


def test_findings_download_as_a_workbook(client, planner, tmp_path):
    send(client, tmp_path, feature(1, GYFS="=白送"), feature(2))
    answer = client.get(address("import_findings", Import.objects.get()))
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert "宗地.geojson" in rows[0][0]
    assert rows[2][0] == code(1)
    assert "供应方式" in rows[2][2]
    assert "filename*=utf-8''" in answer.headers["Content-Disposition"]


def test_the_map_shows_each_feature_by_its_class(client, planner, tmp_path):
    places.plot(1, location="示例路一号")
    send(client, tmp_path, feature(1), feature(2), feature(3, GYFS="白送"))
    found = client.get(address("import_shapes", Import.objects.get())).json()
    classes = {each["properties"]["name"]: each["properties"]["status"] for each in found["features"]}
    assert classes == {code(1): "unchanged", code(2): "new", code(3): "refused"}
    assert (found["total"], len(found["places"])) == (3, 5)


def test_a_column_can_be_chosen_by_hand(client, planner, tmp_path):
    send(client, tmp_path, feature(1, ZL=None, 别名="西樵路九号"))
    item = Import.objects.get()
    client.post(address("import_options", item), {"column:location": "别名"})
    client.post(address("import_write", item))
    assert Change.objects.get().attributes["location"] == "西樵路九号"


def test_a_file_into_a_change_set_stays_with_its_layer_and_its_editors(client, planner, tmp_path):
    send(client, tmp_path, feature(1))
    item = Import.objects.get()
    client.post(address("import_write", item))
    change_set = ChangeSet.objects.get()
    into = reverse("mapedit:import_into", args=[change_set.pk])
    send(client, tmp_path, feature(2), address=into)
    second = Import.objects.exclude(pk=item.pk).get()
    client.post(address("import_write", second))
    assert set(change_set.changes.values_list("feature", flat=True)) == {code(1), code(2)}
    client.force_login(places.account(Role.PLANNER, places.SANSHUI))
    assert client.get(into).status_code == 404


def test_a_cancelled_file_is_gone_from_the_disk(client, planner, tmp_path, django_capture_on_commit_callbacks):
    send(client, tmp_path, feature(1))
    item = Import.objects.get()
    assert item.path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address("import_cancel", item))
    assert not item.folder.exists()
    assert "已取消" in client.get(address("import_file", item)).content.decode()
    assert client.post(address("import_write", item)).status_code == 409


def test_the_file_of_another_planner_is_not_found(client, planner, tmp_path):
    send(client, tmp_path, feature(1))
    item = Import.objects.get()
    client.force_login(places.account(Role.PLANNER, places.SANSHUI))
    for name in ("import_file", "import_shapes", "import_findings", "import_job"):
        assert client.get(address(name, item)).status_code == 404
    for name in ("import_write", "import_cancel", "import_options", "import_resume"):
        assert client.post(address(name, item)).status_code == 404


def test_a_big_file_is_worked_on_in_the_background(client, planner, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "BIG_COUNT", 3)
    send(client, tmp_path, *(feature(n) for n in range(1, 8)))
    item = Import.objects.get()
    assert item.job.state == "queued"
    assert "正在检查" in client.get(address("import_file", item)).content.decode()
    assert client.get(address("import_job", item)).json()["state"] == "queued"
    tracking.run(number=item.job.pk)
    assert "7 处新增" in client.get(address("import_file", item)).content.decode()
    client.post(address("import_write", item))
    item.refresh_from_db()
    tracking.run(number=item.job.pk)
    item.refresh_from_db()
    assert (item.state, item.job.result) == ("written", {"change_set": item.change_set_id})
    assert item.change_set.changes.count() == 7


def test_a_cancelled_job_can_be_resumed_while_the_file_is_there(client, planner, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "BIG_COUNT", 3)
    send(client, tmp_path, *(feature(n) for n in range(1, 8)))
    item = Import.objects.get()
    tracking.cancel(number=item.job.pk)
    assert "从上次完成的阶段继续" in client.get(address("import_file", item)).content.decode()
    client.post(address("import_resume", item))
    tracking.run(number=item.job.pk)
    item.refresh_from_db()
    assert item.state == "examined"


def zip_of(**entries: bytes) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return into.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"PK\x03\x04 truncated", id="truncated zip"),
        pytest.param(zip_of(**{"../../etc/plots.shp": b"x"}), id="path escape"),
        pytest.param(zip_of(**{"plots.shp": b"\0" * 50_000_000}), id="zip bomb"),
        pytest.param(b"<OGRVRTDataSource/>", id="VRT"),
        pytest.param("没有坐标".encode("utf-16"), id="UTF-16 words"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 100, id="picture"),
        pytest.param(b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":7}]}', id="odd JSON"),
        pytest.param(b'{"type":"FeatureCollection","features":[]}', id="no features"),
    ],
)
def test_bad_input_is_one_sentence_on_the_page(client, planner, content):
    answer = client.post(UPLOAD, {"layer": "plots", "file": SimpleUploadedFile("文件.geojson", content)}, follow=True)
    assert answer.status_code == 200
    item = Import.objects.get()
    assert item.summary.get("problem", "").endswith("。") or item.summary["counts"]["new"] == 0
    assert not ChangeSet.objects.exists()


def test_an_empty_file_and_no_file_are_told_at_once(client, planner):
    for sent in ({"layer": "plots", "file": SimpleUploadedFile("a.zip", b"")}, {"layer": "plots"}):
        answer = client.post(UPLOAD, sent)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.content.decode()
    answer = client.post(UPLOAD, {"layer": "plots"}, headers={"Accept": "application/json"})
    assert answer.json()["message"] == "请选择要导入的文件。"


def test_an_unknown_layer_is_not_found(client, planner):
    file = SimpleUploadedFile("a.geojson", b"{}")
    assert client.post(UPLOAD, {"layer": "roads", "file": file}).status_code == 404
