"""Why an act was refused, in one sentence for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext as _


class Refused(Exception):
    """The act was not done and nothing was changed. ``findings`` say what a check objects to, and where."""

    def __init__(self, sentence: str, findings: Sequence[Any] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.findings = list(findings)


class NotAllowed(Refused):
    """The account may not do this, or not in this state."""


class Stale(Refused):
    """Somebody else changed it first; what is there now has to be looked at."""


def sentence_of(error: DatabaseError) -> str:
    """What a guard of the database said, with its way out; a plain sentence for anything else.

    Guards raise Chinese sentences; PostgreSQL's own constraint messages name constraints
    and are not for people.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    primary = (getattr(diagnosis, "message_primary", None) or "").strip()
    if not re.search(r"[\u4e00-\u9fff]", primary):
        return _("数据库拒绝了这次写入，什么都没有改变。请把时间告知系统管理员。")
    parts = [primary, getattr(diagnosis, "message_detail", None), getattr(diagnosis, "message_hint", None)]
    return "".join(f"{part.strip().rstrip('。')}。" for part in parts if part)
