"""What the page of a change set shows: where it stands, what it does, and what the reader may do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import User
from core.mapedit import checks, diff, history, layers, perms
from core.mapedit.findings import as_json, consequence_as_json
from core.mapedit.models import ChangeSet, Opinion
from core.mapedit.services import papers, workflow
from core.mapedit.states import UNDER_REVIEW, State
from core.policy.models import CITY_CODE
from core.refusals import Refused

STEPS = (State.DRAFT, State.SUBMITTED, State.OPINIONS, State.NOTICE, State.APPROVED, State.PUBLISHED)


@dataclass(frozen=True)
class Step:
    """One step of the bar: ``mark`` is "done", "now" or ""; who and when where it is known."""

    label: str
    mark: str
    at: Any = None
    who: Any = None
    note: str = ""


@dataclass(frozen=True)
class Act:
    """A button: the move it asks for and how it looks. ``form`` names fields it needs beside it."""

    move: str
    label: Any
    tone: str = ""
    form: str = ""


def context(change_set: ChangeSet, user: User, *, after: str = "", recheck: bool = False) -> dict[str, Any]:
    """Everything the page needs. A submitted set shows its frozen evidence; ``recheck`` adds what holds today."""
    layer = layers.editable(change_set.layer_id)
    source = diff.of_change_set(change_set)
    counts = diff.counts(source)
    small = counts["all"] <= diff.MEASURED_AT_ONCE
    evidence: dict[str, Any] = change_set.evidence or {}
    frozen = bool(evidence) and not change_set.is_editable
    fresh = _fresh(change_set) if counts["all"] and small and (not frozen or recheck) else None
    shown: dict[str, Any] = evidence if frozen else (fresh or {})
    rows = diff.features(source, after=after, limit=diff.PAGE + 1)
    places = diff.frozen_places(evidence) if frozen else (diff.places(source) if small else [])
    consequences = shown.get("consequences", [])
    return {
        "change_set": change_set,
        "layer": layer,
        "counts": counts,
        "small": small,
        "frozen": frozen,
        "evidence": evidence,
        "fresh": fresh if recheck or not frozen else None,
        "findings": shown.get("findings", []),
        "errors": shown.get("errors"),
        "warnings": shown.get("warnings"),
        "consequences": [row for row in consequences if row["key"] != "features"],
        "headline": _headline(consequences, change_set),
        "rows": rows[: diff.PAGE],
        "rows_after": rows[diff.PAGE - 1].code if len(rows) > diff.PAGE else "",
        "places": _with_floors(places, consequences),
        "moves_area": change_set.layer_id == "redline",
        "steps": steps(change_set),
        "opinions": list(change_set.opinions.select_related("officer")),
        "office_names": _("、").join(str(office.label) for office in layer.offices),
        "missing": workflow.offices_missing(change_set) if change_set.state == State.OPINIONS else [],
        "papers": list(change_set.papers.select_related("added_by")),
        "may_attach": papers.may_attach(user, change_set),
        "time_line": history.time_line(change_set),
        "acts": acts(change_set, user),
        "may_edit": perms.edits(user, change_set),
        "verdicts": Opinion.Verdict.choices,
        "map_config": {
            "shapes": reverse("mapedit:change_shapes", args=[change_set.pk]),
            "findings": [
                {"lon": row["lon"], "lat": row["lat"], "severity": row["severity"], "message": row["message"]}
                for row in shown.get("findings", [])
                if row["lon"] is not None
            ][:200],
            "texts": map_texts(),
        },
    }


def map_texts() -> dict[str, str]:
    """Words of the comparison map."""
    return {
        "add": _("新增"),
        "modify": _("修改"),
        "remove": _("移除"),
        "failed": _("图形未能载入：网络或服务器没有应答。"),
        "retry": _("重试"),
        "capped": _("图上只画前 {n} 个要素，共 {total} 个。"),
        "coarse": _("顶点较多，图上已概化；面积按原图形计算。"),
        "none": _("没有可画的图形。"),
        "zoomIn": _("放大"),
        "zoomOut": _("缩小"),
    }


def steps(change_set: ChangeSet) -> list[Step]:
    """The bar of steps with dates and people. A returned set stands at its first step again."""
    state = State(change_set.state)
    reached = {State.CHECKED: State.DRAFT, State.RETURNED: State.DRAFT}.get(state, state)
    at = STEPS.index(reached) if reached in STEPS else -1
    publication = change_set.publication
    known: dict[State, tuple[Any, Any, str]] = {
        State.DRAFT: (change_set.created_at, change_set.author, ""),
        State.SUBMITTED: (change_set.submitted_at, change_set.submitted_by, ""),
        State.NOTICE: (change_set.notice_from, None, _notice_note(change_set)),
        State.APPROVED: (change_set.approved_at, change_set.approved_by, change_set.document_number),
        State.PUBLISHED: (
            publication.published_at if publication else None,
            publication.published_by if publication else None,
            "",
        ),
    }
    bar = []
    for number, step in enumerate(STEPS):
        mark = "done" if number < at or state == State.PUBLISHED else "now" if number == at else ""
        when, who, note = known.get(step, (None, None, "")) if mark or step == State.DRAFT else (None, None, "")
        label = state.label if mark == "now" and state in (State.CHECKED, State.RETURNED) else step.label
        bar.append(Step(str(label), mark, when, who, note))
    return bar


def acts(change_set: ChangeSet, user: User) -> list[Act]:
    """What ``user`` may do next with the set, the expected act first."""
    found: list[Act] = []
    state = change_set.state
    if perms.edits(user, change_set):
        found.append(Act("submit", gettext_lazy("提交变更"), "primary"))
        found.append(Act("check", gettext_lazy("检查变更")))
    if state == State.OPINIONS and perms.opines(user, change_set, layers.editable(change_set.layer_id)):
        found.append(Act("opinion", gettext_lazy("出具意见"), "primary", "opinion"))
    if state in UNDER_REVIEW and perms.reviews(user, change_set):
        found += _review_acts(change_set)
        found.append(Act("return", gettext_lazy("退回补正"), "", "reason"))
    if (change_set.is_editable or state in UNDER_REVIEW) and perms.withdraws(user, change_set):
        found.append(Act("withdraw", gettext_lazy("撤回变更"), "danger", "confirm"))
    return found


def _review_acts(change_set: ChangeSet) -> list[Act]:
    approve = Act("approve", gettext_lazy("批准变更"), "primary", "document")
    if change_set.state == State.APPROVED:
        return [Act("publish", gettext_lazy("发布变更"), "primary")]
    if change_set.state == State.NOTICE:
        over = change_set.notice_until is None or timezone.localdate() > change_set.notice_until
        return [approve] if over else []
    if change_set.state == State.SUBMITTED and layers.editable(change_set.layer_id).offices:
        return [Act("ask_opinions", gettext_lazy("征求部门意见"), "primary")]
    if change_set.state == State.OPINIONS and not _heard_without_objection(change_set):
        return []
    if _days(change_set):
        if change_set.state == State.SUBMITTED:
            return [Act("ask_opinions", gettext_lazy("受理变更"), "primary")]
        return [Act("notice", gettext_lazy("进入公示"), "primary")]
    return [approve]


def _heard_without_objection(change_set: ChangeSet) -> bool:
    against = change_set.opinions.filter(verdict=Opinion.Verdict.DISAGREE).exists()
    return not against and not workflow.offices_missing(change_set)


def _days(change_set: ChangeSet) -> int:
    try:
        return int(workflow.notice_days(change_set.layer_id).value or 0)
    except Refused:
        # Without the parameter the notice itself will say what is missing.
        return 1


def _notice_note(change_set: ChangeSet) -> str:
    if change_set.notice_until:
        return _("至 %(until)s") % {"until": change_set.notice_until.isoformat()}
    return _("不设公示期") if change_set.notice_from else ""


def _fresh(change_set: ChangeSet) -> dict[str, Any]:
    """What the complete checks find now, in the form in which a submission keeps it."""
    on = workflow.effective_on(change_set)
    found = checks.check_change_set(change_set, on=on)
    return {
        "on": on.isoformat(),
        "findings": [as_json(finding) for finding in found],
        "errors": sum(finding.is_error for finding in found),
        "warnings": sum(not finding.is_error for finding in found),
        "consequences": [consequence_as_json(row) for row in checks.consequences(change_set, on=on)],
    }


def _headline(consequences: list[dict[str, Any]], change_set: ChangeSet) -> dict[str, Any] | None:
    """The figure of the page's sentence: the bounded area of the first place concerned, before the city's."""
    bounded = [row for row in consequences if row["required"] is not None and row["unit"] == "m²"]
    bounded.sort(key=lambda row: (row["met"] is not False, row["place"] == CITY_CODE))
    if not bounded:
        return None
    row = bounded[0]
    return row | {"surplus_now": row["now"] - row["required"], "surplus_after": row["after"] - row["required"]}


def _with_floors(places: list[diff.PlaceChange], consequences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    held = {row["place"]: row for row in consequences if row["key"] == "redline.area"}
    return [{"part": row, "whole": held.get(row.place)} for row in places]
