"""What the page of a case shows: where it stands, what it says, what was found and said, and the reader's next act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import CITY_CODE, Role, User
from core.accounts.scope import reader
from core.casework import letters, offices, perms, plans
from core.casework.findings import as_json
from core.casework.models import Case, CasePaper, Review
from core.casework.pages import acts, asking, bulk, life, standing
from core.casework.services import assessing, assigning
from core.casework.states import OWED, State
from core.refusals import Refused

SUBMITTED, DECIDED, TODAY = "submitted", "decided", "today"


@dataclass(frozen=True)
class Opinion:
    """One office's place in the review; ``who`` is empty for an enterprise, which reads offices, not names."""

    office: str
    review: Review
    late: bool
    who: str
    assignee: str


@dataclass(frozen=True)
class Changed:
    """A condition that no longer stands as it did: its title, and its row before and now (None: there was none)."""

    title: str
    before: Mapping[str, Any] | None
    now: Mapping[str, Any] | None


def rows(user: User) -> Any:
    """The cases ``user`` may open, each with all its page reads of it."""
    return standing.with_standing(Case.objects.visible_to(user)).select_related(
        "district", "assignee", "filed_by", "accepted_by", "decided_by"
    )


def context(
    request: HttpRequest,
    case: Any,
    *,
    refusal: Refused | None = None,
    given: Mapping[str, str] | None = None,
    since: int | None = None,
) -> dict[str, Any]:
    """Everything the page needs. ``given`` is what was typed with a refused act, ``since`` what was seen before it."""
    user = reader(request)
    kind = case.kind_of
    stands = standing.standing(case, user, standing.due_soon_days())
    happened = life.events(user, case, since)
    offer = acts.offer(user, case, given)
    return {
        "case": case,
        "kind": kind,
        "standing": stands,
        "staff": perms.reads_internal(user),
        "facts": kind.facts(case),
        "plan": plans.lines(case),
        **kind.detail(request, case),
        "findings": findings(case, request.GET.get("findings", "")),
        "rounds": _rounds(user, case),
        "slots": kind.papers,
        "papers": list(CasePaper.objects.visible_to(user).filter(case=case).counting().select_related("added_by")),
        "may_attach": perms.attaches(user, case),
        "may_remark": perms.remarks(user, case),
        "events": happened,
        "seen": max((event.pk for event in happened), default=0),
        "offer": offer,
        "verdicts": Review.Verdict.choices,
        "colleagues": _colleagues(user, case),
        "letter": letters.title_of(case),
        "next_case": _next(user, case),
        "refusal": refusal.sentence if refusal else "",
        "refused_findings": as_json(finding for finding in refusal.findings if finding.blocks) if refusal else [],
        "news": [event for event in happened if event.is_new and (event.is_move or event.act == "reviewed")],
        "given": given or {},
        "left_over": _left_over(offer, given or {}),
    }


def findings(case: Case, asked: str) -> dict[str, Any]:
    """The findings to show: as frozen at the submission or the decision, or as they come out today.

    Today's are compared with the frozen ones, and those are reckoned again for their own day,
    so that it shows whether the record can still be followed. A case never submitted has only today's.
    """
    today = timezone.localdate()
    if not case.evidence:
        return {"key": TODAY, "on": today, "rows": as_json(assessing.assess(case)), "choices": []}
    choices = [(SUBMITTED, _("发出时") if case.kind_of.is_supervision else _("提交时"))]
    if case.decision_evidence:
        choices.append((DECIDED, _("决定时")))
    choices.append((TODAY, _("按今天")))
    key = asked if asked in dict(choices) else SUBMITTED
    if key != TODAY:
        frozen: Any = case.decision_evidence if key == DECIDED else case.evidence
        on = dt.date.fromisoformat(frozen["on"])
        return {"key": key, "on": on, "rows": frozen["findings"], "choices": choices}
    now = as_json(assessing.assess(case, today))
    replay = assessing.replay(case)
    return {
        "key": TODAY,
        "on": today,
        "rows": now,
        "choices": choices,
        "changed": changes(case.evidence["findings"], now),
        "replay": replay,
    }


def changes(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[Changed]:
    """The conditions whose outcome or figures differ, in the order of today's, then those that are gone."""
    old = {_identity(row): row for row in before}
    new = {_identity(row): row for row in now}
    changed = [
        Changed(row["title"], old.get(key), row)
        for key, row in new.items()
        if key not in old or _outcome(old[key]) != _outcome(row)
    ]
    return changed + [Changed(row["title"], row, None) for key, row in old.items() if key not in new]


def _identity(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["rule"], row["title"]


def _outcome(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["state"], row["measured"], row["required"], row["message"]


def _left_over(offer: acts.Offer, given: Mapping[str, str]) -> str:
    """What was typed for an act that is no longer offered: there is no form to show it in, and it is not lost."""
    shown = {act.move for act in offer.acts if not act.held} | ({"review"} if offer.review else set())
    return "" if given.get("act") in {*shown, "remark", "assign"} else given.get("text", "").strip()


def _rounds(user: User, case: Case) -> list[dict[str, Any]]:
    """The reviews, the present round first, offices side by side."""
    today = timezone.localdate()
    staff = perms.reads_internal(user)
    by_round: dict[int, list[Opinion]] = {}
    for review in case.reviews.select_related("given_by", "assignee"):
        until = timezone.localtime(review.given_at).date() if review.given_at else today
        by_round.setdefault(review.round, []).append(
            Opinion(
                office=offices.title(review.office),
                review=review,
                # In a pause nobody is late: the day is set anew when the clock goes on.
                late=review.remaining_days is None and until > review.due_on,
                who=str(review.given_by) if staff and review.given_by else "",
                assignee=str(review.assignee) if staff and review.assignee else "",
            )
        )
    return [
        {"number": number, "opinions": by_round[number], "present": number == case.round}
        for number in sorted(by_round, reverse=True)
    ]


def _colleagues(user: User, case: Case) -> list[User]:
    """Whom ``user`` may give the case, or a review of it, to: people of the offices that have something to do."""
    if not perms.assigns(user, case) or case.state in OWED:
        return []
    kind = case.kind_of
    working = {kind.role_of(assigning.conductor(case))}
    if case.state == State.REVIEW:
        unspoken = case.reviews.filter(round=case.round, given_at__isnull=True)
        working |= {Role(office) for office in unspoken.values_list("office", flat=True)}
    near = Q(place_codes__contains=[CITY_CODE]) | Q(place_codes__contains=[case.district_id])
    people = bulk.colleagues(user, working).filter(near)
    return list(people if kind.is_supervision else people.exclude(pk=case.filed_by_id))


def _next(user: User, case: Case) -> Any:
    """The next case that waits for ``user``: an office works through them by deadline."""
    if user.role == Role.ENTERPRISE:
        return None
    waiting = standing.with_standing(asking.mine(user).exclude(pk=case.pk))
    return waiting.only("number", "title").order_by("next_due", "pk").first()
