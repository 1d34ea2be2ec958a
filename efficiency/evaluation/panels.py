"""Evaluations on the home page: an enterprise's own result, and what monitors and park officers have to move on."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.web import registry
from core.web.shell import SignedIn
from efficiency.evaluation.models import Objection, Run, RunState, Score
from efficiency.evaluation.pages import standing

OWN_PAGES = (
    *(f"returns:{name}" for name in ("mine_years", "mine", "versions", "land_of")),
    *(f"flags:{name}" for name in ("flags", "flag")),
    *(f"agreements:{name}" for name in ("agreements", "agreement")),
)
"""What an enterprise reads about its own 亩均 without a rail item of its own."""


def own_result(request: SignedIn) -> dict[str, Any] | None:
    """The latest result that is shown to the enterprise; None while there is none."""
    scores = Score.objects.visible_to(request.user).select_related("run", "enterprise")
    score = scores.order_by("-run__year", "-run__number").first()
    if score is None:
        return None
    return {"score": score, "standing": standing.standing_of(score.run), "open": score.run.state == RunState.OBJECTION}


def under_way(request: SignedIn) -> dict[str, Any] | None:
    """Objections that wait and runs to publish; None while there is neither."""
    waiting = Objection.objects.visible_to(request.user).filter(state="open").count()
    today = timezone.localdate()
    due = Run.objects.visible_to(request.user).filter(state=RunState.OBJECTION).select_related("place")
    runs = [{"run": run, "standing": standing.standing_of(run), "over": run.objection_until < today} for run in due]
    return {"waiting": waiting, "runs": runs} if waiting or runs else None


def register() -> None:
    """An enterprise's rail item, and home panels."""
    registry.register_nav(
        registry.NavItem(
            key="own_efficiency",
            label=gettext_lazy("亩均"),
            icon="calculator",
            url_name="evaluation:mine",
            roles=(Role.ENTERPRISE.value,),
            order=50,
            also=OWN_PAGES,
            hint=gettext_lazy("本企业的得分、类别和算法，公示期内可提出异议"),
        )
    )
    registry.register_home_panel(
        registry.HomePanel(
            key="own_result",
            title=gettext_lazy("本企业评价"),
            roles=(Role.ENTERPRISE.value,),
            template="evaluation/home_own.html",
            context=own_result,
            order=35,
            span=6,
        )
    )
    registry.register_home_panel(
        registry.HomePanel(
            key="evaluations",
            title=gettext_lazy("亩均评价"),
            roles=(Role.MONITOR.value, Role.PARKS.value),
            template="evaluation/home_under_way.html",
            context=under_way,
            order=35,
            span=6,
        )
    )
