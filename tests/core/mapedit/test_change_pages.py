"""The pages of change sets: who opens them, what they say, what their buttons do, and that they stay quick."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.accounts.models import Role
from core.mapedit.models import ChangeSet, Publication
from core.mapedit.states import State
from parks.zones.models import ZoneVersion
from tests import places
from tests.core.mapedit import drafts, proposals

pytestmark = pytest.mark.django_db
CITY = "440600"


@pytest.fixture
def who(db: None) -> proposals.People:
    return proposals.people()


def text_of(response) -> str:
    """The words of the page, its markup and runs of blanks taken out."""
    plain = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", plain)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_page_for_every_role_that_sees_it(client, who, state):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)
    for user in (who.planner, who.reviewer, who.parks, places.account(Role.AUDITOR, CITY)):
        client.force_login(user)
        visible = ChangeSet.objects.visible_to(user).filter(pk=change_set.pk).exists()
        for address in (f"/changes/{change_set.pk}/", f"/changes/{change_set.pk}/shapes.json"):
            assert client.get(address).status_code == (200 if visible else 404)


BUTTONS = {
    State.DRAFT: ({"submit", "check", "withdraw"}, set(), set()),
    State.CHECKED: ({"submit", "check", "withdraw"}, set(), set()),
    State.SUBMITTED: ({"withdraw"}, {"ask_opinions", "return"}, set()),
    State.OPINIONS: ({"withdraw"}, {"return"}, {"opinion"}),
    State.NOTICE: ({"withdraw"}, {"approve", "return"}, set()),
    State.APPROVED: ({"withdraw"}, {"publish", "return"}, set()),
    State.PUBLISHED: (set(), set(), set()),
    State.RETURNED: ({"submit", "check", "withdraw"}, set(), set()),
    State.WITHDRAWN: (set(), set(), set()),
}


@pytest.mark.parametrize("state", BUTTONS)
def test_each_reader_is_offered_exactly_the_acts_that_are_theirs(client, who, state):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)
    for user, expected in zip((who.planner, who.reviewer, who.parks), BUTTONS[state], strict=True):
        client.force_login(user)
        page = client.get(f"/changes/{change_set.pk}/").content.decode()
        assert set(re.findall(r'data-act="(\w+)"', page)) == expected, user


def test_a_set_goes_from_draft_to_publication_by_the_buttons_alone(client, who):
    number = proposals.with_new_zone(who.planner).pk
    way = [
        (who.planner, "check", {}),
        (who.planner, "submit", {}),
        (who.reviewer, "ask_opinions", {}),
        (who.parks, "opinion", {"verdict": "agree"}),
        (who.reviewer, "notice", {}),
        (who.reviewer, "approve", {"document_number": "佛自然资〔2026〕3 号"}),
        (who.reviewer, "publish", {}),
    ]
    for user, move, fields in way:
        client.force_login(user)
        assert client.post(f"/changes/{number}/do/{move}/", fields).status_code == 302, move
    assert ZoneVersion.objects.get().publication.document_number == "佛自然资〔2026〕3 号"
    assert "已发布" in text_of(client.get(f"/changes/{number}/"))


def test_a_refusal_is_said_on_the_page_and_changes_nothing(client, who):
    places.zone("FS-NH-01", places.square(113.00, 23.05), zone_class="qianmu")
    change_set = proposals.draft(who.planner)
    drafts.add(change_set, "FS-NH-91", places.square(113.001, 23.05))
    proposals.placed(change_set)
    client.force_login(who.planner)
    answer = client.post(f"/changes/{change_set.pk}/do/submit/")
    assert answer.status_code == 422
    assert "未提交" in text_of(answer)
    assert "重叠" in text_of(answer)
    assert ChangeSet.objects.get(pk=change_set.pk).state == State.DRAFT
    client.force_login(who.reviewer)
    assert client.post(f"/changes/{change_set.pk}/do/publish/").status_code == 403
    assert client.post(f"/changes/{change_set.pk}/do/vanish/").status_code == 404
    assert client.get(f"/changes/{change_set.pk}/do/submit/").status_code == 405


def test_the_page_of_a_red_line_set_says_what_goes_out_and_comes_in(client, who):
    tract = places.tract("RL-NH-0001", places.square(113.00, 23.05))
    change_set = proposals.draft(who.planner, layer="redline")
    drafts.remove(change_set, tract)
    drafts.add(change_set, "RL-NH-0002", places.square(113.01, 23.05, 0.003))
    proposals.placed(change_set)
    client.force_login(who.planner)
    page = text_of(client.get(f"/changes/{change_set.pk}/"))
    assert "2 处改动，南海区红线面积余量" in page
    assert f"{tract.area_m2:,.2f}" in page
    assert "调出" in page
    assert "调入" in page


def test_a_paper_is_attached_read_as_a_download_and_taken_off(client, who):
    number = proposals.with_new_zone(who.planner).pk
    client.force_login(who.planner)
    file = SimpleUploadedFile("规委会纪要.pdf", b"%PDF-1.7 x")
    assert client.post(f"/changes/{number}/do/attach/", {"file": file}).status_code == 302
    paper = ChangeSet.objects.get(pk=number).papers.get()
    answer = client.get(f"/changes/{number}/papers/{paper.pk}/")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 x"
    assert client.post(f"/changes/{number}/do/attach/").status_code == 422
    assert client.post(f"/changes/{number}/do/detach/", {"paper": paper.pk}).status_code == 302
    assert client.get(f"/changes/{number}/papers/{paper.pk}/").status_code == 404


def test_a_change_is_begun_from_the_list_and_a_missing_title_is_asked_for(client, who):
    client.force_login(who.planner)
    answer = client.post("/changes/", {"layer": "zones", "title": "狮山东侧扩展", "reason": "规委会纪要"})
    assert answer.headers["Location"] == f"/map/edit/zones/{ChangeSet.objects.get().pk}/"
    refused = client.post("/changes/", {"layer": "zones", "title": " "})
    assert (refused.status_code, "请填写标题" in text_of(refused)) == (422, True)
    assert client.post("/changes/", {"layer": "clouds", "title": "x"}).status_code == 422
    client.force_login(who.reviewer)
    assert client.post("/changes/", {"layer": "zones", "title": "x"}).status_code == 422
    assert ChangeSet.objects.count() == 1


@pytest.mark.parametrize("role", [Role.ENTERPRISE, Role.SYSADMIN])
def test_who_reads_no_land_is_told_who_does(client, role):
    client.force_login(places.account(role, *(() if role == Role.ENTERPRISE else (CITY,))))
    for address in ("/changes/", "/changes/publications/"):
        refused = client.get(address)
        assert (refused.status_code, "本账号的角色不查看" in text_of(refused)) == (403, True)


def test_a_stranger_is_sent_to_sign_in(client):
    for address in ("/changes/", "/changes/1/", "/changes/publications/", "/changes/history/zones/FS-NH-01/"):
        assert client.get(address).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tab=all", {"草稿", "待审"}),
        ("tab=drafts", {"草稿"}),
        ("tab=review", {"待审"}),
        ("tab=published", set()),
        ("tab=all&q=待审", {"待审"}),
        ("tab=all&q=FS-NH-91", {"待审"}),
        ("tab=all&state=draft", {"草稿"}),
        ("tab=all&layer=plots", set()),
        ("tab=all&district=440607", set()),
        ("tab=nonsense&sort=nonsense&after=nonsense~x&author=x&state=%00", {"草稿"}),
    ],
)
def test_the_list_is_narrowed_by_its_address(client, who, query, found):
    proposals.with_new_zone(who.planner, "FS-NH-90", 113.00)
    ChangeSet.objects.update(title="草稿")
    second = proposals.bring(proposals.with_new_zone(who.planner, "FS-NH-91", 113.01), who, State.SUBMITTED)
    ChangeSet.objects.filter(pk=second.pk).update(title="待审")
    client.force_login(who.planner)
    rows = re.findall(r'<th scope="row"><a[^>]*>(.*?)</a>', client.get(f"/changes/?{query}").content.decode())
    assert set(rows) == found


@pytest.mark.parametrize("sort", ["changed", "number"])
def test_the_list_is_paged_by_key_without_gaps_or_repeats(client, who, sort):
    for number in range(120):
        proposals.draft(who.planner, title=f"变更 {number}")
    client.force_login(who.planner)
    seen, address = [], f"/changes/?tab=all&sort={sort}"
    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r"<td class=\"n\">#(\d+)</td>", page)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        address = "/changes/" + following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("address", ["/changes/?tab=all", "/", "/changes/publications/"])
def test_a_page_asks_as_many_queries_for_five_hundred_sets_as_for_five(client, who, address):
    client.force_login(who.planner)
    client.get(address)
    counts = []
    for count in (5, 495):
        for number in range(count):
            proposals.draft(who.planner, title=f"变更 {number}")
            places.publication("plots")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_change_page_asks_as_many_queries_for_five_hundred_changes_as_for_five(client, who):
    client.force_login(who.planner)
    counts = []
    for count in (5, 500):
        change_set = proposals.draft(who.planner, layer="plots")
        for number in range(count):
            code = f"440605001001GB{count + number:05d}"
            drafts.add(change_set, code, places.square(113.0 + number % 25 / 2000, 23.05 + number // 25 / 2000, 0.0003))
        proposals.placed(change_set)
        client.get(f"/changes/{change_set.pk}/")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/changes/{change_set.pk}/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_publication_is_reverted_by_its_button(client, who):
    published = proposals.bring(proposals.with_new_zone(who.planner), who, State.PUBLISHED)
    client.force_login(who.planner)
    page = client.get(f"/changes/publications/{published.publication_id}/")
    assert "撤销此次发布（1 处）" in text_of(page)
    answer = client.post(f"/changes/publications/{published.publication_id}/revert/")
    draft = ChangeSet.objects.get(reverts=published.publication_id)
    assert answer.headers["Location"] == f"/changes/{draft.pk}/"
    assert f"#{draft.pk}" in text_of(client.get(f"/changes/publications/{published.publication_id}/"))
    client.force_login(who.reviewer)
    assert "撤销此次发布" not in text_of(client.get(f"/changes/publications/{published.publication_id}/"))


def test_a_first_load_shows_what_it_opened_and_offers_no_reversal(client, who):
    loaded = places.zone("FS-NH-01", places.square(113.00, 23.05)).publication
    client.force_login(who.planner)
    page = text_of(client.get(f"/changes/publications/{loaded.pk}/"))
    assert "FS-NH-01" in page
    assert "撤销此次发布" not in page
    client.force_login(places.account(Role.PLANNER, places.SANSHUI))
    hidden = text_of(client.get(f"/changes/publications/{loaded.pk}/"))
    assert "本账号不查看这次发布的明细" in hidden
    assert client.get(f"/changes/publications/{loaded.pk}/shapes.json").status_code == 404


def test_the_history_of_a_feature_lists_its_versions_and_leads_to_their_days(client, who):
    version = places.zone("FS-NH-01", places.square(113.00, 23.05), zone_class="qianmu")
    change_set = proposals.draft(who.planner)
    drafts.modify(change_set, version, places.square(113.00, 23.05, 0.003))
    proposals.bring(proposals.placed(change_set), who, State.PUBLISHED)
    client.force_login(who.planner)
    page = client.get("/changes/history/zones/FS-NH-01/")
    assert "共有 2 个版本" in text_of(page)
    assert f"/map/?on={places.START.isoformat()}&amp;select=zones:FS-NH-01" in page.content.decode()
    for address in ("zones/NOTHING", "clouds/X", "districts/440605"):
        assert client.get(f"/changes/history/{address}/").status_code == 404


def test_the_history_of_a_plot_is_read_within_its_places(client):
    plot = places.plot(1)
    for place, status in ((places.NANHAI, 200), (places.SANSHUI, 404)):
        client.force_login(places.account(Role.PLANNER, place))
        assert client.get(f"/changes/history/plots/{plot.plot_id}/").status_code == status


def test_home_and_card_lead_to_changes_and_history(client, who):
    version = places.zone("FS-NH-01", places.square(113.00, 23.05))
    change_set = proposals.bring(proposals.with_new_zone(who.planner, lon=113.01), who, State.OPINIONS)
    for user, wanted in ((who.reviewer, True), (who.parks, True), (who.planner, False)):
        client.force_login(user)
        home = client.get("/")
        assert (f"/changes/{change_set.pk}/" in home.content.decode()) == wanted, user
        assert "变更" in text_of(home)
    card = client.get(f"/map/card/zones/{version.zone_id}/").content.decode()
    assert "/changes/history/zones/FS-NH-01/" in card
    assert "/map/edit/zones/?feature=FS-NH-01" in card
    assert Publication.objects.filter(pk=version.publication_id).exists()
