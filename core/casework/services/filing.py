"""The applicant's side of a case: opened, written, submitted, corrected, withdrawn, appealed.

A supervision is opened here too, by an office; its moves are in :mod:`core.casework.services.rectifying`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.forms import Form
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.accounts.models import Role, User
from core.casework import applicants, clock, kinds, perms
from core.casework.applicants import Applicant
from core.casework.kinds import CaseKind
from core.casework.models import Case, TimelineEntry
from core.casework.services import assessing, notifying, timeline
from core.casework.services.acting import acting, begin, check_guards, finish, locked, naming, words
from core.casework.services.deciding import begin_anew
from core.casework.states import FIRST, Procedure, State
from core.refusals import NotAllowed, Refused, Stale

MOST_CHARACTERS = 200_000
"""Of a form as it is kept, written as JSON: a floor schedule of a thousand lines is a tenth of it."""


def open_case(
    *,
    kind: str,
    by: User,
    applicant_code: str | None = None,
    token: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> Case:
    """A draft of a new case: an enterprise's own, or filed by staff for the enterprise of ``applicant_code``.

    The same ``token`` answers with the same case, so that a form sent twice opens one.
    Raises KindUnknown, NotAllowed and Refused.
    """
    case_kind = kinds.kind(kind)
    with acting(by):
        applicant = _applicant(case_kind, by, applicant_code)
        case = Case(
            kind=kind,
            applicant_code=applicant.code,
            applicant_name=applicant.name,
            district_id=applicant.district,
            token=token,
            filed_by=by,
            on_behalf=by.role != Role.ENTERPRISE,
        )
        if data is not None:
            _write(case, data)
        try:
            with transaction.atomic():
                case.save(force_insert=True)
        except IntegrityError as error:
            if "token" not in str(error):
                raise
            return _opened_before(token, by)
        timeline.record(case, TimelineEntry.Act.OPENED, by, to_state=case.state)
        return case


def open_supervision(
    *,
    kind: str,
    by: User,
    applicant_code: str,
    district: str,
    codes: Sequence[str],
    data: Mapping[str, Any],
    due_on: dt.date | None = None,
) -> Case:
    """Send an enterprise a notice: a numbered case of a kind of supervision, waiting for its plan.

    ``data`` is kept as ``case.cause`` and stands from then on; what ``assess`` finds is frozen with
    it. ``codes`` are the plots concerned; ``due_on`` the last day for the plan, after ``plan_days``
    unless told. Raises KindUnknown, NotAllowed and Refused.
    """
    case_kind = kinds.kind(kind)
    with acting(by):
        if not perms.supervises(by, case_kind, district):
            raise NotAllowed(
                _("“%(kind)s”由辖区覆盖该区的%(role)s发出。")
                % {"kind": case_kind.title, "role": Role(case_kind.officer).label}
            )
        applicant = applicants.directory().by_code(applicant_code)
        if applicant is None:
            raise Refused(_("没有统一社会信用代码为 %(code)s 的企业。") % {"code": applicant_code})
        today, now = timezone.localdate(), timezone.now()
        case = Case(
            kind=kind,
            procedure=Procedure.SUPERVISION,
            state=FIRST[Procedure.SUPERVISION],
            applicant_code=applicant.code,
            applicant_name=applicant.name,
            district_id=district,
            subject_codes=list(codes),
            cause=_kept(data),
            filed_by=by,
            assignee=by,
            submitted_at=now,
            accepted_at=now,
            accepted_by=by,
        )
        with translation.override(settings.LANGUAGE_CODE):
            subject = case_kind.subject(case)
        case.title = (subject.title if subject else str(case_kind.title))[:160]
        case.due_on = due_on or clock.deadline(case, "plan", today)
        if case.due_on <= today:
            raise Refused(_("报送整改方案的期限须晚于今天（%(today)s）。") % {"today": today.isoformat()})
        case.evidence = assessing.evidence(case, today)
        case.number = _next_number(case)
        case.save(force_insert=True)
        # Written down: the notice names this day, whatever is set later.
        with translation.override(settings.LANGUAGE_CODE):
            asked = _("请不迟于 %(day)s 报送整改方案。") % {"day": date_format(case.due_on, "Y年n月j日")}
        timeline.record(case, TimelineEntry.Act.ISSUED, by, asked, to_state=case.state)
        notifying.after_move(case, TimelineEntry.Act.ISSUED, by)
        return case


def save_draft(*, case_id: int, by: User, revision: int, data: Mapping[str, Any]) -> Case:
    """Keep the form as it stands, complete or not. ``revision`` is the one the writer read.

    Raises NotAllowed, Stale when somebody wrote since, and Refused.
    """
    with acting(by):
        case = locked(case_id, by)
        if not case.is_editable:
            raise NotAllowed(
                _("办件 %(case)s 目前为“%(state)s”，申请内容不可再改；页面可能已过时，请刷新。") % naming(case)
            )
        _refuse_stranger(case, by)
        if case.revision != revision:
            raise Stale(_("这份申请已在别处改过，请先查看最新内容，再决定保留哪一份。"))
        _write(case, data)
        case.save()
        return case


def submit(*, case_id: int, by: User) -> Case:
    """Hand a case in: its form valid, the required papers there, nothing in its way as of today.

    Freezes what was found, numbers the case and starts the clock of the receiving office.
    Raises NotAllowed, and Refused with the findings.
    """
    with acting(by):
        case, move = begin(case_id, by, "submit")
        if case.state == State.RETURNED:
            begin_anew(case)
        _hand_in(case)
        case.due_on = clock.deadline(case, "accept", timezone.localdate())
        case.number = case.number or _next_number(case)
        finish(case, move, by)
        return case


def correct(*, case_id: int, by: User) -> Case:
    """Hand in what was asked for; the case goes back to where it was and its clock goes on.

    Raises NotAllowed, and Refused with the findings.
    """
    with acting(by):
        case, move = begin(case_id, by, "correct_filing", "correct_review")
        subject = case.kind_of.subject(case)
        if case.accepted_at is not None and subject is not None and subject.district != case.district_id:
            raise Refused(_("补正不能改到另一个区办理。请撤回后在该区重新申请。"))
        _hand_in(case)
        clock.resume(case, timezone.localdate())
        finish(case, move, by)
        return case


def withdraw(*, case_id: int, by: User, text: str = "") -> Case:
    """Give a case up for good; what an approval reserved is given back. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "withdraw")
        text = words(text)
        if case.state == State.NOTICE:
            case.kind_of.undo(case, by)
            check_guards()
        clock.end_pause(case, timezone.localdate())
        case.due_on, case.closed_at = None, timezone.now()
        finish(case, move, by, text=text)
        return case


def appeal(*, case_id: int, by: User, text: str) -> Case:
    """Ask for a refusal to be looked at again; it is heard within the time a decision may take.

    Raises NotAllowed, and Refused without a reason.
    """
    with acting(by):
        case, move = begin(case_id, by, "appeal")
        case.appeal_text = words(text, _("请写明申请复核的理由。"))
        case.due_on = clock.deadline(case, "decision", timezone.localdate())
        case.closed_at = case.assignee = None
        finish(case, move, by, text=case.appeal_text)
        return case


def form_of(case: Case, data: Mapping[str, Any] | None = None) -> Form:
    """The kind's form bound to what the case says, or to ``data``."""
    form: Any = case.kind_of.form
    bound: Form = form(case.data if data is None else data, case=case)
    return bound


def missing_papers(case: Case) -> list[kinds.PaperSlot]:
    """Required lines of the checklist, as far as this stage asks for them, under which no paper counts."""
    there = set(case.papers.counting().filter(internal=False).values_list("slot", flat=True))
    asked = [slot for slot in case.kind_of.papers if slot.required and slot.asked_in(case.state)]
    return [slot for slot in asked if slot.key not in there]


def _applicant(kind: CaseKind, by: User, code: str | None) -> Applicant:
    if kind.is_supervision:
        who = Role(kind.officer).label
        raise NotAllowed(_("“%(kind)s”由%(role)s发出，不由企业申请。") % {"kind": kind.title, "role": who})
    if not perms.opens(by, kind):
        raise NotAllowed(_("“%(kind)s”由企业申请，或由经办人员和工信园区人员代为填报。") % {"kind": kind.title})
    directory = applicants.directory()
    if by.role == Role.ENTERPRISE:
        own = directory.of_user(by)
        if own is None:
            raise NotAllowed(_("本账号没有关联企业，不能申请。请联系工信部门关联。"))
        if code and code != own.code:
            raise NotAllowed(_("企业账号只能为本企业申请。"))
        return own
    applicant = directory.by_code(code) if code else None
    if applicant is None:
        raise Refused(_("请选择代为填报的企业。"))
    if not by.sees_city and applicant.district not in by.place_codes:
        raise NotAllowed(_("“%(name)s”不在本账号的管辖范围内，不能代为填报。") % {"name": applicant.name})
    return applicant


def _opened_before(token: UUID | None, by: User) -> Case:
    case: Case | None = Case.objects.visible_to(by).filter(token=token).first()
    if case is None:
        raise NotAllowed(_("这份表单已由别的账号使用，请重新打开申请页面。"))
    return case


def _refuse_stranger(case: Case, by: User) -> None:
    if not perms.files_for(by, case):
        raise NotAllowed(_("申请内容由申请人的账号或代为填报的账号填写。"))


def _write(case: Case, data: Mapping[str, Any]) -> None:
    """Put form values on a case, with what they tell about its subject; a supervision keeps the one it began with."""
    case.data = _kept(data)
    case.revision += 1
    if case.procedure == Procedure.APPLICATION:
        _note_subject(case)


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a case can keep them. Raises Refused for what PostgreSQL cannot, and for too much."""
    text = json.dumps(data, ensure_ascii=False, default=str)
    if len(text) > MOST_CHARACTERS:
        raise Refused(_("表单内容超过 %(most)s 字，未保存。请删减，详细说明作为附件上传。") % {"most": MOST_CHARACTERS})
    # PostgreSQL keeps neither NUL nor half of a surrogate pair in JSON.
    if "\\u0000" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused(_("表单含有无法保存的字符，未保存。请删去从别处粘贴的特殊符号。"))
    kept: dict[str, Any] = json.loads(text)
    return kept


def _note_subject(case: Case) -> None:
    # The title is kept, so it is written in the city's language, whoever files.
    with translation.override(settings.LANGUAGE_CODE):
        subject = case.kind_of.subject(case)
    if subject is None:
        return
    case.title, case.subject_codes = subject.title[:160], list(subject.codes)
    # A case that an office already looks at stays with the offices of its district.
    if case.state == State.CORRECTION:
        return
    case.district_id = subject.district
    if case.on_behalf and not perms.reaches(case.filed_by, case):
        raise Refused(_("“%(title)s”不在代为填报的账号的管辖范围内。") % {"title": case.title})


def _hand_in(case: Case) -> None:
    """Check a case completely and freeze what it says. Raises Refused."""
    today = timezone.localdate()
    _refuse_invalid(case)
    if case.kind_of.subject(case) is None:
        raise Refused(_("申请还没有写明涉及的地块或区域，不能提交。"))
    _note_subject(case)
    refuse_missing_papers(case)
    assessing.refuse_blocking(assessing.assess(case, today), _("提交"))
    case.evidence = assessing.evidence(case, today)
    case.kind_of.record(case)
    check_guards()
    case.submitted_at = timezone.now()


def refuse_incomplete(case: Case) -> None:
    """Raise Refused for a form with faults or a required paper that is missing."""
    _refuse_invalid(case)
    refuse_missing_papers(case)


def refuse_missing_papers(case: Case) -> None:
    """Raise Refused, naming them, while required papers are missing."""
    missing = missing_papers(case)
    if missing:
        raise Refused(
            _("还缺 %(count)s 份材料，不能提交：%(papers)s。")
            % {"count": len(missing), "papers": _("、").join(str(slot.title) for slot in missing)}
        )


def first_fault(form: Form) -> str:
    """How many faults a form has, and the first of them, in a sentence."""
    first, problems = next(iter(form.errors.items()))
    field = form.fields.get(first)
    name = str(field.label) if field is not None and field.label else ""
    return _("填写有 %(count)s 处需要修改。首处：%(field)s%(problem)s") % {
        "count": len(form.errors),
        "field": f"“{name}”" if name else "",
        "problem": problems[0],
    }


def _refuse_invalid(case: Case) -> None:
    form = form_of(case)
    if not form.is_valid():
        raise Refused(first_fault(form))


def _next_number(case: Case) -> str:
    """The next number of the kind in this year, as in RJ-2026-00012; taken last, since others wait for it."""
    series = f"{case.kind_of.prefix}-{timezone.localdate():%Y}-"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('casework_number'), hashtext(%s))", [series])
    # Compared as text: five digits hold a city's cases of a kind for a year a hundred times over.
    last = Case.objects.filter(number__startswith=series).aggregate(last=Max("number"))["last"]
    return f"{series}{int(last.removeprefix(series)) + 1 if last else 1:05d}"
