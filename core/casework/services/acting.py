"""What every act on a case has in common: its transaction, the locked case, permission and state, and the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
from django.db import DataError, IntegrityError, InternalError, connection, transaction
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import Role, User
from core.casework import perms
from core.casework.models import Case
from core.casework.services import alerting, notifying, timeline
from core.casework.states import MOVE_TITLES, MOVES, Actor
from core.refusals import NotAllowed, Refused, sentence_of

LONGEST_TEXT = 4000
"""Characters of a reason or remark."""


@contextmanager
def acting(by: User) -> Iterator[None]:
    """One transaction in the name of ``by``; what a database guard or a missing parameter says becomes Refused."""
    try:
        with transaction.atomic(), pghistory.context(user=by.pk):
            yield
    except (IntegrityError, InternalError, DataError) as error:
        raise Refused(sentence_of(error)) from error
    except policy.ParameterMissing as missing:
        raise Refused(str(missing)) from missing


def check_guards() -> None:
    """Let guards deferred to the commit speak now, while their sentence can still reach a person."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def locked(case_id: int, by: User) -> Case:
    """The case, locked, if ``by`` may see it. Raises NotAllowed."""
    case: Case | None = Case.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=case_id).first()
    if case is None:
        raise NotAllowed(_("没有这件办件，或本账号无权查看。"))
    return case


def begin(case_id: int, by: User, *moves: str) -> tuple[Case, str]:
    """The locked case and the one of ``moves`` that leads on from its state. Raises NotAllowed."""
    case = locked(case_id, by)
    move = next((move for move in moves if perms.leads_on(case, move)), None)
    if move is None:
        raise NotAllowed(
            _("办件 %(case)s 目前为“%(state)s”，不能“%(move)s”；页面可能已过时，请刷新。")
            % {**naming(case), "move": MOVE_TITLES[moves[0]]}
        )
    if not perms.plays(by, case, MOVES[move].actor):
        raise NotAllowed(_("“%(move)s”%(who)s。") % {"move": MOVE_TITLES[move], "who": _who(case, MOVES[move].actor)})
    return case, move


def finish(case: Case, move: str, by: User, *, text: str = "") -> None:
    """Take the move, save the case, note and tell it, and close what was alerted. ``text`` is read by the applicant."""
    before = case.state
    getattr(case, move)()
    case.save()
    timeline.record(case, move, by, text, from_state=before, to_state=case.state)
    notifying.after_move(case, move, by, text)
    alerting.close_met(case)


def words(text: str, missing: str = "") -> str:
    """``text`` as it is kept; ``missing`` is the sentence for none where there must be some. Raises Refused."""
    text = text.strip()
    if missing and not text:
        raise Refused(missing)
    if len(text) > LONGEST_TEXT:
        raise Refused(_("文字最多 %(most)s 字，现有 %(count)s 字。") % {"most": LONGEST_TEXT, "count": len(text)})
    if "\0" in text:
        raise Refused(_("文字含有无法保存的字符，请改用普通文字。"))
    return text


def naming(case: Case) -> dict[str, Any]:
    """How sentences call a case: its number or title, and where it stands."""
    return {"case": case.number or case.title or f"#{case.pk}", "state": case.get_state_display()}


def _who(case: Case, actor: Actor) -> str:
    kind = case.kind_of
    if actor == Actor.APPLICANT:
        return _("由申请人的账号或代为填报的账号办理")
    if actor == Actor.OFFICER:
        return _("由辖区覆盖办理区、未填报此件的%(role)s办理") % {"role": Role(kind.officer).label}
    if actor == Actor.DECIDER:
        return _("由辖区覆盖办理区、未填报也未受理此件的%(role)s办理") % {"role": Role(kind.decider).label}
    return _("由辖区覆盖办理区、未填报也未决定此件的%(role)s办理") % {"role": Role(kind.appeals).label}
