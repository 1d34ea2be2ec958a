"""What waits for publication, on the compliance page: each change and all of them together."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from core.accounts.models import Role
from core.mapedit.models import ChangeSet
from landuse.redline.compliance import CITY, assess
from landuse.redline.pending import pending_at, surplus_after_all
from tests import places
from tests.landuse.redline.test_compliance import five_blocks
from tests.landuse.redline.test_pages import text_of

pytestmark = pytest.mark.django_db
NANHAI, SHUNDE = "440605", "440606"


def submitted(title: str, **differences: float) -> ChangeSet:
    """A change under review that alters the red line of places by so many m²: ``d440605=-60``."""
    weighed = [
        {"key": "redline.area", "place": code.removeprefix("d"), "difference": difference}
        for code, difference in (differences | {"d" + CITY: sum(differences.values())}).items()
    ]
    change_set = places.draft("redline", title=title, place_codes=[code.removeprefix("d") for code in differences])
    change_set.evidence = {"consequences": [{"key": "features", "place": CITY, "difference": 0.0}, *weighed]}
    change_set.pass_checks()
    change_set.save()
    change_set.submit()
    change_set.submitted_at = timezone.now()
    change_set.save()
    return change_set


@pytest.fixture
def two_waiting(small_floors: Any) -> None:
    """Nanhai a hundred m² above its floor, and two changes that take sixty each; one of Shunde."""
    five_blocks(d440605=100)
    submitted("示例调出一", d440605=-60.0)
    submitted("示例调出二", d440605=-60.0)
    submitted("示例顺德调入", d440606=500.0)


def test_two_changes_that_each_keep_the_floor_may_break_it_together(two_waiting: None) -> None:
    standing = assess().place(NANHAI)
    waiting = pending_at(standing, places.account(Role.HEAD, NANHAI))
    assert [(change.title, round(change.surplus_m2), change.met) for change in waiting] == [
        ("示例调出一", 40, True),
        ("示例调出二", 40, True),
    ]
    assert round(surplus_after_all(standing, waiting)) == -20


def test_the_page_of_the_district_says_so_and_leads_to_each(client: Any, two_waiting: None) -> None:
    client.force_login(places.account(Role.HEAD, NANHAI))
    page = client.get("/compliance/nanhai/")
    words = text_of(page)
    assert "待审变更 2 件，若全部发布 未达标" in words
    assert "示例顺德调入" not in words
    for change_set in ChangeSet.objects.filter(title__startswith="示例调出"):
        assert f'href="/changes/{change_set.pk}/"' in page.content.decode()


def test_the_city_counts_what_the_reader_may_see(client: Any, two_waiting: None) -> None:
    client.force_login(places.account(Role.AUDITOR, CITY))
    assert "待审变更 3 件，若全部发布 达标" in text_of(client.get("/compliance/"))
    client.force_login(places.account(Role.HEAD, SHUNDE))
    assert "待审变更 1 件" in text_of(client.get("/compliance/"))


def test_nothing_waits_on_a_past_day_and_a_returned_change_waits_no_more(client: Any, two_waiting: None) -> None:
    client.force_login(places.account(Role.HEAD, NANHAI))
    assert "待审变更" not in text_of(client.get("/compliance/nanhai/?on=2023-01-01"))
    for change_set in ChangeSet.objects.all():
        change_set.return_for_revision()
        change_set.save()
    assert "待审变更" not in text_of(client.get("/compliance/nanhai/"))
