"""Who of an office works on a case: assigned, handed over, or stood in for while away."""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import Role, User
from core.casework import perms
from core.casework.deputies import deputy_of
from core.casework.models import Absence, Case, Review, TimelineEntry
from core.casework.services import notifying, timeline
from core.casework.services.acting import acting, locked, naming
from core.casework.states import TURN, Actor, State
from core.refusals import NotAllowed, Refused


def assign(*, case_id: int, by: User, to: User) -> Case:
    """Give a case to ``to``, or the review of their office; while they are away, to their deputy.

    The case itself goes to the role that has the next move. Officials hand it within their
    own role, heads to anybody. Raises NotAllowed and Refused.
    """
    with acting(by):
        case = locked(case_id, by)
        if not perms.assigns(by, case):
            raise NotAllowed(_("办件 %(case)s 目前为“%(state)s”。在办的件由参与办理的人员分派。") % naming(case))
        if by.role not in (to.role, Role.HEAD):
            raise NotAllowed(_("只能分派给本部门的人员；区领导可以分派给任一部门。"))
        _assign(case, by, to)
        return case


def hand_over(*, by: User, user: User, to: User) -> int:
    """Give every open case and review of ``user`` to ``to``; the number given.

    One hands over one's own, heads those of accounts within their places. Raises NotAllowed and Refused.
    """
    with acting(by):
        _refuse_stranger(by, user)
        if user.role != to.role:
            raise Refused(_("只能移交给同一角色的人员。"))
        mine = Case.objects.visible_to(by).open()
        waiting = Review.objects.filter(assignee=user, given_at__isnull=True, round=F("case__round"))
        rows = mine.filter(Q(assignee=user) | Q(state=State.REVIEW, reviews__in=waiting)).distinct().values("pk")
        cases = Case.objects.filter(pk__in=rows).select_for_update(of=("self",)).order_by("pk")
        given = list(cases)
        for case in given:
            _assign(case, by, to)
        return len(given)


def note_absence(*, by: User, user: User, deputy: User, since: dt.date, until: dt.date) -> Absence:
    """Note that ``user`` is away from ``since`` to ``until``, both counted, and who stands in.

    One notes one's own, heads that of accounts within their places. Raises NotAllowed and Refused.
    """
    with acting(by):
        _refuse_stranger(by, user)
        if until < max(since, timezone.localdate()):
            raise Refused(_("外出结束不得早于开始，也不得早于今天。"))
        if deputy.pk == user.pk or deputy.role != user.role or not deputy.is_active:
            raise Refused(_("代办人须是同一角色、在用的另一个账号。"))
        if not deputy.sees_city and not set(user.place_codes) <= set(deputy.place_codes):
            raise Refused(_("代办人“%(name)s”的辖区没有覆盖本人的全部辖区。") % {"name": deputy.display_name})
        if Absence.objects.filter(user=user, since__lte=until, until__gte=since).exists():
            raise Refused(_("这段日期已登记外出，请先取消原登记。"))
        return Absence.objects.create(user=user, deputy=deputy, since=since, until=until)


def end_absence(*, by: User, absence_id: int) -> None:
    """Take an absence back: one that has not begun is deleted, one that has ends yesterday. Raises NotAllowed."""
    with acting(by):
        absence = Absence.objects.select_for_update().select_related("user").filter(pk=absence_id).first()
        if absence is None:
            raise NotAllowed(_("没有这条外出登记，可能已取消。"))
        _refuse_stranger(by, absence.user)
        today = timezone.localdate()
        if absence.since >= today:
            absence.delete()
        elif absence.until >= today:
            absence.until = today - dt.timedelta(days=1)
            absence.save()


def conductor(case: Case) -> Actor:
    """Who conducts a case where it stands: the officer, the decider, or who hears appeals."""
    actor = TURN.get(State(case.state), Actor.OFFICER)
    return Actor.OFFICER if actor == Actor.APPLICANT else actor


def _assign(case: Case, by: User, user: User) -> None:
    to = deputy_of(user, timezone.localdate())
    review = case.reviews.filter(round=case.round, office=to.role, given_at__isnull=True).first()
    if perms.plays(to, case, conductor(case)):
        case.assignee = to
        case.save(update_fields=["assignee", "changed_at"])
    elif review is not None and perms.reviews(to, case):
        review.assignee = to
        review.save(update_fields=["assignee"])
    else:
        raise Refused(
            _("办件 %(case)s 目前为“%(state)s”，不能分派给“%(name)s”：须辖区覆盖办理区、未曾填报此件，且有要办的事。")
            % {**naming(case), "name": to.display_name}
        )
    name = to.display_name
    if to.pk != user.pk:
        name = _("%(deputy)s（代%(user)s）") % {"deputy": name, "user": user.display_name}
    timeline.record(case, TimelineEntry.Act.ASSIGNED, by, name, internal=True)
    if case.assignee_id == to.pk:
        notifying.after_move(case, TimelineEntry.Act.ASSIGNED, by, name)
    elif review is not None and to.pk != by.pk:
        notifying.tell(users=[to], act=TimelineEntry.Act.ASSIGNED, text=_told(case, review), case=case)


def _told(case: Case, review: Review) -> str:
    return _("%(case)s：会审意见已分派至本账号，期限 %(due)s。") % {
        **naming(case),
        "due": review.due_on.isoformat(),
    }


def _refuse_stranger(by: User, user: User) -> None:
    """Raise NotAllowed unless ``by`` is ``user`` or a head of all the places ``user`` works in."""
    leads = by.role == Role.HEAD and (by.sees_city or set(user.place_codes) <= set(by.place_codes))
    if by.pk != user.pk and not leads:
        raise NotAllowed(_("由本人办理，或由管辖其全部范围的区领导办理。"))
