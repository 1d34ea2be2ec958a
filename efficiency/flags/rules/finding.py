"""How a rule is asked, and how what it finds becomes flags."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from core import policy
from core.policy.models import CITY_CODE
from efficiency.evaluation.models import Run, RunState
from efficiency.flags.models import Rule

DOUBTS = ("provisional", "shared", "reported", "unpublished")
"""Columns of a rule's select that lower the confidence, see :mod:`efficiency.flags.rules`."""


class CannotTell(Exception):
    """A rule has nothing to judge by; the sentence says what is missing."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Asked:
    """What a rule is asked: the ``year`` of the facts, the ``run`` they were judged by, the day ``on``."""

    year: int
    run: Run | None
    on: dt.date

    @property
    def unpublished(self) -> bool:
        """Whether the results may still be contested."""
        return self.run is not None and self.run.state != RunState.FINAL

    def number(self, key: str) -> Any:
        """The figure of a parameter in force on the day. Raises ParameterMissing."""
        return policy.value(key, CITY_CODE, on=self.on).value

    def evaluated(self) -> Run:
        """The run the year was judged by. Raises CannotTell."""
        if self.run is None:
            raise CannotTell(f"{self.year} 年还没有公布的评价")
        return self.run


@dataclass(frozen=True)
class Finder:
    """A rule: ``select`` finds causes, ``facts(asked)`` are its parameters or CannotTell.

    The select answers plot_id, enterprise_id, district_code, title, evidence (jsonb), is_demo and booleans
    :data:`DOUBTS`. ``keys`` are the policy parameters its limits come from; their rows are kept with the evidence.
    """

    rule: Rule
    select: str
    facts: Callable[[Asked], Mapping[str, Any]]
    keys: Sequence[str] = ()
    evaluates: bool = False


# Titles and texts of the evidence are stored, so they are written in the language of the house.
_INSERT = """
INSERT INTO flags_flag (rule, year, plot_id, enterprise_id, district_code, state, title, evidence, confidence, run_id,
                        note, reason, raised_at, raised_by_id, is_demo)
SELECT %(rule)s, %(year)s, f.plot_id, f.enterprise_id, f.district_code, 'raised', left(f.title, 160),
       f.evidence || jsonb_build_object('limits', %(limits)s::jsonb, 'doubts', to_jsonb(array_remove(ARRAY[
           CASE WHEN f.provisional THEN 'provisional' END, CASE WHEN f.shared THEN 'shared' END,
           CASE WHEN f.reported THEN 'reported' END, CASE WHEN f.unpublished THEN 'unpublished' END], NULL))),
       round((CASE WHEN f.provisional THEN %(provisional_factor)s ELSE 1 END)
           * (CASE WHEN f.shared THEN %(shared_factor)s ELSE 1 END)
           * (CASE WHEN f.reported THEN %(reported_factor)s ELSE 1 END)
           * (CASE WHEN f.unpublished THEN %(unpublished_factor)s ELSE 1 END), 2),
       %(run_of_rule)s, '', '', now(), %(by)s, f.is_demo
FROM ({select}) f
WHERE %(districts)s::text[] IS NULL OR f.district_code = ANY (%(districts)s::text[])
ORDER BY f.enterprise_id, f.plot_id
ON CONFLICT DO NOTHING
"""


def raise_by(finder: Finder, asked: Asked, *, by: int | None, districts: Sequence[str] | None) -> int:
    """Write a flag for every cause the rule finds that has none, and answer how many.

    ``by`` is the account in whose name, None for the schedule; ``districts`` narrows to places.
    Raises CannotTell and ParameterMissing.
    """
    facts = dict(finder.facts(asked))
    factors = {f"{doubt}_factor": asked.number(f"flag.confidence_{doubt}") for doubt in DOUBTS}
    limits = {key: _limit(key, asked) for key in finder.keys}
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT.format(select=finder.select),
            {
                "rule": finder.rule.value,
                "year": asked.year,
                "year_end": dt.date(asked.year, 12, 31),
                "on": asked.on,
                "run_of_rule": asked.evaluated().pk if finder.evaluates else None,
                "unpublished": asked.unpublished,
                "districts": None if districts is None else list(districts),
                "by": by,
                "limits": json.dumps(limits, ensure_ascii=False),
                **factors,
                **facts,
            },
        )
        return cursor.rowcount


def _limit(key: str, asked: Asked) -> dict[str, Any]:
    found = policy.value(key, CITY_CODE, on=asked.on)
    # Decimal('30.000000') reads 30; 'f' keeps it from becoming 3E+1.
    number = None if found.value is None else f"{found.value.normalize():f}"
    return {"value": number, "text": found.text, "parameter": found.citation.parameter_id}
