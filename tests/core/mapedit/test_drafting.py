"""Drafting: a feature as it shall be, kept without anybody overwriting anybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon

from core.accounts.models import CITY_CODE, Role
from core.mapedit.models import Change, ChangeSet
from core.mapedit.services import drafting
from core.mapedit.services.drafting import Kept
from core.mapedit.services.writing import ChangeMoved
from core.policy.models import Jurisdiction
from core.refusals import NotAllowed, Refused
from tests.places import NANHAI, SANSHUI, account, plot, square, zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def planner() -> Any:
    return account(Role.PLANNER, CITY_CODE)


@pytest.fixture
def draft(planner: Any) -> ChangeSet:
    zone("FS-NH-01", square(113.00, 23.05, 0.03))
    return drafting.create_change_set(layer="zones", title="东侧扩展", author=planner)


def save(draft: ChangeSet, by: Any, feature: str = "FS-NH-01", **what: Any) -> Change | None:
    return drafting.save_change(change_set_id=draft.pk, feature=feature, by=by, **{"revision": None, **what})


def test_the_first_touch_copies_the_version_in_force(draft, planner):
    version = zone("FS-NH-02", square(113.00, 23.085, 0.01), leading_industry="家电")
    change = save(draft, planner, "FS-NH-02", attributes={"name": "新名"})
    assert change is not None
    assert (change.action, change.base_version, change.revision) == ("modify", version.pk, 1)
    assert change.geom.equals_exact(version.geom)
    assert change.attributes == {
        "name": "新名",
        "zone_class": "wanmu",
        "district_codes": [NANHAI],
        "leading_industry": "家电",
        "managing_body": "",
    }


def test_a_change_that_is_as_in_force_again_disappears(draft, planner):
    ring = square(113.00, 23.05, 0.03).coords[0][0]
    first = save(draft, planner, geom=square(113.00, 23.05, 0.02))
    assert first is not None
    # The same square, begun at another corner and drawn the other way round.
    turned = [*ring[2:-1], *ring[:3]][::-1]
    again = MultiPolygon(Polygon(turned), srid=4490)
    assert save(draft, planner, geom=again, revision=first.revision) is None
    assert not draft.changes.exists()


def test_who_comes_second_is_told_who_was_first(draft, planner):
    other = account(Role.PLANNER, NANHAI)
    mine = save(draft, planner, attributes={"name": "甲"})
    assert mine is not None
    theirs = save(draft, other, attributes={"name": "乙"}, revision=mine.revision)
    with pytest.raises(ChangeMoved) as refused:
        save(draft, planner, attributes={"name": "丙"}, revision=mine.revision)
    assert refused.value.current == theirs
    assert str(other) in refused.value.sentence
    assert draft.changes.get().attributes["name"] == "乙"


def test_saving_over_a_discarded_change_is_refused(draft, planner):
    mine = save(draft, planner, attributes={"name": "甲"})
    assert mine is not None
    drafting.discard_change(change_set_id=draft.pk, feature="FS-NH-01", by=planner, revision=1)
    with pytest.raises(ChangeMoved) as refused:
        save(draft, planner, attributes={"name": "乙"}, revision=1)
    assert refused.value.current is None


def test_a_set_names_the_districts_it_leaves_as_well_as_those_it_enters(draft, planner):
    save(draft, planner, attributes={"district_codes": [SANSHUI]})
    draft.refresh_from_db()
    assert draft.place_codes == [NANHAI, SANSHUI]


def test_every_write_raises_the_revision_of_the_set(draft, planner):
    before = draft.revision
    save(draft, planner, attributes={"name": "甲"})
    draft.refresh_from_db()
    assert draft.revision == before + 1


def test_changing_what_was_checked_makes_it_a_draft_again(draft, planner):
    save(draft, planner, attributes={"name": "甲"})
    draft.refresh_from_db()
    draft.pass_checks()
    draft.save()
    save(draft, planner, attributes={"name": "乙"}, revision=1)
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_what_was_submitted_cannot_be_changed(draft, planner):
    save(draft, planner, attributes={"name": "甲"})
    draft.refresh_from_db()
    for move in (draft.pass_checks, draft.submit):
        move()
        draft.save()
    with pytest.raises(NotAllowed, match="已提交"):
        save(draft, planner, attributes={"name": "乙"}, revision=1)


def test_a_planner_of_one_district_drafts_nothing_in_another(draft):
    sanshui = account(Role.PLANNER, SANSHUI)
    theirs = drafting.create_change_set(layer="zones", title="三水", author=sanshui)
    with pytest.raises(NotAllowed, match="辖区以外"):
        save(theirs, sanshui, attributes={"name": "甲"})
    with pytest.raises(NotAllowed, match="辖区以外"):
        drafting.add_feature(
            change_set_id=theirs.pk,
            geom=square(113.05, 23.05),
            attributes={"name": "越界", "district_codes": [NANHAI]},
            by=sanshui,
        )
    assert not theirs.changes.exists()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PLANNER])
def test_only_planners_write(draft, role):
    person = account(role, *([] if role == Role.ENTERPRISE else [CITY_CODE]))
    with pytest.raises(NotAllowed):
        save(draft, person, attributes={"name": "甲"})
    with pytest.raises(NotAllowed):
        drafting.create_change_set(layer="zones", title="不行", author=person)


def test_a_new_feature_gets_the_next_free_code_of_its_district(draft, planner):
    kept = {"name": "新区", "district_codes": [NANHAI]}
    added = [
        drafting.add_feature(change_set_id=draft.pk, geom=square(113.05 + n / 100, 23.05), attributes=kept, by=planner)
        for n in range(2)
    ]
    assert [change.feature for change in added] == ["FS-NH-02", "FS-NH-03"]
    assert added[0].attributes["zone_class"] == "wanmu"
    assert added[0].base_version is None


def test_an_added_feature_can_take_another_code_and_one_in_force_cannot(draft, planner):
    added = drafting.add_feature(
        change_set_id=draft.pk, geom=square(113.05, 23.05), attributes={"district_codes": [NANHAI]}, by=planner
    )
    rename = {"change_set_id": draft.pk, "by": planner, "feature": added.feature}
    with pytest.raises(Refused, match="已有要素"):
        drafting.rename_feature(**rename, code="FS-NH-01", revision=1)
    with pytest.raises(Refused, match="大写字母"):
        drafting.rename_feature(**rename, code="fs nh", revision=1)
    assert drafting.rename_feature(**rename, code="FS-NH-77", revision=1).feature == "FS-NH-77"
    kept = save(draft, planner, attributes={"name": "甲"})
    assert kept is not None
    with pytest.raises(Refused, match="现行要素的编号不变"):
        drafting.rename_feature(change_set_id=draft.pk, feature="FS-NH-01", code="FS-NH-78", by=planner, revision=1)


def test_removing_an_added_feature_leaves_nothing_and_one_in_force_ends(draft, planner):
    added = drafting.add_feature(
        change_set_id=draft.pk, geom=square(113.05, 23.05), attributes={"district_codes": [NANHAI]}, by=planner
    )
    remove = {"change_set_id": draft.pk, "by": planner}
    assert drafting.remove_feature(**remove, feature=added.feature, revision=1) is None
    ended = drafting.remove_feature(**remove, feature="FS-NH-01", revision=None)
    assert ended is not None
    assert (ended.action, ended.geom) == ("remove", None)
    assert list(draft.changes.values_list("feature", flat=True)) == ["FS-NH-01"]


def test_a_removed_feature_drawn_again_is_a_modification(draft, planner):
    drafting.remove_feature(change_set_id=draft.pk, by=planner, feature="FS-NH-01", revision=None)
    change = save(draft, planner, geom=square(113.0, 23.05, 0.01), revision=1)
    assert change is not None
    assert change.action == "modify"


def test_undo_puts_back_what_there_was_and_redo_what_there_came(draft, planner):
    change = save(draft, planner, geom=square(113.0, 23.05, 0.02))
    assert change is not None
    none = Kept("FS-NH-01", change.revision)
    assert drafting.restore(change_set_id=draft.pk, kept=[none], by=planner) == [None]
    again = Kept(
        "FS-NH-01",
        None,
        action="modify",
        operation="reshape",
        geom=change.geom,
        attributes=change.attributes,
        base_version=change.base_version,
    )
    (restored,) = drafting.restore(change_set_id=draft.pk, kept=[again], by=planner)
    assert restored is not None
    assert restored.geom.equals_exact(change.geom)


def test_undo_of_several_features_is_all_or_none(draft, planner):
    zone("FS-NH-02", square(113.00, 23.085, 0.01))
    save(draft, planner, attributes={"name": "甲"})
    save(draft, planner, "FS-NH-02", attributes={"name": "乙"})
    with pytest.raises(ChangeMoved):
        drafting.restore(change_set_id=draft.pk, kept=[Kept("FS-NH-01", 1), Kept("FS-NH-02", 9)], by=planner)
    assert draft.changes.count() == 2


def test_a_version_that_never_was_cannot_be_restored(draft, planner):
    forged = Kept("FS-NH-01", None, action="modify", geom=square(113.0, 23.05), attributes={}, base_version=987654)
    with pytest.raises(Refused, match="987654"):
        drafting.restore(change_set_id=draft.pk, kept=[forged], by=planner)


def test_a_change_is_set_upon_the_version_that_came_in_between(draft, planner):
    change = save(draft, planner, attributes={"name": "我的"})
    assert change is not None
    old = type(zone("FS-NH-09", square(113.012, 23.085, 0.005))).objects.get(zone_id="FS-NH-01")
    today = old.valid_from.replace(year=2024)
    old.valid_to = today
    old.save(update_fields=["valid_to"])
    newer = zone("FS-NH-01", square(113.00, 23.05, 0.025), valid_from=today, name="对方的", leading_industry="家电")
    merged = drafting.rebase_change(
        change_set_id=draft.pk,
        feature="FS-NH-01",
        by=planner,
        revision=change.revision,
        geom=newer.geom,
        attributes={"leading_industry": "家电"},
    )
    assert merged is not None
    assert merged.base_version == newer.pk
    assert (merged.attributes["name"], merged.attributes["leading_industry"]) == ("我的", "家电")


def test_districts_are_corrected_but_never_founded(planner):
    draft = drafting.create_change_set(layer="districts", title="区界更正", author=planner)
    with pytest.raises(Refused, match="不新增"):
        save(draft, planner, "440699", geom=square(113.0, 23.05))
    with pytest.raises(Refused, match="不新增"):
        drafting.add_feature(change_set_id=draft.pk, geom=square(113.0, 23.05), attributes={}, by=planner)
    changed = save(draft, planner, NANHAI, attributes={"name": "南海区（更正）"})
    assert changed is not None
    draft.refresh_from_db()
    assert draft.place_codes == [NANHAI]
    assert Jurisdiction.objects.get(code=NANHAI).name == "南海区"


def test_figures_and_dates_survive_the_way_through_a_draft(planner):
    version = plot(1, registered_area_m2="12345.67", term_years=50, term_from="2020-01-31")
    draft = drafting.create_change_set(layer="plots", title="宗地", author=planner)
    changed = save(draft, planner, version.plot_id, attributes={"location": "示例路"})
    assert changed is not None
    assert (changed.attributes["registered_area_m2"], changed.attributes["term_from"]) == (12345.67, "2020-01-31")
    assert save(draft, planner, version.plot_id, attributes={"location": ""}, revision=1) is None


@pytest.mark.parametrize("title", ["", "   ", "长" * 121])
def test_a_change_set_needs_a_title(planner, title):
    with pytest.raises(Refused):
        drafting.create_change_set(layer="zones", title=title, author=planner)
