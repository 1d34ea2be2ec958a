"""What a case of plot ratio writes: its record when submitted, its premium when approved, the plot at the end.

Called by casework within the transaction of its move, which has checked who may make it.
"""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.findings import MET
from core.casework.models import Case
from core.refusals import Refused
from landuse.applications import asked, conditions
from landuse.applications.conditions import land, premium
from landuse.applications.models import FloorArea, PlotRatioApplication, PremiumRoute
from landuse.plots.models import Plot
from landuse.plots.services import PlanningConditions, set_planning_conditions


def record(case: Case) -> None:
    """Write the typed rows of a submitted case, anew after a correction.

    The plot's row stays locked until the submission is committed, so that of two cases
    about one plot submitted at once the second sees the first. Raises Refused.
    """
    today, given = timezone.localdate(), asked.Asked.of(case.data)
    Plot.objects.select_for_update().filter(pk=given.plot).first()
    version = asked.version_on(case, today)
    if version is None or not asked.owns(case.applicant_code, version.plot_id, today):
        raise Refused(_("宗地 %(plot)s 不在册，或不是本企业自有，不能提交。请重新选择宗地。") % {"plot": given.plot})
    others = land.open_cases(case, version.plot_id, today)
    if others:
        raise Refused(
            _("宗地 %(plot)s 已有在办的申请 %(number)s，不能再提交。请等待其办结，或先撤回。")
            % {"plot": given.plot, "number": others[0].number}
        )
    if given.membership is None:
        raise Refused(_("没有选择所依据的成员资格，不能提交。"))
    route, parameter = _premium(case)
    application, __ = PlotRatioApplication.objects.update_or_create(
        case=case,
        defaults={
            "plot_id": version.plot_id,
            "base_version": version,
            "membership_id": given.membership,
            "plot_ratio": given.plot_ratio,
            "density": given.density,
            "green_ratio": given.green_ratio,
            "height_limit_m": given.height_limit_m,
            "use_after": given.use_after or version.use_code,
            "reason": given.reason,
            "premium_route": route,
            "premium_parameter_id": parameter,
        },
    )
    application.floor_areas.all().delete()
    FloorArea.objects.bulk_create(
        FloorArea(application=application, function=row.function, before_m2=row.before, after_m2=row.after)
        for row in given.floors.used
    )


def approve(case: Case, by: User) -> None:
    """Keep the premium route as it stands on the day of the decision; nothing else is reserved."""
    application = PlotRatioApplication.objects.get(case=case)
    application.premium_route, application.premium_parameter_id = _premium(case)
    application.save(update_fields=["premium_route", "premium_parameter", "recorded_at"])


def undo(case: Case, by: User) -> None:
    """An approval reserves nothing, so nothing is given back; the next one judges the premium anew."""


def take_effect(case: Case, by: User) -> None:
    """Publish the plot's new planning conditions, with the decision as their source.

    Raises Stale when the plot was changed, merged or split since the case was submitted,
    Refused when a guard of the layer objects.
    """
    application = PlotRatioApplication.objects.select_related("base_version").get(case=case)
    base = application.base_version
    # What a publication is called is kept, so it is written in the city's language, whoever decides.
    with translation.override(settings.LANGUAGE_CODE):
        title = _("容积率调整：%(plot)s") % {"plot": base.location or base.plot_id}
        reason = _("办件 %(number)s，申请人%(name)s。%(text)s") % {
            "number": case.number,
            "name": case.applicant_name,
            "text": case.decision_text,
        }
    application.publication = set_planning_conditions(
        base=base,
        conditions=PlanningConditions(
            plot_ratio=application.plot_ratio,
            density=application.density,
            green_ratio=application.green_ratio,
            height_limit_m=application.height_limit_m,
            use_code=application.use_after,
        ),
        title=title[:120],
        document_number=case.decision_number or case.number or "",
        reason=reason,
        by=by,
        effective_on=timezone.localdate(),
        is_demo=case.is_demo,
    )
    application.save(update_fields=["publication", "recorded_at"])


def _premium(case: Case) -> tuple[PremiumRoute, int | None]:
    """The premium route today, and the parameter that says nothing is added."""
    finding = next(row for row in conditions.assess(case, timezone.localdate()) if row.rule == premium.RULE)
    if finding.state == MET and finding.source is not None:
        return PremiumRoute.NONE, finding.source.parameter
    return PremiumRoute.PRICING, None
