"""From a reading to features the layer understands, and what is wrong with their codes and attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from core.geodata.exchange.formats import NOTE, Reading
from core.geodata.exchange.shapes import BLOCK_ROWS
from core.geodata.units import M2_PER_HECTARE
from core.mapedit import perms
from core.mapedit.checks.bulk import Districts
from core.mapedit.checks.thresholds import own_rule
from core.mapedit.findings import ERROR, Finding
from core.mapedit.imports import values
from core.mapedit.imports.columns import CODE, HECTARES
from core.mapedit.imports.matching import NEW, UNCHANGED, Incoming, Matched, value_of
from core.mapedit.imports.remarks import WHOLE_FILE, Remarks
from core.mapedit.imports.spooling import Spool
from core.mapedit.layers import EditableLayer

_LONGEST_CODE = 20


def understand(layer: EditableLayer, reading: Reading, columns: Mapping[str, str], remarks: Remarks) -> Incoming:
    """The features of ``reading`` with ``columns`` (attribute → column) read as values of ``layer``.

    What the file itself got wrong, codes that are none or stand twice and cells that cannot be read go to ``remarks``.
    """
    count = len(reading.numbers)
    table = reading.attributes
    codes = values.cells(table.column(columns[CODE])) if CODE in columns else pa.nulls(count, pa.string())
    codes = pc.utf8_trim_whitespace(codes)
    codes = pc.if_else(pc.equal(codes, ""), pa.scalar(None, pa.string()), codes)
    spool = Spool()
    names = codes = spool.keep(codes)
    if codes.null_count:
        rows = pa.array(reading.numbers).cast(pa.string())
        names = pc.coalesce(codes, pc.binary_join_element_wise(_("第"), rows, _("行"), " "))
    _note_reading(reading, names, remarks)
    _judge_codes(layer, codes, names, remarks)
    if CODE in columns:
        _refuse(
            remarks,
            values.imprecise(table.column(columns[CODE])),
            names,
            "code.imprecise",
            _("编号在文件中按数字存放，末几位已经丢失。请把该字段改为文本后重新导出。"),
        )
    reader = values.Reader(layer, names, remarks)
    held = {}
    for attribute in layer.attributes:
        if attribute.name in columns:
            held[attribute.name] = spool.keep(reader.values(attribute, table.column(columns[attribute.name])))
            reading.geometry.forget()
            spool.forget()
    declared = None
    if HECTARES in columns:
        hectares = table.column(columns[HECTARES]).combine_chunks().cast(pa.float64(), safe=False)
        declared = hectares.to_numpy(zero_copy_only=False) * M2_PER_HECTARE
    return Incoming(
        codes=codes,
        names=names,
        geometry=reading.geometry.as_multipolygons(),
        values=held,
        numbers=reading.numbers,
        file_format=reading.detected.format,
        encoding=reading.detected.encoding,
        declared_m2=declared,
        spool=spool,
    )


def _note_reading(reading: Reading, names: pa.Array, remarks: Remarks) -> None:
    row_of = {int(number): row for row, number in enumerate(reading.numbers)} if reading.remarks else {}
    for remark in reading.remarks:
        if remark.severity == NOTE:
            continue
        row = row_of.get(int(remark.feature), WHOLE_FILE) if remark.feature is not None else WHOLE_FILE
        finding = Finding(
            feature=names[row].as_py() if row != WHOLE_FILE else "",
            rule=f"file.{remark.kind}",
            severity=remark.severity,
            message=remark.message,
            lon=remark.lon,
            lat=remark.lat,
            measured=remark.measured,
            required=remark.required,
            source=own_rule(_("文件读取")),
        )
        remarks.add(finding, row)
    # Past a cap the reading process names no rows; a feature without geometry is refused all the same.
    remarks.refused |= reading.geometry.missing


def _judge_codes(layer: EditableLayer, codes: pa.Array, names: pa.Array, remarks: Remarks) -> None:
    absent = pc.is_null(codes).to_numpy(zero_copy_only=False)
    _refuse(
        remarks,
        absent,
        names,
        "code.missing",
        _("没有%(label)s，无法与现行要素对应。请在文件中补上编号，或选择存放编号的字段。")
        % {"label": layer.code_label},
    )
    pattern = f"^(?:{layer.code_pattern})$"
    formed = pc.and_(pc.match_substring_regex(codes, pattern), pc.less_equal(pc.utf8_length(codes), _LONGEST_CODE))
    malformed = np.flatnonzero(~pc.fill_null(formed, True).to_numpy(zero_copy_only=False))
    remarks.refuse(
        malformed,
        (
            _code_finding(
                names[int(row)].as_py(),
                "code.form",
                _("%(label)s“%(code)s”不合格式。%(hint)s")
                % {"label": layer.code_label, "code": codes[int(row)].as_py()[:40], "hint": layer.code_hint},
            )
            for row in malformed
        ),
    )
    coded = codes.dictionary_encode()
    which = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    times = np.bincount(which[which >= 0], minlength=len(coded.dictionary))
    if not (times > 1).any():
        return
    repeated = np.flatnonzero((which >= 0) & (times[which] > 1))
    remarks.refuse(
        repeated,
        (
            _code_finding(
                names[int(row)].as_py(),
                "code.repeated",
                _("编号在文件中出现 %(count)s 次（本处为第 %(row)s 行）。每个要素的编号须唯一。")
                % {"count": int(times[which[row]]), "row": int(row) + 1},
            )
            for row in repeated
        ),
    )


def _refuse(remarks: Remarks, mask: np.ndarray, names: pa.Array, rule: str, message: str) -> None:
    rows = np.flatnonzero(mask)
    remarks.refuse(rows, (_code_finding(names[int(row)].as_py(), rule, message) for row in rows))


def _code_finding(feature: str, rule: str, message: str) -> Finding:
    return Finding(feature, rule, ERROR, message, source=own_rule(_("编号")))


def complete(layer: EditableLayer, incoming: Incoming, matched: Matched, districts: Districts) -> None:
    """Fill in what a new feature's file leaves out: defaults, the district it lies in, the area it declares."""
    new = matched.kind == NEW
    rows = np.flatnonzero(new)
    if not len(rows):
        return
    for attribute in layer.attributes:
        if attribute.name in incoming.values:
            continue
        filled: pa.Array | None = None
        if attribute.name == layer.place:
            filled = _districts_around(incoming, rows, districts)
        elif attribute.name == layer.declared_area and incoming.declared_m2 is not None:
            declared = incoming.declared_m2[rows]
            filled = pa.array(np.round(declared, 2), mask=~(declared > 0)).cast(pa.string())
        elif attribute.default is not None:
            text = str(attribute.default).lower() if isinstance(attribute.default, bool) else str(attribute.default)
            filled = pa.repeat(text, len(rows))
        if filled is not None:
            matched.base[attribute.name] = pc.replace_with_mask(matched.base[attribute.name], pa.array(new), filled)


def _districts_around(incoming: Incoming, rows: np.ndarray, districts: Districts) -> pa.Array:
    """The districts ``rows`` lie in."""
    blocks = (rows[first : first + BLOCK_ROWS] for first in range(0, len(rows), BLOCK_ROWS))
    return pa.concat_arrays([districts.around(incoming.geometry[block]) for block in blocks])


def judge_values(
    layer: EditableLayer, incoming: Incoming, matched: Matched, remarks: Remarks, *, reached: Callable[[str], bool]
) -> None:
    """Required attributes, towns beside districts, features outside ``reached`` places and districts that are new."""
    rows = np.flatnonzero(matched.kind != UNCHANGED)
    at = pa.array(rows)

    def note(mask: np.ndarray, rule: str, message: str) -> None:
        found = rows[np.flatnonzero(mask)]
        source = own_rule(_("属性"))
        remarks.refuse(
            found,
            (Finding(incoming.names[int(row)].as_py(), rule, ERROR, message, source=source) for row in found),
        )

    for attribute in layer.attributes:
        if attribute.required:
            held = value_of(attribute.name, incoming, matched, at)
            empty = pc.is_null(held).to_numpy(zero_copy_only=False)
            if attribute.name in incoming.values:
                # A cell that cannot be read has been told of already.
                empty &= ~remarks.refused[rows]
            note(empty, "attribute.required", _("“%(label)s”必填。") % {"label": attribute.label})
        if attribute.kind == "town" and layer.place:
            above = pc.utf8_slice_codeunits(value_of(attribute.name, incoming, matched, at), 0, 6)
            apart = pc.not_equal(above, value_of(layer.place, incoming, matched, at))
            note(
                pc.fill_null(apart, False).to_numpy(zero_copy_only=False),
                "attribute.place",
                _("“%(label)s”不在所填的区内。") % {"label": attribute.label},
            )
    if not layer.versioned:
        note(
            matched.kind[rows] == NEW,
            "code.unknown",
            _("没有这个区划代码。区划由上级确定，这里只更正现有区的界线，不新增。"),
        )
    note(
        ~_reached(layer, incoming, matched, at, reached),
        "place.reach",
        _("在本账号辖区以外，由市级编制人员办理。"),
    )


def _reached(
    layer: EditableLayer, incoming: Incoming, matched: Matched, at: pa.Array, reached: Callable[[str], bool]
) -> np.ndarray:
    """Which rows lie in places the account reaches; a feature without a place is told of as such."""
    places = value_of(layer.place, incoming, matched, at) if layer.place else incoming.codes.take(at)
    coded = places.dictionary_encode()
    fine = [all(reached(code) for code in text.split(values.SEVERAL)) for text in coded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(fine, type=pa.bool_()).take(coded.indices), True).to_numpy(zero_copy_only=False)


def reach_of(user: perms.Viewer | None) -> Callable[[str], bool]:
    """Which places ``user`` reaches; every one for no account, as at the command line."""
    if user is None:
        return lambda code: True
    return lambda code: perms.reaches(user, [code])
