"""One act on many cases: each is done or refused by itself, and each is told of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import CITY_CODE, Role, User
from core.casework import kinds
from core.casework.models import Case
from core.casework.services import assigning, deciding
from core.refusals import Refused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST = 200
"""Cases of one request."""

ACTS: dict[str, StrOrPromise] = {
    "accept": gettext_lazy("受理并送会审"),
    "conclude_review": gettext_lazy("会审结束，报决定"),
    "take_effect": gettext_lazy("办理生效"),
    "assign": gettext_lazy("分派"),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one case; ``sentence`` says why when it was not ``done``."""

    pk: int
    name: str
    done: bool
    sentence: str = ""


def offered(user: User) -> list[str]:
    """The acts an account may try on several cases; who only reads gets none."""
    known = [kind for kind in kinds.all_kinds() if not kind.is_supervision]
    found = []
    if any(user.role == kind.officer for kind in known):
        found += ["accept", "conclude_review"]
    if any(user.role == kind.decider for kind in known):
        found.append("take_effect")
    if user.role == Role.HEAD or user.role in taking_part():
        found.append("assign")
    return found


def taking_part() -> set[str]:
    """Roles that have a move or a review in some kind of case."""
    return {
        str(role) for kind in kinds.all_kinds() for role in (kind.officer, *kind.offices, kind.decider, kind.appeals)
    }


def colleagues(user: User, roles: Iterable[str] | None = None) -> QuerySet[User]:
    """Whom ``user`` may give cases to: accounts of the same role, for heads of every role with a part, near by.

    Near by is the city's, or a district that ``user`` reaches too.
    """
    wanted = set(roles) if roles is not None else taking_part()
    if user.role != Role.HEAD:
        wanted &= {user.role}
    rows = User.objects.filter(role__in=wanted, is_active=True)
    if not user.sees_city:
        rows = rows.filter(Q(place_codes__contains=[CITY_CODE]) | Q(place_codes__overlap=user.place_codes))
    return rows.order_by("role", "display_name", "pk")


def run(*, by: User, act: str, ids: Iterable[int], to: User | None = None) -> list[Outcome]:
    """Do ``act`` on each case of ``ids`` that ``by`` sees, in the order of their deadlines.

    Raises Refused when nothing can be begun at all: no case chosen, too many, or nobody to assign to.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise Refused(_("没有选择办件。请先勾选要办理的办件。"))
    if len(wanted) > MOST:
        raise Refused(_("一次最多办理 %(most)s 件，现选择 %(count)s 件。") % {"most": MOST, "count": len(wanted)})
    if act == "assign" and to is None:
        raise Refused(_("请选择分派给谁。"))
    rows: Any = Case.objects.visible_to(by).filter(pk__in=wanted).order_by("due_on", "pk")
    found = list(rows.only("pk", "number", "title"))
    outcomes = [_one(case, by, act, to) for case in found]
    known = {case.pk for case in found}
    missing = [pk for pk in wanted if pk not in known]
    outcomes += [Outcome(pk, f"#{pk}", False, _("没有这件办件，或不在本账号的辖区内。")) for pk in missing]
    return outcomes


def _one(case: Case, by: User, act: str, to: User | None) -> Outcome:
    name = " ".join(part for part in (case.number or f"#{case.pk}", case.title) if part)
    try:
        if act == "accept":
            deciding.accept(case_id=case.pk, by=by)
        elif act == "conclude_review":
            deciding.conclude_review(case_id=case.pk, by=by)
        elif act == "take_effect":
            deciding.take_effect(case_id=case.pk, by=by)
        elif to is not None:
            assigning.assign(case_id=case.pk, by=by, to=to)
    except Refused as refused:
        return Outcome(case.pk, name, False, refused.sentence)
    return Outcome(case.pk, name, True)
