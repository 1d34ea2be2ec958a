"""What a form or a file states of a scheme, read field by field, with a sentence for every field that will not do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from efficiency.returns.figures import BY_KEY
from efficiency.returns.models.land import LandBasis
from efficiency.schemes.models import BaseKind, Denominator, Direction, Grade, Missing
from efficiency.schemes.rules import CohortRules, Cut, IndicatorRules, Rules
from parks.enterprises.models import EnterpriseSize

MOST_COHORTS, MOST_INDICATORS = 10, 20
RANKED = tuple(grade.value for grade in Grade if grade != Grade.UNRATED)


@dataclass(frozen=True)
class Fault:
    """What is wrong and where: ``path`` is the way to the field, ``cohorts.0.indicators.2.base``."""

    path: str
    sentence: str


def read(data: Any) -> tuple[Rules | None, list[Fault]]:
    """The rules ``data`` states, or None and why not. What is merely unfinished is for :mod:`checks`."""
    reader = _Reader()
    root = reader.table(data, "")
    rules = Rules(
        cohorts=tuple(
            _cohort(reader, reader.table(item, path), path)
            for item, path in reader.items(root, "cohorts", "", MOST_COHORTS)
        ),
        requires=tuple(
            alternatives
            for item, path in reader.items(root, "requires", "", len(BY_KEY))
            if (alternatives := reader.words(item, path, BY_KEY, _("要求的数据")))
        ),
        merge_tenants=reader.flag(root, "merge_tenants") or False,
    )
    return (None if reader.faults else rules), reader.faults


@dataclass(frozen=True)
class Frame:
    """What a version says of itself beside its rules."""

    title: str
    year_from: int
    year_to: int | None
    objection_days: int


def read_frame(data: Any) -> tuple[Frame | None, list[Fault]]:
    """Title, years and objection window, or None and why not."""
    reader = _Reader()
    root = reader.table(data, "")
    frame = Frame(
        title=reader.text(root, "title", "", _("本版说明"), 120, required=False),
        year_from=reader.whole(root, "year_from", "", _("适用年度起"), 2000, 2100) or 2000,
        year_to=reader.whole(root, "year_to", "", _("适用年度止"), 2000, 2100, required=False),
        objection_days=reader.whole(root, "objection_days", "", _("异议期"), 1, 60) or 1,
    )
    if frame.year_to is not None and frame.year_to < frame.year_from:
        reader.fault("year_to", _("适用年度止不得早于适用年度起。"))
    return (None if reader.faults else frame), reader.faults


def _cohort(reader: _Reader, row: dict[str, Any], path: str) -> CohortRules:
    name = reader.text(row, "name", path, _("评价组名称"), 40)
    indicators = tuple(
        _indicator(reader, reader.table(item, at), at)
        for item, at in reader.items(row, "indicators", path, MOST_INDICATORS)
    )
    cuts = [_cut(reader, reader.table(item, at), at) for item, at in reader.items(row, "cuts", path, len(RANKED))]
    _refuse_crossed_cuts(reader, cuts, name, path)
    return CohortRules(
        name=name,
        indicators=indicators,
        cuts=tuple(sorted(cuts, key=lambda cut: cut.up_to_percent)),
        above_scale=reader.flag(row, "above_scale", path),
        sizes=reader.words(row.get("sizes", []), f"{path}.sizes", EnterpriseSize.values, _("规模")),
        industries=reader.words(row.get("industries", []), f"{path}.industries", None, _("行业")),
        not_industries=reader.words(row.get("not_industries", []), f"{path}.not_industries", None, _("除外行业")),
        least_land_mu=reader.number(row, "least_land_mu", path, _("用地不少于"), (8, 2), required=False),
        least_age_years=reader.whole(row, "least_age_years", path, _("成立满"), 0, 50, required=False),
        land_basis=reader.choice(row, "land_basis", path, _("用地口径"), LandBasis.values, LandBasis.ACTUAL),
    )


def _indicator(reader: _Reader, row: dict[str, Any], path: str) -> IndicatorRules:
    kind = reader.choice(row, "base_kind", path, _("基准来源"), BaseKind.values, BaseKind.FIXED)
    numerator = reader.choice(row, "numerator", path, _("分子"), BY_KEY)
    denominator = reader.choice(row, "denominator", path, _("分母"), Denominator.values)
    if numerator and numerator == denominator:
        reader.fault(f"{path}.denominator", _("分子与分母不能是同一项数据。"))
    weight = reader.number(row, "weight", path, _("权重"), (6, 2), above=Decimal(0), most=Decimal(100))
    scale = reader.number(row, "scale", path, _("单位换算"), (16, 6), above=Decimal(0), fallback="1")
    return IndicatorRules(
        name=reader.text(row, "name", path, _("指标名称"), 40),
        numerator=numerator,
        denominator=denominator,
        unit=reader.text(row, "unit", path, _("单位"), 20),
        weight=weight or Decimal(0),
        scale=scale or Decimal(1),
        direction=reader.choice(row, "direction", path, _("方向"), Direction.values, Direction.MORE),
        base_kind=kind,
        # A base left over from before the kind was changed means nothing and is dropped.
        base=reader.number(row, "base", path, _("基准值"), (16, 6), above=Decimal(0))
        if kind == BaseKind.FIXED
        else None,
        cap=reader.number(row, "cap", path, _("得分上限"), (5, 2), least=Decimal(1), required=False),
        missing=reader.choice(row, "missing", path, _("数据缺失时"), Missing.values, Missing.ZERO),
    )


def _cut(reader: _Reader, row: dict[str, Any], path: str) -> Cut:
    percent = reader.number(row, "up_to_percent", path, _("分档"), (5, 2), above=Decimal(0), most=Decimal(100))
    return Cut(reader.choice(row, "grade", path, _("类别"), RANKED), percent or Decimal(0))


def _refuse_crossed_cuts(reader: _Reader, cuts: list[Cut], name: str, path: str) -> None:
    """Classes from the best to the last, each going further than the one before; a class at most once."""
    known = sorted((cut for cut in cuts if cut.grade and cut.up_to_percent), key=lambda cut: RANKED.index(cut.grade))
    for before, after in pairwise(known):
        words = {"name": name, "before": before.grade, "after": after.grade, "percent": after.up_to_percent}
        if after.grade == before.grade:
            reader.fault(f"{path}.cuts", _("“%(name)s”的分档中 %(after)s 类出现了两次。") % words)
        elif after.up_to_percent <= before.up_to_percent:
            sentence = _("“%(name)s”的 %(after)s 类至 %(percent)s%%，应大于 %(before)s 类。")
            reader.fault(f"{path}.cuts", sentence % words)


class _Reader:
    """Takes fields out of plain data and notes a sentence for each that will not do; never raises."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, path: str, sentence: str) -> None:
        self.faults.append(Fault(path, sentence))

    def table(self, data: Any, path: str) -> dict[str, Any]:
        if isinstance(data, dict):
            return data
        self.fault(path, _("内容不完整，请刷新页面后重试。"))
        return {}

    def items(self, row: dict[str, Any], key: str, path: str, most: int) -> Iterator[tuple[Any, str]]:
        """The items of a list, each beside its path."""
        at = f"{path}.{key}" if path else key
        found = row.get(key, [])
        if not isinstance(found, list):
            self.fault(at, _("内容不完整，请刷新页面后重试。"))
            return
        if len(found) > most:
            self.fault(at, _("最多 %(most)s 项，现有 %(count)s 项。") % {"most": most, "count": len(found)})
            return
        for index, item in enumerate(found):
            yield item, f"{at}.{index}"

    def text(self, row: dict[str, Any], key: str, path: str, label: str, longest: int, *, required: bool = True) -> str:
        found = row.get(key)
        words = found.strip() if isinstance(found, str) else ""
        at = f"{path}.{key}" if path else key
        if "\0" in words:
            self.fault(at, _("“%s”含有无法保存的字符。") % label)
        elif len(words) > longest:
            self.fault(at, _("“%(label)s”超过 %(longest)s 字。") % {"label": label, "longest": longest})
        elif required and not words:
            self.fault(at, _("请填写“%s”。") % label)
        return words

    def choice(
        self, row: dict[str, Any], key: str, path: str, label: str, known: Iterable[str], fallback: str = ""
    ) -> str:
        found = row.get(key, fallback)
        if isinstance(found, str) and found in set(known):
            return found
        self.fault(f"{path}.{key}", _("请选择“%s”。") % label)
        return ""

    def words(self, found: Any, path: str, known: Iterable[str] | None, label: str) -> tuple[str, ...]:
        """A list of codes, each once; ``known`` are those there are, None where the table of them decides."""
        codes = found if isinstance(found, list) else [None]
        for code in codes:
            if not isinstance(code, str) or not 0 < len(code) <= 40 or (known is not None and code not in set(known)):
                self.fault(path, _("“%(label)s”中没有“%(code)s”这一项。") % {"label": label, "code": str(code)[:40]})
                return ()
        return tuple(dict.fromkeys(codes))

    def flag(self, row: dict[str, Any], key: str, path: str = "") -> bool | None:
        found = row.get(key)
        if found is not None and not isinstance(found, bool):
            self.fault(f"{path}.{key}" if path else key, _("内容不完整，请刷新页面后重试。"))
            return None
        return found

    def whole(
        self, row: dict[str, Any], key: str, path: str, label: str, least: int, most: int, *, required: bool = True
    ) -> int | None:
        number = self.number(row, key, path, label, (4, 0), least=Decimal(least), most=Decimal(most), required=required)
        return None if number is None else int(number)

    def number(
        self,
        row: dict[str, Any],
        key: str,
        path: str,
        label: str,
        digits: tuple[int, int],
        *,
        above: Decimal | None = None,
        least: Decimal = Decimal(0),
        most: Decimal | None = None,
        required: bool = True,
        fallback: str = "",
    ) -> Decimal | None:
        """A decimal of at most ``digits`` (all, after the point), as PostgreSQL keeps it; None where none is given."""
        at = f"{path}.{key}" if path else key
        found = row.get(key, fallback)
        text = "" if found is None or isinstance(found, bool) else str(found).strip()[:40]
        if not text:
            if required:
                self.fault(at, _("请填写“%s”。") % label)
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        words = {"label": label, "text": text[:20], "places": digits[1]}
        if not number.is_finite():
            self.fault(at, _("“%(label)s”应为数字，实为“%(text)s”。") % words)
        elif abs(number) >= Decimal(10) ** (digits[0] - digits[1]):
            self.fault(at, _("“%(label)s”的数字过大。") % words)
        elif number != round(number, digits[1]):
            few = _("“%(label)s”最多 %(places)s 位小数。") if digits[1] else _("“%(label)s”应为整数。")
            self.fault(at, few % words)
        elif above is not None and number <= above:
            self.fault(at, _("“%(label)s”须大于 %(bound)s。") % {**words, "bound": above})
        elif number < least:
            self.fault(at, _("“%(label)s”不得小于 %(bound)s。") % {**words, "bound": least})
        elif most is not None and number > most:
            self.fault(at, _("“%(label)s”不得大于 %(bound)s。") % {**words, "bound": most})
        else:
            return number
        return None
