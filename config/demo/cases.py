"""Cases of the demo city, led through the real services so that every list of every role has something in it.

Their days are counted back from the day of seeding, since a case of two years ago would
be overdue for everybody: unlike the city they are not the same bytes for the same seed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pghistory
from django.core.files.base import ContentFile
from django.utils import timezone

from config.demo import settings
from config.demo.applicants import Applicants, Asking, plot_ratio_form, quota_form
from config.demo.clock import believing, working_days_back
from config.demo.firms import ACCOUNT_DISTRICTS
from config.demo.papers import sample_pdf
from core.accounts.models import User
from core.casework.models import Case, Notification
from core.casework.services import alerting, deciding, filing, notifying, papers, remarking, reviewing
from core.policy.models import CITY_CODE, Jurisdiction
from landuse.quotas import services as quotas
from landuse.quotas.models import QuotaPlan, QuotaPool
from parks.programmes.models import Programme

PLOT_RATIO, LAND_QUOTA = "plot_ratio", "land_quota"

# A draft is begun the working day before it is submitted.
OPENED_BEFORE = 1

# Working days after which a notice has been read.
READ_AFTER = 3

FIRST_HOUR = dt.time(9, 5)
BETWEEN_ACTS = dt.timedelta(minutes=4)


@dataclass
class Story:
    """One case: what is told of it, who plays which part, and the case once it is opened."""

    told: dict[str, Any]
    asking: Asking
    by: dict[str, User]
    number: int
    case: int = 0
    steps: list[list[Any]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the form is filled in; an incomplete one stays a draft."""
        return not self.told.get("incomplete")


def load_cases(seed: int, accounts: dict[str, User]) -> int:
    """Quota plans of this year and last, and the cases; how many cases.

    Runs inside the transaction of seeding, outside its history context: each act is
    written in the name of who does it. A story for which a small city has no enterprise
    left is left out.
    """
    conf, rng = settings.load("cases"), settings.rng(seed, "cases")
    longest = max(step[1] for told in conf["stories"] for step in told["story"])
    days = working_days_back(timezone.localdate(), longest + OPENED_BEFORE)
    _open_plans(conf["quota"], accounts, days[0])
    stories = _stories(conf, accounts, rng)
    acts = sorted(
        ((step[1], story.number, order, story, step) for story in stories for order, step in enumerate(story.steps)),
        key=lambda act: (-act[0], act[1], act[2]),
    )
    moment = timezone.make_aware(dt.datetime.combine(days[-1], FIRST_HOUR))
    for ago, _number, _order, story, step in acts:
        if timezone.localdate(moment) != days[ago]:
            moment = timezone.make_aware(dt.datetime.combine(days[ago], FIRST_HOUR))
        moment += BETWEEN_ACTS
        with believing(moment), pghistory.context(source="seed_demo", seed=seed):
            if step[0] == "open":
                story.case = _open(story, conf, rng)
            else:
                ACTS[step[0]](story, step)
    with pghistory.context(source="seed_demo", seed=seed):
        alerting.watch_deadlines()
    _read_old_notices(accounts, days[min(READ_AFTER, len(days) - 1)])
    return len(stories)


def _read_old_notices(accounts: dict[str, User], before: dt.date) -> None:
    """Let people have read what they were told before a day, so that the bell counts what is new."""
    for user in accounts.values():
        old = Notification.objects.filter(user=user, created_at__date__lt=before)
        if ids := list(old.values_list("pk", flat=True)):
            notifying.mark_read(by=user, ids=ids)


def _stories(conf: dict[str, Any], accounts: dict[str, User], rng: np.random.Generator) -> list[Story]:
    slugs = dict(Jurisdiction.objects.districts().values_list("code", "slug"))
    applicants = Applicants(rng)
    stories = []
    for number, told in enumerate(conf["stories"]):
        district, slug = told["district"], slugs[told["district"]]
        account = f"ent.{ACCOUNT_DISTRICTS.index(district) + 1}"
        programme = conf["quota"]["programme_pool"]["programme"] if told.get("programme") else ""
        asking = (
            applicants.of_account(account)
            if told["by"] == "ent"
            else applicants.somebody(district, programme, member=told["kind"] == PLOT_RATIO)
        )
        if asking is None:
            continue
        by = {
            # Who files on behalf of an enterprise takes no other part in its case.
            "applicant": accounts[account if told["by"] == "ent" else "planner.city"],
            "officer": accounts[f"planner.{slug}"],
            "parks": accounts["parks.city"],
            "monitor": accounts.get(f"monitor.{slug}", accounts["monitor.city"]),
            "decider": accounts["reviewer.city"],
            "head": accounts[f"head.{slug}"],
        }
        steps = list(told["story"])
        if steps[0][0] != "open":
            steps.insert(0, ["open", steps[0][1] + OPENED_BEFORE])
        stories.append(Story(told, asking, by, number, steps=steps))
    return stories


def _open(story: Story, conf: dict[str, Any], rng: np.random.Generator) -> int:
    told, by = story.told, story.by["applicant"]
    if told["kind"] == PLOT_RATIO:
        data = plot_ratio_form(story.asking, conf["reasons"][story.number % len(conf["reasons"])])
    else:
        title = 2 if told.get("purpose") == "title" else story.number % 2
        data = quota_form(story.asking, _pool(told), told, conf["projects"][title], rng)
    if not story.complete:
        kept = list(data)[: len(data) // 2]
        data = {name: data[name] for name in kept}
    code = None if told["by"] == "ent" else story.asking.enterprise.uscc
    case = filing.open_case(kind=told["kind"], by=by, applicant_code=code, data=data)
    Case.objects.filter(pk=case.pk).update(is_demo=True)
    return case.pk


def _pool(told: dict[str, Any]) -> QuotaPool:
    """The pool a story asks: its district's for industry, or the one kept for a programme's members."""
    pools = QuotaPool.objects.filter(
        plan__year=timezone.localdate().year, plan__place=told["district"], plan__category="industrial"
    )
    found: QuotaPool = pools.get(programme__isnull=not told.get("programme"))
    return found


def _submit(story: Story, step: list[Any]) -> None:
    by = story.by["applicant"]
    case = Case.objects.get(pk=story.case)
    for slot in filing.missing_papers(case):
        lines = [f"示例材料：{slot.title}", case.applicant_name, case.title, "本文件为示例，不具有任何效力。"]
        content = ContentFile(sample_pdf(lines))
        papers.attach(case_id=case.pk, by=by, slot=slot.key, name=f"示例{slot.title}.pdf", content=content)
    filing.submit(case_id=case.pk, by=by)


def _approve(story: Story, step: list[Any]) -> None:
    number = f"示例批〔{timezone.localdate().year}〕{story.number + 1}号"
    deciding.approve(case_id=story.case, by=story.by["decider"], number=number)


def _review(verdict: str) -> Callable[[Story, list[Any]], None]:
    def give(story: Story, step: list[Any]) -> None:
        text = step[3] if len(step) > 3 else ""
        reviewing.give_review(case_id=story.case, by=story.by[step[2]], verdict=verdict, text=text)

    return give


def _remark(story: Story, step: list[Any]) -> None:
    internal = step[4] if len(step) > 4 else True
    remarking.remark(case_id=story.case, by=story.by[step[2]], text=step[3], internal=internal)


def _conclude(story: Story, step: list[Any]) -> None:
    reason = step[2] if len(step) > 2 else ""
    deciding.conclude_review(case_id=story.case, by=story.by["officer"], text=reason)


def _said(act: Callable[..., Any]) -> Callable[[Story, list[Any]], None]:
    """An act of the role in the step, with its text."""

    def do(story: Story, step: list[Any]) -> None:
        act(case_id=story.case, by=story.by[step[2]], text=step[3])

    return do


ACTS: dict[str, Callable[[Story, list[Any]], Any]] = {
    "submit": _submit,
    "correct": lambda story, step: filing.correct(case_id=story.case, by=story.by["applicant"]),
    "withdraw": _said(filing.withdraw),
    "appeal": _said(filing.appeal),
    "accept": lambda story, step: deciding.accept(case_id=story.case, by=story.by["officer"]),
    "decline": _said(deciding.decline),
    "ask_correction": _said(deciding.ask_correction),
    "agree": _review("agree"),
    "conditional": _review("conditional"),
    "disagree": _review("disagree"),
    "conclude": _conclude,
    "approve": _approve,
    "refuse": _said(deciding.refuse),
    "return": _said(deciding.return_to_applicant),
    "take_effect": lambda story, step: deciding.take_effect(case_id=story.case, by=story.by["decider"]),
    "uphold": _said(deciding.uphold),
    "remark": _remark,
    "instruct": _remark,
}
"""What happens to a case, by the word the stories use."""


def _open_plans(conf: dict[str, Any], accounts: dict[str, User], today: dt.date) -> None:
    """Plans of last year and this one with what was granted, and a pool for the members of a programme."""
    planner = accounts["planner.city"]
    kept = conf["programme_pool"]
    for year in (today.year - 1, today.year):
        day = min(dt.date(year, 3, 16), today)
        with believing(timezone.make_aware(dt.datetime.combine(day, FIRST_HOUR))):
            for place, category, now, before in conf["plans"]:
                document = f"示例计划〔{year}〕{place[4:]}号"
                plan = quotas.open_plan(year=year, place=place, category=category, document=document, by=planner)
                amount = Decimal(now if year == today.year else before)
                grant: dict[str, Any] = {"document_number": document, "by": planner, "text": "示例：年度计划下达"}
                quotas.grant(pool_id=plan.pools.get().pk, amount_mu=amount, **grant)
                if place == kept["place"] and category == "industrial":
                    programme = Programme.objects.get(pk=kept["programme"])
                    pool = quotas.open_pool(plan_id=plan.pk, name=kept["name"], programme=programme, by=planner)
                    quotas.grant(pool_id=pool.pk, amount_mu=Decimal(kept["amount"]), **grant)
    QuotaPlan.objects.filter(place__in=[CITY_CODE, *ACCOUNT_DISTRICTS]).update(is_demo=True)
