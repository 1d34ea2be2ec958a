"""Publishing: one serialised transaction that closes and opens versions, or says why not and changes nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from core.accounts.models import Role
from core.mapedit.models import ChangeSet, Descent, Layer, Publication
from core.mapedit.services import publishing
from core.mapedit.states import State
from core.refusals import NotAllowed, Refused, Stale
from parks.zones.models import Zone, ZoneVersion
from tests import places
from tests.core.mapedit import drafts, proposals
from tests.races import at_once

TODAY = timezone.localdate


@pytest.fixture
def who(db: None) -> proposals.People:
    return proposals.people()


def approved(who: proposals.People, version: ZoneVersion, name: str) -> ChangeSet:
    """An approved change of one zone's name."""
    change_set = proposals.draft(who.planner)
    drafts.modify(change_set, version, name=name)
    return proposals.bring(proposals.placed(change_set), who, State.APPROVED)


def zone(number: int) -> ZoneVersion:
    return places.zone(f"FS-NH-{number:02d}", places.square(113.0 + number / 250, 23.05), zone_class="qianmu")


@pytest.mark.django_db
def test_a_publication_closes_opens_and_records(who):
    kept, ended = zone(1), zone(2)
    change_set = proposals.draft(who.planner, title="两处调整")
    drafts.modify(change_set, kept, places.square(113.004, 23.05, 0.003))
    drafts.remove(change_set, ended)
    child = drafts.add(change_set, "FS-NH-90", places.square(113.008, 23.05, 0.001))
    child.origins = ["FS-NH-02"]
    child.save(update_fields=["origins"])
    published = proposals.bring(proposals.placed(change_set), who, State.PUBLISHED)
    publication = published.publication
    assert (publication.title, publication.published_by, publication.effective_on) == (
        "两处调整",
        who.reviewer,
        TODAY(),
    )
    assert publication.document_number == "佛自然资〔2026〕1 号"
    versions = {(v.zone_id, v.valid_from, v.valid_to) for v in ZoneVersion.objects.all()}
    assert versions == {
        ("FS-NH-01", places.START, TODAY()),
        ("FS-NH-01", TODAY(), None),
        ("FS-NH-02", places.START, TODAY()),
        ("FS-NH-90", TODAY(), None),
    }
    assert [(d.parent, d.child) for d in Descent.objects.all()] == [("FS-NH-02", "FS-NH-90")]
    assert ZoneVersion.objects.in_force_on(TODAY() - dt.timedelta(days=1)).count() == 2


@pytest.mark.django_db
def test_a_set_for_a_coming_day_takes_effect_then(who):
    change_set = proposals.with_new_zone(who.planner)
    change_set.effective_on = TODAY() + dt.timedelta(days=30)
    change_set.save(update_fields=["effective_on"])
    published = proposals.bring(change_set, who, State.PUBLISHED)
    assert published.publication.effective_on == change_set.effective_on
    assert not ZoneVersion.objects.in_force_on(TODAY()).exists()
    assert ZoneVersion.objects.in_force_on(change_set.effective_on).exists()


@pytest.mark.django_db
def test_a_day_that_has_passed_becomes_today(who):
    change_set = proposals.with_new_zone(who.planner)
    change_set.effective_on = TODAY() - dt.timedelta(days=30)
    change_set.save(update_fields=["effective_on"])
    assert proposals.bring(change_set, who, State.PUBLISHED).publication.effective_on == TODAY()


@pytest.mark.django_db
def test_the_second_of_two_sets_on_one_feature_is_stale_and_changes_nothing(who):
    version = zone(1)
    first, second = approved(who, version, "先发布"), approved(who, version, "后发布")
    publishing.publish(change_set_id=first.pk, by=who.reviewer)
    count = Publication.objects.count()
    with pytest.raises(Stale, match="FS-NH-01"):
        publishing.publish(change_set_id=second.pk, by=who.reviewer)
    assert Publication.objects.count() == count
    assert ChangeSet.objects.get(pk=second.pk).state == State.APPROVED
    assert ZoneVersion.objects.get(valid_to=None).name == "先发布"


@pytest.mark.django_db
def test_a_change_that_waits_behind_a_future_version_is_stale(who):
    version = zone(1)
    future = approved(who, version, "下月生效")
    ChangeSet.objects.filter(pk=future.pk).update(effective_on=TODAY() + dt.timedelta(days=30))
    publishing.publish(change_set_id=future.pk, by=who.reviewer)
    today = proposals.draft(who.planner)
    drafts.modify(today, ZoneVersion.objects.get(valid_to=None), name="今天生效")
    proposals.placed(today)
    with pytest.raises(Refused):
        proposals.bring(today, who, State.PUBLISHED)
    assert ZoneVersion.objects.in_force_on(TODAY()).get().name == version.name


@pytest.mark.django_db
def test_a_code_taken_meanwhile_is_refused(who):
    first = proposals.bring(proposals.with_new_zone(who.planner, "FS-NH-90", 113.00), who, State.APPROVED)
    second = proposals.bring(proposals.with_new_zone(who.planner, "FS-NH-90", 113.01), who, State.APPROVED)
    publishing.publish(change_set_id=first.pk, by=who.reviewer)
    with pytest.raises(Stale, match="FS-NH-90"):
        publishing.publish(change_set_id=second.pk, by=who.reviewer)


@pytest.mark.django_db
def test_what_another_publication_made_wrong_is_found_before_publishing(who):
    first = proposals.bring(proposals.with_new_zone(who.planner, "FS-NH-90", 113.000), who, State.APPROVED)
    second = proposals.bring(proposals.with_new_zone(who.planner, "FS-NH-91", 113.002), who, State.APPROVED)
    publishing.publish(change_set_id=first.pk, by=who.reviewer)
    with pytest.raises(Refused, match="重叠") as refused:
        publishing.publish(change_set_id=second.pk, by=who.reviewer)
    assert refused.value.findings
    assert not Zone.objects.filter(code="FS-NH-91").exists()


@pytest.mark.django_db
def test_only_an_approved_set_is_published_and_by_a_reviewer_who_did_not_write_it(who):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.NOTICE)
    with pytest.raises(NotAllowed, match="批准后才能发布"):
        publishing.publish(change_set_id=change_set.pk, by=who.reviewer)
    ready = approved(who, zone(2), "改名")
    for user in (who.planner, who.parks, places.account(Role.REVIEWER, places.SANSHUI)):
        with pytest.raises(NotAllowed):
            publishing.publish(change_set_id=ready.pk, by=user)


@pytest.mark.django_db
def test_the_layers_revision_rises_so_that_no_tile_is_served_old(who):
    ready = approved(who, zone(1), "改名")
    before = Layer.objects.get(name="zones").revision
    publishing.publish(change_set_id=ready.pk, by=who.reviewer)
    assert Layer.objects.get(name="zones").revision > before


@pytest.mark.django_db(transaction=True)
def test_of_two_people_publishing_one_set_at_once_one_does_and_one_is_told(who):
    ready = approved(who, zone(1), "改名")
    other = places.account(Role.REVIEWER, "440600", places.NANHAI)
    results = at_once(
        [
            lambda: publishing.publish(change_set_id=ready.pk, by=who.reviewer),
            lambda: publishing.publish(change_set_id=ready.pk, by=other),
        ]
    )
    assert sorted(type(result).__name__ for result in results) == ["NotAllowed", "Publication"]
    assert ZoneVersion.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_sets_on_one_feature_published_at_once_exactly_one_comes_into_force(who):
    version = zone(1)
    sets = [approved(who, version, f"第 {number} 稿") for number in range(6)]
    results = at_once([lambda pk=ready.pk: publishing.publish(change_set_id=pk, by=who.reviewer) for ready in sets])
    winners = [result for result in results if isinstance(result, Publication)]
    assert len(winners) == 1
    assert all(
        isinstance(result, Stale) and "FS-NH-01" in result.sentence for result in results if result not in winners
    )
    assert ZoneVersion.objects.get(valid_to=None).publication == winners[0]
    assert ZoneVersion.objects.count() == 2
    assert ChangeSet.objects.filter(state=State.PUBLISHED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_publications_of_different_features_at_once_all_come_into_force_with_numbers_in_a_row(who):
    sets = [approved(who, zone(number), f"改名 {number}") for number in range(1, 6)]
    results = at_once([lambda pk=ready.pk: publishing.publish(change_set_id=pk, by=who.reviewer) for ready in sets])
    assert all(isinstance(result, Publication) for result in results)
    numbers = sorted(result.number for result in results)  # type: ignore[attr-defined]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
