"""The list of cases: what waits for whom under which tab, narrowing, paging, export, and that it stays quick."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.casework.models import Case
from core.casework.pages import asking, standing
from core.casework.services import assigning, deciding, filing, reviewing
from core.casework.states import State
from core.policy.models import Parameter
from tests import places
from tests.core.casework import cases
from tests.core.casework.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def under(user, tab: str) -> set[int]:
    """The cases a reader has under a tab."""
    return set(asking.tab_of(user, tab, asking.soon_day()).values_list("pk", flat=True))


def make_late(case: Case, by_days: int = 30) -> None:
    """Let the deadlines of a case have passed long ago."""
    day = timezone.localdate() - dt.timedelta(days=by_days)
    Case.objects.filter(pk=case.pk).update(due_on=day)
    case.reviews.filter(given_at__isnull=True).update(due_on=day)


MINE = {
    State.DRAFT: {"applicant"},
    State.SUBMITTED: {"planner"},
    State.CORRECTION: {"applicant"},
    State.REVIEW: {"parks", "monitor"},
    State.DECISION: {"reviewer"},
    State.NOTICE: {"reviewer"},
    State.EFFECTIVE: set(),
    State.NOT_ACCEPTED: set(),
    State.REFUSED: set(),
    State.RETURNED: {"applicant"},
    State.APPEAL: {"head"},
    State.UPHELD: set(),
    State.WITHDRAWN: set(),
    State.ISSUED: {"applicant"},
    State.PLANNED: {"monitor"},
    State.RECTIFYING: {"applicant"},
    State.CHECKING: {"monitor"},
    State.RECTIFIED: set(),
    State.SANCTION: {"reviewer"},
    State.IMPOSED: {"monitor"},
    State.SETTLED: set(),
    State.CANCELLED: set(),
}
"""Who has the next move, by state; the notice of the example kind has no days to wait for."""


@pytest.mark.parametrize(("way", "state"), cases.STANDS, ids=lambda value: str(value))
def test_a_case_waits_for_exactly_who_has_the_next_move(who, way, state):
    case = cases.bring(cases.begun(who, way), who, state)
    everybody = ("applicant", "planner", "parks", "monitor", "reviewer", "head")
    assert {name for name in everybody if case.pk in under(getattr(who, name), "mine")} == MINE[state]
    for name in everybody:
        user = getattr(who, name)
        if not Case.objects.visible_to(user).filter(pk=case.pk).exists():
            continue
        # Under way it is mine or somebody else's, afterwards it is done: never both, never nowhere.
        assert sum(case.pk in under(user, tab) for tab in ("mine", "others", "done")) == 1, (name, state)


def test_the_conducting_office_waits_for_the_others_until_they_spoke_or_are_late(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    assert case.pk in under(who.planner, "others")
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
    assert case.pk not in under(who.planner, "mine")
    assert case.pk not in under(who.parks, "mine")
    make_late(case)
    assert case.pk in under(who.planner, "mine")
    reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree")
    assert case.pk in under(who.planner, "mine")


def test_a_running_notice_waits_for_nobody_and_is_never_late(who):
    cases.clocks(notice=7)
    case = cases.bring(cases.draft(who), who, State.NOTICE)
    for user in (who.planner, who.reviewer, who.head):
        assert case.pk in under(user, "others")
        assert case.pk not in under(user, "soon") | under(user, "late")
    stands = standing.standing(standing.found(case), who.reviewer, 3)
    until = timezone.localdate() + dt.timedelta(days=7)
    assert stands.sentence == f"已批准，公示至 {until.isoformat()}"


def test_who_accepted_a_case_does_not_have_its_decision_waiting(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    other = places.account(Role.REVIEWER, CITY_CODE)
    Case.objects.filter(pk=case.pk).update(accepted_by=who.reviewer)
    assert case.pk not in under(who.reviewer, "mine")
    assert case.pk in under(other, "mine")


def test_what_was_given_to_a_colleague_is_theirs_and_while_they_are_away_their_deputys(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    other = places.account(Role.PLANNER, CITY_CODE)
    assert case.pk in under(who.planner, "mine") & under(other, "mine")
    assigning.assign(case_id=case.pk, by=who.planner, to=other)
    assert case.pk in under(other, "mine")
    assert case.pk in under(who.planner, "others")
    today = timezone.localdate()
    third = places.account(Role.PLANNER, CITY_CODE, "440604")
    assigning.note_absence(by=other, user=other, deputy=third, since=today, until=today)
    assert case.pk in under(third, "mine")
    assert case.pk not in under(who.planner, "mine")


def test_staff_who_filed_on_behalf_have_the_applicants_moves_and_no_others(who):
    case = cases.draft(who, who.planner)
    assert case.pk in under(who.planner, "mine")
    case = cases.bring(case, who, State.SUBMITTED, by=who.planner)
    assert case.pk not in under(who.planner, "mine")
    other = places.account(Role.PLANNER, CITY_CODE)
    deciding.ask_correction(case_id=case.pk, by=other, text="补充")
    said = {user.pk: standing.standing(standing.found(case), user, 3).what for user in (who.planner, other)}
    assert said == {who.planner.pk: "请按要求补正", other.pk: "待申请人补正"}


def test_tabs_of_deadlines(who):
    Parameter.objects.filter(key="case.due_soon_days").delete()
    cases.parameter("case.due_soon_days", 3)
    far, near, late, paused = (cases.bring(cases.draft(who), who, State.SUBMITTED) for _number in range(4))
    today = timezone.localdate()
    Case.objects.filter(pk=far.pk).update(due_on=today + dt.timedelta(days=60))
    Case.objects.filter(pk=near.pk).update(due_on=today)
    make_late(late)
    deciding.ask_correction(case_id=paused.pk, by=who.planner, text="补充")
    make_late(paused)
    assert under(who.planner, "soon") == {near.pk}
    assert under(who.planner, "late") == {late.pk}
    # Late with its own correction is the applicant, and only to itself.
    assert under(who.applicant, "late") == {late.pk, paused.pk}
    client_words = standing.standing(standing.found(late), who.planner, 3)
    assert (client_words.late, client_words.tone, client_words.deadline[:2]) == (True, "unmet", "逾期")
    assert standing.standing(standing.found(near), who.planner, 3).deadline == "今天截止"
    assert standing.standing(standing.found(far), who.planner, 3).tone == ""


def test_the_sentence_names_the_offices_that_are_waited_for(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    said = standing.standing(standing.found(case), who.planner, 3)
    assert said.sentence == "待工信局、亩均监测部门出具意见，剩 10 个工作日"
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
    assert standing.standing(standing.found(case), who.planner, 3).what == "待亩均监测部门出具意见"
    reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree")
    said = standing.standing(standing.found(case), who.planner, 3)
    assert (said.what, said.days) == ("各部门已出具意见，待自然资源局报送决定", 20)


def test_the_list_answers_first_and_shows_its_rows(client, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    client.force_login(who.planner)
    page = client.get("/cases/")
    assert "1 件待我办理" in page.content.decode().split("<h1>")[1].split("</h1>")[0]
    assert case.number in text_of(page)
    assert "待自然资源局受理" in text_of(page)
    make_late(case)
    assert "1 件待我办理，1 件已逾期" in text_of(client.get("/cases/"))
    client.force_login(who.parks)
    assert "没有待我办理的办件" in text_of(client.get("/cases/"))
    client.force_login(who.head)
    assert "1 件办理中，1 件已逾期" in text_of(client.get("/cases/"))


def test_an_enterprise_reads_its_own_cases_and_what_to_do_next(client, who):
    other = cases.people(CITY_CODE, number=2)
    mine, theirs = cases.draft(who), cases.draft(other)
    client.force_login(who.applicant)
    page = client.get("/cases/")
    assert f"/cases/{mine.pk}/edit/" in page.content.decode()
    assert f"/cases/{theirs.pk}/" not in page.content.decode()
    assert "1 件待我办理" in text_of(page)
    assert "经办人" not in text_of(page)


def test_a_district_sees_its_own_cases_only(client, who):
    other = cases.people(places.SANSHUI, number=2, district=places.SANSHUI)
    case = cases.bring(cases.draft(other, plot=f"{places.SANSHUI}001001GB00001"), other, State.SUBMITTED)
    client.force_login(who.planner)
    for address in ("/cases/?tab=all", f"/cases/?tab=all&q={case.number}", "/cases/?tab=all&district=440607"):
        assert f"/cases/{case.pk}/" not in client.get(address).content.decode()
    client.force_login(other.planner)
    assert f"/cases/{case.pk}/" in client.get("/cases/?tab=all").content.decode()


def test_who_reads_no_cases_is_told_who_does(client):
    client.force_login(places.account(Role.SYSADMIN, CITY_CODE))
    for address in ("/cases/", "/cases/export.xlsx"):
        refused = client.get(address)
        assert (refused.status_code, "本账号的角色不查看" in text_of(refused)) == (403, True)
    client.logout()
    assert client.get("/cases/").headers["Location"].startswith("/accounts/login/")


def test_narrowing_finds_by_every_word_people_know(client, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    draft = cases.draft(who, plot=f"{places.NANHAI}001001GB00002")
    client.force_login(who.planner)

    def found(**query) -> bool:
        return f"/cases/{case.pk}/" in client.get("/cases/", {"tab": "all", **query}).content.decode()

    today = timezone.localdate().isoformat()
    for wanted in (case.number, case.number[-5:], "示例金属", who.enterprise.uscc, cases.PLOT, cases.PLOT.lower()):
        assert found(q=wanted), wanted
    for query in ({"kind": "example"}, {"state": "submitted"}, {"district": places.NANHAI}, {"assignee": "none"}):
        assert found(**query), query
    assert found(since=today, until=today)
    for query in (
        {"q": "没有"},
        {"state": "review"},
        {"assignee": "me"},
        {"until": "2020-01-01"},
        {"district": "440607"},
    ):
        assert not found(**query), query
    assert f"/cases/{draft.pk}/" not in client.get("/cases/?tab=all").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "tab=nonsense&kind=x&state=y&sort=z",
        "assignee=999999999999999999999&after=~~~",
        "after=2026-99-99~1&sort=due",
        "after=nonsense~5&sort=changed",
        "since=2026-02-30&until=x",
        "q=%00&district=%00",
        "q=%25_%5C",
        "after=~99999999999999999999",
    ],
)
def test_nonsense_in_the_address_asks_for_nothing(client, who, query):
    cases.bring(cases.draft(who), who, State.SUBMITTED)
    client.force_login(who.planner)
    assert client.get(f"/cases/?{query}").status_code == 200
    assert client.get(f"/cases/export.xlsx?{query}").status_code == 200


@pytest.mark.parametrize("sort", list(asking.SORTS))
def test_pages_by_key_show_every_case_once(who, monkeypatch, sort):
    monkeypatch.setattr(asking, "PER_PAGE", 3)
    made = [cases.bring(cases.draft(who), who, State.SUBMITTED) for _number in range(6)]
    ended = cases.bring(cases.draft(who), who, State.WITHDRAWN)
    # Ties and gaps are what breaks a key.
    Case.objects.filter(pk__in=[made[0].pk, made[1].pk, made[2].pk]).update(due_on=dt.date(2026, 1, 5))
    seen: list[int] = []
    asked = asking.Asked(tab="all", sort=sort)
    for _page in range(4):
        page = asking.page(who.planner, asked)
        seen += [row.pk for row in page.rows]
        if not page.after:
            break
        asked.after = page.after
    assert sorted(seen) == sorted([*(case.pk for case in made), ended.pk])
    assert len(seen) == len(set(seen))


def test_the_number_of_queries_does_not_grow_with_the_cases(client, who):
    client.force_login(who.planner)

    def queries() -> int:
        client.get("/cases/?tab=all")
        with CaptureQueriesContext(connection) as asked:
            client.get("/cases/?tab=all")
        return len(asked)

    cases.bring(cases.draft(who), who, State.REVIEW)
    before = queries()
    for state in (State.REVIEW, State.DECISION, State.SUBMITTED, State.CORRECTION, State.WITHDRAWN):
        cases.bring(cases.draft(who), who, state)
    assert queries() == before <= 25


def test_an_export_holds_what_is_shown_and_no_formula(client, who):
    who.enterprise.name = "=HYPERLINK(1)示例"
    who.enterprise.save()
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    cases.bring(cases.draft(who), who, State.WITHDRAWN)
    client.force_login(who.planner)
    answer = client.get("/cases/export.xlsx?tab=mine")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    head, *rows = list(sheet.iter_rows())
    assert [row[0].value for row in rows] == [case.number]
    line = dict(zip((cell.value for cell in head), rows[0], strict=True))
    assert line["等待"].value == "自然资源局"
    assert line["剩余工作日"].value == 5
    assert line["本环节截止"].value.date() == case.due_on
    assert all(cell.data_type != "f" for row in rows for cell in row)
    client.force_login(who.applicant)
    answer = client.get("/cases/export.xlsx?tab=all")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert "经办人" not in [cell.value for cell in next(sheet.iter_rows())]
    assert sheet.max_row == 3


@pytest.mark.parametrize("tab", list(asking.TABS))
@pytest.mark.parametrize("name", ["applicant", "planner", "head"])
def test_an_empty_tab_says_what_would_stand_there(client, who, tab, name):
    client.force_login(getattr(who, name))
    page = client.get(f"/cases/?tab={tab}")
    assert (page.status_code, page.content.decode().count("empty-state")) == (200, 1)
    assert client.get(f"/cases/?tab={tab}&q=没有").content.decode().count("清除筛选") == 2


def test_filing_from_the_list_is_offered_to_who_may_file(client, who):
    cases.draft(who)
    filing.withdraw(case_id=Case.objects.get().pk, by=who.applicant)
    for user, offered in ((who.applicant, True), (who.planner, True), (who.parks, True), (who.reviewer, False)):
        client.force_login(user)
        assert ("/cases/new/example/" in client.get("/cases/").content.decode()) is offered
