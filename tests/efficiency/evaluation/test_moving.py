"""How another edition would move classes: counts that add up, farthest moves in a fixed order, and who may ask."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from django.urls import reverse

from core.accounts.models import CITY_CODE, Role
from efficiency.evaluation import columns as reading
from efficiency.evaluation.moving import GRADES, Standing, moves
from efficiency.evaluation.scoring import evaluate_columns
from efficiency.returns.services import refresh_land
from efficiency.schemes.models import SchemeVersion
from efficiency.schemes.rules import rules_of
from tests import places
from tests.efficiency.evaluation import firms
from tests.efficiency.schemes import drafts

pytestmark = pytest.mark.django_db

YEAR = firms.YEAR


def standing(ids: list[int], grades: str, totals: list[float]) -> Standing:
    return Standing.of_rows(list(zip(ids, [grade.strip() for grade in grades], totals, strict=True)))


def test_a_standing_is_laid_beside_others_by_enterprise():
    known = standing([9, 3, 5], "AB ", [3.0, 1.0, None])
    aligned = known.aligned(np.array([1, 3, 9], dtype=np.int64))
    assert [GRADES[grade] for grade in aligned.grade] == ["", "B", "A"]
    assert np.isnan(aligned.total[0])
    assert list(aligned.total[1:]) == [1.0, 3.0]
    assert [GRADES[grade] for grade in Standing.of_rows([]).aligned(known.enterprise).grade] == ["", "", ""]


def test_moves_add_up_and_the_farthest_come_first(firm_columns):
    ids = [int(number) for number in firm_columns.enterprise]
    count = len(ids)
    before = standing(ids, "A" * count, [100.0] * count)
    after = Standing.of_rows([(number, "D" if index == 1 else "B", 50.0 + index) for index, number in enumerate(ids)])
    found = moves(firm_columns, before, after, most=3)
    assert (found.up, found.down) == (0, count)
    assert found.before == (count, 0, 0, 0, 0, 0)
    assert found.after == (0, count - 1, 0, 1, 0, 0)
    assert [move.enterprise for move in found.farthest] == [ids[1], ids[0], ids[2]]
    assert (found.farthest[0].before, found.farthest[0].after, found.farthest[0].rises) == ("A", "D", -3)
    assert sum(sum(row.counts) for row in found.districts) == count
    assert sum(row.down for row in found.districts) == count


def test_who_was_not_ranked_neither_rises_nor_falls(firm_columns):
    ids = [int(number) for number in firm_columns.enterprise]
    found = moves(firm_columns, Standing.of_rows([]), standing(ids, "A" * len(ids), [1.0] * len(ids)))
    assert (found.up, found.down, found.farthest) == (0, 0, ())
    assert found.matrix[5][0] == len(ids)


@pytest.fixture
def firm_columns(db):
    """Eight firms below the statistics' line whose tax and electricity tell them apart."""
    for number in range(1, 9):
        firms.firm(
            number,
            district=places.NANHAI if number < 6 else places.SANSHUI,
            plot=places.plot(number, district=places.NANHAI if number < 6 else places.SANSHUI),
            tax_cny=100_000 * number,
            electricity_kwh=1_000_000,
        )
    refresh_land(year=YEAR)
    return reading.read(year=YEAR)


def ask(client, user, data, **more):
    client.force_login(user)
    body = {"version": drafts.sample().pk, "data": data, **more}
    return client.post(reverse("evaluation:preview"), json.dumps(body), content_type="application/json")


def test_the_preview_shows_what_the_engine_computes(client, firm_columns):
    monitor = places.account(Role.MONITOR, CITY_CODE)
    answer = ask(client, monitor, drafts.stated(drafts.sample()))
    assert answer.status_code == 200
    results = evaluate_columns(firm_columns, rules_of(drafts.sample()), YEAR)
    html = answer.content.decode()
    for grade in "ABCD":
        count = int((results.grade == grade.encode()).sum())
        assert f'data-after="{grade}">{count}<' in html
    assert "没有已批准的办法可对照" in html


def test_a_draft_is_held_against_the_version_in_use(client, firm_columns):
    who = drafts.people()
    approved = drafts.bring(drafts.sample(), who, "approved")
    data = drafts.stated(approved)
    same = ask(client, who.monitor, data).content.decode()
    assert "0 家升档，0 家降档" in same
    changed = copy.deepcopy(data)
    for cohort in changed["cohorts"]:
        cohort["cuts"] = [{"grade": "D", "up_to_percent": "100"}]
    html = ask(client, who.monitor, changed, against=str(approved.pk), year=YEAR).content.decode()
    assert "0 家升档" in html
    assert "0 家降档" not in html
    assert "变动最大的企业" in html


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data["cohorts"][0].update(name=""), "请填写“评价组名称”"),
        (lambda data: data["cohorts"][0].update(indicators=[]), "还没有指标或分档"),
        (lambda data: data["cohorts"][0].update(cuts=[]), "还没有指标或分档"),
        (lambda data: data.update(cohorts=[]), "至少要有一个评价组"),
    ],
)
def test_a_draft_that_cannot_be_computed_is_answered_with_what_to_mend(client, firm_columns, spoil, said):
    data = drafts.stated(drafts.sample())
    spoil(data)
    answer = ask(client, places.account(Role.PARKS, CITY_CODE), data)
    assert (answer.status_code, said in answer.content.decode()) == (200, True)


def test_weights_of_99_can_be_tried_all_the_same(client, firm_columns):
    data = drafts.stated(drafts.sample())
    data["cohorts"][0]["indicators"][0]["weight"] = "29"
    assert "家企业试算" in ask(client, places.account(Role.PARKS, CITY_CODE), data).content.decode()


def test_only_land_roles_of_the_whole_city_try_a_draft(client, firm_columns):
    data = drafts.stated(drafts.sample())
    for role, scope, status in (
        (Role.AUDITOR, [CITY_CODE], 200),
        (Role.MONITOR, [places.NANHAI], 403),
        (Role.HEAD, [places.NANHAI], 403),
        (Role.SYSADMIN, [CITY_CODE], 403),
        (Role.ENTERPRISE, [], 403),
    ):
        assert ask(client, places.account(role, *scope), data).status_code == status
    client.logout()
    assert client.post(reverse("evaluation:preview")).status_code == 302


def test_without_returns_the_preview_says_so(client):
    data = drafts.stated(drafts.sample())
    assert "还没有企业年报" in ask(client, places.account(Role.PARKS, CITY_CODE), data).content.decode()
    assert SchemeVersion.objects.filter(revision__gt=0).count() == 0


def test_asking_again_within_a_minute_reads_no_columns(client, firm_columns, django_assert_max_num_queries):
    who = drafts.people()
    approved = drafts.bring(drafts.sample(), who, "approved")
    data = drafts.stated(approved)
    ask(client, who.monitor, data)
    for number in range(9, 20):
        firms.firm(number, tax_cny=1, electricity_kwh=1)
    refresh_land(year=YEAR)
    body = json.dumps({"version": approved.pk, "data": data})
    with django_assert_max_num_queries(12):
        html = client.post(reverse("evaluation:preview"), body, content_type="application/json").content.decode()
    assert "按 8 家企业试算" in html
