"""From computed to published: the objection window, what is said in it, and the list that counts."""

from __future__ import annotations

import datetime as dt

import pghistory
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework import working_days
from core.refusals import NotAllowed, Refused
from efficiency.evaluation import perms
from efficiency.evaluation.models import Objection, ObjectionState, Run, RunState, Score
from efficiency.schemes.models import VersionState


def open_objections(*, run: int, by: User) -> Run:
    """Show a computed run to those it is about, for as many working days as its scheme gives them.

    What was shown before for the year and place is superseded with it. Raises NotAllowed and Refused: a
    run by a scheme nobody approved is a trial and is not shown.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        row = _locked(run)
        if not perms.evaluates(by, row.place_id):
            raise NotAllowed(_("公示由范围内的亩均效益监测人员发起。"))
        _expect(row, RunState.COMPUTED, _("只有已计算的评价可以公示。"))
        if not row.digest:
            raise Refused(_("这次评价还没有算完。"))
        if row.version.state != VersionState.APPROVED:
            raise Refused(
                _("所用办法“%(scheme)s”尚未批准，结果只供试算。批准后重新评价再公示。") % {"scheme": row.version}
            )
        before = Run.objects.select_for_update().shown().filter(year=row.year, place=row.place_id)
        for earlier in before:
            if earlier.objections.filter(state=ObjectionState.OPEN).exists():
                raise Refused(
                    _("第 %(number)s 次评价还有未答复的异议。答复后再以这次评价替代它。") % {"number": earlier.number}
                )
            earlier.state = RunState.SUPERSEDED
            earlier.save(update_fields=["state"])
        today = timezone.localdate()
        row.state, row.objection_from = RunState.OBJECTION, today
        row.objection_until = working_days.add(today, row.version.objection_days)
        row.save(update_fields=["state", "objection_from", "objection_until"])
        return row


def publish(*, run: int, by: User) -> Run:
    """Make a run the one that counts, its window over and every objection answered. Raises NotAllowed, Refused."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        row = _locked(run)
        if not perms.publishes(by, row):
            raise NotAllowed(_("评价结果由工信园区人员公布，且不得公布自己计算的评价。"))
        _expect(row, RunState.OBJECTION, _("公示过的评价才能公布。"))
        today = timezone.localdate()
        if row.objection_until is None or today <= row.objection_until:
            raise Refused(_("异议期到 %(day)s，期满后才能公布。") % {"day": _day(row.objection_until)})
        waiting = row.objections.filter(state=ObjectionState.OPEN).count()
        if waiting:
            raise Refused(_("还有 %(count)s 件异议未答复，全部答复后才能公布。") % {"count": waiting})
        row.state, row.published_on, row.published_by = RunState.FINAL, today, by
        row.save(update_fields=["state", "published_on", "published_by"])
        return row


def discard(*, run: int, by: User) -> Run:
    """Put aside a computed run that was shown to nobody; it stays readable. Raises NotAllowed, Refused."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        row = _locked(run)
        if not perms.evaluates(by, row.place_id):
            raise NotAllowed(_("作废由范围内的亩均效益监测人员办理。"))
        _expect(row, RunState.COMPUTED, _("已公示的评价不能作废，只能由重算的评价替代。"))
        row.state = RunState.DISCARDED
        row.save(update_fields=["state"])
        return row


def contest(*, run: int, text: str, by: User) -> Objection:
    """Contest the result of the enterprise ``by`` acts for, within the window. Raises NotAllowed and Refused."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        row = _locked(run)
        score = Score.objects.visible_to(by).filter(run=row).select_related("enterprise").first()
        if score is None or not perms.objects(by, row, score.enterprise):
            raise NotAllowed(_("异议由参评企业在异议期内提出。"))
        if row.objection_until is None or timezone.localdate() > row.objection_until:
            raise Refused(_("异议期已于 %(day)s 结束。") % {"day": _day(row.objection_until)})
        if not text.strip():
            raise Refused(_("请写明对哪一项数据或得分有异议，以及理由。"))
        try:
            with transaction.atomic():
                return Objection.objects.create(run=row, enterprise=score.enterprise, text=text.strip(), by=by)
        except IntegrityError as error:
            raise Refused(_("本企业已有一件异议在核，答复后可再提。")) from error


def answer(*, objection: int, accepted: bool, text: str, by: User) -> Objection:
    """Answer an objection with reasons; an accepted one calls for a new run. Raises NotAllowed and Refused."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        row = Objection.objects.select_for_update(of=["self"]).select_related("enterprise").get(pk=objection)
        if not perms.answers(by, row.enterprise):
            raise NotAllowed(_("异议由企业所在区的亩均效益监测人员答复。"))
        if row.state != ObjectionState.OPEN:
            raise Refused(_("这件异议已经答复：%(state)s。") % {"state": row.get_state_display()})
        if not text.strip():
            raise Refused(_("请写明采纳或不采纳的理由。"))
        row.state = ObjectionState.ACCEPTED if accepted else ObjectionState.REJECTED
        row.answer, row.answered_by, row.answered_at = text.strip(), by, timezone.now()
        row.save()
        return row


def _locked(run: int) -> Run:
    """The run under its row lock: two people who move it on at once come one after the other."""
    row: Run = Run.objects.select_for_update(of=["self"]).select_related("version__scheme").get(pk=run)
    return row


def _expect(run: Run, state: RunState, sentence: str) -> None:
    if run.state != state:
        raise Refused(_("%(sentence)s现为“%(state)s”。") % {"sentence": sentence, "state": run.get_state_display()})


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
