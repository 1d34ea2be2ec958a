"""The figures geometry is judged by, each with the article it is written in: policy parameters, read together."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from core.mapedit.findings import Source
from core.policy import Value
from core.policy.models import CITY_CODE

OVERLAP_M2 = "geometry.overlap_tolerance_m2"
SLIVER_M = "geometry.sliver_width_m"
OUTSIDE_M2 = "geometry.outside_tolerance_m2"
ACUTE_DEG = "geometry.acute_angle_degrees"
CLOSE_M = "geometry.vertex_distance_m"
GAP_M = "geometry.gap_width_m"
SNAP_M = "geometry.snap_distance_m"
AREA_WARNING_PERCENT = "geometry.area_warning_percent"
AREA_ERROR_PERCENT = "geometry.area_error_percent"

PRODUCT_DEFAULTS = "MC-DEFAULT"

# The city has no place above it, so its own row answers: the same rule as policy_parameter_id(), for all
# figures at once. All are the city's; no district sets tolerances of its own (rules §3.5).
THRESHOLDS_SQL = f"""
    SELECT coalesce(jsonb_agg(jsonb_build_array(p.key, p.value, d.code, d.title, p.article)), '[]')
    FROM policy_parameter p JOIN policy_document d ON d.code = p.document_id
    WHERE p.jurisdiction_id = '{CITY_CODE}' AND p.key LIKE 'geometry.%%' AND p.status <> 'reference'
        AND p.valid_from <= %(on)s AND (p.valid_to IS NULL OR p.valid_to > %(on)s)
"""
"""SQL: the geometric thresholds in force on ``%(on)s`` as one jsonb array, for :meth:`Thresholds.read`."""


@dataclass(frozen=True)
class Thresholds:
    """Geometric thresholds in force on one day; a missing one is 0 as a tolerance and None as a limit."""

    on: dt.date
    rows: Mapping[str, tuple[float, str, str, str]]

    @classmethod
    def read(cls, on: dt.date, rows: Iterable[tuple[str, Any, str, str, str]]) -> Thresholds:
        """From rows (key, value, code and title of the document, article) in force on ``on``."""
        return cls(on, {key: (float(value), *cited) for key, value, *cited in rows if value is not None})  # type: ignore[misc]

    @classmethod
    def in_force(cls, on: dt.date) -> Thresholds:
        """Those in force on ``on``; one query."""
        with connection.cursor() as cursor:
            cursor.execute(THRESHOLDS_SQL, {"on": on})
            return cls.read(on, from_jsonb(cursor.fetchone()[0]))

    def tolerance(self, key: str) -> float:
        """What is let pass: 0 when no parameter says otherwise, as in the guards of the database."""
        return self.rows[key][0] if key in self.rows else 0.0

    def limit(self, key: str) -> float | None:
        """What triggers a remark: None, and no remark, when no parameter is in force."""
        return self.rows[key][0] if key in self.rows else None

    def source(self, key: str) -> Source:
        """Document and article of a threshold."""
        if key not in self.rows:
            return own_rule(_("几何检查"), key)
        __, document, title, article = self.rows[key]
        return cited(key, document, title, article, on=self.on)


def cited(key: str, document: str, title: str, article: str, *, on: dt.date, place: str = CITY_CODE) -> Source:
    """Where a parameter is written; the product's own defaults say that they are nobody's rule but ours."""
    named = _("产品默认值") if document == PRODUCT_DEFAULTS else title
    asked = urlencode({"on": on.isoformat(), **({} if place == CITY_CODE else {"place": place})})
    return Source(
        label="，".join(part for part in (named, article) if part),
        parameter=key,
        url=f"{reverse('policy:key', args=[key])}?{asked}",
    )


def source_of(value: Value, key: str, *, on: dt.date) -> Source:
    """The source of a value answered by ``core.policy``."""
    document = value.citation.document
    return cited(key, document.code, document.title, value.citation.article, on=on, place=value.place)


def own_rule(subject: str, parameter: str = "") -> Source:
    """A rule no document states: what every map of record needs, or a default of the product."""
    return Source(label=_("产品默认规则，%(subject)s") % {"subject": subject}, parameter=parameter)


def from_jsonb(document: Any) -> Any:
    """What a jsonb column holds: Django's cursors hand raw jsonb over as text."""
    return json.loads(document) if isinstance(document, str) else document
