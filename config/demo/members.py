"""Members of the programmes in the demo city: who, since when, and how they stand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from config.demo import settings
from landuse.plots.models import Occupation, OccupationKind
from parks.enterprises.models import Enterprise, EnterpriseMember
from parks.programmes.models import Membership, Programme
from parks.programmes.standings import ENDED, Standing

# Fixed, so that the same seed gives the same rows; before any day on which somebody seeds a city.
ENDED_ON = dt.date(2026, 3, 31)


def load_members(seed: int) -> int:
    """The demo's own programme, and members of it and of the documents' programmes; how many members.

    Programmes that were not loaded from the fixtures are left out.
    """
    conf = settings.load("programmes")
    rng = settings.rng(seed, "programmes")
    phase = {name: value for name, value in conf["second_phase"].items() if name not in ("_source", "place")}
    Programme.objects.create(place_id=conf["second_phase"]["place"], is_demo=True, **phase)
    programmes = Programme.objects.in_bulk()
    given = _accounts(conf["accounts"])
    rows: list[Membership] = []
    for code, wanted in conf["members"].items():
        if code not in programmes:
            continue
        programme = programmes[code]
        fixed = {firm: ending for (firm, of), ending in given.items() if of == code}
        rows += _members(programme, wanted, fixed, {firm for firm, _code in given}, conf, rng)
    Membership.objects.bulk_create(rows, batch_size=2000)
    return len(rows)


def _accounts(wanted: dict[str, Any]) -> dict[tuple[int, str], str]:
    """(enterprise, programme) → standing at which it ended or "", for the enterprises of the demo's accounts."""
    firms = dict(EnterpriseMember.objects.values_list("user__username", "enterprise"))
    given: dict[tuple[int, str], str] = {}
    for username, programmes in wanted.items():
        for programme in programmes if username in firms else ():
            code, _colon, ending = programme.partition(":")
            given[firms[username], code] = ending
    return given


def _members(
    programme: Programme,
    wanted: dict[str, Any],
    fixed: dict[int, str],
    settled: set[int],
    conf: dict[str, Any],
    rng: np.random.Generator,
) -> list[Membership]:
    firms = Enterprise.objects.order_by("pk")
    if programme.level != "city":
        firms = firms.filter(district=programme.place_id)
    everybody = list(firms.values_list("pk", flat=True))
    # Owners of land apply for plot ratio, so half of the members are drawn among them.
    owners = Occupation.objects.filter(kind=OccupationKind.OWNER, valid_to__isnull=True).values("enterprise")
    owning = list(firms.filter(pk__in=owners).values_list("pk", flat=True))
    count = min(wanted["most"], max(12, round(wanted["share"] * len(everybody))), len(everybody) // 2)
    drawn = [int(firm) for firm in rng.choice(owning, min(count // 2, len(owning)), replace=False)]
    rest = sorted(set(everybody) - set(drawn))
    drawn += [int(firm) for firm in rng.choice(rest, count - len(drawn), replace=False)]
    chosen = sorted(set(drawn) - settled)
    return [
        *(_row(programme, wanted, conf, firm, _standing(conf["standings"], rng), rng) for firm in chosen),
        *(_row(programme, wanted, conf, firm, Standing(end or "normal"), rng) for firm, end in sorted(fixed.items())),
    ]


def _standing(shares: dict[str, float], rng: np.random.Generator) -> Standing:
    point = rng.random()
    for standing in (Standing.WARNED, Standing.RETAINED, Standing.REMOVED, Standing.LEFT):
        point -= shares[standing]
        if point < 0:
            return standing
    return Standing.NORMAL


def _row(
    programme: Programme,
    wanted: dict[str, Any],
    conf: dict[str, Any],
    firm: int,
    standing: Standing,
    rng: np.random.Generator,
) -> Membership:
    batch = dt.date.fromisoformat(wanted["batches"][rng.integers(len(wanted["batches"]))])
    types = programme.member_types
    ended = standing in ENDED
    return Membership(
        enterprise_id=firm,
        programme=programme,
        member_type=types[rng.integers(len(types))] if types else "",
        pledge_years=(3, 5)[rng.integers(2)] if wanted["pledge"] else None,
        base_year=batch.year - 1 if wanted["pledge"] else None,
        standing=standing,
        reason=conf["reasons"].get(standing.value, ""),
        valid_from=batch,
        valid_to=ENDED_ON if ended else programme.valid_to,
        document_number=f"示例认定〔{batch.year}〕{wanted['batches'].index(batch.isoformat()) + 1}号",
        is_demo=True,
    )
