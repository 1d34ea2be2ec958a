"""Eligibility: what the facts and parameters of a day say of a case, and whether an earlier answer comes out again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.casework.findings import Finding, as_json
from core.casework.models import Case
from core.refusals import Refused


@dataclass(frozen=True)
class Replay:
    """A submission's findings as frozen, as they come out again for that day, and whether they are the same.

    Both are lists as :func:`core.casework.findings.as_json` writes them. ``on`` is the day
    of the submission, None when nothing was submitted yet.
    """

    frozen: list[dict[str, Any]]
    now: list[dict[str, Any]]
    same: bool
    on: dt.date | None = None


def assess(case: Case, on: dt.date | None = None) -> list[Finding]:
    """The findings of a case under the facts and parameters in force on ``on`` (today); writes nothing."""
    return list(case.kind_of.assess(case, on or timezone.localdate()))


def evidence(case: Case, on: dt.date) -> dict[str, Any]:
    """The findings of a day as a case keeps them: ``{"on": "2026-03-31", "findings": […]}``.

    They are written in the city's language, whoever submits or decides: the letter quotes them.
    """
    with translation.override(settings.LANGUAGE_CODE):
        return {"on": on.isoformat(), "findings": _stored(assess(case, on))}


def replay(case: Case) -> Replay:
    """Assess a case again for the day it was submitted, under the parameters of that day."""
    if not case.evidence:
        return Replay(frozen=[], now=[], same=True)
    on = dt.date.fromisoformat(case.evidence["on"])
    frozen, now = case.evidence["findings"], _stored(assess(case, on))
    same = [_judged(row) for row in frozen] == [_judged(row) for row in now]
    return Replay(frozen=frozen, now=now, same=same, on=on)


def _judged(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a finding says apart from its words, which follow the reader's language and a release's wording."""
    return {name: row[name] for name in ("rule", "state", "measured", "required", "source", "blocks", "field")}


def refuse_blocking(findings: Sequence[Finding], act: str) -> None:
    """Raise Refused, with the findings, when one of them stands in the way of ``act`` (a word for people)."""
    blocking = [finding for finding in findings if finding.blocks]
    if blocking:
        raise Refused(
            _("有 %(count)s 项条件不满足，不能%(act)s。首项：%(first)s")
            % {"count": len(blocking), "act": act, "first": blocking[0].message},
            findings,
        )


def _stored(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = json.loads(json.dumps(as_json(findings), cls=DjangoJSONEncoder))
    return stored
