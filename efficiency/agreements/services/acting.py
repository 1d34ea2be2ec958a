"""What every act on an agreement has in common: its transaction, and the locked agreement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pghistory
from django.db import DataError, IntegrityError, InternalError, transaction
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import User
from core.refusals import NotAllowed, Refused, sentence_of
from efficiency.agreements.models import Agreement

LONGEST_TEXT = 4000
"""Characters of a reason."""


@contextmanager
def acting(by: User | None) -> Iterator[None]:
    """One transaction in the name of ``by``; what a database guard or a missing parameter says becomes Refused."""
    try:
        with transaction.atomic(), pghistory.context(user=by.pk if by else None):
            yield
    except (IntegrityError, InternalError, DataError) as error:
        raise Refused(sentence_of(error)) from error
    except policy.ParameterMissing as missing:
        raise Refused(str(missing)) from missing


def locked(agreement_id: int, by: User) -> Agreement:
    """The agreement, locked, if ``by`` may see it. Raises NotAllowed."""
    rows = Agreement.objects.visible_to(by).select_for_update(of=("self",))
    found: Agreement | None = rows.select_related("plot", "enterprise", "district").filter(pk=agreement_id).first()
    if found is None:
        raise NotAllowed(_("没有这份监管协议，或本账号无权查看。"))
    return found


def reason(text: str, missing: str) -> str:
    """``text`` as it is kept; ``missing`` is the sentence for none. Raises Refused."""
    text = text.replace("\0", "").strip()
    if not text:
        raise Refused(missing)
    if len(text) > LONGEST_TEXT:
        raise Refused(_("文字最多 %(most)s 字，现有 %(count)s 字。") % {"most": LONGEST_TEXT, "count": len(text)})
    return text
