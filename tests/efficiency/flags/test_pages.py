"""The pages of flags: who reads and does what in which state, filters, bulk, export, what an enterprise sees."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from core.accounts.models import CITY_CODE, Role
from efficiency.evaluation.models import Run
from efficiency.flags import perms
from efficiency.flags.models import Flag, FlagState, Rule, Visit
from efficiency.flags.services import deciding
from efficiency.flags.services.raising import raise_all
from efficiency.schemes.models import ClassMeasure
from tests import places
from tests.efficiency.flags import ground

pytestmark = pytest.mark.django_db

LIST = reverse("flags:flags")


@pytest.fixture
def who(db: None) -> ground.People:
    return ground.people()


def text(response: Any) -> str:
    return response.content.decode()


def page(client: Any, user: Any, address: str, **data: Any) -> Any:
    client.force_login(user)
    return client.post(address, data) if data else client.get(address)


def brought(who: ground.People, state: FlagState, **facts: Any) -> Flag:
    """A flag walked to a state by its services."""
    flag = ground.flag(who, **facts)
    if state == FlagState.DISMISSED:
        deciding.dismiss(flags=[flag.pk], by=who.monitor, reason="内部理由")
    elif state == FlagState.CONFIRMED:
        deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="请整改。")
    flag.refresh_from_db()
    return flag


@pytest.mark.parametrize("role", list(Role))
def test_land_roles_read_enterprises_read_their_own_and_others_do_not(client, who, role):
    flag = brought(who, FlagState.CONFIRMED)
    user = who.applicant if role == Role.ENTERPRISE else places.account(role, CITY_CODE)
    expected = 403 if role == Role.SYSADMIN else 200
    for address in (LIST, reverse("flags:export"), reverse("flags:flag", args=[flag.pk])):
        assert page(client, user, address).status_code == expected
    inside = 403 if role in (Role.SYSADMIN, Role.ENTERPRISE) else 200
    assert page(client, user, reverse("flags:visits")).status_code == inside
    assert page(client, user, reverse("flags:new")).status_code == (200 if role == Role.MONITOR else 403)


@pytest.mark.parametrize("place", [places.NANHAI, places.SANSHUI, CITY_CODE])
@pytest.mark.parametrize("role", [role for role in Role if role != Role.ENTERPRISE])
@pytest.mark.parametrize("state", [FlagState.RAISED, FlagState.CONFIRMED, FlagState.DISMISSED])
def test_monitors_judge_within_their_places_and_nobody_else(who, role, place, state):
    flag = brought(who, state)
    user = places.account(role, place, *([] if place == CITY_CODE else ["440608"]))
    mine = role == Role.MONITOR and place != places.SANSHUI
    assert perms.may(user, flag, "confirm") == (mine and state == FlagState.RAISED)
    assert perms.may(user, flag, "dismiss") == (mine and state == FlagState.RAISED)
    assert perms.may(user, flag, "undo") == (mine and state == FlagState.DISMISSED)
    assert perms.adds_photos(user, flag) == (mine and state != FlagState.DISMISSED)


@pytest.mark.parametrize("act", ["confirm", "dismiss", "undo"])
def test_an_enterprise_judges_nothing(client, who, act):
    flag = brought(who, FlagState.CONFIRMED)
    answer = page(client, who.applicant, reverse("flags:judge", args=[flag.pk]), act=act, text="理由")
    assert answer.status_code == 404
    assert page(client, who.applicant, reverse("flags:decide"), act=act, flag=flag.pk, text="理由").status_code == 404


@pytest.mark.parametrize("state", [FlagState.RAISED, FlagState.DISMISSED])
def test_what_was_not_confirmed_an_enterprise_does_not_see(client, who, state):
    flag = brought(who, state)
    assert page(client, who.applicant, reverse("flags:flag", args=[flag.pk])).status_code == 404
    assert flag.title not in text(page(client, who.applicant, LIST))


def test_an_enterprise_sees_its_own_and_nothing_inside(client, who):
    flag = brought(who, FlagState.CONFIRMED)
    Visit.objects.create(
        flag=flag, enterprise=who.enterprise, district_code=places.NANHAI, on=dt.date(2025, 1, 1), text="暗访所见",
        by=who.monitor,
    )  # fmt: skip
    answer = text(page(client, who.applicant, reverse("flags:flag", args=[flag.pk])))
    assert "请整改" in answer
    assert flag.case.number in answer
    for inside in ("把握", "暗访所见", who.monitor.display_name, "上传照片"):
        assert inside not in answer
    stranger = places.account(Role.ENTERPRISE, enterprise=places.enterprise(55))
    assert page(client, stranger, reverse("flags:flag", args=[flag.pk])).status_code == 404


def test_figures_of_others_stay_hidden_from_an_enterprise(client, who):
    flag = ground.flag(who, Rule.IDLE_FALLING, plot=places.plot(1).plot)
    Flag.objects.filter(pk=flag.pk)
    shared = {**flag.evidence, "doubts": ["shared"]}
    flag = Flag.objects.create(
        rule=Rule.IDLE_FALLING, year=2020, plot=places.plot(2).plot, enterprise=who.enterprise, evidence=shared,
        district_code=places.NANHAI, title="共用", confidence="0.90",
    )  # fmt: skip
    deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")
    answer = text(page(client, who.applicant, reverse("flags:flag", args=[flag.pk])))
    assert "100.00 万元" not in answer
    assert "部分土地闲置" in answer
    assert "100.00 万元" in text(page(client, who.monitor, reverse("flags:flag", args=[flag.pk])))


def test_neighbours_of_a_plot_are_drawn_for_staff_only(client, who):
    plot = places.plot(1)
    places.plot(2)
    flag = brought(who, FlagState.CONFIRMED, plot=plot.plot)
    address = reverse("flags:flag", args=[flag.pk])
    assert text(page(client, who.monitor, address)).count('class="around"') == 1
    answer = text(page(client, who.applicant, address))
    assert (answer.count('class="around"'), answer.count('class="plot"')) == (0, 1)


def test_a_superseded_run_says_what_became_of_the_enterprise(client, who):
    made = ground.run(state="objection")
    ground.score(made, who.enterprise, "D")
    ground.seal(made)
    raise_all(year=ground.YEAR, run=made, by=who.monitor)
    flag = Flag.objects.get(rule=Rule.CLASS_D)
    newest = ground.run(state="objection", supersedes=made)
    ground.score(newest, who.enterprise, "C")
    Run.objects.filter(pk=made.pk).update(state="superseded")
    ground.seal(newest)
    assert "新结果为“C 类”" in text(page(client, who.monitor, reverse("flags:flag", args=[flag.pk])))


def test_a_district_reads_its_own_flags(client, who):
    flag = ground.flag(who)
    away = places.account(Role.MONITOR, places.SANSHUI)
    assert page(client, away, reverse("flags:flag", args=[flag.pk])).status_code == 404
    assert "没有待核实的预警" in text(page(client, away, LIST))


def test_the_list_narrows_sorts_and_counts(client, who):
    ground.flag(who)
    ground.flag(who, Rule.NO_RETURN)
    ground.flag(who, Rule.BY_HAND, title="厂房空置", year=2022)
    answer = text(page(client, who.monitor, LIST))
    assert "3 条待核实" in answer
    assert "厂房空置" in text(page(client, who.monitor, f"{LIST}?rule=by_hand&year=2022&q=空置&sort=oldest&least=0.9"))
    assert "没有符合条件的预警" in text(page(client, who.monitor, f"{LIST}?least=0.95"))
    # What an address cannot mean is left out.
    assert page(client, who.monitor, f"{LIST}?tab=x&rule=x&year=0x&least=NaN&sort=x&page=x&q=%00").status_code == 200


def test_many_are_judged_together_and_each_is_told_of(client, who):
    first, second = ground.flag(who), ground.flag(who, Rule.NO_RETURN)
    client.force_login(who.monitor)
    data = {"act": "dismiss", "flag": [first.pk, second.pk], "text": "年报已补。", "back": "tab=waiting"}
    answer = client.post(reverse("flags:decide"), data, follow=True)
    assert "2 条全部已办" in text(answer)
    data = {"act": "undo", "flag": [first.pk, second.pk], "back": "tab=dismissed"}
    assert "2 条全部已办" in text(client.post(reverse("flags:decide"), data, follow=True))
    assert Flag.objects.filter(state="raised").count() == 2
    answer = client.post(reverse("flags:decide"), {"act": "confirm", "flag": [first.pk], "text": " "}, follow=True)
    assert "请写明整改要求" in text(answer)


def test_the_page_of_a_class_d_flag_shows_what_follows_from_it(client, who):
    ClassMeasure.objects.create(place_id=CITY_CODE, grade="D", field="用电", text="示例差别电价", source="示例文件")
    flag = ground.flag(who)
    answer = text(page(client, who.monitor, reverse("flags:flag", args=[flag.pk])))
    assert "示例差别电价" in answer
    assert "示例差别电价" not in text(
        page(client, who.monitor, reverse("flags:flag", args=[ground.flag(who, Rule.NO_RETURN).pk]))
    )


def test_a_refusal_keeps_what_was_typed(client, who):
    flag = ground.flag(who)
    brought(who, FlagState.CONFIRMED, rule=Rule.NO_RETURN)
    Flag.objects.filter(pk=flag.pk).update(
        state="dismissed", reason="x", decided_by=who.monitor, decided_at=timezone.now()
    )
    answer = page(client, who.monitor, reverse("flags:judge", args=[flag.pk]), act="confirm", text="我写的要求")
    assert answer.status_code == 422
    assert "页面可能已过时" in text(answer)


def test_the_export_says_what_the_list_says(client, who):
    ground.flag(who, Rule.BY_HAND, title="=HYPERLINK(1)")
    ground.flag(who)
    answer = page(client, who.monitor, f"{reverse('flags:export')}?sort=newest")
    rows = list(load_workbook(BytesIO(b"".join(answer.streaming_content))).active.iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == ["评价为 D 类", "人工标记"]
    assert rows[1][8].startswith("2024 年评价总分 41.50")
    assert "把握" in rows[0]


def test_the_rules_are_asked_from_the_page(client, who):
    made = ground.run(state="objection")
    ground.score(made, who.enterprise, "D")
    ground.seal(made)
    answer = page(client, who.monitor, LIST)
    assert "按规则检查" in text(answer)
    client.force_login(who.monitor)
    answer = client.post(reverse("flags:ask"), {"run": made.pk}, follow=True)
    assert "新增预警 1 条" in text(answer)
    assert "未检查" in text(answer)
    assert Flag.objects.get().evidence["doubts"] == ["unpublished"]
    assert page(client, who.parks, reverse("flags:ask"), run=made.pk).status_code in (302, 403)
    assert Flag.objects.count() == 1


def test_visits_are_listed_and_noted(client, who):
    plot = places.plot(1)
    today = timezone.localdate().isoformat()
    answer = page(client, who.parks, reverse("flags:visits"), on=today, text="设备停用", plot=plot.plot_id)
    assert answer.status_code == 302
    assert "设备停用" in text(page(client, who.head, reverse("flags:visits")))
    assert "visit-new" not in text(page(client, who.head, reverse("flags:visits")))
    assert page(client, who.parks, reverse("flags:visits"), on="", text="", plot="x").status_code == 422
    flag = ground.flag(who)
    page(client, who.monitor, reverse("flags:visit", args=[flag.pk]), on=today, text="再次走访")
    assert flag.visits.get().text == "再次走访"


def test_a_point_of_the_map_names_the_plot_and_who_uses_it(client, who):
    plot = places.plot(1)
    ground.occupy(who.enterprise, plot)
    middle = plot.geom.point_on_surface
    answer = page(client, who.monitor, f"{reverse('flags:at')}?lon={middle.x}&lat={middle.y}").json()
    assert answer == {"plot": plot.plot_id, "enterprises": [{"code": who.enterprise.uscc, "name": who.enterprise.name}]}
    away = places.account(Role.MONITOR, places.SANSHUI)
    assert page(client, away, f"{reverse('flags:at')}?lon={middle.x}&lat={middle.y}").json()["plot"] == ""
    assert page(client, who.monitor, f"{reverse('flags:at')}?lon=x").status_code == 400


def test_home_tells_monitors_and_enterprises(client, who):
    ground.flag(who)
    assert "待核实 1 条" in text(page(client, who.monitor, reverse("web:home")))
    brought(who, FlagState.CONFIRMED, rule=Rule.NO_RETURN)
    assert "需要整改的预警" in text(page(client, who.applicant, reverse("web:home")))


def test_the_list_takes_as_many_queries_for_one_flag_as_for_many(client, who, django_assert_max_num_queries):
    for number in range(12):
        ground.flag(who, Rule.BY_HAND, title=f"第 {number} 处")
    client.force_login(who.monitor)
    with django_assert_max_num_queries(22):
        client.get(LIST)
