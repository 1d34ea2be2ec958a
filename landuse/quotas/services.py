"""The only writers of plans, pools and the ledger. What may not be is refused by the database; its sentence is told.

Amounts are 亩. Entries are booked by planners; reservations and what becomes of them are
booked by the moves of the case they belong to, within the move's transaction.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

import pghistory
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.models import Case
from core.policy.models import Jurisdiction
from core.refusals import NotAllowed, Refused, sentence_of
from landuse.quotas import amounts, perms
from landuse.quotas.models import Category, QuotaEntry, QuotaPlan, QuotaPool, QuotaRequest
from parks.programmes.models import Programme

Kind = QuotaEntry.Kind


@contextmanager
def _writing(by: User) -> Iterator[None]:
    """One transaction in the name of ``by``; what the database refuses becomes Refused with its sentence."""
    try:
        with transaction.atomic(), pghistory.context(user=by.pk):
            yield
    except DatabaseError as error:
        raise Refused(sentence_of(error)) from error


def _planner(by: User, place: str) -> None:
    if not perms.books(by, place):
        raise NotAllowed(_("指标由自然资源编制人员登记：全市计划由市级账号，各区计划由本区或市级账号。"))


def _stated(text: str, what: str, length: int) -> str:
    """A text that must be there; raises Refused naming ``what`` it is."""
    text = " ".join(text.split())
    if not text:
        raise Refused(_("请填写%(what)s。") % {"what": what})
    if len(text) > length:
        raise Refused(_("%(what)s不超过 %(length)s 个字。") % {"what": what, "length": length})
    return text


def open_plan(*, year: int, place: str, category: str, document: str, by: User) -> QuotaPlan:
    """Open the plan of a place, year and category, with one pool for everybody; quota comes by :func:`grant`.

    Raises NotAllowed, or Refused when it is open already or one of the words is unknown.
    """
    _planner(by, place)
    document = _stated(document, _("下达文件"), 120)
    found = Jurisdiction.objects.filter(code=place, level__in=["city", "district"]).first()
    if found is None or category not in Category.values or not 2000 <= year <= 2100:
        raise Refused(_("年度、地区或类别不对。年度在 2000 至 2100 之间，地区为全市或区。"))
    try:
        with transaction.atomic(), pghistory.context(user=by.pk):
            plan = QuotaPlan.objects.create(year=year, place=found, category=category, document=document, created_by=by)
            QuotaPool.objects.create(plan=plan, name=_("普通项目池"), created_by=by)
    except IntegrityError as error:
        raise Refused(
            _("%(place)s %(year)s 年“%(category)s”计划已登记，可直接下达指标。")
            % {"place": found.name, "year": year, "category": Category(category).label}
        ) from error
    return plan


def open_pool(*, plan_id: int, name: str, by: User, programme: Programme | None = None) -> QuotaPool:
    """Open another pool of a plan, kept for the members of ``programme`` when one is given.

    Raises NotAllowed, or Refused when the plan has one of that name or the name is empty.
    """
    plan = _plan(plan_id)
    _planner(by, plan.place_id)
    name = _stated(name, _("指标池名称"), 60)
    try:
        with transaction.atomic(), pghistory.context(user=by.pk):
            return QuotaPool.objects.create(plan=plan, name=name, programme=programme, created_by=by)
    except IntegrityError as error:
        raise Refused(_("该计划已有指标池“%(name)s”。请换一个名称。") % {"name": name}) from error


def grant(
    *,
    pool_id: int,
    amount_mu: Decimal,
    document_number: str,
    by: User,
    text: str = "",
    booked_on: dt.date | None = None,
) -> QuotaEntry:
    """Put quota into a pool as a document grants it.

    Raises NotAllowed, or Refused for a bad amount, a missing document number, or a
    programme's share above the cap in force.
    """
    pool = _pool(pool_id)
    _planner(by, pool.plan.place_id)
    number = _stated(document_number, _("下达文号"), 80)
    return _book(
        by,
        QuotaEntry(
            pool=pool,
            kind=Kind.GRANT,
            amount_mu=amounts.checked(amount_mu),
            document_number=number,
            text=_optional(text),
            booked_on=_day(booked_on),
            by=by,
        ),
    )[0]


def transfer(
    *,
    from_pool_id: int,
    to_pool_id: int,
    amount_mu: Decimal,
    by: User,
    document_number: str = "",
    text: str = "",
    booked_on: dt.date | None = None,
) -> tuple[QuotaEntry, QuotaEntry]:
    """Move quota between two pools of one year; answers the entries out and in.

    A transfer into a programme's pool that a document approves does not count towards the
    programme's cap (年中调剂, QT-2). Raises NotAllowed unless ``by`` books both places, or Refused.
    """
    source, target = _pool(from_pool_id), _pool(to_pool_id)
    _planner(by, source.plan.place_id)
    _planner(by, target.plan.place_id)
    if source.pk == target.pk:
        raise Refused(_("调出和调入不能是同一个指标池。"))
    if source.plan.year != target.plan.year:
        raise Refused(
            _("调出池属 %(out)s 年度，调入池属 %(into)s 年度。指标只在同一年度内调剂。")
            % {"out": source.plan.year, "into": target.plan.year}
        )
    facts = {
        "amount_mu": amounts.checked(amount_mu),
        "transfer": uuid.uuid4(),
        "document_number": _optional(document_number, 80),
        "text": _optional(text),
        "booked_on": _day(booked_on),
        "by": by,
    }
    out, into = _book(
        by,
        QuotaEntry(pool=source, kind=Kind.TRANSFER_OUT, **facts),
        QuotaEntry(pool=target, kind=Kind.TRANSFER_IN, **facts),
    )
    return out, into


def reserve(*, case: Case, by: User) -> QuotaEntry:
    """Reserve for an approved case what it asked for. Raises Refused without room, or when the case holds it."""
    request = _request(case)
    return _book(by, _of_case(request, Kind.RESERVE, request.amount_mu, by))[0]


def commit(*, case: Case, by: User) -> QuotaEntry:
    """Turn what a case has reserved into used quota. Raises Refused when it holds no reservation."""
    request = _request(case)
    return _book(by, _of_case(request, Kind.COMMIT, _reserved(request), by))[0]


def release(*, case: Case, by: User, text: str = "") -> QuotaEntry:
    """Give what a case has reserved back to the pool. Raises Refused when it holds no reservation."""
    request = _request(case)
    return _book(by, _of_case(request, Kind.RELEASE, _reserved(request), by, text))[0]


def give_back(
    *,
    amount_mu: Decimal,
    text: str,
    by: User,
    pool_id: int | None = None,
    case: Case | None = None,
    document_number: str = "",
    booked_on: dt.date | None = None,
) -> QuotaEntry:
    """Take used quota of ``case`` back into its pool, or give quota of pool ``pool_id`` back to who issued it.

    Raises NotAllowed, or Refused for a bad amount, a missing reason, or more than there is.
    """
    if (case is None) == (pool_id is None):
        raise ValueError("either a case or a pool gives quota back")
    pool = _request(case).pool if case is not None else _pool(pool_id or 0)
    _planner(by, pool.plan.place_id)
    return _book(
        by,
        QuotaEntry(
            pool=pool,
            case=case,
            kind=Kind.RETURN,
            amount_mu=amounts.checked(amount_mu),
            document_number=_optional(document_number, 80),
            text=_stated(text, _("退回原因"), 300),
            booked_on=_day(booked_on),
            by=by,
        ),
    )[0]


def _book(by: User, *entries: QuotaEntry) -> Sequence[QuotaEntry]:
    """Write entries in one statement, so that the database judges them together."""
    with _writing(by):
        return QuotaEntry.objects.bulk_create(entries)


def _of_case(request: QuotaRequest, kind: str, amount_mu: Decimal, by: User, text: str = "") -> QuotaEntry:
    return QuotaEntry(
        pool_id=request.pool_id,
        case_id=request.case_id,
        kind=kind,
        amount_mu=amount_mu,
        document_number=request.case.decision_number,
        text=_optional(text),
        booked_on=timezone.localdate(),
        by=by,
    )


def _reserved(request: QuotaRequest) -> Decimal:
    reserved = QuotaEntry.objects.held_by(request.case_id)["reserved"]
    if reserved <= 0:
        raise Refused(_("办件 %(number)s 没有预留指标。") % {"number": request.case.number})
    return reserved


def _request(case: Case) -> QuotaRequest:
    request = QuotaRequest.objects.select_related("pool__plan").filter(case=case).first()
    if request is None:
        raise Refused(_("办件 %(number)s 没有指标申请。") % {"number": case.number or case.pk})
    # The move that books may have written on the case what is not saved yet.
    request.case = case
    return request


def _plan(plan_id: int) -> QuotaPlan:
    plan = QuotaPlan.objects.select_related("place").filter(pk=plan_id).first()
    if plan is None:
        raise Refused(_("没有这项年度计划。请刷新后重选。"))
    return plan


def _pool(pool_id: int) -> QuotaPool:
    pool = QuotaPool.objects.select_related("plan__place").filter(pk=pool_id).first()
    if pool is None:
        raise Refused(_("没有这个指标池。请刷新后重选。"))
    return pool


def _optional(text: str, length: int = 300) -> str:
    return " ".join(text.split())[:length]


def _day(booked_on: dt.date | None) -> dt.date:
    """The day of booking, today unless said otherwise; raises Refused for a day to come."""
    today = timezone.localdate()
    if booked_on is not None and booked_on > today:
        raise Refused(_("记账日期 %(on)s 晚于今天。") % {"on": booked_on.isoformat()})
    return booked_on or today
