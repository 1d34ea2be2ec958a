"""Forty people publish at once, and there is surplus for a few: no floor is broken, and each loser is told."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from core.mapedit.models import ChangeSet, Publication
from core.mapedit.services import publishing
from core.mapedit.states import State
from core.policy.models import Parameter
from core.refusals import Refused
from landuse.redline.compliance import assess
from landuse.redline.models import TractVersion
from tests import places
from tests.core.mapedit import drafts, proposals
from tests.landuse.redline.conftest import GROUND, block

NANHAI = "440605"
RACERS = 40
PIECE_M2 = 10_000.0
SPARE = 7
"""So many pieces may go before the floor of 1 km² is reached."""


def floors(km2: dict[str, float]) -> None:
    """Set the floors in force."""
    for place, value in km2.items():
        rows = Parameter.objects.filter(key="redline.floor_km2", jurisdiction_id=place).exclude(status="reference")
        assert rows.update(value=value) == 1


def a_revised_floor_lets_land_go() -> None:
    """Nanhai's floor was revised downwards: its change sets may take out more than they bring in (rules A2)."""
    current = Parameter.objects.exclude(status="reference").get(key="redline.floor_km2", jurisdiction_id=NANHAI)
    facts = {
        field.attname: getattr(current, field.attname)
        for field in Parameter._meta.concrete_fields
        if field.name != "id"
    }
    Parameter.objects.filter(pk=current.pk).update(valid_from=places.START, value=1)
    Parameter.objects.create(**facts | {"valid_to": places.START, "value": 2})


@pytest.mark.django_db(transaction=True)
def test_forty_publications_race_for_the_last_surplus():
    who = proposals.people()
    floors({**dict.fromkeys(GROUND, 1.0), "440600": 5.0})
    a_revised_floor_lets_land_go()
    lon, lat = GROUND[NANHAI]
    for code, (east, north) in GROUND.items():
        # The other districts are rich, so that only Nanhai's floor decides.
        area = 1_100_000.0 if code != NANHAI else 1_000_000.0 - (RACERS - SPARE) * PIECE_M2 + PIECE_M2 / 2
        places.tract(f"RL-{code}", block(east, north, area), district=code)
    pieces = [
        places.tract(f"RL-NH-{number:04d}", block(lon + 0.0015 * number, lat - 0.02, PIECE_M2, height=0.001))
        for number in range(RACERS)
    ]
    sets = []
    for piece in pieces:
        change_set = proposals.draft(who.planner, layer="redline", title=f"调出 {piece.tract_id}")
        drafts.remove(change_set, piece)
        sets.append(proposals.bring(proposals.placed(change_set), who, State.APPROVED))

    results: list[object] = [None] * RACERS
    together = threading.Barrier(RACERS)

    def run(number: int) -> None:
        try:
            together.wait(60)
            results[number] = publishing.publish(change_set_id=sets[number].pk, by=who.reviewer)
        except Refused as refused:
            results[number] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(540)

    losers = [result for result in results if isinstance(result, Refused)]
    assert len([result for result in results if isinstance(result, Publication)]) == SPARE
    assert len(losers) == RACERS - SPARE
    assert all("南海区" in loser.sentence and "下限" in loser.sentence for loser in losers)
    standing = assess().place(NANHAI)
    assert standing.met
    assert standing.surplus_m2 < PIECE_M2
    assert TractVersion.objects.filter(tract__code__startswith="RL-NH-", valid_to=None).count() == RACERS - SPARE
    assert ChangeSet.objects.filter(state=State.APPROVED).count() == RACERS - SPARE
