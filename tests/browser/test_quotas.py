"""Land quota in a browser: granting, a transfer that is refused, and pages without barriers."""

from __future__ import annotations

from typing import Any

import pytest

from core.casework.states import State
from tests.browser.access import accessibility_problems
from tests.browser.drawing import sign_in
from tests.core.casework import cases
from tests.landuse.quotas import ground

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

READY = "html[data-shell=ready] nav.rail"


def test_a_planner_grants_and_is_told_why_a_transfer_is_refused(page: Any):
    pool = ground.pool(30)
    other = ground.pool(category="linked")
    sign_in(page, ground.city_planner(), pool.get_absolute_url(), READY)
    page.click("#grant > summary")
    page.fill("#id_grant-amount_mu", "7")
    page.fill("#id_grant-document_number", "示例指标〔2026〕9 号")
    page.click("#grant button[type=submit]")
    page.get_by_role("heading", name="可用 37.00 亩，共 37.00 亩").wait_for()
    page.click("#transfer > summary")
    page.select_option("#id_transfer-to_pool", str(other.pk))
    page.fill("#id_transfer-amount_mu", "40")
    page.click("#transfer button[type=submit]")
    page.locator("#transfer [role=alert]", has_text="池内可用 37.0000 亩，需 40.0000 亩，差 3.0000 亩").wait_for()
    assert page.input_value("#id_transfer-amount_mu") == "40"
    # The browser writes a refused answer to its console; it is expected here.
    page.watched.problems.clear()


def test_plan_pool_form_and_case_are_open_to_everybody(page: Any):
    who = cases.people()
    pool = ground.pool(50)
    case = cases.bring(ground.draft(who, pool, 20), who, State.REVIEW)
    draft = ground.draft(who, pool, 80, purpose="title")
    sign_in(page, who.planner, "/quotas/", READY)
    for address in ("/quotas/", pool.get_absolute_url(), case.get_absolute_url()):
        page.goto(address)
        page.wait_for_selector(READY)
        assert accessibility_problems(page) == [], address
    page.context.clear_cookies()
    sign_in(page, who.applicant, f"/cases/{draft.pk}/edit/", READY)
    page.wait_for_load_state("networkidle")
    assert accessibility_problems(page) == []
