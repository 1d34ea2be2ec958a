"""Granting, noting and ending a membership, and the pages on which that is done."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from core.accounts.models import CITY_CODE, Role, User
from core.policy.models import Parameter
from core.refusals import NotAllowed, Refused
from parks.programmes.models import Membership, Programme
from parks.programmes.services import end_membership, grant_membership, note_standing
from tests.parks.programmes.test_programmes import END, member, programme
from tests.places import NANHAI, SANSHUI, account, enterprise, uscc

pytestmark = pytest.mark.django_db

PAGE = "/programmes/test/"


@pytest.fixture
def of(db: None) -> Programme:
    return programme(valid_to=dt.date(2040, 1, 1))


@pytest.fixture
def keeper(db: None) -> User:
    return account(Role.PARKS, NANHAI)


def grant(by: User, code: str, **facts: Any) -> Membership:
    return grant_membership(
        by=by, programme="test", enterprise_code=code, **{"document_number": "示例〔2026〕1号", **facts}
    )


class TestServices:
    def test_a_park_officer_of_the_place_grants_until_the_programme_ends(self, of: Programme, keeper: User) -> None:
        firm = enterprise()
        granted = grant(keeper, f" {firm.uscc.lower()} ")
        assert (granted.enterprise, granted.valid_from, granted.valid_to) == (firm, timezone.localdate(), of.valid_to)
        assert granted.is_demo
        assert Membership.objects.in_force_on().get() == granted

    @pytest.mark.parametrize(
        ("role", "places"),
        [
            (Role.PLANNER, [NANHAI]),
            (Role.HEAD, [NANHAI]),
            (Role.PARKS, [SANSHUI]),
            (Role.AUDITOR, [CITY_CODE]),
            (Role.SYSADMIN, [CITY_CODE]),
            (Role.ENTERPRISE, []),
        ],
    )
    def test_nobody_else_grants_or_ends(self, of: Programme, keeper: User, role: Role, places: list[str]) -> None:
        firm, other = enterprise(1), enterprise(2)
        held = grant(keeper, firm.uscc)
        stranger = account(role, *places, enterprise=firm if role == Role.ENTERPRISE else None)
        with pytest.raises(NotAllowed):
            grant(stranger, other.uscc)
        with pytest.raises(NotAllowed):
            note_standing(by=stranger, membership_id=held.pk, standing="warned", reason="未增长")
        with pytest.raises(NotAllowed):
            end_membership(by=stranger, membership_id=held.pk, standing="left", reason="迁出")
        assert Membership.objects.get().standing == "normal"

    def test_a_programme_of_the_city_is_kept_by_the_city(self, keeper: User) -> None:
        programme(level="city", place_id=CITY_CODE, valid_to=None)
        firm = enterprise()
        with pytest.raises(NotAllowed):
            grant(keeper, firm.uscc)
        assert grant(account(Role.PARKS, CITY_CODE), firm.uscc).valid_to is None

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"document_number": " "}, "请写明认定文号"),
            ({"member_type": "丙类"}, "没有“丙类”这一成员类别"),
            ({"pledge_years": 4, "base_year": 2024}, "承诺年限为 3 年或 5 年"),
            ({"pledge_years": 3}, "承诺年限为 3 年或 5 年"),
            ({"pledge_years": 3, "base_year": 1990}, "基数年度不得早于 2000 年"),
            (
                {"valid_from": dt.date(2025, 2, 1), "valid_to": dt.date(2025, 1, 1)},
                "终止日期 2025-01-01 不得早于起始日期",
            ),
            ({"valid_from": dt.date(2022, 1, 1)}, "期限须在"),
            ({"valid_to": dt.date(2041, 1, 1)}, "期限须在"),
            ({"document_number": "长" * 61}, "60"),
        ],
    )
    def test_what_makes_no_sense_is_a_sentence(
        self, of: Programme, keeper: User, facts: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(Refused, match=sentence):
            grant(keeper, enterprise().uscc, **facts)
        assert not Membership.objects.exists()

    def test_a_member_cannot_be_granted_again_nor_a_stranger_nor_somebody_from_elsewhere(
        self, of: Programme, keeper: User
    ) -> None:
        firm = enterprise()
        grant(keeper, firm.uscc)
        with pytest.raises(Refused, match="已是本计划的成员"):
            grant(keeper, firm.uscc)
        with pytest.raises(Refused, match="没有统一社会信用代码为"):
            grant(keeper, uscc(77))
        with pytest.raises(Refused, match="不在“示例计划 test”的适用地区内"):
            grant(account(Role.PARKS, CITY_CODE), enterprise(2, district=SANSHUI).uscc)

    def test_the_cap_is_said_with_its_figure(self, keeper: User) -> None:
        Parameter.objects.create(
            jurisdiction_id=NANHAI, key="programme.test.count", value=1, unit="家", name="名额", document_id="S000",
            article="一", clause_id="EP-N1", valid_from=dt.date(2018, 1, 1), status="binding",
        )  # fmt: skip
        programme(quota_key="programme.test.count", quota_caps=True, valid_to=None)
        grant(keeper, enterprise(1).uscc)
        with pytest.raises(Refused, match=r"将有 2 家成员，超过名额 1 家。先结束其他企业的成员资格。"):
            grant(keeper, enterprise(2).uscc)

    def test_a_member_is_warned_retained_and_taken_back(self, of: Programme, keeper: User) -> None:
        held = grant(keeper, enterprise().uscc)
        with pytest.raises(Refused, match="目前为“正常”，不能改为“保留一年”"):
            note_standing(by=keeper, membership_id=held.pk, standing="retained", reason="x")
        with pytest.raises(Refused, match="须写明事由"):
            note_standing(by=keeper, membership_id=held.pk, standing="warned")
        with pytest.raises(Refused, match="请选择成员状态"):
            note_standing(by=keeper, membership_id=held.pk, standing="removed", reason="x")
        for standing in ("warned", "retained", "normal"):
            note_standing(by=keeper, membership_id=held.pk, standing=standing, reason="2025 年营业收入未增长")
            assert Membership.objects.in_force_on().get().standing == standing

    def test_an_end_takes_effect_that_day_and_leaves_the_past_as_it_was(self, of: Programme, keeper: User) -> None:
        today = timezone.localdate()
        firm = enterprise()
        held = grant(keeper, firm.uscc, valid_from=today - dt.timedelta(days=200))
        with pytest.raises(Refused, match="须写明事由"):
            end_membership(by=keeper, membership_id=held.pk, standing="removed", reason=" ")
        with pytest.raises(Refused, match="不得晚于今日"):
            end_membership(
                by=keeper, membership_id=held.pk, standing="left", reason="迁出", on=today + dt.timedelta(days=1)
            )
        with pytest.raises(Refused, match="不得早于起始日期"):
            end_membership(
                by=keeper, membership_id=held.pk, standing="left", reason="迁出", on=today - dt.timedelta(days=201)
            )
        ended = end_membership(by=keeper, membership_id=held.pk, standing="removed", reason="列入失信名单")
        assert not Membership.objects.in_force_on(today).exists()
        assert Membership.objects.in_force_on(today - dt.timedelta(days=1)).get() == ended
        with pytest.raises(Refused, match="已于 .* 终止"):
            note_standing(by=keeper, membership_id=held.pk, standing="normal")
        # Admitted again, as a membership of its own.
        assert grant(keeper, firm.uscc).pk != held.pk


class TestPages:
    @pytest.fixture(autouse=True)
    def programme_of_two(self, of: Programme) -> None:
        member(of, 1, valid_to=END)
        member(of, 2, valid_from=dt.date(2023, 6, 1), valid_to=dt.date(2024, 6, 1))

    @pytest.mark.parametrize("role", [role for role in Role if role != Role.ENTERPRISE])
    def test_every_staff_account_opens_the_pages(self, client: Any, role: Role) -> None:
        client.force_login(account(role, CITY_CODE))
        assert client.get("/programmes/").status_code == 200
        page = client.get(PAGE)
        assert page.status_code == 200
        assert ("示例金属制品有限公司1号" in page.content.decode()) == (role != Role.SYSADMIN)
        assert ("认定为成员" in page.content.decode()) == (role == Role.PARKS)

    def test_strangers_sign_in_and_unknown_codes_are_not_found(self, client: Any, keeper: User) -> None:
        assert client.get(PAGE).status_code == 302
        client.force_login(keeper)
        assert client.get("/programmes/none/").status_code == 404
        other = member(programme("other", level="city", place_id=CITY_CODE), enterprise=enterprise(9, district=SANSHUI))
        assert client.get(f"/programmes/other/members/{other.pk}/").status_code == 404
        assert client.get(f"/programmes/test/members/{other.pk}/").status_code == 404

    def test_the_list_is_narrowed_by_date_name_and_standing(self, client: Any, keeper: User) -> None:
        client.force_login(keeper)

        def shown(**query: str) -> list[str]:
            rows = client.get(PAGE, query).context["rows"]
            return [f"{row['membership'].enterprise.name[-2]}{row['label']}" for row in rows]

        assert shown() == ["1正常"]
        assert shown(on="2024-05-31") == ["1正常", "2正常"]
        assert shown(shown="over") == ["2期满"]
        assert shown(shown="all") == ["1正常", "2期满"]
        assert shown(shown="all", q="2号") == ["2期满"]
        assert shown(shown="all", q=uscc(1)[:17].lower()) == ["1正常"]
        assert shown(shown="warned") == []
        assert shown(q="\0", on="2026-02-30", shown="x", type="x\0", page="999") == []
        assert shown(district=SANSHUI) == []

    def test_the_export_holds_what_is_shown_and_no_formula(self, client: Any, keeper: User) -> None:
        member(Programme.objects.get(pk="test"), enterprise=enterprise(3, name="=SUM(A1)示例"))
        client.force_login(keeper)
        response = client.get(f"{PAGE}members.xlsx", {"shown": "all"})
        book = load_workbook(BytesIO(b"".join(response.streaming_content)))
        rows = list(book.active.values)
        assert [row[1] for row in rows[1:]] == ["=SUM(A1)示例", "示例金属制品有限公司1号", "示例金属制品有限公司2号"]
        assert all(cell.data_type != "f" for row in book.active for cell in row)
        assert rows[3][4] == "期满"

    def test_a_grant_is_made_on_the_page_and_a_refusal_keeps_what_was_typed(self, client: Any, keeper: User) -> None:
        client.force_login(keeper)
        firm = enterprise(5)
        given = {"enterprise_code": uscc(88), "document_number": "示例〔2026〕5号"}
        refused = client.post(PAGE, given)
        assert refused.status_code == 422
        page = refused.content.decode()
        assert "没有统一社会信用代码为" in page
        assert "示例〔2026〕5号" in page
        assert client.post(PAGE, {"enterprise_code": "短"}).status_code == 422
        assert client.post(PAGE, {**given, "enterprise_code": firm.uscc}).status_code == 302
        assert Membership.objects.in_force_on().filter(enterprise=firm).exists()

    def test_another_place_and_the_enterprise_may_not_post(self, client: Any) -> None:
        firm = enterprise(6)
        for user in (account(Role.PARKS, SANSHUI), account(Role.ENTERPRISE, enterprise=firm)):
            client.force_login(user)
            answer = client.post(PAGE, {"enterprise_code": firm.uscc, "document_number": "x"})
            assert answer.status_code == 403
        assert not Membership.objects.filter(enterprise=firm).exists()

    def test_a_standing_is_noted_on_the_members_page_with_its_past(self, client: Any, keeper: User) -> None:
        client.force_login(keeper)
        held = grant(keeper, enterprise(7).uscc)
        address = f"/programmes/test/members/{held.pk}/"
        assert client.post(address, {"standing": "warned"}).status_code == 422
        assert client.post(address, {"standing": "warned", "reason": "未增长"}).status_code == 302
        assert client.post(address, {"standing": "left", "reason": "迁出佛山"}).status_code == 302
        page = client.get(address).content.decode()
        for line in ("认定为成员", "提示：未增长", "退出：迁出佛山", keeper.display_name):
            assert line in page
        assert "保存状态" not in page
        # The back button: a form of a state that has passed.
        answer = client.post(address, {"standing": "normal", "reason": ""})
        assert answer.status_code in (200, 422)
        assert Membership.objects.get(pk=held.pk).standing == "left"

    def test_an_enterprise_reads_its_own_membership_and_nobody_elses(self, client: Any, keeper: User) -> None:
        firm = enterprise(8)
        held = grant(keeper, firm.uscc)
        client.force_login(account(Role.ENTERPRISE, enterprise=firm))
        page = client.get("/programmes/").content.decode()
        assert "本企业是 1 个计划的成员" in page
        assert "在期成员（家）" not in page
        page = client.get(PAGE).content.decode()
        assert firm.name in page
        assert "示例金属制品有限公司1号" not in page
        own = client.get(f"/programmes/test/members/{held.pk}/")
        assert own.status_code == 200
        assert keeper.display_name not in own.content.decode()
        other = Membership.objects.exclude(pk=held.pk).first()
        assert client.get(f"/programmes/test/members/{other.pk}/").status_code == 404
        assert client.get(f"{PAGE}members.xlsx").status_code == 200

    def test_an_enterprise_without_a_programme_is_told_so(self, client: Any) -> None:
        client.force_login(account(Role.ENTERPRISE, enterprise=enterprise(8)))
        page = client.get("/programmes/").content.decode()
        assert "本企业目前不是任何计划的成员" in page
        assert "没有成员资格" in page

    def test_the_card_of_an_enterprise_names_its_programmes(self, client: Any, keeper: User) -> None:
        client.force_login(keeper)
        page = client.get(f"/map/card/enterprises/{uscc(1)}/")
        assert page.status_code == 200
        assert "示例计划 test" in page.content.decode()

    def test_pages_cost_the_same_queries_at_any_length(self, client: Any, keeper: User) -> None:
        client.force_login(keeper)

        def cost(address: str) -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            return len(queries)

        few = {address: (cost(address), cost(address))[1] for address in ("/programmes/", PAGE)}
        of = Programme.objects.get(pk="test")
        for number in range(20, 40):
            member(of, number)
            programme(f"more-{number}")
        assert {address: cost(address) for address in few} == few
