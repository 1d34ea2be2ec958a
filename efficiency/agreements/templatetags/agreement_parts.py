"""How figures of agreements are written."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from django import template
from django.utils.translation import gettext as _

from efficiency.agreements.figures import permu
from efficiency.agreements.pages.agreement_page import tone_of

if TYPE_CHECKING:
    from efficiency.agreements.pages.agreement_page import Step

register = template.Library()
register.filter("permu", permu)


@register.filter
def percent(ratio: Decimal | None) -> str:
    """A share in per cent; a dash for none."""
    return "—" if ratio is None else f"{ratio * 100:.1f}%"


@register.filter
def verdict_tone(verdict: str) -> str:
    """The badge of a verdict."""
    return tone_of(verdict)


@register.filter
def apart(step: Step, today: dt.date) -> str:
    """How far a milestone is from its day, counted to today while it is open."""
    if step.agreed is None:
        return "—"
    days = ((step.fact.on if step.fact else today) - step.agreed).days
    if days > 0:
        return _("晚 %(days)s 天") % {"days": days}
    return _("提前 %(days)s 天") % {"days": -days} if days < 0 else _("当天")
