"""The home page of an enterprise: what it has to do next, how its cases stand, and what it may ask for."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.accounts.models import Role
from core.casework import applicants, kinds
from core.casework.models import Case
from core.casework.pages import standing
from core.casework.states import State
from core.web import registry
from core.web.shell import SignedIn

ROLES = (Role.ENTERPRISE.value,)
SHOWN = 6

NEXT_STEPS = {
    State.DRAFT: gettext_lazy("继续填报"),
    State.RETURNED: gettext_lazy("修改后重新提交"),
    State.CORRECTION: gettext_lazy("提交补正"),
    State.ISSUED: gettext_lazy("报送整改方案"),
    State.RECTIFYING: gettext_lazy("报告整改完成"),
}
"""What the applicant does next where it has the move, in words of a button."""


def _own(request: SignedIn) -> list[Any]:
    """The enterprise's open cases, those it has to act on first, then by deadline; read once a request."""
    if not hasattr(request, "applicant_cases"):
        rows = standing.with_standing(Case.objects.visible_to(request.user).open())
        found = sorted(
            rows.order_by("next_due", "-changed_at"),
            key=lambda case: (case.state not in NEXT_STEPS, case.state == State.DRAFT),
        )
        request.applicant_cases = found  # type: ignore[attr-defined]
    return request.applicant_cases  # type: ignore[attr-defined,no-any-return]


def _is_applicant(request: SignedIn) -> bool:
    return applicants.directory().of_user(request.user) is not None


def my_cases(request: SignedIn) -> dict[str, Any] | None:
    """The open cases with the next step of each, and what came of the latest ones that ended."""
    if not _is_applicant(request):
        return None
    soon, cases = standing.due_soon_days(), _own(request)
    ended = Case.objects.visible_to(request.user).exclude(pk__in=[case.pk for case in cases])
    latest = standing.with_standing(ended).order_by("-closed_at")[: max(2, SHOWN - len(cases))]
    return {
        "rows": [
            {
                "case": case,
                "standing": standing.standing(case, request.user, soon),
                "next": NEXT_STEPS.get(State(case.state), ""),
                "url": _next_page(case),
            }
            for case in [*cases[:SHOWN], *latest]
        ],
        "count": len(cases),
        "more": len(cases) > SHOWN,
    }


def _next_page(case: Case) -> str:
    return reverse("casework:edit", args=[case.pk]) if case.is_editable else case.get_absolute_url()


def begin(request: SignedIn) -> dict[str, Any] | None:
    """The kinds of case an enterprise may open."""
    found = [kind for kind in kinds.all_kinds() if not kind.is_supervision]
    return {"kinds": found} if found and _is_applicant(request) else None


def answer(request: SignedIn) -> registry.Answer | None:
    """What waits for the enterprise: what it is supervised for, then a correction, before anything else."""
    if not _is_applicant(request):
        return None
    cases = _own(request)
    supervised = [case for case in cases if case.state in (State.ISSUED, State.RECTIFYING)]
    if supervised:
        return _to_rectify(request, supervised)
    asked = [case for case in cases if case.state == State.CORRECTION]
    if asked:
        first = min(asked, key=lambda case: case.due_on)
        sentence = ngettext(
            "%(n)s 件办件待补正，最早 %(day)s 截止", "%(n)s 件办件待补正，最早 %(day)s 截止", len(asked)
        ) % {"n": len(asked), "day": first.due_on.isoformat()}
        tone = standing.standing(first, request.user, standing.due_soon_days()).tone
        return registry.Answer(
            sentence=sentence,
            state="unmet" if tone == standing.UNMET else "risk",
            state_label=_("已逾期") if tone == standing.UNMET else _("待补正"),
            url=reverse("casework:edit", args=[first.pk]),
            url_label=_("提交补正"),
        )
    returned = [case for case in cases if case.state == State.RETURNED]
    if returned:
        return registry.Answer(
            sentence=ngettext("%(n)s 件办件被退回", "%(n)s 件办件被退回", len(returned)) % {"n": len(returned)},
            state="risk",
            state_label=_("待修改"),
            url=reverse("casework:edit", args=[returned[0].pk]),
            url_label=_("修改申请"),
        )
    waiting = [case for case in cases if case.state != State.DRAFT]
    if waiting:
        return registry.Answer(
            sentence=ngettext("%(n)s 件办件办理中，无须补正", "%(n)s 件办件办理中，无须补正", len(waiting))
            % {"n": len(waiting)},
            url=reverse("casework:cases"),
            url_label=_("查看办件"),
        )
    return None


def _to_rectify(request: SignedIn, cases: list[Any]) -> registry.Answer:
    first = min(cases, key=lambda case: case.due_on)
    tone = standing.standing(first, request.user, standing.due_soon_days()).tone
    return registry.Answer(
        sentence=ngettext("%(n)s 件督办待整改，最早 %(day)s 截止", "%(n)s 件督办待整改，最早 %(day)s 截止", len(cases))
        % {"n": len(cases), "day": first.due_on.isoformat()},
        state="unmet" if tone == standing.UNMET else "risk",
        state_label=_("已逾期") if tone == standing.UNMET else _("待整改"),
        url=_next_page(first),
        url_label=str(NEXT_STEPS[State(first.state)]),
    )


def register() -> None:
    """The home page's sentence and panels of enterprises."""
    registry.register_home_answer(registry.HomeAnswer("applicant", ROLES, answer, order=5))
    registry.register_home_panel(
        registry.HomePanel(
            "my_cases", gettext_lazy("我的办件"), ROLES, "web/home/my_cases.html", my_cases, order=10, span=8
        )
    )
    registry.register_home_panel(
        registry.HomePanel(
            "begin_case", gettext_lazy("提出申请"), ROLES, "web/home/begin_case.html", begin, order=20, span=4
        )
    )
