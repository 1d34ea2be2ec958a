"""Which column of a file is which: headings by their usual names, units by how people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from efficiency.returns.figures import BY_KEY, FIGURES

CODE, NAME, YEAR = "uscc", "name", "year"

MINOR_DIGITS = {figure.key: 0 if figure.whole else 4 if figure.key in {"energy_tce", "emission_kg"} else 2
                for figure in FIGURES}  # fmt: skip
"""Decimal places each figure is kept with, as its database column has them."""

_MONEY = {"元": 1, "千元": 1_000, "万元": 10_000, "百万元": 1_000_000, "亿元": 100_000_000}
_ENERGY = {"吨标准煤": 1, "吨标煤": 1, "tce": 1, "吨": 1, "万吨标准煤": 10_000, "万吨标煤": 10_000, "万tce": 10_000}
_POWER = {
    **dict.fromkeys(("kwh", "千瓦时", "度"), 1),
    **dict.fromkeys(("mwh", "兆瓦时"), 1_000),
    **dict.fromkeys(("万kwh", "万千瓦时", "万度"), 10_000),
}
_WATER = {
    **dict.fromkeys(("m3", "立方米", "吨", "方"), 1),
    **dict.fromkeys(("万m3", "万立方米", "万吨", "万方"), 10_000),
}
_MASS = {**dict.fromkeys(("kg", "千克", "公斤"), 1), **dict.fromkeys(("吨", "t"), 1_000)}

UNITS: dict[str, dict[str, int]] = {
    **{figure.key: _MONEY for figure in FIGURES if figure.key.endswith("_cny")},
    "energy_tce": _ENERGY,
    "electricity_kwh": _POWER,
    "water_m3": _WATER,
    "emission_kg": _MASS,
    "staff": {"人": 1, "名": 1},
}
"""How many units of the database column make one of the unit written, by figure and folded unit."""

_NAMES: dict[str, tuple[str, ...]] = {
    CODE: (
        "统一社会信用代码",
        "社会信用代码",
        "信用代码",
        "统一信用代码",
        "统一代码",
        "企业代码",
        "纳税人识别号",
        "uscc",
    ),
    NAME: ("企业名称", "单位名称", "单位详细名称", "公司名称", "纳税人名称", "名称"),
    YEAR: ("年度", "年份", "所属年度", "数据年度", "报告期", "年"),
    "tax_cny": ("实缴税收", "实缴税金", "税收", "税收总额", "入库税收", "税收实际贡献", "税收收入"),
    "output_cny": ("工业总产值", "总产值", "产值", "工业产值"),
    "fixed_asset_investment_cny": ("累计固定资产投资", "固定资产投资", "累计固投", "固投", "固定资产投资额"),
    "revenue_cny": ("营业收入", "主营业务收入", "营收", "销售收入"),
    "added_value_cny": ("工业增加值", "增加值"),
    "rd_cny": ("研发费用", "研发经费", "研发投入", "r&d经费", "r&d费用", "研究开发费用", "r&d经费支出"),
    "energy_tce": ("综合能源消费量", "综合能耗", "能源消费量", "能耗", "综合能源消耗量"),
    "electricity_kwh": ("用电量", "用电", "全年用电量", "电量"),
    "water_m3": ("用水量", "用水", "取水量", "全年用水量"),
    "emission_kg": ("主要污染物排放当量", "污染物排放当量", "排污当量", "主要污染物排放量", "污染物排放量"),
    "staff": ("年平均从业人数", "从业人数", "从业人员", "平均用工人数", "年平均职工人数", "职工人数", "员工人数"),
}
_KEY_OF = {name: key for key, names in _NAMES.items() for name in names}

_LAST_BRACKET = re.compile(r"[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]$")


@dataclass(frozen=True)
class Heading:
    """A column that is understood: its place from 0, its text, what it is, and how many column units one of it makes.

    ``unit`` is as written, "" where the heading says none; ``factor`` 0 where the unit written is not known.
    """

    at: int
    text: str
    key: str
    unit: str = ""
    factor: int = 1

    @property
    def letter(self) -> str:
        """The column as a workbook names it: A, B, … AA."""
        return letter_of(self.at)


def letter_of(at: int) -> str:
    """The name of the column at place ``at`` from 0."""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def folded(text: str) -> str:
    """A text as headings are compared: one width, lower case, nothing blank in it."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def understand(at: int, text: str) -> Heading | None:
    """What the heading ``text`` at place ``at`` names; None when it is none of ours."""
    plain = folded(text).strip("*#:：")
    if not plain:
        return None
    name, unit = plain, ""
    if bracket := _LAST_BRACKET.search(plain):
        name, unit = plain[: bracket.start()], re.sub(r"^单位[:：]?", "", bracket.group(1))
    if name not in _KEY_OF and not bracket:
        name, unit = _split_unit(plain)
    key = _KEY_OF.get(re.sub(r"^\d{4}年(度)?|^本年(度)?", "", name)) or _KEY_OF.get(name)
    if key is None:
        return None
    if key not in UNITS:
        return Heading(at, text.strip(), key)
    if not unit:
        figure = BY_KEY[key]
        return Heading(at, text.strip(), key, "", figure.scale)
    return Heading(at, text.strip(), key, unit, UNITS[key].get(unit, 0))


def _split_unit(plain: str) -> tuple[str, str]:
    """Name and unit of a heading such as 税收万元, 税收/万元 or 税收,单位:万元."""
    for units in (_MONEY, _ENERGY, _POWER, _WATER, _MASS, {"人": 1}):
        for unit in sorted(units, key=len, reverse=True):
            if plain.endswith(unit):
                name = re.sub(r"[,:;/_\-、]*(单位)?[:]?$", "", plain[: -len(unit)])
                if name in _KEY_OF and unit in UNITS.get(_KEY_OF[name], {}):
                    return name, unit
    return plain, ""


def header_of(cells: Sequence[object]) -> list[Heading]:
    """The headings of a row of cells; empty unless it names the code and at least one figure."""
    found = [each for at, cell in enumerate(cells) if isinstance(cell, str) and (each := understand(at, cell))]
    keys = {each.key for each in found}
    return found if CODE in keys and keys & set(UNITS) else []
