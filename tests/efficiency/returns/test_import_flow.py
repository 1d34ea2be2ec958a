"""A file from its arrival to the versions it becomes: by people, by the command, twice at once, and cut short."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from core.accounts.models import CITY_CODE, Role, User
from core.confined import Unreadable
from core.jobs import tracking
from core.jobs.models import Job
from core.refusals import NotAllowed, Refused, Stale
from efficiency.returns.imports import examining, template
from efficiency.returns.imports.examining import Options, examine, judge
from efficiency.returns.imports.headings import header_of
from efficiency.returns.imports.reading import read as read_file
from efficiency.returns.models import BatchState, ReturnBatch, YearlyReturn
from efficiency.returns.services import importing
from efficiency.returns.services.recording import record
from tests import places
from tests.efficiency.returns.files import book

pytestmark = pytest.mark.django_db
OPTIONS = Options(2025, "statistics", "final")


def row(number: int, tax: Any = 12.5, output: Any = 3000, staff: Any = 40) -> list[Any]:
    name = f"示例金属制品有限公司{number}号"
    return [places.uscc(number), name, 2025, tax, output, staff]


def sent(path: Path, by: User, **facts: Any) -> ReturnBatch:
    """A file handed in by ``by``, as the page does it."""
    facts = {"year": 2025, "office": "statistics", "status": "final", "place": CITY_CODE, **facts}
    with path.open("rb") as file:
        return importing.receive(uploaded=File(file, name=path.name), by=by, **facts)


@pytest.fixture
def monitor() -> User:
    return places.account(Role.MONITOR, CITY_CODE)


@pytest.fixture
def firms() -> list[Any]:
    return [places.enterprise(number) for number in range(1, 5)]


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def current(year: int = 2025) -> dict[int, YearlyReturn]:
    return {each.enterprise_id: each for each in YearlyReturn.objects.current().filter(year=year)}


def test_a_file_is_previewed_then_written_and_the_batch_stands(firms: list[Any], monitor: User, tmp_path: Path) -> None:
    batch = sent(book(tmp_path / "a.xlsx", [row(1), row(2)]), monitor)
    importing.read(batch=batch, by=monitor)
    assert (batch.error, batch.state, batch.report["new"]) == ("", BatchState.PREVIEWED, 2)
    assert not current()
    importing.apply(batch=batch, by=monitor)
    held = current()[firms[0].pk]
    assert (batch.state, held.tax_cny, held.batch_id) == (BatchState.APPLIED, Decimal("125000.00"), batch.pk)
    assert held.sources == dict.fromkeys(["tax_cny", "output_cny", "staff"], "statistics")
    with pytest.raises(Refused):
        importing.apply(batch=batch, by=monitor)


def test_with_a_bad_row_nothing_is_written_unless_the_valid_are_asked_for(
    firms: list[Any], monitor: User, tmp_path: Path
) -> None:
    batch = sent(book(tmp_path / "a.xlsx", [row(1), row(2, tax="x"), row(3)]), monitor)
    importing.read(batch=batch, by=monitor)
    with pytest.raises(Refused, match="1 行不合格"):
        importing.apply(batch=batch, by=monitor)
    assert not current()
    importing.apply(batch=batch, by=monitor, accept_valid=True)
    assert set(current()) == {firms[0].pk, firms[2].pk}


def test_the_same_again_changes_nothing_and_a_correction_only_its_row(
    firms: list[Any], monitor: User, tmp_path: Path
) -> None:
    first = book(tmp_path / "a.xlsx", [row(number) for number in range(1, 5)])
    importing.import_file(first, options=OPTIONS, by=monitor)
    assert importing.import_file(first, options=OPTIONS).batch is None
    second = book(tmp_path / "b.xlsx", [row(1), row(2, tax=13), row(3), row(4, tax=None)])
    outcome = importing.import_file(second, options=OPTIONS, by=monitor)
    assert outcome.examined.counts == {"read": 4, "new": 0, "changed": 1, "unchanged": 3, "refused": 0}
    assert YearlyReturn.objects.filter(year=2025).count() == 5
    assert current()[firms[3].pk].tax_cny == Decimal("125000.00")


def test_figures_of_other_offices_are_carried_over(firms: list[Any], tmp_path: Path) -> None:
    record(rows={firms[0].pk: {"tax_cny": Decimal("100.01"), "water_m3": 7}}, year=2025, office="tax", status="final",
           by=None)  # fmt: skip
    head = ("统一社会信用代码", "用电量（万kWh）", "用水量（m³）")
    path = book(tmp_path / "a.xlsx", [[places.uscc(1), 1.5, 8]], head=head)
    outcome = importing.import_file(path, options=Options(2025, "power", "final"))
    assert [each.rule for each in outcome.examined.remarks.all()] == ["returns.other_office"]
    held = current()[firms[0].pk]
    assert (held.tax_cny, held.electricity_kwh, held.water_m3) == (Decimal("100.01"), 15000, 8)
    assert held.sources == {"tax_cny": "tax", "water_m3": "power", "electricity_kwh": "power"}


def test_what_changed_since_the_preview_stops_the_writing(firms: list[Any], monitor: User, tmp_path: Path) -> None:
    batch = sent(book(tmp_path / "a.xlsx", [row(1), row(2)]), monitor)
    importing.read(batch=batch, by=monitor)
    record(rows={firms[0].pk: {"tax_cny": 5}}, year=2025, office="tax", status="final", by=None)
    with pytest.raises(Stale):
        importing.apply(batch=batch, by=monitor)
    batch.refresh_from_db()
    assert (batch.report["new"], batch.report["changed"]) == (1, 1)
    importing.apply(batch=batch, by=monitor)
    assert len(current()) == 2


@pytest.mark.parametrize(
    ("role", "where", "place", "may"),
    [
        (Role.MONITOR, CITY_CODE, CITY_CODE, True),
        (Role.MONITOR, CITY_CODE, places.NANHAI, True),
        (Role.MONITOR, places.NANHAI, places.NANHAI, True),
        (Role.MONITOR, places.NANHAI, CITY_CODE, False),
        (Role.MONITOR, places.NANHAI, places.SANSHUI, False),
        *((role, CITY_CODE, CITY_CODE, False)
          for role in (Role.PLANNER, Role.REVIEWER, Role.HEAD, Role.PARKS, Role.AUDITOR, Role.SYSADMIN)),
    ],
)  # fmt: skip
def test_monitors_import_for_their_places_and_nobody_else(
    role: Role, where: str, place: str, may: bool, client: Client
) -> None:
    user = places.account(role, where)
    file = SimpleUploadedFile("a.csv", "统一社会信用代码,税收（元）\n".encode())
    facts = {"year": 2025, "office": "tax", "status": "final", "place": place}
    if may:
        assert importing.receive(uploaded=file, by=user, **facts).by == user
    else:
        with pytest.raises(NotAllowed):
            importing.receive(uploaded=file, by=user, **facts)
        client.force_login(user)
        assert client.post(reverse("returns:imports"), {**facts, "file": file}).status_code == 403


@pytest.mark.parametrize("state", [BatchState.READING, BatchState.PREVIEWED, BatchState.APPLIED, BatchState.DISCARDED])
def test_only_a_previewed_batch_is_written_and_only_by_its_place(
    state: BatchState, firms: list[Any], monitor: User, tmp_path: Path
) -> None:
    batch = sent(book(tmp_path / "a.xlsx", [row(1)]), monitor)
    importing.read(batch=batch, by=monitor)
    if state == BatchState.APPLIED:
        importing.apply(batch=batch, by=monitor)
    else:
        ReturnBatch.objects.filter(pk=batch.pk).update(state=state)
    other = places.account(Role.MONITOR, places.NANHAI)
    with pytest.raises(NotAllowed):
        importing.apply(batch=batch, by=other)
    if state == BatchState.PREVIEWED:
        importing.apply(batch=batch, by=monitor)
        assert len(current()) == 1
    else:
        with pytest.raises(Refused):
            importing.apply(batch=batch, by=monitor)


def test_a_batch_is_read_within_ones_places_and_never_by_enterprises(
    firms: list[Any], monitor: User, tmp_path: Path, client: Client
) -> None:
    batch = sent(book(tmp_path / "a.xlsx", [row(1)]), monitor)
    importing.read(batch=batch, by=monitor)
    address = reverse("returns:import", args=[batch.pk])
    expected = [
        (monitor, 200),
        (places.account(Role.AUDITOR, CITY_CODE), 200),
        (places.account(Role.MONITOR, places.NANHAI), 404),
        (places.account(Role.SYSADMIN, CITY_CODE), 403),
        (places.account(Role.ENTERPRISE, enterprise=firms[0]), 403),
    ]
    for user, status in expected:
        client.force_login(user)
        assert client.get(address).status_code == status, user


def test_the_pages_show_list_preview_and_findings(
    firms: list[Any], monitor: User, tmp_path: Path, client: Client
) -> None:
    client.force_login(monitor)
    path = book(tmp_path / "a.xlsx", [row(1), row(2, tax="x"), row(3, tax=-1)])
    with path.open("rb") as file:
        answer = client.post(
            reverse("returns:imports"), {"year": 2025, "office": "tax", "status": "final", "file": file}
        )
    batch = ReturnBatch.objects.get()
    assert answer.headers["Location"] == reverse("returns:import", args=[batch.pk])
    page = client.get(answer.headers["Location"])
    assert "1 行不合格，2 行可写入" in page.content.decode()
    filtered = client.get(answer.headers["Location"] + "?severity=info&rule=returns.negative_accepted")
    assert [each["row"] for each in filtered.context["page_obj"]] == [4]
    sheet = load_workbook(
        _file(client.get(reverse("returns:import_findings", args=[batch.pk])), tmp_path / "f.xlsx")
    ).active
    assert [each.value for each in sheet["A"]] == ["行号", 3, 4]
    act = reverse("returns:import_act", args=[batch.pk])
    assert client.post(act, {"act": "write"}).status_code == 409
    assert client.post(act, {"act": "write_valid"}, follow=True).status_code == 200
    assert "已写入 2 家企业 2025 年度的数据" in client.get(answer.headers["Location"]).content.decode()
    assert client.get(reverse("returns:imports")).status_code == 200


def _file(response: Any, path: Path) -> Path:
    path.write_bytes(b"".join(response.streaming_content))
    return path


def test_an_unreadable_file_says_why(monitor: User, client: Client) -> None:
    client.force_login(monitor)
    facts = {"year": 2025, "office": "tax", "status": "final", "file": SimpleUploadedFile("a.xlsx", b"a,b\n")}
    page = client.post(reverse("returns:imports"), facts, follow=True)
    assert "没有找到表头" in page.content.decode()
    assert ReturnBatch.objects.get().state == BatchState.DISCARDED


@pytest.mark.parametrize("office", ["tax", "statistics", ""])
def test_the_form_is_understood_by_its_own_reader(office: str, monitor: User, tmp_path: Path, client: Client) -> None:
    client.force_login(monitor)
    path = _file(client.get(reverse("returns:template"), {"office": office}), tmp_path / "t.xlsx")
    book_ = load_workbook(path)
    found = header_of([cell.value for cell in book_.worksheets[0][1]])
    assert len(found) == len(template.headings(office))
    assert all(heading.factor for heading in found)
    assert book_.worksheets[0]["A2"].number_format == "@"
    assert book_.sheetnames == ["年报", "填写说明"]


def command(*arguments: Any) -> tuple[int, dict[str, Any]]:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_returns", *map(str, arguments), "--format", "json", stdout=out)
    return int(ended.value.code or 0), json.loads(out.getvalue())


def test_the_command_speaks_json_and_exits_as_promised(firms: list[Any], tmp_path: Path) -> None:
    clean = book(tmp_path / "a.xlsx", [row(1), row(2)])
    code, document = command(2025, clean, "--dry-run")
    assert (code, document["new"], current()) == (0, 2, {})
    assert list(document) == ["year", "read", "new", "changed", "unchanged", "refused", "findings"]
    bad = book(tmp_path / "b.xlsx", [row(1), row(2, tax="x")])
    code, document = command(2025, bad)
    assert (code, document["refused"], current()) == (1, 1, {})
    assert list(document["findings"][0]) == ["row", "column", "rule", "severity", "message", "value"]
    code, _document = command(2025, bad, "--accept-valid")
    assert (code, set(current())) == (1, {firms[0].pk})
    (tmp_path / "c.xlsx").write_bytes(b"nothing")
    with pytest.raises(Exception, match="表头") as raised:
        call_command("import_returns", "2025", str(tmp_path / "c.xlsx"))
    assert raised.value.returncode == 2  # type: ignore[attr-defined]


def test_the_number_of_statements_does_not_follow_the_rows(firms: list[Any], tmp_path: Path) -> None:
    counts = []
    for rows in ([row(1)], [row(1), row(2), row(3), row(4)]):
        source = read_file(book(tmp_path / f"{len(rows)}.xlsx", rows))
        with CaptureQueriesContext(
            connection,
        ) as caught:
            judge(source, options=OPTIONS)
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_a_worker_killed_halfway_leaves_a_file_to_go_on_with(
    firms: list[Any], monitor: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BIG_BYTES", 0)
    batch = sent(book(tmp_path / "a.xlsx", [row(1), row(2)]), monitor)
    importing.read(batch=batch, by=monitor)
    assert batch.state == BatchState.READING
    job = Job.objects.get()
    Job.objects.filter(pk=job.pk).update(state="running")
    job.refresh_from_db()
    tracking.lose(task=job.task)
    importing.resume(batch=batch, by=monitor)
    tracking.run(number=job.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.PREVIEWED
    importing.apply(batch=batch, by=monitor)
    assert not current()
    second = ReturnBatch.objects.get().job
    tracking.run(number=second.pk)
    assert (ReturnBatch.objects.get().state, len(current())) == (BatchState.APPLIED, 2)


def test_a_cancelled_job_writes_nothing_and_the_file_can_be_given_up(
    firms: list[Any], monitor: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BIG_BYTES", 0)
    batch = sent(book(tmp_path / "a.xlsx", [row(1)]), monitor)
    importing.read(batch=batch, by=monitor)
    with pytest.raises(Refused, match="后台"):
        importing.apply(batch=batch, by=monitor)
    importing.cancel(batch=batch, by=monitor)
    assert Job.objects.get().state == "cancelled"
    importing.discard(batch=batch, by=monitor)
    batch.refresh_from_db()
    assert (batch.state, current()) == (BatchState.DISCARDED, {})


@pytest.mark.django_db(transaction=True)
def test_of_two_who_write_one_file_at_once_one_does(tmp_path: Path) -> None:
    monitor, _firm = places.account(Role.MONITOR, CITY_CODE), places.enterprise(1)
    batch = sent(book(tmp_path / "a.xlsx", [row(1)]), monitor)
    importing.read(batch=batch, by=monitor)
    told: list[str] = []

    def write() -> None:
        try:
            importing.apply(batch=ReturnBatch.objects.get(pk=batch.pk), by=monitor)
            told.append("written")
        except Refused:
            told.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["refused", "written"]
    assert YearlyReturn.objects.filter(year=2025).count() == 1


def test_a_big_file_is_judged_by_a_register_asked_for_meanwhile(
    firms: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(rows={firms[1].pk: {"tax_cny": 7, "staff": 3}}, year=2025, office="tax", status="final", by=None)
    record(rows={firms[2].pk: {"tax_cny": 12_500_000}}, year=2024, office="tax", status="final", by=None)
    path = book(tmp_path / "a.xlsx", [row(1), row(2), row(3), row(99), row(1)])
    small = examine(path, options=OPTIONS)
    monkeypatch.setattr(examining, "BIG_BYTES", 0)
    big = examine(path, options=OPTIONS)
    assert big.kind.tolist() == small.kind.tolist()
    assert big.remarks.all() == small.remarks.all()
    assert big.preview() == small.preview()
    assert {each.rule.rsplit(".")[-1] for each in big.remarks.all()} >= {"unknown_uscc", "duplicate", "jump"}


def test_what_keeps_a_big_file_from_being_read_is_said_in_the_readers_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(examining, "BIG_BYTES", 0)
    compiled = tmp_path / "locale" / "en" / "LC_MESSAGES"
    compiled.mkdir(parents=True)
    source = settings.BASE_DIR / "locale" / "en" / "LC_MESSAGES" / "django.po"
    polib.pofile(str(source)).save_as_mofile(str(compiled / "django.mo"))
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    (tmp_path / "a.xlsx").write_bytes(b"")
    with translation.override("en"), pytest.raises(Unreadable) as refused:
        examine(tmp_path / "a.xlsx", options=OPTIONS)
    assert refused.value.sentence.isascii()
