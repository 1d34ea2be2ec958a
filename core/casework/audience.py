"""Who is told of what happens to a case, and in which words.

Staff are told what is theirs to do and until when; the applicant what was decided and
what to do next. Sentences are stored, so they are written in the language of the house
whoever acts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.accounts.models import CITY_CODE, User
from core.casework import applicants
from core.casework.deputies import deputy_of
from core.casework.models import Absence, Case, Review

People = Callable[[Case], Iterable[User]]


class Told(NamedTuple):
    """Some people and the sentence for them; ``inside`` are staff, who read internal things."""

    people: People
    sentence: object
    inside: bool = True


def office(case: Case, role: str, barred: Collection[int | None] = ()) -> list[User]:
    """The accounts of a role that may act on a case: those of its district, or of the city when the district has none.

    ``barred`` are accounts that took part in a way that forbids acting now.
    """
    rows = User.objects.filter(role=role, is_active=True).exclude(pk__in=[pk for pk in barred if pk])
    near = list(rows.filter(place_codes__contains=[case.district_id]).order_by("pk"))
    return near or list(rows.filter(place_codes__contains=[CITY_CODE]).order_by("pk"))


def officers(case: Case) -> list[User]:
    """Who conducts the case: the officer it is assigned to or who accepted it, else the whole office."""
    role = case.kind_of.officer
    for user in (case.assignee, case.accepted_by):
        if user is not None and user.is_active and user.role == role:
            return [user]
    return office(case, role, [] if case.kind_of.is_supervision else [case.filed_by_id])


def reviewers(case: Case) -> list[User]:
    """Who still owes a review in the present round."""
    people: list[User] = []
    for review in case.reviews.filter(round=case.round, given_at__isnull=True).select_related("assignee"):
        people += reviewers_of(review, case)
    return people


def reviewers_of(review: Review, case: Case) -> list[User]:
    """Who answers for one review: the account it is assigned to, else the whole office."""
    if review.assignee is not None and review.assignee.is_active:
        return [review.assignee]
    return office(case, review.office, [case.filed_by_id])


def deciders(case: Case) -> list[User]:
    """Who decides: the decider the case is assigned to, else every account that may."""
    barred = [case.filed_by_id, case.accepted_by_id]
    one = case.assignee
    if one is not None and one.is_active and one.role == case.kind_of.decider and one.pk not in barred:
        return [one]
    return office(case, case.kind_of.decider, barred)


def hearers(case: Case) -> list[User]:
    """Who hears an appeal."""
    return office(case, case.kind_of.appeals, [case.filed_by_id, case.decided_by_id])


def heads(case: Case) -> list[User]:
    """Whom a late case is reported to: the heads of its district and those of the city."""
    places = Q(place_codes__contains=[case.district_id]) | Q(place_codes__contains=[CITY_CODE])
    return list(User.objects.filter(places, role="head", is_active=True).order_by("pk"))


def applicant(case: Case) -> list[User]:
    """The applicant's accounts, and the staff account that filed for it."""
    people = list(applicants.directory().accounts(case.applicant_code))
    return [*people, case.filed_by] if case.on_behalf else people


def assignee(case: Case) -> list[User]:
    """Whom the case is assigned to."""
    return [case.assignee] if case.assignee else []


def involved(case: Case) -> list[User]:
    """Staff who had a hand in the case: assigned, accepted, decided, reviewed."""
    ids = {case.assignee_id, case.accepted_by_id, case.decided_by_id}
    for pair in case.reviews.filter(round=case.round).values_list("assignee_id", "given_by_id"):
        ids.update(pair)
    return list(User.objects.filter(pk__in=[pk for pk in ids if pk], is_active=True).order_by("pk"))


def colleagues(case: Case) -> list[User]:
    """Staff who should hear what is said of a case: everybody involved, or who conducts it."""
    return involved(case) or officers(case)


TOLD: dict[str, tuple[Told, ...]] = {
    "submit": (
        Told(officers, _("待受理，请不迟于 %(due)s 受理、要求补正或不予受理。")),
        Told(applicant, _("已提交，不迟于 %(due)s 告知是否受理。"), inside=False),
    ),
    "accept": (
        Told(applicant, _("已受理，部门会审中，决定期限 %(due)s。"), inside=False),
        Told(reviewers, _("请出具会审意见，期限 %(review_due)s。")),
    ),
    "decline": (
        Told(applicant, _("不予受理：%(text)s。可在办件页面申请复核。"), inside=False),
        Told(colleagues, _("不予受理：%(text)s。")),
    ),
    "ask_correction": (
        Told(applicant, _("需补正，请不迟于 %(due)s 在办件页面补齐并提交：%(text)s。"), inside=False),
        Told(colleagues, _("已要求补正，计时暂停，补正期限 %(due)s。")),
    ),
    "correct_filing": (
        Told(officers, _("申请人已补正，待受理，期限 %(due)s。")),
        Told(applicant, _("补正已提交，不迟于 %(due)s 告知是否受理。"), inside=False),
    ),
    "correct_review": (
        Told(officers, _("申请人已补正，会审继续，决定期限 %(due)s。")),
        Told(reviewers, _("申请人已补正，请出具会审意见，期限 %(review_due)s。")),
        Told(applicant, _("补正已提交，会审继续，决定期限 %(due)s。"), inside=False),
    ),
    "lapse": (
        Told(applicant, _("补正期限已过，没有收到补正，按撤回办结。仍需办理的，请重新申请。"), inside=False),
        Told(colleagues, _("申请人逾期未补正，已按撤回办结，不必再办。")),
    ),
    "conclude_review": (
        Told(deciders, _("会审结束，请不迟于 %(due)s 作出决定。")),
        Told(applicant, _("会审结束，待决定，期限 %(due)s。"), inside=False),
    ),
    "approve": (
        Told(applicant, _("已批准，%(notice)s。决定书可在办件页面下载。"), inside=False),
        Told(colleagues, _("已批准，%(notice)s。")),
    ),
    "refuse": (
        Told(applicant, _("不予批准：%(text)s。决定书可在办件页面下载，也可在该页申请复核。"), inside=False),
        Told(colleagues, _("不予批准：%(text)s。")),
    ),
    "return_to_applicant": (
        Told(applicant, _("已退回：%(text)s。修改后可在办件页面重新提交。"), inside=False),
        Told(colleagues, _("已退回申请人：%(text)s。")),
    ),
    "reconsider": (
        Told(applicant, _("公示期间有异议，将重新决定：%(text)s。"), inside=False),
        Told(deciders, _("公示期间有异议，请不迟于 %(due)s 重新决定。")),
        Told(colleagues, _("公示期间有异议，重新决定。")),
    ),
    "take_effect": (
        Told(applicant, _("决定已生效。"), inside=False),
        Told(colleagues, _("决定已生效。")),
    ),
    "withdraw": (
        Told(colleagues, _("申请人已撤回，不必再办。")),
        Told(applicant, _("申请已撤回。"), inside=False),
    ),
    "appeal": (
        Told(hearers, _("申请人申请复核，请处理：%(text)s。")),
        Told(colleagues, _("申请人申请复核。")),
        Told(applicant, _("复核申请已提交。"), inside=False),
    ),
    "uphold": (
        Told(applicant, _("复核结果：维持原决定。%(text)s"), inside=False),
        Told(colleagues, _("复核结果：维持原决定。")),
    ),
    "overturn": (
        Told(applicant, _("复核结果：撤销原决定，重新办理。%(text)s"), inside=False),
        Told(officers, _("复核撤销了原决定，重新受理，期限 %(due)s。")),
    ),
    "issued": (Told(applicant, _("请不迟于 %(due)s 报送整改方案。通知书可在办件页面下载。"), inside=False),),
    "file_plan": (
        Told(officers, _("企业已报送整改方案，请不迟于 %(due)s 审查。")),
        Told(applicant, _("整改方案已报送，不迟于 %(due)s 答复。"), inside=False),
    ),
    "accept_plan": (
        Told(applicant, _("整改方案已同意，请不迟于 %(due)s 完成整改并报告。"), inside=False),
        Told(colleagues, _("整改方案已同意，整改期限 %(due)s。")),
    ),
    "return_plan": (
        Told(applicant, _("整改方案已退回，请不迟于 %(due)s 重新报送：%(text)s。"), inside=False),
        Told(colleagues, _("整改方案已退回，期限 %(due)s。")),
    ),
    "report_done": (
        Told(officers, _("企业报告整改完成，请不迟于 %(due)s 复核。")),
        Told(applicant, _("整改报告已提交，不迟于 %(due)s 复核。"), inside=False),
    ),
    "pass_check": (
        Told(applicant, _("整改复核合格，本件结案。"), inside=False),
        Told(colleagues, _("整改复核合格，已结案。")),
    ),
    "insist": (
        Told(applicant, _("整改复核不合格，请不迟于 %(due)s 继续整改并报告：%(text)s。"), inside=False),
        Told(colleagues, _("整改复核不合格，继续整改，期限 %(due)s。")),
    ),
    "escalate": (
        Told(deciders, _("请不迟于 %(due)s 作出处理决定：%(text)s。")),
        Told(applicant, _("已提请作出处理决定：%(text)s。"), inside=False),
        Told(colleagues, _("已提请作出处理决定。")),
    ),
    "impose": (
        Told(applicant, _("已作出处理决定：%(text)s。决定书可在办件页面下载，也可在该页申请复核。"), inside=False),
        Told(officers, _("已作出处理决定，请不迟于 %(due)s 落实。")),
    ),
    "remit": (
        Told(applicant, _("不予处理，请不迟于 %(due)s 继续整改并报告：%(text)s。"), inside=False),
        Told(officers, _("不予处理，继续整改，期限 %(due)s。")),
    ),
    "settle": (
        Told(applicant, _("处理决定已落实，本件结案。"), inside=False),
        Told(colleagues, _("处理决定已落实，已结案。")),
    ),
    "cancel": (
        Told(applicant, _("整改通知已撤销：%(text)s。"), inside=False),
        Told(colleagues, _("整改通知已撤销。")),
    ),
    "appeal_sanction": (
        Told(hearers, _("企业对处理决定申请复核，请不迟于 %(due)s 办理：%(text)s。")),
        Told(colleagues, _("企业对处理决定申请复核。")),
        Told(applicant, _("复核申请已提交。"), inside=False),
    ),
    "uphold_sanction": (
        Told(applicant, _("复核结果：维持处理决定。%(text)s"), inside=False),
        Told(officers, _("复核结果：维持处理决定，请不迟于 %(due)s 落实。")),
    ),
    "overturn_sanction": (
        Told(applicant, _("复核结果：撤销处理决定。%(text)s"), inside=False),
        Told(officers, _("复核撤销了处理决定，请不迟于 %(due)s 重新复核整改情况。")),
    ),
    "reviewed": (Told(officers, _("%(office)s已出具意见，%(waiting)s。")),),
    "assigned": (Told(assignee, _("已分派至本账号办理，本环节期限 %(due)s。")),),
    "remarked": (Told(colleagues, _("新留言：%(text)s")),),
    "instructed": (Told(colleagues, _("领导批示：%(text)s")),),
    "paper": (Told(colleagues, _("新增材料：%(text)s")),),
}
"""What each act of a timeline is told to whom. What is late is told by the watch over deadlines."""

OPEN_WORDS: dict[str, tuple[Told, ...]] = {
    "remarked": (
        Told(applicant, _("新留言：%(text)s"), inside=False),
        Told(colleagues, _("新留言：%(text)s")),
    ),
    "paper": (
        Told(applicant, _("新增材料：%(text)s"), inside=False),
        Told(colleagues, _("新增材料：%(text)s")),
    ),
}
"""The same acts where the applicant reads them."""


def with_deputies(people: Iterable[User], on: dt.date) -> list[User]:
    """The same people, and who stands in on a day for those of them who are away."""
    told = list(people)
    away = set(Absence.objects.filter(user__in=told, since__lte=on, until__gte=on).values_list("user_id", flat=True))
    return [*told, *(deputy_of(user, on) for user in told if user.pk in away)]


def lead(case: Case) -> str:
    """How every sentence begins: number, title, applicant."""
    name = " ".join(part for part in (case.number or "", case.title or str(case.kind_of.title)) if part)
    return gettext("%(name)s（%(applicant)s）：") % {"name": name, "applicant": case.applicant_name}


def told(act: str, *, internal: bool) -> Sequence[Told]:
    """Who is told of ``act``; a word or paper that is not ``internal`` reaches the applicant too. Raises KeyError."""
    return OPEN_WORDS[act] if act in OPEN_WORDS and not internal else TOLD[act]
