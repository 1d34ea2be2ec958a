"""Quota in 亩: what an amount may be, how it is read and how it is written."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from core.refusals import Refused
from core.web.figures import grouped

LEAST_MU = Decimal("0.0001")
"""The ledger keeps four decimals: 0.07 m²."""

MOST_MU = Decimal(675_000)
"""No amount is larger than the industrial red line of the whole city: 450 km² (S002 P6, RL-3)."""

STEP = Decimal("0.0001")


def checked(amount: Decimal) -> Decimal:
    """``amount`` as the ledger takes it; raises Refused for nothing, less than nothing, too much, or too fine."""
    if not amount.is_finite() or amount <= 0:
        raise Refused(_("面积须大于 0 亩。"))
    if amount > MOST_MU:
        # Without the figure itself: what was typed may be 1e999, which no rounding makes readable.
        raise Refused(_("面积超过全市工业用地红线规模 %s 亩，请核对单位和位数。") % f"{MOST_MU:,}")
    if amount != amount.quantize(STEP):
        raise Refused(_("面积最多四位小数：%(amount)s。") % {"amount": amount})
    return amount.quantize(STEP)


def shown(amount: Decimal) -> str:
    """``amount`` in 亩 for the eye: thousands, two decimals, up to four where they are not zero."""
    exact = amount.quantize(STEP)
    short = exact.quantize(Decimal("0.01"))
    return grouped(short if short == exact else exact.normalize())
