"""How the rules of an edition are brought into its rows: what stays the same is not written."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.db import models

from efficiency.schemes.models import ClassCut, Cohort, Indicator, SchemeVersion
from efficiency.schemes.rules import CohortRules, IndicatorRules, Rules


def write(version: SchemeVersion, rules: Rules) -> None:
    """Make the parts of ``version`` say what ``rules`` says. The version itself is for the caller to save.

    Cohorts and indicators are matched by their place in the order, so that one changed weight is one changed row
    in the history; the unique order is never crossed.
    """
    version.requires = [list(alternatives) for alternatives in rules.requires]
    version.merge_tenants = rules.merge_tenants
    cohorts = {row.order: row for row in version.cohorts.prefetch_related("indicators", "cuts")}
    for order, wanted in enumerate(rules.cohorts, start=1):
        _write_cohort(cohorts.get(order) or Cohort(version=version, order=order), wanted)
    for order, row in cohorts.items():
        if order > len(rules.cohorts):
            row.delete()


def _write_cohort(row: Cohort, wanted: CohortRules) -> None:
    own = [field.name for field in fields(CohortRules) if field.name not in ("indicators", "cuts")]
    indicators = {} if row._state.adding else {item.order: item for item in row.indicators.all()}
    cuts = [] if row._state.adding else [(cut.grade, cut.up_to_percent) for cut in row.cuts.all()]
    _bring(row, {name: _stored(getattr(wanted, name)) for name in own})
    for order, rules in enumerate(wanted.indicators, start=1):
        found = indicators.get(order) or Indicator(cohort=row, order=order)
        _bring(found, {field.name: getattr(rules, field.name) for field in fields(IndicatorRules)})
    for order, found in indicators.items():
        if order > len(wanted.indicators):
            found.delete()
    if cuts != [(cut.grade, cut.up_to_percent) for cut in wanted.cuts]:
        # Anew, since a class may take the percentage another one is about to leave.
        row.cuts.all().delete()
        ClassCut.objects.bulk_create(ClassCut(cohort=row, **vars(cut)) for cut in wanted.cuts)


def _bring(row: models.Model, wanted: dict[str, Any]) -> None:
    """Save ``row`` if it is new or says anything else than ``wanted``."""
    if not row._state.adding and all(getattr(row, name) == value for name, value in wanted.items()):
        return
    for name, value in wanted.items():
        setattr(row, name, value)
    row.save()


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
