"""How a member stands in its programme, as data: the model, the database and the services read this table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Standing(models.TextChoices):
    """How a member stands in its programme (rules §3.3).

    期满 is none of them: a membership whose last day has passed says so by its dates.
    """

    NORMAL = "normal", _("正常")
    WARNED = "warned", _("提示")
    RETAINED = "retained", _("保留一年")
    DEMOTED = "demoted", _("降级")
    REMOVED = "removed", _("淘汰")
    LEFT = "left", _("退出")


ENDED = (Standing.DEMOTED, Standing.REMOVED, Standing.LEFT)
"""Standings of a membership that ended before its time."""

STEPS = (
    (Standing.NORMAL, Standing.WARNED),
    (Standing.WARNED, Standing.RETAINED),
    (Standing.WARNED, Standing.NORMAL),
    (Standing.RETAINED, Standing.NORMAL),
    *((source, target) for source in (Standing.NORMAL, Standing.WARNED, Standing.RETAINED) for target in ENDED),
)
"""From which standing to which (rules §3.3); nothing leads out of an end."""

EXPIRED: StrOrPromise = _("期满")
