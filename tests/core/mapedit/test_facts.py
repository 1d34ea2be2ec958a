"""A decision puts other facts of one feature into force: one version closed, one opened, or a sentence and nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import Role, User
from core.mapedit import history, layers
from core.mapedit.models import Layer, Publication
from core.mapedit.services import facts, publishing
from core.mapedit.states import State
from core.refusals import Refused, Stale
from landuse.plots.models import PlotVersion
from tests import places
from tests.core.mapedit import drafts, proposals
from tests.races import at_once

TODAY = timezone.localdate
NUMBER = "南容审〔2026〕7 号"


@pytest.fixture
def by(db: None) -> User:
    return places.account(Role.REVIEWER, places.NANHAI)


def decide(plot: PlotVersion, by: User, **given: Any) -> Publication:
    """Publish a plot ratio of 2.5, unless told otherwise."""
    values = {
        "facts": {"plot_ratio_planned": Decimal("2.5")},
        "base_version": plot.pk,
        "title": "容积率调整",
        "document_number": NUMBER,
        "reason": "工改工",
        "effective_on": TODAY(),
        **given,
    }
    return facts.publish_facts(layer="plots", feature=plot.plot_id, by=by, **values)


def test_it_closes_the_version_and_opens_one_that_differs_in_the_facts_alone(by):
    plot = places.plot(1, plot_ratio_planned=Decimal("1.8"), location="示例路 1 号", term_from=dt.date(2010, 5, 1))
    before = Layer.objects.get(name="plots").revision
    publication = decide(plot, by)
    plot.refresh_from_db()
    opened = PlotVersion.objects.get(plot=plot.plot_id, valid_to=None)
    assert (plot.valid_to, opened.valid_from, opened.publication) == (TODAY(), TODAY(), publication)
    assert opened.plot_ratio_planned == Decimal("2.5")
    kept = ("location", "use_code", "supply_mode", "term_from", "district_id", "is_m0", "area_m2")
    assert [getattr(opened, name) for name in kept] == [getattr(plot, name) for name in kept]
    assert opened.geom.equals_exact(plot.geom)
    assert (publication.document_number, publication.published_by, publication.reason) == (NUMBER, by, "工改工")
    assert Layer.objects.get(name="plots").revision > before


def test_publications_are_numbered_on(by):
    one, other = places.plot(1), places.plot(2)
    first = decide(other, by)
    assert decide(one, by).number == first.number + 1


def test_a_version_changed_meanwhile_is_stale_and_nothing_is_written(by):
    plot = places.plot(1)
    decide(plot, by)
    count = Publication.objects.count()
    with pytest.raises(Stale, match="已由另一次发布改变"):
        decide(plot, by, facts={"plot_ratio_planned": 3})
    assert Publication.objects.count() == count
    assert PlotVersion.objects.get(valid_to=None).plot_ratio_planned == Decimal("2.5")


def test_a_plot_merged_away_says_into_which(by):
    who = proposals.people()
    kept, ended = places.plot(1, places.square(113.0, 23.05)), places.plot(2, places.square(113.002, 23.05))
    whole = MultiPolygon(Polygon.from_bbox((113.0, 23.05, 113.004, 23.052)), srid=4490)
    merge = proposals.draft(who.planner, layer="plots")
    drafts.modify(merge, kept, whole)
    change = merge.changes.get()
    change.origins = [kept.plot_id, ended.plot_id]
    change.save(update_fields=["origins"])
    drafts.remove(merge, ended)
    proposals.bring(proposals.placed(merge), who, State.PUBLISHED)
    assert history.became(layers.editable("plots"), ended.plot_id) == [kept.plot_id]
    with pytest.raises(Stale, match=f"已不在册，现为 {kept.plot_id}"):
        decide(ended, by)


def test_a_plot_that_was_never_there_or_is_gone_without_heirs_says_so(by):
    plot = places.plot(1)
    PlotVersion.objects.filter(pk=plot.pk).update(valid_to=TODAY())
    with pytest.raises(Stale, match="已不在册，未发布"):
        decide(plot, by)


def test_a_coming_version_is_not_overtaken(by):
    plot = places.plot(1)
    coming = TODAY() + dt.timedelta(days=30)
    decide(plot, by, effective_on=coming)
    opened = PlotVersion.objects.get(valid_to=None)
    with pytest.raises(Stale, match=coming.isoformat()):
        decide(opened, by)


def test_what_the_database_refuses_comes_back_as_a_sentence(by):
    plot = places.plot(1)
    count = Publication.objects.count()
    with pytest.raises(Refused):
        decide(plot, by, facts={"density_planned": 101})
    assert Publication.objects.count() == count
    assert PlotVersion.objects.get().valid_to is None


def test_facts_a_layer_does_not_have_are_a_mistake_of_the_program(by):
    plot = places.plot(1)
    with pytest.raises(ValueError, match="geom"):
        decide(plot, by, facts={"geom": None})
    with pytest.raises(ValueError, match="districts"):
        facts.publish_facts(
            layer="districts",
            feature=places.NANHAI,
            facts={},
            base_version=0,
            title="",
            document_number="",
            reason="",
            by=by,
            effective_on=TODAY(),
        )


def test_an_open_change_set_on_the_plot_has_to_be_merged(by):
    who = proposals.people()
    plot = places.plot(1)
    waiting = proposals.draft(who.planner, layer="plots")
    drafts.modify(waiting, plot, location="另一处")
    waiting = proposals.bring(proposals.placed(waiting), who, State.APPROVED)
    decide(plot, by)
    with pytest.raises(Stale, match=plot.plot_id):
        publishing.publish(change_set_id=waiting.pk, by=who.reviewer)


def test_the_history_of_the_plot_shows_the_decision_to_the_district(by, client):
    plot = places.plot(1, plot_ratio_planned=Decimal("1.8"))
    publication = decide(plot, by)
    client.force_login(by)
    page = client.get(reverse("mapedit:feature_history", args=["plots", plot.plot_id])).content.decode()
    assert NUMBER in page
    assert "容积率调整" in page
    page = client.get(reverse("mapedit:publication", args=[publication.pk])).content.decode()
    assert "规划容积率" in page
    client.force_login(places.account(Role.REVIEWER, places.SANSHUI))
    page = client.get(reverse("mapedit:publication", args=[publication.pk])).content.decode()
    assert "规划容积率" not in page


@pytest.mark.django_db(transaction=True)
def test_of_many_decisions_on_one_plot_at_once_exactly_one_comes_into_force():
    by = places.account(Role.REVIEWER, places.NANHAI)
    plot = places.plot(1)
    results = at_once([lambda n=n: decide(plot, by, facts={"plot_ratio_planned": Decimal(2) + n}) for n in range(6)])
    winners = [result for result in results if isinstance(result, Publication)]
    assert len(winners) == 1
    assert all(isinstance(result, Stale) for result in results if result not in winners)
    assert PlotVersion.objects.get(valid_to=None).publication == winners[0]
    assert PlotVersion.objects.count() == 2
