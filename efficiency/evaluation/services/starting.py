"""A run handed over to the worker."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from core.accounts.models import User
from core.jobs import kinds, tracking
from core.jobs.models import Job
from core.jobs.progress import Failure, Progress
from core.refusals import NotAllowed, Refused
from efficiency.evaluation import perms
from efficiency.evaluation.models import Run
from efficiency.evaluation.services.evaluating import evaluate
from efficiency.schemes.models import SchemeVersion

KIND = "evaluation.run"


def start(
    *, year: int, version: SchemeVersion, place: str, by: User, supersedes: Run | None = None, reason: str = ""
) -> Job:
    """Begin a run in the background. Raises NotAllowed."""
    if not perms.evaluates(by, place):
        raise NotAllowed(_("评价由范围内的亩均效益监测人员发起。"))
    return tracking.start(
        kind=KIND,
        title=_("计算 %(year)s 年度亩均评价") % {"year": year},
        owner=by,
        payload={
            "year": year,
            "version": version.pk,
            "place": place,
            "supersedes": supersedes.pk if supersedes else None,
            "reason": reason,
        },
    )


def run(job: Job, progress: Progress) -> dict[str, Any]:
    """Do the work of a job: the worker calls this. A run is one transaction, so that begun again it begins anew."""
    asked = job.payload
    try:
        done = evaluate(
            year=asked["year"],
            version=SchemeVersion.objects.get(pk=asked["version"]),
            by=job.owner,
            place=asked["place"],
            supersedes=Run.objects.get(pk=asked["supersedes"]) if asked["supersedes"] else None,
            reason=asked["reason"],
            told=progress,
        )
    except Refused as refused:
        raise Failure(refused.sentence) from refused
    return {"run": done.pk}


def register() -> None:
    """Announce the kind of job."""
    kinds.register(KIND, run)
