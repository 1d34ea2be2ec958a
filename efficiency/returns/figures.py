"""The figures of a return: what each is called, in which unit it is kept, and which office supplies it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Office(models.TextChoices):
    """Who supplies a figure."""

    TAX = "tax", _("税务")
    STATISTICS = "statistics", _("统计")
    POWER = "power", _("供电")
    WATER = "water", _("供水")
    ENVIRONMENT = "environment", _("生态环境")
    SCIENCE = "science", _("科技")
    INDUSTRY = "industry", _("工信")
    ENTERPRISE = "enterprise", _("企业自报")


@dataclass(frozen=True)
class Figure:
    """One figure: its column of :class:`YearlyReturn`, its unit there, and its usual office.

    ``shown_unit`` is what people read and type; ``scale`` how many units of the column make one of it
    (1 万元 = 10,000 元). ``signed`` figures may be negative: a tax refund.
    """

    key: str
    title: StrOrPromise
    unit: StrOrPromise
    shown_unit: StrOrPromise
    scale: int
    office: Office
    whole: bool = False
    signed: bool = False


FIGURES = (
    Figure("tax_cny", _("实缴税收"), _("元"), _("万元"), 10_000, Office.TAX, signed=True),
    Figure("output_cny", _("工业总产值"), _("元"), _("万元"), 10_000, Office.STATISTICS),
    Figure("fixed_asset_investment_cny", _("累计固定资产投资"), _("元"), _("万元"), 10_000, Office.STATISTICS),
    Figure("revenue_cny", _("营业收入"), _("元"), _("万元"), 10_000, Office.STATISTICS),
    # Wages, depreciation, net taxes and profit: a loss can outweigh the other three.
    Figure("added_value_cny", _("工业增加值"), _("元"), _("万元"), 10_000, Office.STATISTICS, signed=True),
    Figure("rd_cny", _("研发费用"), _("元"), _("万元"), 10_000, Office.SCIENCE),
    Figure("energy_tce", _("综合能源消费量"), _("吨标准煤"), _("吨标准煤"), 1, Office.STATISTICS),
    Figure("electricity_kwh", _("用电量"), _("kWh"), _("万 kWh"), 10_000, Office.POWER),
    Figure("water_m3", _("用水量"), _("m³"), _("m³"), 1, Office.WATER),
    Figure("emission_kg", _("主要污染物排放当量"), _("kg"), _("吨"), 1_000, Office.ENVIRONMENT),
    Figure("staff", _("年平均从业人数"), _("人"), _("人"), 1, Office.STATISTICS, whole=True),
)

CNY_PER_WAN = 10_000


def wan_per_mu(amount_cny: Any, land_m2: float) -> float | None:
    """元 and m² as 万元 per 亩; None where there is no figure or no land."""
    if amount_cny is None or not land_m2:
        return None
    return float(amount_cny) / (land_m2 * 3 / 2000) / CNY_PER_WAN


BY_KEY = {figure.key: figure for figure in FIGURES}
KEYS = tuple(BY_KEY)
