"""Change sets on their way, driven by the services alone, with the people who drive them."""

from __future__ import annotations

from dataclasses import dataclass

from core.accounts.models import Role, User
from core.mapedit.models import ChangeSet
from core.mapedit.services import drafting, publishing, workflow
from core.mapedit.states import State
from tests import places
from tests.core.mapedit import drafts

CITY = "440600"


@dataclass(frozen=True)
class People:
    """One account for each part in the life of a change set, all of the whole city."""

    planner: User
    reviewer: User
    parks: User


def people() -> People:
    """The three who take a change set from draft to publication."""
    return People(*(places.account(role, CITY) for role in (Role.PLANNER, Role.REVIEWER, Role.PARKS)))


def draft(by: User, layer: str = "zones", title: str = "示例变更") -> ChangeSet:
    """An empty draft."""
    return drafting.create_change_set(layer=layer, title=title, author=by)


def with_new_zone(by: User, code: str = "FS-NH-90", lon: float = 113.00, lat: float = 23.05) -> ChangeSet:
    """A draft that adds one zone without faults (a 千亩 one of about 20 公顷)."""
    change_set = draft(by)
    drafts.add(change_set, code, places.square(lon, lat, 0.004))
    return placed(change_set)


def placed(change_set: ChangeSet, *codes: str) -> ChangeSet:
    """Note the districts of changes that were written past the services."""
    change_set.place_codes = list(codes) or [places.NANHAI]
    change_set.save(update_fields=["place_codes"])
    return change_set


def bring(change_set: ChangeSet, who: People, to: State) -> ChangeSet:
    """Move a faultless draft along until it stands at ``to``."""
    number = change_set.pk
    way = {
        State.CHECKED: lambda: workflow.run_checks(change_set_id=number, by=who.planner),
        State.SUBMITTED: lambda: workflow.submit(change_set_id=number, by=who.planner),
        State.OPINIONS: lambda: workflow.ask_opinions(change_set_id=number, by=who.reviewer),
        State.NOTICE: lambda: _notice(number, who),
        State.APPROVED: lambda: workflow.approve(
            change_set_id=number, by=who.reviewer, document_number="佛自然资〔2026〕1 号"
        ),
        State.PUBLISHED: lambda: publishing.publish(change_set_id=number, by=who.reviewer),
    }
    if to == State.RETURNED:
        bring(change_set, who, State.SUBMITTED)
        workflow.return_for_revision(change_set_id=number, by=who.reviewer, reason="补充批复文号")
    elif to == State.WITHDRAWN:
        workflow.withdraw(change_set_id=number, by=who.planner)
    else:
        for state, step in way.items():
            if to == State.DRAFT:
                break
            step()
            if state == to:
                break
    return ChangeSet.objects.get(pk=number)


def _notice(number: int, who: People) -> None:
    if ChangeSet.objects.get(pk=number).layer_id != "plots":
        workflow.give_opinion(change_set_id=number, by=who.parks, verdict="agree")
    workflow.give_notice(change_set_id=number, by=who.reviewer)
