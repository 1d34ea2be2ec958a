"""What looks wrong in an enterprise's figures: hints to look again, never a refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core import policy
from core.policy.models import CITY_CODE
from core.web.figures import grouped
from efficiency.returns.entries import Amount
from efficiency.returns.figures import BY_KEY, FIGURES, Figure

JUMP = "returns.jump_times"
WRONG_UNIT = "returns.unit_suspect_factor"
"""A figure within this factor of 10,000 times (or a 10,000th of) last year's was likely typed in another unit."""

TEN_THOUSAND = Decimal(10_000)
KGCE_PER_KWH = Decimal("0.1229")
"""Standard coal of a kWh of electricity, kg, equivalent value: GB/T 2589-2020 annex A."""

SLACK = Decimal("1.02")
"""Electricity may pass the energy it is part of by so much: meters are read on different days."""


@dataclass(frozen=True)
class Hint:
    """A remark on the figure ``key``; ``source`` the parameter or standard it rests on."""

    key: str
    text: str
    source: Any = None


def hints(
    figures: Mapping[str, Amount | None],
    *,
    before: Mapping[str, Amount | None],
    place: str = CITY_CODE,
    on: dt.date | None = None,
) -> list[Hint]:
    """What to look at again in ``figures``, ``before`` being what is believed of the year before; column units."""
    jump, near = policy.value(JUMP, place, on=on), policy.value(WRONG_UNIT, place, on=on)
    found = [hint for figure in FIGURES if (hint := _beside_last_year(figure, figures, before, jump, near))]
    return [*found, *_among_themselves(figures)]


def _beside_last_year(
    figure: Figure,
    figures: Mapping[str, Amount | None],
    before: Mapping[str, Amount | None],
    jump: policy.Value,
    near: policy.Value,
) -> Hint | None:
    now, then = figures.get(figure.key), before.get(figure.key)
    if now is None or not then:
        return None
    words = {"figure": figure.title, "unit": figure.shown_unit}
    if now == 0:
        return Hint(figure.key, _("“%(figure)s”为 0，上年不为 0，请核对。") % words)
    times = Decimal(now) / Decimal(then)
    if times < 0:
        return Hint(figure.key, _("“%(figure)s”与上年正负相反，请核对。") % words)
    larger = max(times, 1 / times)
    words["times"] = grouped(larger.quantize(Decimal("0.1")))
    if near.value and TEN_THOUSAND / near.value <= larger <= TEN_THOUSAND * near.value:
        sentence = _("“%(figure)s”约为上年的一万倍，单位是否填错？本栏单位为%(unit)s。")
        if times < 1:
            sentence = _("“%(figure)s”约为上年的万分之一，单位是否填错？本栏单位为%(unit)s。")
        return Hint(figure.key, sentence % words, near)
    if jump.value is not None and larger >= jump.value:
        sentence = _("“%(figure)s”是上年的 %(times)s 倍，请核对。")
        if times < 1:
            sentence = _("“%(figure)s”降到上年的 %(times)s 分之一，请核对。")
        return Hint(figure.key, sentence % words, jump)
    return None


def _among_themselves(figures: Mapping[str, Amount | None]) -> Iterator[Hint]:
    def larger(one: str, other: str, slack: Decimal = Decimal(1)) -> bool:
        a, b = figures.get(one), figures.get(other)
        return a is not None and b is not None and Decimal(a) > Decimal(b) * slack

    for part, whole in (
        ("added_value_cny", "output_cny"),
        ("tax_cny", "revenue_cny"),
        ("rd_cny", "revenue_cny"),
    ):
        if larger(part, whole):
            names = {"part": BY_KEY[part].title, "whole": BY_KEY[whole].title}
            yield Hint(part, _("“%(part)s”大于“%(whole)s”，请核对。") % names)
    kwh, tce = figures.get("electricity_kwh"), figures.get("energy_tce")
    if kwh is not None and tce is not None:
        of_electricity = Decimal(kwh) * KGCE_PER_KWH / 1000
        if of_electricity > Decimal(tce) * SLACK:
            yield Hint(
                "energy_tce",
                _("用电量折合 %(tce)s 吨标准煤（每 kWh 0.1229 kg，GB/T 2589-2020），大于综合能源消费量，请核对。")
                % {"tce": grouped(of_electricity.quantize(Decimal("0.01")))},
            )
