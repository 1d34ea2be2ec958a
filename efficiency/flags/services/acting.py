"""What every act on flags has in common: its transaction, the locked rows, and the words of refusals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pghistory
from django.db import DataError, IntegrityError, InternalError, transaction
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import User
from core.refusals import NotAllowed, Refused, sentence_of
from efficiency.flags.models import Flag

LONGEST = 2000
"""Characters of a reason or note."""

ONCE = {
    "flags_cause_once", "flags_one_open_per_cause", "flags_cause_of_firm_once", "flags_one_open_of_firm",
    "flags_cause_of_plot_once", "flags_one_open_of_plot",
}  # fmt: skip


@contextmanager
def acting(by: User | None) -> Iterator[None]:
    """One transaction in the name of ``by``; what a guard of the database says becomes Refused."""
    context = {"user": by.pk} if by else {}
    try:
        with transaction.atomic(), pghistory.context(**context):
            yield
    except IntegrityError as error:
        named = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if named in ONCE:
            raise Refused(_("同一原因已另有一条未了结的预警，不能重复。请在那一条上办理。")) from error
        raise Refused(sentence_of(error)) from error
    except (InternalError, DataError) as error:
        raise Refused(sentence_of(error)) from error
    except policy.ParameterMissing as missing:
        raise Refused(str(missing)) from missing


def locked(flags: Iterable[int], by: User) -> list[Flag]:
    """The flags ``by`` may see, locked in the order of their numbers. Raises NotAllowed when one is missing."""
    wanted = set(flags)
    rows = Flag.objects.visible_to(by).filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk")
    found: list[Flag] = list(rows.select_related("enterprise", "plot"))
    if not found or len(found) != len(wanted):
        raise NotAllowed(_("没有这条预警，或不在本账号的辖区内。"))
    return found


def words(text: str, missing: str = "") -> str:
    """``text`` as it is kept; ``missing`` is the sentence where there must be some. Raises Refused."""
    text = text.strip()
    if missing and not text:
        raise Refused(missing)
    if len(text) > LONGEST:
        raise Refused(_("文字最多 %(most)s 字，现有 %(count)s 字。") % {"most": LONGEST, "count": len(text)})
    if "\0" in text:
        raise Refused(_("文字含有无法保存的字符，请改用普通文字。"))
    return text
