"""Plots as map editing knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.mapedit import layers
from core.mapedit.codes import next_number
from landuse.plots.models import PLOT_CODE, PlotVersion, SupplyMode, UseCode


def next_code(attributes: Mapping[str, Any], taken: Iterable[str]) -> str:
    """The next free 宗地代码 beside the first taken one of the district, else in its first sub-area.

    A 宗地代码 is given by the cadastral office; this is a proposal to be corrected.
    """
    district = attributes.get("district_id") or ""
    taken = sorted(code for code in taken if code.startswith(district))
    prefix = taken[0][:14] if taken else f"{district}001001GB"
    return next_number(prefix, taken, digits=5)


def _ratio(name: str, label: Any, dbf: str, alias: str) -> layers.Attribute:
    return layers.Attribute(name, label, "numeric", kind="number", dbf=dbf, aliases=(alias,))


def _percent(name: str, label: Any, dbf: str, alias: str) -> layers.Attribute:
    return layers.Attribute(name, label, "numeric", kind="number", dbf=dbf, aliases=(alias,), unit="%")


def register() -> None:
    """Make the layer editable."""
    layers.register(
        layers.EditableLayer(
            name="plots",
            title=_("宗地"),
            measure_word=_("宗"),
            version=PlotVersion,
            feature="plot",
            code_label=_("宗地代码"),
            code_pattern=PLOT_CODE,
            code_hint=_("宗地代码 19 位：6 位区划、3 位地籍区、3 位地籍子区、2 位特征码、5 位顺序号。"),
            code_dbf="ZDDM",
            code_aliases=("code", "编号", "宗地代码", "plot_id"),
            place="district_id",
            label="location",
            order=40,
            notice_parameter="plots.notice_days",
            next_code=next_code,
            declared_area="registered_area_m2",
            keeps_code_on_split=False,
            attributes=(
                layers.Attribute(
                    "district_id",
                    _("所在区"),
                    "text",
                    kind="place",
                    dbf="SZQ",
                    aliases=("所在区", "district"),
                    required=True,
                ),
                layers.Attribute("town_id", _("所在镇街"), "text", kind="town", dbf="SZZJ", aliases=("所在镇街",)),
                layers.Attribute(
                    "location", _("坐落"), "text", dbf="ZL", aliases=("坐落",), max_length=120, default=""
                ),
                layers.Attribute(
                    "use_code",
                    _("土地用途"),
                    "text",
                    kind="choice",
                    dbf="TDYT",
                    aliases=("土地用途", "地类编码", "DLBM"),
                    required=True,
                    choices=tuple(UseCode.choices),
                ),
                layers.Attribute(
                    "is_m0", _("M0 新型产业用地"), "boolean", kind="bool", dbf="SFM0", aliases=("M0",), default=False
                ),
                _ratio("plot_ratio_planned", _("规划容积率"), "GHRJL", "规划容积率"),
                _ratio("plot_ratio_built", _("现状容积率"), "XZRJL", "现状容积率"),
                _percent("density_planned", _("规划建筑密度（%）"), "JZMD", "规划建筑密度"),
                _percent("green_ratio_planned", _("规划绿地率（%）"), "LDL", "规划绿地率"),
                layers.Attribute(
                    "height_limit_m",
                    _("建筑限高（m）"),
                    "numeric",
                    kind="number",
                    dbf="JZXG",
                    aliases=("建筑限高",),
                    unit="m",
                ),
                layers.Attribute(
                    "supply_mode",
                    _("供应方式"),
                    "text",
                    kind="choice",
                    dbf="GYFS",
                    aliases=("供应方式",),
                    required=True,
                    choices=tuple(SupplyMode.choices),
                ),
                layers.Attribute(
                    "term_years",
                    _("使用年限"),
                    "integer",
                    kind="integer",
                    dbf="SYNX",
                    aliases=("使用年限",),
                    unit=_("年"),
                ),
                layers.Attribute("term_from", _("使用期起"), "date", kind="date", dbf="SYQQ", aliases=("使用期起",)),
                layers.Attribute("term_to", _("使用期止"), "date", kind="date", dbf="SYQZ", aliases=("使用期止",)),
                layers.Attribute(
                    "registered_area_m2",
                    _("登记面积（m²）"),
                    "numeric",
                    kind="number",
                    dbf="ZDMJ",
                    aliases=("登记面积", "宗地面积", "MJ", "DJMJ"),
                    unit="m²",
                ),
            ),
        )
    )
