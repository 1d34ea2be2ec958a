"""The home page of an enterprise: what it has to do next, its cases, its plots, what it may ask for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from core.accounts.models import Role
from core.casework.models import Case
from core.casework.states import State
from landuse.plots.models import Occupation
from tests import places
from tests.core.casework.cases import bring, draft, people

pytestmark = pytest.mark.django_db


def home(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return client.get("/").content.decode()


def heading(page: str) -> str:
    return page.split("<h1>")[1].split("</h1>")[0]


def test_an_enterprise_without_cases_is_shown_what_it_may_ask_for():
    who = people()
    page = home(who.applicant)
    assert "还没有办件" in page
    assert 'href="/cases/new/example/"' in page


def test_a_correction_comes_before_everything_else_with_its_last_day():
    who = people()
    bring(draft(who), who, State.SUBMITTED)
    asked = bring(draft(who, plot=f"{places.NANHAI}001001GB00002"), who, State.CORRECTION)
    page = home(who.applicant)
    assert heading(page) == f"1 件办件待补正，最早 {asked.due_on} 截止"
    panel = page.split('id="panel-my_cases"')[1].split("</section>")[0]
    assert panel.index("提交补正") < panel.index("查看进度")


def test_a_returned_case_is_named_and_a_draft_is_gone_on_with():
    who = people()
    draft(who, plot=f"{places.NANHAI}001001GB00002")
    bring(draft(who), who, State.RETURNED)
    page = home(who.applicant)
    assert heading(page) == "1 件办件被退回"
    assert "修改后重新提交" in page
    assert "继续填报" in page


def test_what_is_with_the_offices_says_that_nothing_is_asked_of_the_applicant():
    who = people()
    bring(draft(who), who, State.REVIEW)
    page = home(who.applicant)
    assert heading(page) == "1 件办件办理中，无须补正"
    assert "待工信局、亩均监测部门出具意见" in page


def test_another_enterprises_cases_are_not_there():
    who, other = people(), people(places.SANSHUI, number=2, district=places.SANSHUI)
    bring(draft(who), who, State.CORRECTION)
    assert "还没有办件" in home(other.applicant)


def test_the_home_page_asks_the_database_no_more_for_many_cases(django_assert_max_num_queries):
    who = people()
    draft(who)
    client = Client()
    client.force_login(who.applicant)
    client.get("/")
    with django_assert_max_num_queries(60) as one:
        client.get("/")
    for number in range(2, 9):
        Case.objects.create(
            kind="example",
            applicant_code=who.enterprise.uscc,
            applicant_name=who.enterprise.name,
            district_id=places.NANHAI,
            title=f"第 {number} 件",
            filed_by=who.applicant,
        )
    with django_assert_max_num_queries(len(one.captured_queries)):
        client.get("/")


def test_the_plots_an_enterprise_occupies_are_listed_and_drawn_and_no_others():
    firm = places.enterprise()
    mine, other = (
        places.plot(1, location="示例路 1 号", plot_ratio_planned="1.8"),
        places.plot(2, location="别家路 2 号"),
    )
    Occupation.objects.create(
        plot_id=mine.plot_id, enterprise=firm, kind="owner", share=1, valid_from=dt.date(2023, 1, 1)
    )
    page = home(places.account(Role.ENTERPRISE, enterprise=firm))
    panel = page.split('id="panel-plots"')[1].split("</section>")[0]
    assert "示例路 1 号" in panel
    assert mine.plot_id in panel
    assert "1.80" in panel
    assert '"geometry": {"type": "MultiPolygon"' in panel
    assert other.plot_id not in page
    assert "占用宗地 1 宗" in heading(page)


def test_an_enterprise_without_plots_is_told_who_registers_them():
    page = home(places.account(Role.ENTERPRISE, enterprise=places.enterprise()))
    assert "没有登记占用的宗地" in page
    assert "my-plots-map" not in page
