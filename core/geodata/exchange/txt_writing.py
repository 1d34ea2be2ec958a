"""Writing 国土 TXT as offices expect it: hectares, rings with closing points, northing first, millimetres.

Points count clockwise from the north-western vertex of each outer ring and run on through all rings of a plot; every
ring ends by repeating its first point under its name, and the count includes those rows.
"""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import Any, BinaryIO

import numpy as np
import shapely
from django.utils.translation import gettext as _

from core.geodata.exchange.outgoing import BARE, ZONED, Batch, Outgoing, Unwritable, rings, texts
from core.geodata.units import M2_PER_HECTARE

_DECIMALS = 3
_HEADER = (
    "[属性描述]",
    "格式版本号=1.01版本",
    "数据产生单位={producer}",
    "数据产生日期={dated}",
    "坐标系=2000国家大地坐标系",
    "几度分带=3",
    "投影类型=高斯克吕格",
    "计量单位=米",
    "带号={zone}",
    "精度=0.001",
    "转换参数=0,0,0,0,0,0,0",
    "[地块坐标]",
)
_LINE_END = "\r\n"


def write_txt(
    file: BinaryIO,
    outgoing: Outgoing,
    *,
    encoding: str,
    name_field: str | None = None,
    use_field: str | None = None,
    class_field: str | None = None,
    producer: str = "",
    dated: dt.date | None = None,
) -> None:
    """Write `outgoing` to `file`, a batch at a time; its `srid` is one of 4526, 4525 (zoned), 4547, 4546 (bare).

    `encoding` gbk writes GB18030, which is GBK where GBK suffices and loses no character. Only code, name, use and
    class fit the format. Raises Unwritable for a geographic `srid` and for a code the format cannot carry.
    """
    zone = {**ZONED, **BARE}.get(outgoing.srid)
    if zone is None:
        raise Unwritable(_("界址点 TXT 只能使用三度带平面坐标，请选择 4526、4525、4547 或 4546。"))
    codec = "gb18030" if encoding == "gbk" else "utf-8"
    header = _LINE_END.join(_HEADER).format(producer=_line(producer), dated=dated or "", zone=zone) + _LINE_END
    file.write(header.encode(codec))
    for batch in outgoing.projected():
        codes = outgoing.codes(batch)
        for code in codes:
            if code != _column(code) or not code:
                raise Unwritable(_("编号“%(code)s”为空或含有逗号、空格、换行，界址点 TXT 无法保存。") % {"code": code})
        facts = [
            codes,
            *(_facts(batch, each) for each in (name_field, None, use_field, class_field)),
        ]
        file.write("".join(_plots(batch.geometry, *facts)).encode(codec))


def _facts(batch: Batch, name: str | None) -> list[str]:
    """A column as header text, nothing for each feature when the layer has none."""
    if name is None:
        return [""] * len(batch.geometry)
    return [_column(text) for text in texts(batch.columns[name])]


def _column(text: str) -> str:
    """`text` as one column of a line: a comma would begin another one."""
    return _line(text).replace(",", "，")


def _line(text: str) -> str:
    return " ".join(text.split())


def _plots(
    geometry: Any, codes: list[str], names: list[str], sheets: list[str], uses: list[str], classes: list[str]
) -> list[str]:
    """Header and rows of every plot; `geometry` is projected, (east, north) in metres."""
    # Rounded first: the area written is that of the coordinates written.
    geometry = shapely.transform(geometry, lambda xy: np.round(xy, _DECIMALS))
    geometry = shapely.orient_polygons(geometry, exterior_cw=True)
    hectares = (shapely.area(geometry) / M2_PER_HECTARE).tolist()
    plots = []
    for index, parts in enumerate(rings(geometry)):
        rows = []
        number = 0
        for circle, ring in enumerate(chain.from_iterable(parts), 1):
            start = int(np.argmax(ring[:, 1] - ring[:, 0]))
            points = np.roll(ring, -start, axis=0).tolist()
            rows += [f"J{number + n},{circle},{y:.3f},{x:.3f}" for n, (x, y) in enumerate(points, 1)]
            x, y = points[0]
            rows.append(f"J{number + 1},{circle},{y:.3f},{x:.3f}")
            number += len(points)
        head = (
            f"{len(rows)},{hectares[index]:.4f},{codes[index]},{names[index]},面,"
            f"{sheets[index]},{uses[index]},{classes[index]},@"
        )
        plots.append(_LINE_END.join([head, *rows, ""]))
    return plots
