"""In which order open requests of a pool are looked at, and why each stands where it stands.

The order of the criteria is a parameter, ``quota.ranking``. What they are comes from
S001 三(十) (a reference): quota for titles of existing buildings comes first once the
joint review is passed; then who completed the pledge early; then who grows most for the
land asked for. No document gives a formula for the last: it is the growth of yearly
output over the 亩 asked for. Ties go to the earlier submission, then the lower number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core import policy
from landuse.quotas.amounts import shown
from landuse.quotas.models import Purpose, QuotaPool, QuotaRequest
from parks.programmes.models import Membership

RANKING_KEY = "quota.ranking"
TITLE, EARLY, GROWTH = "联审补办", "提前完成", "增长效率"
"""The words of the parameter, in which the order is written, parted by ；"""


@dataclass(frozen=True)
class Ranked:
    """A request in its place. ``facts`` say how it meets each criterion, ``because`` what puts it before the next.

    ``running_mu`` is what all requests up to this one ask for; ``fits`` whether the pool has that much.
    """

    request: QuotaRequest
    place: int
    facts: tuple[str, ...]
    because: str
    running_mu: Decimal
    fits: bool


@dataclass(frozen=True)
class Ranking:
    """The open requests of a pool in order, and the parameter that orders them (None: by submission alone)."""

    rows: tuple[Ranked, ...]
    value: policy.Value | None

    def of(self, case_id: int) -> Ranked | None:
        """The place of one case."""
        return next((row for row in self.rows if row.request.case_id == case_id), None)


def ranking(pool: QuotaPool, on: dt.date | None = None) -> Ranking:
    """Rank what waits for a pool (with its plan loaded) on a day; four queries, however many wait."""
    on = on or timezone.localdate()
    try:
        value = policy.value(RANKING_KEY, pool.plan.place_id, on)
    except policy.ParameterMissing:
        value = None
    order = [word.strip() for word in value.text.split("；")] if value else []
    requests = list(
        QuotaRequest.objects.waiting().filter(pool=pool).select_related("case__district", "programme", "town")
    )
    members = set(
        Membership.objects.in_force_on(on)
        .filter(enterprise__uscc__in={request.case.applicant_code for request in requests})
        .values_list("enterprise__uscc", "programme_id")
    )
    keyed = sorted(((_key(request, order, members), request) for request in requests), key=lambda pair: pair[0])
    available = QuotaPool.objects.with_balance().get(pk=pool.pk).available
    rows: list[Ranked] = []
    running = Decimal(0)
    for index, (key, request) in enumerate(keyed):
        running += request.amount_mu
        following = keyed[index + 1][0] if index + 1 < len(keyed) else None
        rows.append(
            Ranked(
                request=request,
                place=index + 1,
                facts=tuple(_fact(word, request, members) for word in order if word in _CRITERIA),
                because=_because(key, following, order, index + 2),
                running_mu=running,
                fits=running <= available,
            )
        )
    return Ranking(tuple(rows), value)


def _has_title(request: QuotaRequest, _members: set[tuple[str, str]]) -> int:
    return 0 if request.purpose == Purpose.TITLE and request.joint_review_passed else 1


def _is_early(request: QuotaRequest, members: set[tuple[str, str]]) -> int:
    held = (request.case.applicant_code, request.programme_id) in members
    return 0 if request.early_completion and held else 1


def _grows(request: QuotaRequest, _members: set[tuple[str, str]]) -> Decimal:
    return -request.growth_wan_per_mu


_CRITERIA: dict[str, Any] = {TITLE: _has_title, EARLY: _is_early, GROWTH: _grows}


def _key(request: QuotaRequest, order: Sequence[str], members: set[tuple[str, str]]) -> tuple[Any, ...]:
    """What a request is sorted by: its criteria in order, then submission and number, so that no two are equal."""
    criteria = [_CRITERIA[word](request, members) for word in order if word in _CRITERIA]
    return (*criteria, request.case.submitted_at, request.case.number)


def _fact(word: str, request: QuotaRequest, members: set[tuple[str, str]]) -> str:
    if word == TITLE:
        if request.purpose != Purpose.TITLE:
            return _("非补办手续")
        if not request.joint_review_passed:
            return _("补办手续，未过联审")
        return _("补办手续，联审已通过（%s）") % request.joint_review_number
    if word == EARLY:
        if not request.early_completion:
            return _("未填报提前完成")
        return _("未计提前完成：没有有效的成员资格") if _is_early(request, members) else _("已提前完成承诺目标")
    return _("产值增长 %(growth)s 万元，申请 %(amount)s 亩，每亩 %(rate)s 万元") % {
        "growth": shown(request.output_last_wan - request.output_before_wan),
        "amount": shown(request.amount_mu),
        "rate": shown(request.growth_wan_per_mu.quantize(Decimal("0.01"))),
    }


def _because(key: tuple[Any, ...], following: tuple[Any, ...] | None, order: Sequence[str], place: int) -> str:
    """Which criterion puts a request before the one that follows."""
    if following is None:
        return ""
    words = [word for word in order if word in _CRITERIA]
    told = {
        TITLE: _("先于第 %s 位：补办手续已过联审"),
        EARLY: _("先于第 %s 位：提前完成目标"),
        GROWTH: _("先于第 %s 位：每亩产值增长更高"),
    }
    for word, mine, other in zip(words, key, following, strict=False):
        if mine != other:
            return told[word] % place
    return (
        _("先于第 %s 位：条件相同，提交在先") if key[-2] != following[-2] else _("先于第 %s 位：条件相同，编号在先")
    ) % place
