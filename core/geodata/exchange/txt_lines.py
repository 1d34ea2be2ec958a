"""The lines of a 国土 TXT: bytes to text, text to attribute keys, plot headers and rows of numbers.

Nothing here knows what the numbers mean; `txt_places` and `txt_rings` do.
"""

from __future__ import annotations

import codecs
import re
import sys
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from core.geodata.exchange.formats import ERROR, NOTE, WARNING
from core.geodata.exchange.txt_notes import Note, Notes, TxtUnreadable, shown

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ASKED = {
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
}
_CHUNK = 1 << 20

_SECTION = re.compile(r"^[\[【［]\s*([^\]】］]*?)\s*[\]】］]$")
_KEYS, _PLOTS = "属性描述", "地块坐标"
_KINDS = ("面", "线", "点")
_COORDINATE = 100_000.0
"""No northing or easting in China is smaller, and no count, number or ring is larger."""


def decode(data: bytes, asked: str | None = None) -> tuple[str, str, bool]:
    """The text of `data`, the codec used and whether that was certain.

    A byte order mark is certain, so is UTF-8 (pure ASCII included); GB18030, which takes almost any bytes, is not.
    Raises TxtUnreadable when no encoding fits, when the asked one is unknown or does not fit, and for binary data.
    """
    if asked is not None:
        codec = _ASKED.get(asked.lower().replace("_", "-"))
        if codec is None:
            raise TxtUnreadable(_("不认识编码 %(name)s，可选 UTF-8、GBK 或 UTF-16。") % {"name": shown(asked)})
        return _text(data, codec, asked), codec, True
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _text(data, codec, codec), codec, True
    zeros = data[:2000].count(0)
    if zeros > len(data[:2000]) // 4:
        codec = "utf-16-le" if data[1:2000:2].count(0) > zeros // 2 else "utf-16-be"
        return _text(data, codec, codec), codec, False
    try:
        return _refuse_binary(data.decode("utf-8")), "utf-8", True
    except UnicodeDecodeError as error:
        # Cut inside its last character, UTF-8 would pass for GB18030 and read as nonsense.
        if error.reason == "unexpected end of data" and not data[: error.start].isascii():
            raise TxtUnreadable(
                _("文件在第 %(line)s 行中断，最后一个字不完整，请重新获取文件。") % {"line": data.count(b"\n") + 1}
            ) from error
    return _text(data, "gb18030", "GB18030"), "gb18030", False


def _text(data: bytes, codec: str, name: str) -> str:
    """`data` decoded by `codec`, without its byte order mark."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise TxtUnreadable(
            _("文件不是 %(name)s 编码的文本（第 %(line)s 行有无法解码的字节），请另存为 GBK 或 UTF-8 后重试。")
            % {"name": name, "line": data.count(b"\n", 0, error.start) + 1}
        ) from error
    return _refuse_binary(text.removeprefix("\ufeff"))


def _refuse_binary(text: str) -> str:
    if "\0" in text:
        raise TxtUnreadable(_("文件含有二进制内容，不是文本，请确认上传的是界址点坐标 TXT。"))
    return text


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of `text` with their numbers from 1, whatever ends them, without a list of them all."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    number, start = 1, 0
    while start <= len(text):
        end = text.find("\n", start + _CHUNK)
        end = len(text) if end < 0 else end
        for line in text[start:end].split("\n"):
            yield number, line
            number += 1
        start = end + 1


@dataclass(slots=True)
class Rows:
    """One plot as its lines say it: the header's columns, and where its rows start in the file's arrays."""

    line: int
    start: int
    columns: list[str] | None = None
    code: str = ""
    broken: bool = False
    bad_rows: int = 0


@dataclass
class Content:
    """All of a file's lines. The arrays run over every coordinate row: name, ring number, third and fourth column."""

    header: dict[str, str] = field(default_factory=dict)
    header_lines: dict[str, int] = field(default_factory=dict)
    plots: list[Rows] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    rings: array[int] = field(default_factory=lambda: array("q"))
    third: array[float] = field(default_factory=lambda: array("d"))
    fourth: array[float] = field(default_factory=lambda: array("d"))
    lines: array[int] = field(default_factory=lambda: array("q"))


class Scanner:
    """Reads the lines of one file into a `Content`, noting every line it cannot place."""

    def __init__(self, notes: Notes, max_plots: int | None = None, max_points: int | None = None) -> None:
        self.content = Content()
        self._notes = notes
        self._max_plots = max_plots
        self._max_points = max_points
        self._section: str | None = None
        self._plot: Rows | None = None
        self._blank = False
        self._extra_columns_noted = False

    def scan(self, text: str) -> Content:
        """Read every line of `text`; raises TxtUnreadable when there are more plots or points than allowed."""
        content = self.content
        names, rings, third, fourth, lines = (
            content.names, content.rings, content.third, content.fourth, content.lines,
        )  # fmt: skip
        for number, line in _lines(text):
            columns = line.split(",")
            # Nearly every line of a big file is such a row; all others take the careful way.
            if len(columns) == 4 and self._plot is not None and not self._blank:
                try:
                    ring, x, y = int(columns[1]), float(columns[2]), float(columns[3])
                except ValueError:
                    self._careful(number, line)
                    continue
                if -(2**31) < ring < 2**31:
                    names.append(sys.intern(columns[0].strip()))
                    rings.append(ring)
                    third.append(x)
                    fourth.append(y)
                    lines.append(number)
                    continue
            self._careful(number, line)
        self._guard_points()
        return content

    def _careful(self, number: int, line: str) -> None:
        line = line.strip().strip("\ufeff\x1a").strip()
        if not line:
            self._blank = True
            return
        if section := _SECTION.match(line):
            self._open_section(section[1], number)
            return
        if line[-1] in "@＠" and ("," in line or "，" in line):
            self._open_plot(number, columns=_columns(line[:-1], at_least=8))
            return
        if self._section == _KEYS and self._key(number, line):
            return
        if self._section not in (None, _KEYS, _PLOTS):
            return
        self._row(number, _columns(line, at_least=4))

    def _open_section(self, name: str, number: int) -> None:
        self._section, self._plot = name, None
        if name not in (_KEYS, _PLOTS):
            self._notes.add(
                Note(
                    "bad_section",
                    NOTE,
                    _("第 %(line)s 行：[%(name)s] 部分不含界址点，未读取。") % {"line": number, "name": shown(name)},
                    number,
                )
            )

    def _key(self, number: int, line: str) -> bool:
        """Take `line` as 键=值 of 属性描述; False when it is rather a coordinate row."""
        key, sign, value = line.replace("＝", "=").partition("=")
        if not sign:
            if len(_columns(line, at_least=4)) >= 4:
                return False
            self._notes.add(
                Note(
                    "bad_key",
                    WARNING,
                    _("第 %(line)s 行：[属性描述] 中应为“键=值”，此行未读取。") % {"line": number},
                    number,
                )
            )
            return True
        key = "".join(key.split())
        self.content.header[key] = value.strip()
        self.content.header_lines[key] = number
        return True

    def _open_plot(self, number: int, *, columns: list[str] | None = None, code: str = "") -> Rows:
        if self._section not in (None, _PLOTS):
            self._section = _PLOTS
        if self._max_plots is not None and len(self.content.plots) >= self._max_plots:
            raise TxtUnreadable(
                _("文件中的地块超过 %(limit)s 个，请拆分成几个文件后分别导入。") % {"limit": self._max_plots}
            )
        self._guard_points()
        self._blank = False
        self._plot = Rows(number, len(self.content.lines), columns, code)
        self.content.plots.append(self._plot)
        return self._plot

    def _guard_points(self) -> None:
        if self._max_points is not None and len(self.content.lines) > self._max_points:
            raise TxtUnreadable(
                _("文件中的界址点超过 %(limit)s 个，请拆分成几个文件后分别导入。") % {"limit": self._max_points}
            )

    def _row(self, number: int, columns: list[str]) -> None:
        while columns and not columns[-1]:
            columns.pop()
        provincial = _is_provincial(columns)
        if provincial:
            code, ring, name, x, y = columns[1:6]
            self._follow(number, code, ring)
        else:
            if _is_title(columns):
                return
            code = ""
            if len(columns) == 3 and all(_number(each) is not None for each in columns[1:]):
                columns.insert(1, "1")
                self._bad(number, "bad_row", WARNING, _("第 %(line)s 行：没有圈号，按第 1 圈读取。"))
            if len(columns) < 4:
                self._bad(number, "bad_row", ERROR, _("第 %(line)s 行：不是“点号,圈号,X,Y”，此行未读取。"))
                return
            name, ring, x, y = columns[:4]
            if self._plot is None or (self._blank and self._plot.columns is None):
                self._open_plot(number)
        self._blank = False
        self._append(number, name, ring, x, y)
        if len(columns) > 4 and not provincial and not self._extra_columns_noted:
            self._extra_columns_noted = True
            self._notes.add(
                Note(
                    "bad_row",
                    NOTE,
                    _("第 %(line)s 行起：坐标行多于四列，只读取点号、圈号、X、Y。") % {"line": number},
                    number,
                )
            )

    def _follow(self, number: int, code: str, ring: str) -> None:
        """Open the next plot of the provincial form where 地块号 changes, or a blank line stands before ring 1."""
        plot = self._plot
        another = plot is None or plot.columns is not None or plot.code != code
        if not another and self._blank and plot is not None:
            used = set(self.content.rings[plot.start :])
            another = not code or _integer(ring) in used
        if another:
            self._open_plot(number, code=code)

    def _append(self, number: int, name: str, ring: str, x: str, y: str) -> None:
        north, east, circle = _number(x), _number(y), _integer(ring) if ring else 1
        if north is None or east is None:
            self._bad(number, "bad_number", ERROR, _("第 %(line)s 行：X、Y 不是数字，此行未读取。"))
            return
        if circle is None:
            self._bad(number, "bad_number", ERROR, _("第 %(line)s 行：圈号不是整数，此行未读取。"))
            return
        content = self.content
        content.names.append(sys.intern(name))
        content.rings.append(circle)
        content.third.append(north)
        content.fourth.append(east)
        content.lines.append(number)

    def _bad(self, number: int, kind: str, severity: str, sentence: str) -> None:
        """Note a line that is wrong; with an error, the plot it belongs to has lost a vertex and is broken."""
        index = None
        if self._plot is not None:
            index = len(self.content.plots) - 1
            if severity == ERROR:
                self._plot.broken = True
                self._plot.bad_rows += 1
        self._notes.add(Note(kind, severity, sentence % {"line": number}, number, index))


def _columns(line: str, *, at_least: int) -> list[str]:
    """The columns of `line`: by commas, by full-width commas too when that gives too few, else by white space."""
    columns = line.split(",")
    if len(columns) < at_least:
        columns = line.replace("，", ",").split(",")
    if len(columns) == 1:
        columns = line.split()
    return [column.strip() for column in columns]


def _number(text: str) -> float | None:
    """A finite number as people type it, full-width digits included; None when it is none."""
    try:
        value = float(unicodedata.normalize("NFKC", text))
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


def _integer(text: str) -> int | None:
    """A ring number; None when `text` is none."""
    value = _number(text)
    return int(value) if value is not None and value.is_integer() and abs(value) < 2**31 else None


def _is_provincial(columns: list[str]) -> bool:
    """Whether a row is 序号,地块号,圈号,J点号,X,Y rather than 点号,圈号,X,Y and two columns more."""
    if len(columns) < 6 or _integer(columns[2]) is None:
        return False
    values = [_number(column) for column in columns[2:6]]
    x, y = values[2], values[3]
    return x is not None and y is not None and x > _COORDINATE and y > _COORDINATE and (values[0] or 0) < _COORDINATE


def _is_title(columns: list[str]) -> bool:
    """Whether a row names columns, as some write above the first point, rather than holding numbers."""
    named = {column.upper() for column in columns}
    return {"X", "Y"} <= named and all(_number(column) is None for column in columns)


def header_columns(columns: list[str]) -> dict[str, object] | None:
    """The facts of a plot's header line, by the place of 面|线|点 in it; None when it has no such column.

    `columns` are those before the closing @: 界址点数, 面积, [more,] 地块编号, 地块名称, 面|线|点, 图幅号, 地块用途,
    地类编码 [, more]. Returns count, area, code, name, kind, sheet, use, land_class (text) and extra (a tuple).
    """
    width = len(columns)
    while width > 8 and not columns[width - 1]:
        width -= 1
    columns = columns[:width]
    places = [place for place, column in enumerate(columns) if column in _KINDS and place >= 2]
    if not places:
        if len(columns) < 8:
            return None
        places = [4]
    place = 4 if 4 in places else places[0]
    before, after = columns[2:place], columns[place + 1 :]
    names = before[-2:] if len(before) > 1 else [*before, *[""] * (2 - len(before))]
    after += [""] * (3 - len(after))
    return {
        "count": columns[0],
        "area": columns[1],
        "code": names[0],
        "name": names[1],
        "kind": columns[place],
        "sheet": after[0],
        "use": after[1],
        "land_class": after[2],
        "extra": tuple(each for each in [*before[:-2], *after[3:]] if each),
    }
