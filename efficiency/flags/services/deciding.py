"""Flags are judged: confirmed into a rectification, dismissed with a reason, or a dismissal taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.models import Case
from core.casework.services import filing
from core.refusals import NotAllowed, Refused
from efficiency.flags import perms
from efficiency.flags.models import Flag, FlagState
from efficiency.flags.services.acting import acting, locked, words

MOST = 200
"""Flags of one request."""


@dataclass(frozen=True)
class Outcome:
    """What became of one flag; ``sentence`` says why when it was not ``done``."""

    pk: int
    name: str
    done: bool
    sentence: str = ""


def confirm(*, flags: Collection[int], by: User, requirement: str) -> Case:
    """Confirm flags of one enterprise in one district and open one rectification for them all.

    ``requirement`` is what the enterprise is asked to put right; it is told at once and files its plan within
    the days of ``case.rectification.plan_days``. Raises NotAllowed and Refused.
    """
    with acting(by):
        rows = locked(flags, by)
        text = words(requirement, _("请写明要求企业整改什么。"))
        for row in rows:
            _expect(row, by, "confirm")
        enterprise = rows[0].enterprise
        if enterprise is None or any(row.enterprise_id is None for row in rows):
            raise Refused(
                _("“%(title)s”没有对应的企业，无法发出整改通知。可登记走访，或按不成立处理并写明理由。")
                % {"title": next(row.title for row in rows if row.enterprise_id is None)}
            )
        if len({(row.enterprise_id, row.district_code) for row in rows}) > 1:
            raise Refused(_("一件整改只针对同一企业在同一区的预警。请分别确认。"))
        case = filing.open_supervision(
            kind="rectification",
            by=by,
            applicant_code=enterprise.uscc,
            district=rows[0].district_code,
            codes=sorted({row.plot_id for row in rows if row.plot_id}),
            data={
                "flags": [row.pk for row in rows],
                "causes": [row.title for row in rows],
                "name": enterprise.name,
                "requirement": text,
            },
            due_on=None,
        )
        for row in rows:
            row.state, row.case, row.reason = FlagState.CONFIRMED, case, text
            _judged(row, by)
        return case


def dismiss(*, flags: Collection[int], by: User, reason: str) -> list[Flag]:
    """Put flags aside as unfounded, with the reason. Raises NotAllowed and Refused."""
    with acting(by):
        rows = locked(flags, by)
        text = words(reason, _("不成立须写明理由：核实了什么、数据哪里有误。"))
        for row in rows:
            _expect(row, by, "dismiss")
            row.state, row.reason = FlagState.DISMISSED, text
            _judged(row, by)
        return rows


def take_back(*, flags: Collection[int], by: User) -> list[Flag]:
    """Take dismissals back: the flags wait to be judged again. Raises NotAllowed and Refused."""
    with acting(by):
        rows = locked(flags, by)
        for row in rows:
            _expect(row, by, "undo")
            row.state, row.reason = FlagState.RAISED, ""
            row.decided_by = row.decided_at = None
            row.save()
        return rows


def in_bulk(*, act: str, flags: Iterable[int], by: User, text: str = "") -> list[Outcome]:
    """Do ``act`` on many flags, each done or refused by itself; those of one enterprise are confirmed together.

    Raises Refused when nothing can be begun at all: none chosen, too many, or no words where there must be some.
    """
    wanted = list(dict.fromkeys(flags))
    if not wanted:
        raise Refused(_("没有选择预警。请先勾选。"))
    if len(wanted) > MOST:
        raise Refused(_("一次最多办理 %(most)s 条，现选择 %(count)s 条。") % {"most": MOST, "count": len(wanted)})
    if act != "undo":
        text = words(text, _("请写明整改要求。") if act == "confirm" else _("不成立须写明理由。"))
    rows = {row.pk: row for row in Flag.objects.visible_to(by).filter(pk__in=wanted)}
    groups: dict[tuple[object, ...], list[int]] = {}
    for pk in wanted:
        row = rows.get(pk)
        together = act == "confirm" and row is not None and row.enterprise_id and perms.may(by, row, act)
        key = (row.enterprise_id, row.district_code) if together and row else (pk,)
        groups.setdefault(key, []).append(pk)
    outcomes = []
    for group in groups.values():
        try:
            if act == "confirm":
                confirm(flags=group, by=by, requirement=text)
            elif act == "dismiss":
                dismiss(flags=group, by=by, reason=text)
            else:
                take_back(flags=group, by=by)
            sentence = ""
        except Refused as refused:
            sentence = refused.sentence
        outcomes += [Outcome(pk, rows[pk].title if pk in rows else f"#{pk}", not sentence, sentence) for pk in group]
    return outcomes


def _expect(flag: Flag, by: User, act: str) -> None:
    if not perms.judges(by, flag):
        raise NotAllowed(_("预警由辖区内的亩均效益监测人员核实。"))
    if not perms.may(by, flag, act):
        raise NotAllowed(
            _("“%(title)s”现为“%(state)s”，不能这样办理；页面可能已过时，请刷新。")
            % {"title": flag.title, "state": flag.get_state_display()}
        )


def _judged(flag: Flag, by: User) -> None:
    flag.decided_by, flag.decided_at = by, timezone.now()
    flag.save()
