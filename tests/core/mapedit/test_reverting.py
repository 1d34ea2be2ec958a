"""Taking publications back: the layer is as it was, or it is said why it cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from core.accounts.models import Role
from core.mapedit import diff, history, layers
from core.mapedit.models import ChangeSet, Publication
from core.mapedit.services import reverting
from core.mapedit.states import State
from core.refusals import NotAllowed, Refused, Stale
from parks.zones.models import ZoneVersion
from tests import places
from tests.core.mapedit import drafts, proposals

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> proposals.People:
    return proposals.people()


def layer_now() -> list[tuple[Any, ...]]:
    """Every zone in force as it is drawn and described, to the last bit."""
    layer = layers.editable("zones")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT v.zone_id, ST_AsEWKB(v.geom)::text, {layer.attributes_sql("v")}::text, v.area_m2
                FROM {layer.table} v WHERE v.valid_to IS NULL ORDER BY v.zone_id"""
        )
        return cursor.fetchall()


def world() -> dict[str, ZoneVersion]:
    return {
        "modify": places.zone("FS-NH-01", places.square(113.00, 23.05), zone_class="qianmu"),
        "remove": places.zone("FS-NH-02", places.square(113.01, 23.05), zone_class="qianmu"),
        "still": places.zone("FS-NH-03", places.square(113.02, 23.05), zone_class="qianmu"),
    }


def everything_changes(who: proposals.People, zones: dict[str, ZoneVersion]) -> Publication:
    """One publication that adds, modifies (outline and name) and removes; the added one came from the removed."""
    change_set = proposals.draft(who.planner)
    child = drafts.add(change_set, "FS-NH-90", places.square(113.01, 23.05, 0.001))
    child.origins = ["FS-NH-02"]
    child.save(update_fields=["origins"])
    drafts.modify(change_set, zones["modify"], places.square(113.00, 23.05, 0.003), name="改名后的集聚区")
    drafts.remove(change_set, zones["remove"])
    published = proposals.bring(proposals.placed(change_set), who, State.PUBLISHED)
    assert published.publication is not None
    return published.publication


def test_a_publication_and_its_reversal_leave_the_identical_layer(who):
    before = world(), layer_now()
    publication = everything_changes(who, before[0])
    assert layer_now() != before[1]
    draft = reverting.revert(publication_id=publication.pk, by=who.planner)
    assert (draft.state, draft.reverts, draft.place_codes) == (State.DRAFT, publication, [places.NANHAI])
    proposals.bring(draft, who, State.PUBLISHED)
    assert layer_now() == before[1]


def test_a_reversal_can_itself_be_reverted(who):
    publication = everything_changes(who, world())
    after = layer_now()
    back = proposals.bring(reverting.revert(publication_id=publication.pk, by=who.planner), who, State.PUBLISHED)
    again = reverting.revert(publication_id=back.publication_id, by=who.planner)
    proposals.bring(again, who, State.PUBLISHED)
    assert layer_now() == after


def test_the_draft_says_what_it_undoes_and_keeps_descent(who):
    publication = everything_changes(who, world())
    draft = reverting.revert(publication_id=publication.pk, by=who.planner)
    rows = {row.feature: row for row in draft.changes.all()}
    assert {code: row.action for code, row in rows.items()} == {
        "FS-NH-01": "modify",
        "FS-NH-02": "add",
        "FS-NH-90": "remove",
    }
    assert rows["FS-NH-02"].origins == ["FS-NH-90"]
    assert all(row.operation == "revert" for row in rows.values())
    life = history.life_of(layers.editable("zones"), "FS-NH-90")
    assert [kin.code for kin in life.parents] == ["FS-NH-02"]


def test_a_feature_that_was_published_again_is_named_and_nothing_is_drafted(who):
    zones = world()
    publication = everything_changes(who, zones)
    later = proposals.draft(who.planner)
    drafts.modify(later, ZoneVersion.objects.get(zone_id="FS-NH-01", valid_to=None), name="又改名")
    proposals.bring(proposals.placed(later), who, State.PUBLISHED)
    count = ChangeSet.objects.count()
    with pytest.raises(Stale, match="1 个：FS-NH-01"):
        reverting.revert(publication_id=publication.pk, by=who.planner)
    assert ChangeSet.objects.count() == count


def test_a_removed_feature_that_came_back_is_named(who):
    zones = world()
    first = proposals.draft(who.planner)
    drafts.remove(first, zones["remove"])
    removal = proposals.bring(proposals.placed(first), who, State.PUBLISHED).publication
    second = proposals.draft(who.planner)
    drafts.add(second, "FS-NH-02", places.square(113.01, 23.06))
    proposals.bring(proposals.placed(second), who, State.PUBLISHED)
    with pytest.raises(Stale, match="FS-NH-02"):
        reverting.revert(publication_id=removal.pk, by=who.planner)


def test_a_first_load_is_not_reverted(who):
    loaded = world()["still"].publication
    with pytest.raises(Refused, match="初始导入"):
        reverting.revert(publication_id=loaded.pk, by=who.planner)


def test_only_planners_of_its_places_revert(who):
    publication = everything_changes(who, world())
    for user in (who.reviewer, who.parks, places.account(Role.PLANNER, places.SANSHUI)):
        with pytest.raises(NotAllowed):
            reverting.revert(publication_id=publication.pk, by=user)


def test_the_diff_is_exact(who):
    zones = world()
    everything_changes(who, zones)
    source = diff.of_change_set(ChangeSet.objects.get())
    assert diff.counts(source) == {"add": 1, "modify": 1, "remove": 1, "all": 3}
    rows = {row.code: row for row in diff.features(source)}
    grown = ZoneVersion.objects.get(zone_id="FS-NH-01", valid_to=None)
    modified = rows["FS-NH-01"]
    assert (modified.before_m2, modified.after_m2) == (zones["modify"].area_m2, grown.area_m2)
    assert [(a.label, a.before, a.after) for a in modified.attributes] == [
        ("名称", "FS-NH-01 示例集聚区", "改名后的集聚区")
    ]
    assert (rows["FS-NH-02"].before_m2, rows["FS-NH-02"].after_m2) == (zones["remove"].area_m2, None)
    assert rows["FS-NH-90"].before_m2 is None
    [place] = diff.places(source)
    assert place.name == "南海区"
    assert place.out_m2 == pytest.approx(zones["remove"].area_m2, abs=1e-6)
    assert place.in_m2 - place.out_m2 == pytest.approx(place.after_m2 - place.before_m2, abs=1e-6)
    shapes = {row["code"]: row for row in diff.shapes(source)["features"]}
    assert shapes["FS-NH-02"]["after"] is None
    assert shapes["FS-NH-90"]["before"] is None


def test_the_features_of_a_diff_are_paged_by_code(who):
    change_set = proposals.draft(who.planner, layer="plots")
    for number in range(1, 8):
        drafts.add(change_set, f"440605001001GB{number:05d}", places.square(113 + number / 100, 23.05))
    source = diff.of_change_set(change_set)
    first = [row.code for row in diff.features(source, limit=3)]
    second = [row.code for row in diff.features(source, after=first[-1], limit=9)]
    assert first + second == sorted(set(first + second))
    assert len(first + second) == 7
