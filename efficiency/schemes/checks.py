"""What keeps a draft from being handed in, in the words of the guards of the database."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from efficiency.schemes.reading import Fault
from efficiency.schemes.rules import CohortRules, Rules

WHOLE = Decimal(100)


def faults(rules: Rules) -> list[Fault]:
    """What is unfinished: weights that are not 100, cuts that do not end there, cohorts nobody can be in."""
    if not rules.cohorts:
        return [Fault("cohorts", _("评价办法至少要有一个评价组。"))]
    found: list[Fault] = []
    taken_by = ""
    for index, cohort in enumerate(rules.cohorts):
        found += _of_cohort(cohort, f"cohorts.{index}")
        if taken_by:
            found.append(
                Fault(
                    f"cohorts.{index}",
                    _("“%(name)s”永远不会有企业：排在前面的“%(before)s”没有范围限制。")
                    % {"name": cohort.name, "before": taken_by},
                )
            )
        elif takes_everybody(cohort):
            taken_by = cohort.name
    return found


def uncomputable(rules: Rules | None) -> list[Fault]:
    """What leaves nothing to compute: no cohort, or one without indicators or cuts. Weights may still be off."""
    if rules is None or not rules.cohorts:
        return [Fault("cohorts", _("评价办法至少要有一个评价组。"))]
    return [
        Fault(f"cohorts.{index}", _("“%s”还没有指标或分档。") % cohort.name)
        for index, cohort in enumerate(rules.cohorts)
        if not cohort.indicators or not cohort.cuts
    ]


def takes_everybody(cohort: CohortRules) -> bool:
    """Whether the cohort's scope leaves nobody for those after it."""
    return (
        cohort.above_scale is None
        and not cohort.sizes
        and not cohort.industries
        and not cohort.not_industries
        and not cohort.least_land_mu
    )


def _of_cohort(cohort: CohortRules, path: str) -> list[Fault]:
    found = []
    if cohort.weight != WHOLE:
        found.append(
            Fault(
                f"{path}.indicators",
                _("“%(name)s”的权重合计为 %(sum).2f，应为 100。") % {"name": cohort.name, "sum": cohort.weight},
            )
        )
    if not cohort.cuts or cohort.cuts[-1].up_to_percent != WHOLE:
        found.append(Fault(f"{path}.cuts", _("“%s”的分档未到 100%%。") % cohort.name))
    return found
