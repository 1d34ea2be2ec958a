"""国土 TXT (界址点坐标): plots as rows of northings and eastings, one vertex a line, under a header line each.

The grammar is what surveyors' programs write, not a standard: keys may be empty, counts and areas may lie, columns
may be swapped, rings may be holes or parts. What can be read for certain is read; whatever was taken for something
else than it says is noted with its line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from core.geodata.crs import CGCS2000
from core.geodata.exchange import txt_lines, txt_places, txt_rings
from core.geodata.exchange.formats import ERROR, NOTE, WARNING
from core.geodata.exchange.txt_facts import Claims, check_claims
from core.geodata.exchange.txt_notes import Note, Notes, TxtUnreadable, shown
from core.geodata.units import M2_PER_HECTARE

__all__ = ["Note", "TxtFile", "TxtPlot", "TxtUnreadable", "looks_like", "parse"]

_METRES_PER_DEGREE = 111_000


@dataclass(frozen=True, slots=True)
class TxtPlot:
    """One plot of the file.

    `line` is that of its header, or of its first row. `points` counts its rows, closing points included;
    `points_declared` is 界址点数. `area_text` is the area as written, `declared_ha` as understood, in hectares,
    `planar_ha` the Gauss-Krueger area of the geometry. `geometry` is a MultiPolygon of (east, north) in `srid`, or
    (lon, lat) when `srid` is 4490; None when unusable, and then an error note says why. `srid` None: the zone of
    the bare eastings is unknown and must be asked or found by place.
    """

    line: int
    code: str
    name: str
    kind: str
    sheet: str
    use: str
    land_class: str
    extra: tuple[str, ...]
    points_declared: int | None
    points: int
    area_text: str
    declared_ha: float | None
    planar_ha: float | None
    srid: int | None
    geometry: Any


@dataclass(frozen=True, slots=True)
class TxtFile:
    """A file read: plots in its order, notes by line, 属性描述 as written, how it was decoded and where it lies.

    `srid` is that of all plots with a geometry, None when unknown or when they differ. `srid_source`: coordinates
    (zone in front of the eastings, or degrees), header (带号), asked, unknown.
    """

    plots: list[TxtPlot]
    notes: list[Note]
    header: dict[str, str]
    encoding: str
    encoding_sure: bool
    srid: int | None
    srid_source: str


def looks_like(head: bytes) -> bool:
    """Whether the first bytes of a file, some 64 KB at most, read like 国土 TXT in any of its encodings."""
    # The cut may fall inside a character; whole lines never end in one.
    whole = head[: head.rfind(b"\n") + 1] or head
    for encoding in (None, "utf-16-le", "utf-16-be"):
        try:
            text, _codec, _sure = txt_lines.decode(whole if encoding is None else head[: len(head) & ~1], encoding)
            content = txt_lines.Scanner(Notes()).scan(text)
        except TxtUnreadable:
            continue
        rows = txt_places.row_orders(np.array(content.third), np.array(content.fourth))
        if any(plot.columns for plot in content.plots) or "坐标系" in content.header or rows.any():
            return True
    return False


def parse(
    data: bytes,
    *,
    encoding: str | None = None,
    srid: int | None = None,
    max_plots: int | None = None,
    max_points: int | None = None,
) -> TxtFile:
    """Read a 国土 TXT from its bytes.

    `encoding`: asked for by name (utf-8, gbk, utf-16); None finds it. `srid` (4547 or 4546): the system of bare
    eastings where 带号 names no zone; a zone in front of the eastings always wins. Eastings written before northings
    are told apart by their numbers, and an error note says so. Raises TxtUnreadable, and nothing else, when the file
    is no such text, holds no plot, is in another datum or projection, or exceeds `max_plots` or `max_points`.
    """
    text, codec, sure = txt_lines.decode(data, encoding)
    notes = Notes()
    content = txt_lines.Scanner(notes, max_plots, max_points).scan(text)
    if not content.plots:
        raise TxtUnreadable(_("文件中没有地块：既没有以“,@”结尾的地块行，也没有“点号,圈号,X,Y”坐标行。"))
    system = txt_places.coordinate_system(content, notes)
    starts = np.array([rows.start for rows in content.plots])
    ends = np.append(starts[1:], len(content.lines))
    places = txt_places.locate(content, system, notes, starts=starts, ends=ends, srid=srid)
    plots = list(_plots(content, places, notes, starts, ends))
    _check_codes(plots, notes)
    srids = {plot.srid for plot in plots if plot.geometry is not None}
    return TxtFile(
        plots,
        notes.in_order(),
        content.header,
        codec,
        sure,
        srids.pop() if len(srids) == 1 else None,
        places.source,
    )


@dataclass(slots=True)
class _Outline:
    """The rings of one plot: rows [start, end) of each without its closing point, and how many rows only close."""

    rings: list[tuple[int, int]]
    closing: int
    usable: bool


def _plots(
    content: txt_lines.Content, places: txt_places.Places, notes: Notes, starts: Any, ends: Any
) -> Iterator[TxtPlot]:
    outlines = _outlines(content, places, notes, starts, ends)
    geometries = _geometries(content, places, notes, outlines)
    projected = np.array([each is not None and each != CGCS2000 for each in places.srid]) | (
        np.array([each is None for each in places.srid]) & (places.order != txt_places.NOWHERE)
    )
    areas, perimeters = shapely.area(geometries) / M2_PER_HECTARE, shapely.length(geometries)
    for index, rows in enumerate(content.plots):
        facts = _header(rows, notes, index)
        geometry = geometries[index]
        if facts["kind"] in ("线", "点"):
            geometry = None
            sentence = _("第 %(line)s 行：地块 %(code)s 是%(kind)s，不是面，不能导入。")
            message = sentence % {"line": rows.line, "code": shown(facts["code"]), "kind": facts["kind"]}
            notes.add(Note("not_polygonal", ERROR, message, rows.line, index))
        measured = geometry is not None and projected[index]
        planar = float(areas[index]) if measured else None
        claims = Claims(None, None)
        if rows.columns is not None:
            claims = check_claims(
                facts["count"],
                facts["area"],
                notes,
                line=rows.line,
                plot=index,
                rows=int(ends[index] - starts[index]) + rows.bad_rows,
                closing=outlines[index].closing,
                planar_ha=planar,
                perimeter_m=float(perimeters[index]) if measured else 0.0,
            )
        yield TxtPlot(
            line=rows.line,
            code=facts["code"],
            name=facts["name"],
            kind=facts["kind"],
            sheet=facts["sheet"],
            use=facts["use"],
            land_class=facts["land_class"],
            extra=facts["extra"],
            points_declared=claims.points,
            points=int(ends[index] - starts[index]),
            area_text=facts["area"],
            declared_ha=claims.hectares,
            planar_ha=planar,
            srid=places.srid[index] if geometry is not None else None,
            geometry=geometry,
        )


def _header(rows: txt_lines.Rows, notes: Notes, index: int) -> dict[str, Any]:
    """The columns of the plot's header line by name; of a plot without one, its 地块号."""
    facts: dict[str, Any] | None = None
    if rows.columns is not None:
        facts = txt_lines.header_columns(rows.columns)
        if facts is None or facts["kind"] not in ("面", "线", "点", ""):
            sentence = _("第 %(line)s 行：以 @ 结尾的地块行中没有“面”这一列，请核对地块编号和名称。")
            notes.add(Note("bad_header", WARNING, sentence % {"line": rows.line}, rows.line, index))
    elif not rows.code:
        sentence = _("第 %(line)s 行：坐标前没有地块行，地块没有编号和名称。")
        notes.add(Note("no_header", NOTE, sentence % {"line": rows.line}, rows.line, index))
    return facts or {
        "count": "",
        "area": "",
        "code": rows.code,
        "name": "",
        "kind": "面",
        "sheet": "",
        "use": "",
        "land_class": "",
        "extra": (),
    }


def _outlines(
    content: txt_lines.Content, places: txt_places.Places, notes: Notes, starts: Any, ends: Any
) -> list[_Outline]:
    """The rings of every plot: a new one wherever the ring number changes, and where one goes on after closing."""
    north, east = places.north, places.east
    numbers = np.frombuffer(content.rings, dtype=np.int64) if content.rings else np.empty(0, dtype=np.int64)
    begins = np.ones(len(numbers), dtype=bool)
    begins[1:] = numbers[1:] != numbers[:-1]
    begins[starts[starts < len(numbers)]] = True
    ring_starts = np.flatnonzero(begins)
    ring_ends = np.append(ring_starts, len(numbers))[1:]
    first = np.repeat(ring_starts, ring_ends - ring_starts)
    again = (north == north[first]) & (east == east[first])
    returns = np.add.reduceat(again, ring_starts) - 1 if len(ring_starts) else np.empty(0, dtype=int)
    closed = again[ring_ends - 1] & (ring_ends - ring_starts > 1)
    ring_of_plot = np.searchsorted(ring_starts, starts)
    ring_after_plot = np.searchsorted(ring_starts, ends)
    outlines = []
    for index, rows in enumerate(content.plots):
        outline = _Outline([], 0, not rows.broken and places.order[index] != txt_places.NOWHERE)
        outlines.append(outline)
        if starts[index] == ends[index]:
            outline.usable = False
            if not rows.broken:
                sentence = _("第 %(line)s 行：地块没有坐标行。")
                notes.add(Note("no_points", ERROR, sentence % {"line": rows.line}, rows.line, index))
        if not outline.usable:
            continue
        scale = _METRES_PER_DEGREE if places.srid[index] == CGCS2000 else 1
        for ring in range(ring_of_plot[index], ring_after_plot[index]):
            start, end = int(ring_starts[ring]), int(ring_ends[ring])
            if closed[ring] and returns[ring] == 1:
                outline.rings.append((start, end - 1))
                outline.closing += 1
            elif returns[ring]:
                _split(content, places, notes, outline, index, start, end)
            else:
                _leave_open(content, places, notes, outline, index, start, end, scale)
        for start, end in outline.rings:
            if end - start < 3:
                outline.usable = False
                sentence = _("第 %(line)s 行起：一圈只有 %(count)s 个不同的点，围不成面。")
                notes.add(_at(content, places, "ring_short", ERROR, sentence, start, index, count=end - start))
    return outlines


def _at(
    content: txt_lines.Content,
    places: txt_places.Places,
    kind: str,
    severity: str,
    sentence: str,
    row: int,
    plot: int,
    **facts: Any,
) -> Note:
    """A note at a row, with its place."""
    line = content.lines[row]
    east, north = float(places.east[row]), float(places.north[row])
    measured = facts.get("measured", facts.get("count"))
    return Note(kind, severity, sentence % {"line": line, **facts}, line, plot, east, north, measured)


def _leave_open(
    content: txt_lines.Content,
    places: txt_places.Places,
    notes: Notes,
    outline: _Outline,
    index: int,
    start: int,
    end: int,
    scale: float,
) -> None:
    """Take a ring whose last point is not its first: closing it is harmless unless the names say it was closed."""
    last = end - 1
    names = content.names
    same_name = names[start] and end - start > 3 and names[last] == names[start] != names[start + 1]
    if not same_name:
        sentence = _("第 %(line)s 行起：一圈没有写闭合点，从末点连回起点。")
        notes.add(_at(content, places, "ring_open", NOTE, sentence, start, index))
        outline.rings.append((start, end))
        return
    apart = scale * float(np.hypot(places.north[last] - places.north[start], places.east[last] - places.east[start]))
    if apart <= txt_rings.CLOSE_M:
        outline.rings.append((start, last))
        outline.closing += 1
    else:
        outline.rings.append((start, end))
    sentence = _("第 %(line)s 行：闭合点 %(name)s 与起点坐标不同，相差 %(measured).3f 米。")
    severity = WARNING if apart <= txt_rings.CLOSE_M else ERROR
    notes.add(
        _at(
            content,
            places,
            "ring_not_closed",
            severity,
            sentence,
            last,
            index,
            name=shown(names[start]),
            measured=apart,
        )
    )


def _split(
    content: txt_lines.Content,
    places: txt_places.Places,
    notes: Notes,
    outline: _Outline,
    index: int,
    start: int,
    end: int,
) -> None:
    """Take rows under one ring number that come back to their first point before the end: several rings."""

    def same(row: int, other: int) -> bool:
        return bool(places.north[row] == places.north[other] and places.east[row] == places.east[other])

    begun, known = start, len(outline.rings)
    while start < end:
        close = next((row for row in range(start + 3, end) if same(row, start)), end)
        outline.rings.append((start, close))
        after = close
        while after < end and same(after, start):
            after += 1
        outline.closing += after - close
        start = after
    if len(outline.rings) - known == 1:
        sentence = _("第 %(line)s 行起：一圈的闭合点重复，只取一次。")
        notes.add(_at(content, places, "ring_open", NOTE, sentence, begun, index))
        return
    sentence = _("第 %(line)s 行起：同一圈号下坐标多次回到起点，按各自闭合的圈读取。")
    notes.add(_at(content, places, "ring_repeated_number", WARNING, sentence, begun, index))


def _geometries(content: txt_lines.Content, places: txt_places.Places, notes: Notes, outlines: list[_Outline]) -> Any:
    """The MultiPolygon of every plot, object array (plots,), None where its outline cannot be used."""
    geometries = np.full(len(outlines), None, dtype=object)
    coordinates = np.column_stack((places.east, places.north))
    single = [index for index, outline in enumerate(outlines) if outline.usable and len(outline.rings) == 1]
    if single:
        spans = np.array([outlines[index].rings[0] for index in single])
        lengths = spans[:, 1] - spans[:, 0] + 1
        shift = np.repeat(spans[:, 0] - np.append(0, np.cumsum(lengths)[:-1]), lengths)
        rows = np.arange(lengths.sum()) + shift
        rows[np.cumsum(lengths) - 1] = spans[:, 0]
        rings = shapely.linearrings(coordinates[rows], indices=np.repeat(np.arange(len(single)), lengths))
        geometries[single] = shapely.multipolygons(shapely.polygons(rings), indices=np.arange(len(single)))
    for index, outline in enumerate(outlines):
        if not outline.usable or len(outline.rings) == 1:
            continue
        rings = [coordinates[[*range(start, end), start]] for start, end in outline.rings]
        degrees = places.srid[index] == CGCS2000
        close = txt_rings.CLOSE_M / _METRES_PER_DEGREE if degrees else txt_rings.CLOSE_M
        geometries[index], crossing = txt_rings.assemble(rings, close)
        for ring in crossing:
            sentence = _("第 %(line)s 行起：这一圈与同一地块的另一圈相交，既不是洞也不是另一部分。")
            notes.add(_at(content, places, "ring_crossing", ERROR, sentence, outline.rings[ring][0], index))
    return geometries


def _check_codes(plots: list[TxtPlot], notes: Notes) -> None:
    """Note plots without a code and codes met before: what is there already is found by its code."""
    counts = Counter(plot.code for plot in plots)
    for index, plot in enumerate(plots):
        if not plot.code:
            sentence = _("第 %(line)s 行：地块没有编号。")
            notes.add(Note("code_missing", WARNING, sentence % {"line": plot.line}, plot.line, index))
        elif counts[plot.code] > 1:
            sentence = _("第 %(line)s 行：地块编号 %(code)s 在文件中出现 %(count)s 次。")
            message = sentence % {"line": plot.line, "code": shown(plot.code), "count": counts[plot.code]}
            notes.add(Note("code_repeated", WARNING, message, plot.line, index, measured=counts[plot.code]))
