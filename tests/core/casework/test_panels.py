"""Cases in the shell: rail, home, bell, search and the card of a plot; notices, absences and statistics as pages."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.casework.models import Absence, Case, Notification
from core.casework.pages import statistics_page
from core.casework.services import notifying
from core.casework.states import State
from core.casework.statistics import Turnaround
from core.web import case_panels, registry
from tests import places
from tests.core.casework import cases
from tests.core.casework.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def heading(response) -> str:
    return response.content.decode().split("<h1>")[1].split("</h1>")[0]


def late(case: Case) -> None:
    day = timezone.localdate() - dt.timedelta(days=30)
    Case.objects.filter(pk=case.pk).update(due_on=day)


@pytest.mark.parametrize("role", list(Role))
def test_the_rail_leads_to_cases_for_everybody_who_reads_them_and_never_grows_too_long(client, role):
    keys = [item.key for item in registry.nav_for(role.value)]
    assert ("cases" in keys) == (role != Role.SYSADMIN)
    assert len(keys) <= registry.RAIL_LIMIT


def test_home_answers_with_what_waits_for_an_office(client, who):
    mine = cases.bring(cases.draft(who), who, State.SUBMITTED)
    others = cases.bring(cases.draft(who), who, State.DECISION)
    client.force_login(who.planner)
    page = client.get("/")
    assert "1 件待我办理" in heading(page)
    assert f"/cases/{mine.pk}/" in page.content.decode()
    assert "等待他人的办件" in text_of(page)
    late(mine)
    late(others)
    page = client.get("/")
    assert "1 件待我办理，1 件已逾期" in heading(page)
    panel = page.content.decode().split('id="panel-cases_late"')[1].split("</section>")[0]
    assert f"/cases/{others.pk}/" in panel
    assert f"/cases/{mine.pk}/" not in panel
    client.force_login(who.head)
    assert " 逾期的办件" in text_of(client.get("/"))


def test_home_without_work_leaves_the_heading_to_others(client, who):
    client.force_login(who.planner)
    page = client.get("/")
    assert "件待我办理" not in heading(page)
    assert "没有待办的办件" in text_of(page)


def test_home_costs_no_more_queries_when_there_are_more_cases(client, who):
    def queries() -> int:
        client.get("/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/")
        return len(asked)

    client.force_login(who.planner)
    for state in (State.SUBMITTED, State.DECISION):
        late(cases.bring(cases.draft(who), who, state))
    before = queries()
    for state in (State.SUBMITTED, State.REVIEW, State.DECISION, State.SUBMITTED):
        late(cases.bring(cases.draft(who), who, state))
    assert queries() == before


def test_search_finds_cases_one_may_read(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    far = places.account(Role.PLANNER, places.SANSHUI)
    other = cases.people(CITY_CODE, number=2)
    for query in (case.number, "示例事项", "示例金属", cases.PLOT):
        assert [hit.code for hit in case_panels.find(who.planner, query, 5)] == [case.number], query
        assert case_panels.find(far, query, 5) == []
    assert [hit.url for hit in case_panels.find(who.applicant, case.number, 5)] == [f"/cases/{case.pk}/"]
    assert case_panels.find(other.applicant, case.number, 5) == []


def test_the_card_of_a_plot_lists_its_open_cases(client, who):
    plot = places.plot(1)
    case = cases.bring(cases.draft(who, plot=plot.plot_id), who, State.REVIEW)
    done = cases.bring(cases.draft(who, plot=plot.plot_id), who, State.WITHDRAWN)
    client.force_login(who.planner)
    card = client.get(f"/map/card/plots/{plot.plot_id}/")
    assert card.status_code == 200, card
    assert f"/cases/{case.pk}/" in card.content.decode()
    assert f"/cases/{done.pk}/" not in card.content.decode()


def test_the_bell_counts_what_is_new_and_the_page_marks_it_read(client, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    client.force_login(who.planner)
    unread = Notification.objects.visible_to(who.planner).unread().count()
    assert unread >= 1
    assert f"通知，{unread} 条未读" in client.get("/").content.decode()
    page = client.get("/notices/")
    assert f"{unread} 条未读通知" in heading(page)
    mine = Notification.objects.filter(user=who.planner).latest("pk")
    answer = client.post("/notices/read/", {"open": mine.pk})
    assert answer.headers["Location"] == f"/cases/{case.pk}/"
    assert Notification.objects.get(pk=mine.pk).read_at is not None
    client.post("/notices/read/")
    assert "没有未读通知" in heading(client.get("/notices/"))
    assert "没有未读通知" in text_of(client.get("/notices/?only=unread"))


def test_nobody_opens_or_reads_what_another_was_told(client, who):
    cases.bring(cases.draft(who), who, State.SUBMITTED)
    theirs = Notification.objects.filter(user=who.planner).latest("pk")
    client.force_login(who.reviewer)
    assert theirs.text not in text_of(client.get("/notices/"))
    for wanted in (theirs.pk, "x", "9" * 30):
        client.post("/notices/read/", {"open": wanted})
    assert Notification.objects.get(pk=theirs.pk).read_at is None
    assert client.get("/notices/read/").status_code == 405


def test_notices_come_in_pages_and_cost_the_same(client, who, monkeypatch):
    notifying.tell(users=[who.planner], act="submit", text="通知零")
    client.force_login(who.planner)
    client.get("/notices/")
    with CaptureQueriesContext(connection) as before:
        client.get("/notices/")
    for number in range(60):
        notifying.tell(users=[who.planner], act="submit", text=f"通知{number}")
    with CaptureQueriesContext(connection) as after:
        page = client.get("/notices/")
    assert len(after) == len(before)
    assert page.content.decode().count('name="open"') == 50
    older = client.get(f"/notices/?after={Notification.objects.order_by('-pk')[49].pk}")
    assert older.content.decode().count('name="open"') == 11
    assert client.get("/notices/?after=nonsense").status_code == 200


def test_an_absence_is_noted_shown_and_taken_back(client, who):
    deputy = places.account(Role.PLANNER, CITY_CODE)
    today = timezone.localdate()
    client.force_login(who.planner)
    assert "没有登记外出" in heading(client.get("/cases/absences/"))
    for given, missing in (
        ({}, "请选择代办人"),
        ({"deputy": deputy.pk, "since": "2026-02-30", "until": today}, "请填写外出的起始日期"),
        ({"deputy": deputy.pk, "since": today, "until": "2020-01-01"}, "外出结束不得早于开始"),
    ):
        answer = client.post("/cases/absences/", given)
        assert (answer.status_code, missing in text_of(answer)) == (422, True), given
    answer = client.post("/cases/absences/", {"deputy": deputy.pk, "since": today, "until": today})
    assert answer.status_code == 302
    assert "代办至" in heading(client.get("/cases/absences/"))
    client.force_login(deputy)
    page = client.get("/cases/absences/")
    assert "正在为" in heading(page)
    absence = Absence.objects.get()
    assert client.post(f"/cases/absences/{absence.pk}/end/").status_code == 403
    client.force_login(who.planner)
    assert client.post(f"/cases/absences/{absence.pk}/end/").status_code == 302
    assert not Absence.objects.exists()
    assert client.post(f"/cases/absences/{absence.pk}/end/").status_code == 403


def test_what_is_under_way_is_handed_over(client, who):
    other = places.account(Role.PLANNER, CITY_CODE)
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    client.force_login(who.planner)
    assert client.post("/cases/absences/hand-over/", {"to": "x"}).status_code == 422
    assert client.post("/cases/absences/hand-over/", {"to": other.pk}).status_code == 302
    assert "已移交 1 件" in text_of(client.get("/cases/absences/"))
    assert Case.objects.get(pk=case.pk).assignee == other


@pytest.mark.parametrize("role", [Role.ENTERPRISE, Role.SYSADMIN, Role.AUDITOR])
def test_who_works_on_no_cases_notes_no_absences(client, who, role):
    client.force_login(places.account(role, *(() if role == Role.ENTERPRISE else (CITY_CODE,))))
    assert client.get("/cases/absences/").status_code == 403


def test_statistics_are_shown_to_staff_and_handed_out(client, who):
    cases.bring(cases.draft(who), who, State.EFFECTIVE)
    client.force_login(who.head)
    page = client.get("/cases/statistics/")
    assert "办结" in heading(page)
    assert "全部按期" in heading(page)
    answer = client.get("/cases/statistics/export.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert {row[1].value for row in sheet.iter_rows(min_row=2)} == {"受理", "会审", "受理至决定"}
    assert "这段时间没有办结的环节" in heading(client.get("/cases/statistics/?since=2001-01-01&until=2001-12-31"))
    for query in ("since=2026-02-30", "since=0001-01-01&until=9999-12-31", "since=2026-12-31&until=2026-01-01"):
        assert client.get(f"/cases/statistics/?{query}").status_code == 200
    client.force_login(who.applicant)
    assert client.get("/cases/statistics/").status_code == 403
    assert client.get("/cases/statistics/export.xlsx").status_code == 403


def test_the_heading_of_statistics_names_the_office_most_often_late():
    def row(office, count, late):
        return Turnaround("example", "review", office, count, 3, 9, late, 10)

    said = statistics_page.heading([row("parks", 20, 1), row("monitor", 10, 3)])
    assert said == "办结 30 个环节，逾期 4 个；亩均监测部门会审逾期率最高，30.0%"
    tones = [
        line.tone for line in statistics_page.lines([row("parks", 20, 0), row("parks", 20, 1), row("parks", 10, 1)])
    ]
    assert tones == ["met", "risk", "unmet"]
