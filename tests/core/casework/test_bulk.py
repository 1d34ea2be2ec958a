"""One act on many cases: each done or refused by itself, and each told of."""

from __future__ import annotations

import pytest

from core.accounts.models import CITY_CODE, Role
from core.casework.models import Case
from core.casework.pages import bulk
from core.casework.states import State
from core.refusals import Refused
from tests import places
from tests.core.casework import cases
from tests.core.casework.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def test_what_can_be_done_is_done_and_the_rest_is_told_case_by_case(client, who):
    ready = [cases.bring(cases.draft(who), who, State.SUBMITTED) for _number in range(2)]
    moved = cases.bring(cases.draft(who), who, State.DECISION)
    other = cases.people(places.SANSHUI, number=2, district=places.SANSHUI)
    far = cases.bring(cases.draft(other, plot=f"{places.SANSHUI}001001GB00001"), other, State.SUBMITTED)
    client.force_login(who.planner)
    ids = [case.pk for case in (*ready, moved, far)]
    answer = client.post("/cases/bulk/", {"act": "accept", "case": ids, "back": "tab=all&kind=example"})
    assert answer.headers["Location"] == "/cases/?tab=all&kind=example"
    assert [Case.objects.get(pk=pk).state for pk in ids] == ["review", "review", "decision", "submitted"]
    page = text_of(client.get(answer.headers["Location"]))
    assert "“受理并送会审”：2 件已办，2 件未办。" in page
    assert f"{moved.number}" in page
    assert "目前为“待决定”" in page
    assert f"#{far.pk}" in page
    assert far.number not in page
    # Told once: the page read again is the list and nothing else.
    assert "件未办" not in text_of(client.get(answer.headers["Location"]))


def test_cases_are_given_to_a_colleague_together(client, who):
    made = [cases.bring(cases.draft(who), who, state) for state in (State.SUBMITTED, State.REVIEW, State.WITHDRAWN)]
    other = places.account(Role.PLANNER, CITY_CODE)
    client.force_login(who.planner)
    fields = {"act": "assign", "case": [case.pk for case in made]}
    client.post("/cases/bulk/", fields)
    assert "请选择分派给谁" in text_of(client.get("/cases/"))
    client.post("/cases/bulk/", {**fields, "to": other.pk})
    assert [Case.objects.get(pk=case.pk).assignee == other for case in made] == [True, True, False]
    # Nobody of another office, whatever number is sent.
    client.post("/cases/bulk/", {**fields, "to": who.parks.pk})
    assert not Case.objects.filter(assignee=who.parks).exists()


def test_reviews_concluded_and_notices_ended_together(client, who):
    open_review = cases.bring(cases.draft(who), who, State.REVIEW)
    notice = cases.bring(cases.draft(who), who, State.NOTICE)
    client.force_login(who.planner)
    client.post("/cases/bulk/", {"act": "conclude_review", "case": [open_review.pk]})
    assert "还在等工信局、亩均监测部门的意见" in text_of(client.get("/cases/"))
    client.force_login(who.reviewer)
    client.post("/cases/bulk/", {"act": "take_effect", "case": [notice.pk]})
    assert "“办理生效”：1 件全部已办。" in text_of(client.get("/cases/?tab=done"))
    assert Case.objects.get(pk=notice.pk).state == State.EFFECTIVE


def test_acts_are_offered_by_part_and_refused_to_everybody_else(client, who):
    auditor = places.account(Role.AUDITOR, CITY_CODE)
    assert bulk.offered(who.planner) == ["accept", "conclude_review", "assign"]
    assert bulk.offered(who.reviewer) == ["take_effect", "assign"]
    assert bulk.offered(who.parks) == bulk.offered(who.head) == ["assign"]
    assert bulk.offered(who.applicant) == bulk.offered(auditor) == []
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    for user, act in ((who.applicant, "accept"), (auditor, "assign"), (who.parks, "accept"), (who.planner, "approve")):
        client.force_login(user)
        assert client.post("/cases/bulk/", {"act": act, "case": [case.pk]}).status_code == 404
    assert client.get("/cases/bulk/").status_code == 405
    assert Case.objects.get(pk=case.pk).state == State.SUBMITTED


def test_nothing_too_much_and_nonsense_are_refused_in_a_sentence(client, who):
    with pytest.raises(Refused, match="没有选择办件"):
        bulk.run(by=who.planner, act="accept", ids=[])
    with pytest.raises(Refused, match="一次最多办理 200 件"):
        bulk.run(by=who.planner, act="accept", ids=range(1, 202))
    client.force_login(who.planner)
    for back in ("tab=nonsense&after=x", "//elsewhere.example", "q=%0d%0aSet-Cookie"):
        answer = client.post("/cases/bulk/", {"act": "accept", "case": ["x", "-1", "9" * 30], "back": back})
        assert answer.headers["Location"].startswith("/cases/?tab=")
