"""Programmes of every installation, and what the database holds of their members."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.policy.models import Parameter
from parks.programmes.models import Membership, Programme
from tests.places import NANHAI, SANSHUI, account, enterprise

pytestmark = pytest.mark.django_db

DAY, END = dt.date(2024, 1, 1), dt.date(2028, 1, 1)


def programme(code: str = "test", **facts: Any) -> Programme:
    """A demo programme of Nanhai, 2023 to 2027."""
    facts = {
        "name": f"示例计划 {code}",
        "level": "district",
        "place_id": NANHAI,
        "valid_from": dt.date(2023, 1, 1),
        "valid_to": END,
        "is_demo": True,
        **facts,
    }
    return Programme.objects.create(code=code, **facts)


def member(of: Programme, number: int = 1, **facts: Any) -> Membership:
    """A member from ``DAY`` to ``END``, of a new enterprise unless one is given."""
    firm = facts.pop("enterprise", None) or enterprise(number)
    return Membership.objects.create(programme=of, enterprise=firm, **{"valid_from": DAY, "valid_to": END, **facts})


def refused(complaint: str) -> Any:
    return pytest.raises(DatabaseError, match=complaint)


class TestFixtures:
    def test_the_programmes_of_the_documents_are_there_with_document_and_article(self) -> None:
        rows = {row.code: row for row in Programme.objects.all()}
        assert set(rows) == {"nanhai-brand", "nanhai-brand-town", "champion", "niche-leader", "specialised"}
        for row in rows.values():
            assert row.document_id
            assert row.article
            # Dongguan and Qingyuan are peers: none of their programmes is one of Foshan's.
            assert row.document_id in {"S000", "S002", "S004"}
            assert row.valid_from >= row.document.issued_on
            if row.quota_key:
                assert Parameter.objects.filter(key=row.quota_key, document=row.document).exists()

    def test_the_brand_programme_caps_200_at_the_district_and_ends_with_2022(self) -> None:
        brand = Programme.objects.get(code="nanhai-brand")
        quota = brand.quota_on(dt.date(2022, 12, 31))
        assert quota is not None
        assert (quota.value, quota.citation.document.code) == (200, "S000")
        assert brand.quota_caps
        assert len(brand.member_types) == 4
        assert brand.stands_on(dt.date(2022, 12, 31))
        assert not brand.stands_on(dt.date(2023, 1, 1))
        assert brand.quota_on(dt.date(2023, 1, 1)) is None
        town = Programme.objects.get(code="nanhai-brand-town")
        quota = town.quota_on(dt.date(2022, 12, 31))
        assert quota is not None
        assert quota.value == 800
        assert not town.quota_caps

    def test_loading_again_changes_nothing_and_a_fault_names_its_line(self, tmp_path: Path) -> None:
        folder = tmp_path / "fixtures"
        shutil.copytree(settings.BASE_DIR / "fixtures", folder, ignore=shutil.ignore_patterns("demo", "*.py"))
        call_command("load_fixtures", folder=folder, verbosity=0)
        path = folder / "programmes.csv"
        path.write_text(path.read_text(encoding="utf-8").replace(",S004,", ",S009,"), encoding="utf-8")
        with pytest.raises(CommandError, match=r"programmes\.csv 第 4 行：没有文件“S009”"):
            call_command("load_fixtures", folder=folder, verbosity=0)


class TestGuards:
    def test_a_membership_is_in_force_from_its_first_day_up_to_its_last(self) -> None:
        row = member(programme(), valid_to=dt.date(2024, 7, 1))
        found = Membership.objects
        assert not found.in_force_on(dt.date(2023, 12, 31)).exists()
        assert found.in_force_on(DAY).get() == row
        assert found.in_force_on(dt.date(2024, 6, 30)).exists()
        assert not found.in_force_on(dt.date(2024, 7, 1)).exists()
        assert row.standing_label(dt.date(2024, 6, 30)) == "正常"
        assert row.standing_label(dt.date(2024, 7, 1)) == "期满"

    def test_an_enterprise_is_a_member_once_at_a_time_and_may_come_back(self) -> None:
        of, firm = programme(), enterprise()
        member(of, enterprise=firm, valid_to=dt.date(2025, 1, 1))
        with pytest.raises(IntegrityError), transaction.atomic():
            member(of, enterprise=firm, valid_from=dt.date(2024, 12, 31))
        member(of, enterprise=firm, valid_from=dt.date(2025, 1, 1))
        member(programme("other"), enterprise=firm)

    @pytest.mark.parametrize(
        "facts",
        [
            {"valid_to": dt.date(2023, 12, 31)},
            {"pledge_years": 4, "base_year": 2023},
            {"pledge_years": 3},
            {"base_year": 2023},
            {"pledge_years": 3, "base_year": 1999},
            {"pledge_years": 3, "base_year": 2025},
            {"standing": "removed", "valid_to": dt.date(2024, 7, 1)},
            {"standing": "removed", "reason": "失信"},
            {"standing": "unheard"},
        ],
    )
    def test_senseless_members_are_refused(self, facts: dict[str, Any]) -> None:
        of = programme()
        with pytest.raises(IntegrityError), transaction.atomic():
            member(of, **facts)

    def test_membership_keeps_within_the_programme_whichever_of_the_two_is_written(self) -> None:
        of = programme()
        with refused("须在“示例计划 test”的期限（2023-01-01 至 2027-12-31）之内"), transaction.atomic():
            member(of, valid_to=dt.date(2028, 1, 2))
        with refused("期限须在"), transaction.atomic():
            member(of, number=2, valid_to=None)
        row = member(of, number=3)
        with refused("期限须在"), transaction.atomic():
            Membership.objects.filter(pk=row.pk).update(valid_to=dt.date(2028, 1, 2))
        with refused("在新期限之外"), transaction.atomic():
            Programme.objects.filter(pk=of.pk).update(valid_to=dt.date(2027, 12, 31))

    def test_members_come_from_the_programmes_place(self) -> None:
        with refused("不在“示例计划 test”的适用地区内"), transaction.atomic():
            member(programme(), enterprise=enterprise(1, district=SANSHUI))
        city = programme("city", level="city", place_id=CITY_CODE)
        assert member(city, enterprise=enterprise(2, district=SANSHUI)).pk

    def test_a_member_is_of_a_type_the_programme_knows(self) -> None:
        of = programme(member_types=["甲类", "乙类"])
        for number, unknown in enumerate(["", "丙类"], 1):
            with refused("没有“.*”这一成员类别"), transaction.atomic():
                member(of, number=number, member_type=unknown)
        assert member(of, number=3, member_type="乙类").pk
        with refused("成员类别"), transaction.atomic():
            member(programme("plain"), number=4, member_type="甲类")

    def test_who_is_a_member_of_what_never_changes_and_no_row_goes(self) -> None:
        of = programme()
        row = member(of, valid_to=dt.date(2025, 1, 1))
        for change in ({"enterprise": enterprise(2)}, {"programme": programme("other")}, {"valid_from": of.valid_from}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Membership.objects.filter(pk=row.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            Membership.objects.filter(pk=row.pk).delete()
        with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("DELETE FROM programmes_membership")

    def test_standings_follow_the_table_and_an_end_is_over_and_stands(self) -> None:
        today = timezone.localdate()
        of = programme(valid_to=None)
        rows = Membership.objects.filter(pk=member(of, valid_from=today - dt.timedelta(days=100), valid_to=None).pk)
        with refused("不能由 normal 转为 retained"), transaction.atomic():
            rows.update(standing="retained")
        rows.update(standing="warned")
        rows.update(standing="retained")
        with refused("不得晚于今日"), transaction.atomic():
            rows.update(standing="removed", reason="失信", valid_to=today + dt.timedelta(days=1))
        rows.update(standing="removed", reason="失信", valid_to=today)
        assert not Membership.objects.in_force_on(today).exists()
        assert Membership.objects.in_force_on(today - dt.timedelta(days=1)).exists()
        with refused("不能由 removed 转为 normal"), transaction.atomic():
            rows.update(standing="normal")
        with refused("不能再改终止日期"), transaction.atomic():
            rows.update(valid_to=None)


class TestCap:
    @pytest.fixture
    def capped(self, db: None) -> Programme:
        """A programme that holds two members."""
        Parameter.objects.create(
            jurisdiction_id=NANHAI, key="programme.test.count", value=2, unit="家", name="测试名额", document_id="S000",
            article="一", clause_id="EP-N1", valid_from=dt.date(2018, 1, 1), status="binding",
        )  # fmt: skip
        return programme(quota_key="programme.test.count", quota_caps=True)

    def test_the_last_place_is_given_once(self, capped: Programme) -> None:
        member(capped, 1, valid_to=dt.date(2025, 1, 1))
        member(capped, 2)
        with refused("将有 3 家成员，超过名额 2 家"), transaction.atomic():
            member(capped, 3, valid_from=dt.date(2024, 12, 31))
        # The first one's place is free from the day it ends.
        member(capped, 4, valid_from=dt.date(2025, 1, 1))
        # A member that begins earlier is one more on the days of all the others.
        with refused("超过名额"), transaction.atomic():
            member(capped, 5, valid_from=dt.date(2023, 6, 1))
        assert member(capped, 6, valid_from=dt.date(2023, 6, 1), valid_to=DAY).pk

    def test_a_longer_membership_may_not_pass_the_cap_either(self, capped: Programme) -> None:
        today = timezone.localdate()
        first = member(capped, 1, valid_to=today + dt.timedelta(days=10))
        member(capped, 2)
        member(capped, 3, valid_from=today + dt.timedelta(days=10))
        with refused("超过名额"), transaction.atomic():
            Membership.objects.filter(pk=first.pk).update(valid_to=END)

    def test_a_target_is_no_cap(self, capped: Programme) -> None:
        Programme.objects.filter(pk=capped.pk).update(quota_caps=False)
        for number in range(1, 5):
            member(capped, number)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_for_the_last_place_one_gets_it() -> None:
    Parameter.objects.create(
        jurisdiction_id=NANHAI, key="programme.test.count", value=1, unit="家", name="测试名额", document_id="S000",
        article="一", clause_id="EP-N1", valid_from=dt.date(2018, 1, 1), status="binding",
    )  # fmt: skip
    of = programme(quota_key="programme.test.count", quota_caps=True)
    firms = [enterprise(number) for number in range(1, 5)]
    together = threading.Barrier(len(firms))
    said: list[str] = []

    def ask(firm: Any) -> None:
        together.wait()
        try:
            member(of, enterprise=firm)
            said.append("member")
        except IntegrityError as error:
            said.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(firm,)) for firm in firms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("member") == 1
    assert sum("超过名额 1 家" in line for line in said) == 3
    assert Membership.objects.count() == 1


def test_programmes_are_public_to_accounts_and_members_are_read_by_place() -> None:
    here, there = enterprise(1), enterprise(2, district=SANSHUI)
    city = programme("city", level="city", place_id=CITY_CODE)
    member(city, enterprise=here)
    member(city, enterprise=there)

    def seen(user: Any) -> set[int]:
        assert Programme.objects.visible_to(user).count() == Programme.objects.count()
        return set(Membership.objects.visible_to(user).values_list("enterprise", flat=True))

    assert seen(account(Role.PARKS, CITY_CODE)) == {here.pk, there.pk}
    assert seen(account(Role.PLANNER, NANHAI)) == {here.pk}
    assert seen(account(Role.ENTERPRISE, enterprise=there)) == {there.pk}
    assert seen(account(Role.ENTERPRISE)) == set()
    assert seen(account(Role.SYSADMIN, CITY_CODE)) == set()
