"""The way of a change set from the draft to the approval: the only writer of its state besides publishing.

Every move locks the set's row, asks `perms` and the state anew, and records who did it. What a move
leads to is declared in `states.MOVES`; the database holds to the same table.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pghistory
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import CITY_CODE, Role, User
from core.mapedit import checks, diff, layers, perms
from core.mapedit.findings import Finding
from core.mapedit.models import ChangeSet, Opinion, Publication
from core.mapedit.states import EDITABLE, MOVES, State
from core.policy.models import Document
from core.refusals import NotAllowed, Refused


def run_checks(*, change_set_id: int, by: User) -> list[Finding]:
    """Check a draft completely and note the outcome in its state; the findings, errors first.

    Without an error it is *checked*, with one it is a draft again. Raises NotAllowed, and Refused when
    it holds no change.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _draft(change_set_id, by)
        findings = checks.check_change_set(change_set, on=effective_on(change_set))
        if any(finding.is_error for finding in findings):
            if change_set.state == State.CHECKED:
                change_set.edit()
        elif change_set.state != State.CHECKED:
            _pass_checks(change_set)
        change_set.save(update_fields=["state", "changed_at"])
        return findings


def submit(*, change_set_id: int, by: User) -> ChangeSet:
    """Hand a draft in for review, with what the complete checks found today frozen beside it.

    Opinions of an earlier round no longer count: they were about other content. Raises NotAllowed, and
    Refused with the findings when a check objects or nothing is changed.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _draft(change_set_id, by)
        on = effective_on(change_set)
        evidence = checks.evidence(change_set, on)
        if evidence["errors"]:
            errors = [finding for finding in checks.check_change_set(change_set, on=on) if finding.is_error]
            raise Refused(
                _("检查发现 %(count)s 处错误，未提交。首处：%(first)s")
                % {"count": len(errors), "first": errors[0].message},
                errors,
            )
        change_set.evidence = evidence | diff.frozen(change_set) | {"publication": _last_publication(change_set)}
        change_set.opinions.all().delete()
        if change_set.state != State.CHECKED:
            _pass_checks(change_set)
            change_set.save(update_fields=["state", "changed_at"])
        change_set.submit()
        change_set.submitted_at, change_set.submitted_by = timezone.now(), by
        change_set.return_reason = ""
        change_set.save()
        return change_set


def ask_opinions(*, change_set_id: int, by: User) -> ChangeSet:
    """Take a submitted set up and ask the offices of its layer. Raises NotAllowed."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _review(change_set_id, by, "ask_opinions")
        change_set.ask_opinions()
        change_set.save(update_fields=["state", "changed_at"])
        return change_set


def give_opinion(*, change_set_id: int, by: User, verdict: str, text: str = "") -> Opinion:
    """Record what the office of ``by`` says; a later opinion of the same office replaces its earlier one.

    Raises NotAllowed, and Refused when the verdict is unknown or reservations are not explained.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _visible(change_set_id, by)
        if change_set.state != State.OPINIONS:
            raise NotAllowed(_("变更 #%(number)s 目前为“%(state)s”，不在征求意见。") % _naming(change_set))
        if not perms.opines(by, change_set, layers.editable(change_set.layer_id)):
            raise NotAllowed(_("意见由被征求部门中辖区覆盖其全部范围、未参与编制的账号出具。"))
        if verdict not in Opinion.Verdict.values:
            raise Refused(_("请选择意见：同意、有条件同意或不同意。"))
        if verdict != Opinion.Verdict.AGREE and not text.strip():
            raise Refused(_("有条件同意或不同意须写明理由。"))
        opinion, _created = Opinion.objects.update_or_create(
            change_set=change_set,
            office=by.role,
            defaults={"officer": by, "verdict": verdict, "text": text.strip()},
        )
        return opinion


def give_notice(*, change_set_id: int, by: User) -> ChangeSet:
    """Begin the public notice once every office of the layer was heard and none disagrees.

    Its length in days is the layer's parameter; the day it begins is not counted (民法典第二百零一条).
    With 0 days there is no notice to wait for. Raises NotAllowed and Refused.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _review(change_set_id, by, "give_notice")
        _give_notice(change_set)
        return change_set


def approve(*, change_set_id: int, by: User, document_number: str = "", document: Document | None = None) -> ChangeSet:
    """Approve a set whose notice is over, under a document.

    Steps that ask nothing of anybody are taken along in the same transaction, each recorded: asking
    opinions where the layer hears no office, and a notice of 0 days. Raises NotAllowed, and Refused
    while an office is still to be heard or the notice runs.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _review(change_set_id, by, "approve", also=(State.SUBMITTED, State.OPINIONS))
        if change_set.state == State.SUBMITTED:
            if layers.editable(change_set.layer_id).offices:
                raise Refused(_("变更 #%(number)s 还没有征求部门意见。") % _naming(change_set))
            change_set.ask_opinions()
            change_set.save(update_fields=["state", "changed_at"])
        if change_set.state == State.OPINIONS:
            _give_notice(change_set)
        if change_set.notice_until is not None and timezone.localdate() <= change_set.notice_until:
            raise Refused(
                _("公示至 %(until)s，当日仍在公示，期满后才能批准。") % {"until": change_set.notice_until.isoformat()}
            )
        change_set.approve()
        change_set.approved_by, change_set.approved_at = by, timezone.now()
        change_set.document_number = document_number.strip()[:60] or change_set.document_number
        change_set.document = document or change_set.document
        change_set.save()
        return change_set


def return_for_revision(*, change_set_id: int, by: User, reason: str) -> ChangeSet:
    """Send a set under review back to be revised, with a reason. Raises NotAllowed, and Refused without one."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _review(change_set_id, by, "return_for_revision")
        if not reason.strip():
            raise Refused(_("请写明退回意见：哪里不符合、怎样修改。"))
        change_set.return_for_revision()
        change_set.return_reason = reason.strip()
        change_set.approved_by = change_set.approved_at = None
        change_set.notice_from = change_set.notice_until = None
        change_set.save()
        return change_set


def withdraw(*, change_set_id: int, by: User) -> ChangeSet:
    """Give a set up for good; only its author does. Raises NotAllowed."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _visible(change_set_id, by)
        _refuse_wrong_state(change_set, MOVES["withdraw"].sources)
        if not perms.withdraws(by, change_set):
            raise NotAllowed(_("变更只由其编制人撤回。"))
        change_set.withdraw()
        change_set.approved_by = change_set.approved_at = None
        change_set.save()
        return change_set


def effective_on(change_set: ChangeSet) -> dt.date:
    """The day a set published now would take effect: the day asked for, at the earliest today."""
    today = timezone.localdate()
    return max(change_set.effective_on or today, today)


def notice_days(layer: str) -> policy.Value:
    """How many days the public notice of a layer's changes lasts, with its source. Raises Refused without a figure."""
    try:
        return policy.value(layers.editable(layer).notice_parameter, CITY_CODE)
    except policy.ParameterMissing as missing:
        raise Refused(str(missing)) from missing


def offices_missing(change_set: ChangeSet) -> list[Role]:
    """Offices of the layer that have not given their opinion yet."""
    heard = set(change_set.opinions.values_list("office", flat=True))
    return [office for office in layers.editable(change_set.layer_id).offices if office not in heard]


def _give_notice(change_set: ChangeSet) -> None:
    missing = offices_missing(change_set)
    if missing:
        raise Refused(
            _("还没有收到%(offices)s的意见，不能进入公示。")
            % {"offices": _("、").join(str(office.label) for office in missing)}
        )
    against = change_set.opinions.filter(verdict=Opinion.Verdict.DISAGREE).select_related("officer").first()
    if against is not None:
        raise Refused(
            _("%(officer)s不同意：%(text)s。请退回修改后重新提交。")
            % {"officer": against.officer, "text": against.text.rstrip("。")}
        )
    days = int(notice_days(change_set.layer_id).value or 0)
    change_set.give_notice()
    change_set.notice_from = timezone.localdate()
    change_set.notice_until = change_set.notice_from + dt.timedelta(days=days) if days else None
    change_set.save(update_fields=["state", "notice_from", "notice_until", "changed_at"])


def _pass_checks(change_set: ChangeSet) -> None:
    if change_set.state == State.RETURNED:
        change_set.edit()
        change_set.save(update_fields=["state", "changed_at"])
    change_set.pass_checks()


def _last_publication(change_set: ChangeSet) -> int:
    rows = Publication.objects.filter(layer_id=change_set.layer_id).order_by("-number")
    return rows.values_list("number", flat=True).first() or 0


def _visible(change_set_id: int, by: User) -> ChangeSet:
    rows = ChangeSet.objects.visible_to(by).select_for_update(of=("self",))
    change_set: ChangeSet | None = rows.filter(pk=change_set_id).first()
    if change_set is None:
        raise NotAllowed(_("没有变更 #%(number)s，或不在本账号的辖区内。") % {"number": change_set_id})
    return change_set


def _draft(change_set_id: int, by: User) -> ChangeSet:
    change_set = _visible(change_set_id, by)
    _refuse_wrong_state(change_set, EDITABLE)
    if not perms.edits(by, change_set):
        raise NotAllowed(_("变更由辖区覆盖其全部范围的自然资源编制人员检查和提交。"))
    if not change_set.changes.exists():
        raise Refused(_("变更 #%(number)s 还没有改动任何要素。") % _naming(change_set))
    return change_set


def _review(change_set_id: int, by: User, move: str, *, also: tuple[State, ...] = ()) -> ChangeSet:
    change_set = _visible(change_set_id, by)
    _refuse_wrong_state(change_set, (*MOVES[move].sources, *also))
    if not perms.reviews(by, change_set):
        raise NotAllowed(_("审核由辖区覆盖其全部范围、未参与编制和提交的审核人员办理。"))
    return change_set


def _refuse_wrong_state(change_set: ChangeSet, allowed: tuple[State, ...]) -> None:
    if change_set.state not in allowed:
        raise NotAllowed(
            _("变更 #%(number)s 目前为“%(state)s”，不能这样办理；页面可能已过时，请刷新。") % _naming(change_set)
        )


def _naming(change_set: ChangeSet) -> dict[str, Any]:
    return {"number": change_set.pk, "state": change_set.get_state_display()}
