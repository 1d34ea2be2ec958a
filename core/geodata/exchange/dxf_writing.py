"""Writing DXF: one HATCH a feature, its outer rings and holes as closed polyline paths, its code as the layer.

A hatch is the one CAD entity that holds a polygon with holes and several parts whole; closed polylines would come
back as loose rings. The layer's name is the one text every reader keeps with an entity.
"""

from __future__ import annotations

import shutil
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from core.geodata.exchange.outgoing import GEOGRAPHIC, Outgoing, Unwritable, rings, safe_name

_MODEL_SPACE, _PAPER_SPACE = "1F", "1B"
_FIRST_FREE_HANDLE = 0x100
_LAYER_NAME_LENGTH = 255
_LAYERS_AT_ONCE = 10_000
_EXTERNAL_POLYLINE, _POLYLINE = 3, 2


def write_dxf(path: Path, outgoing: Outgoing, *, encoding: str) -> None:
    """Write `outgoing` to `path`: AutoCAD 2000 in GBK, AutoCAD 2007 in UTF-8 (the first whose text is Unicode).

    Coordinates are in `outgoing.srid`, which the format has no place to state: metres to 10⁻⁶, degrees to 10⁻¹².
    Only the code is kept of the attributes. Raises Unwritable for a code that cannot be a layer's name.
    """
    codec = "gbk" if encoding == "gbk" else "utf-8"
    decimals = 12 if outgoing.srid in GEOGRAPHIC else 6
    layers: dict[str, None] = {}
    handle = _FIRST_FREE_HANDLE
    entities = path.with_suffix(".entities")
    # The layers come first in the file and are known last.
    with entities.open("wb") as body:
        for batch in outgoing.projected():
            codes = outgoing.codes(batch)
            for code in codes:
                _check_layer_name(code, codec)
            chunk: list[str] = []
            for code, parts in zip(codes, rings(batch.geometry), strict=True):
                layers[code] = None
                handle += 1
                chunk += _hatch(handle, code, parts, decimals)
            body.write(_encoded(chunk, codec))
    with path.open("wb") as file, entities.open("rb") as body:
        _write_head(file, list(layers), handle, codec, version="AC1015" if codec == "gbk" else "AC1021")
        shutil.copyfileobj(body, file)
        file.write(_encoded(_tail(), codec))
    entities.unlink()


def _check_layer_name(code: str, codec: str) -> None:
    try:
        code.encode(codec)
    except UnicodeEncodeError as error:
        raise Unwritable(_("编号“%(code)s”含有 GBK 没有的字，请改用 UTF-8 编码导出 DXF。") % {"code": code}) from error
    if not code or code != safe_name(code) or len(code) > _LAYER_NAME_LENGTH or code == "0":
        raise Unwritable(_("编号“%(code)s”不能作 DXF 图层名（为空、过长或含有特殊字符）。") % {"code": code})


def _encoded(groups: list[str], codec: str) -> bytes:
    return ("\n".join(groups) + "\n").encode(codec) if groups else b""


def _hatch(handle: int, layer: str, parts: list[list[Any]], decimals: int) -> list[str]:
    """A solid hatch: rings filled by odd parity, so holes stay open whatever their direction."""
    paths = [(_POLYLINE if place else _EXTERNAL_POLYLINE, ring) for part in parts for place, ring in enumerate(part)]
    groups = [
        "0", "HATCH", "5", f"{handle:X}", "330", _MODEL_SPACE, "100", "AcDbEntity", "8", layer, "100", "AcDbHatch",
        "10", "0.0", "20", "0.0", "30", "0.0", "210", "0.0", "220", "0.0", "230", "1.0",
        "2", "SOLID", "70", "1", "71", "0", "91", str(len(paths)),
    ]  # fmt: skip
    for flags, ring in paths:
        groups += ["92", str(flags), "72", "0", "73", "1", "93", str(len(ring))]
        for x, y in ring.tolist():
            groups += ["10", f"{x:.{decimals}f}", "20", f"{y:.{decimals}f}"]
        groups += ["97", "0"]
    return [*groups, "75", "0", "76", "1", "98", "0"]


def _write_head(file: BinaryIO, layers: list[str], last_handle: int, codec: str, *, version: str) -> None:
    """Everything before the entities: the least that AutoCAD asks of a drawing, and a layer for every code."""
    first_layer = last_handle + 1
    head = ["0", "SECTION", "2", "HEADER", "9", "$ACADVER", "1", version, "9", "$DWGCODEPAGE", "3", "ANSI_936"]
    head += ["9", "$HANDSEED", "5", f"{first_layer + len(layers) + 2:X}", "9", "$INSUNITS", "70", "6"]
    head += ["0", "ENDSEC", "0", "SECTION", "2", "CLASSES", "0", "ENDSEC", "0", "SECTION", "2", "TABLES"]
    head += _table("VPORT", "8", [])
    head += _table(
        "LTYPE",
        "5",
        [
            _record("LTYPE", handle, "5", "AcDbLinetypeTableRecord", name, "3", "", "72", "65", "73", "0", "40", "0.0")
            for handle, name in (("14", "ByBlock"), ("15", "ByLayer"), ("16", "Continuous"))
        ],
    )
    names = ["0", *layers]
    head += _table_start("LAYER", "2", len(names))
    for start in range(0, len(names), _LAYERS_AT_ONCE):
        for number, name in enumerate(names[start : start + _LAYERS_AT_ONCE], first_layer + start):
            head += _record("LAYER", f"{number:X}", "2", "AcDbLayerTableRecord", name, "62", "7", "6", "Continuous")
        file.write(_encoded(head, codec))
        head = []
    head = ["0", "ENDTAB"]
    style = _record(
        "STYLE", "11", "3", "AcDbTextStyleTableRecord", "Standard",
        "40", "0.0", "41", "1.0", "50", "0.0", "71", "0", "42", "2.5", "3", "txt", "4", "",
    )  # fmt: skip
    head += _table("STYLE", "3", [style])
    head += _table("VIEW", "6", [])
    head += _table("UCS", "7", [])
    head += _table("APPID", "9", [_record("APPID", "12", "9", "AcDbRegAppTableRecord", "ACAD")])
    head += _table("DIMSTYLE", "A", [], more=["100", "AcDbDimStyleTable", "71", "0"])
    head += _table(
        "BLOCK_RECORD",
        "1",
        [
            _record("BLOCK_RECORD", handle, "1", "AcDbBlockTableRecord", name, "340", "0")
            for handle, name in ((_MODEL_SPACE, "*Model_Space"), (_PAPER_SPACE, "*Paper_Space"))
        ],
    )
    head += ["0", "ENDSEC", "0", "SECTION", "2", "BLOCKS"]
    head += _block(_MODEL_SPACE, "*Model_Space", "20", "21", [])
    head += _block(_PAPER_SPACE, "*Paper_Space", "1C", "1D", ["67", "1"])
    head += ["0", "ENDSEC", "0", "SECTION", "2", "ENTITIES"]
    file.write(_encoded(head, codec))


def _table(name: str, handle: str, records: list[list[str]], more: list[str] | None = None) -> list[str]:
    return [*_table_start(name, handle, len(records)), *(more or []), *chain.from_iterable(records), "0", "ENDTAB"]


def _table_start(name: str, handle: str, count: int) -> list[str]:
    return ["0", "TABLE", "2", name, "5", handle, "330", "0", "100", "AcDbSymbolTable", "70", str(count)]


def _record(kind: str, handle: str, owner: str, subclass: str, name: str, *more: str) -> list[str]:
    # Group 70, flags, follows the name in every symbol table but that of blocks.
    flags = () if kind == "BLOCK_RECORD" else ("70", "0")
    head = ["0", kind, "5", handle, "330", owner, "100", "AcDbSymbolTableRecord", "100", subclass, "2", name]
    return [*head, *flags, *more]


def _block(owner: str, name: str, begin: str, end: str, space: list[str]) -> list[str]:
    return [
        "0", "BLOCK", "5", begin, "330", owner, "100", "AcDbEntity", *space, "8", "0", "100", "AcDbBlockBegin",
        "2", name, "70", "0", "10", "0.0", "20", "0.0", "30", "0.0", "3", name, "1", "",
        "0", "ENDBLK", "5", end, "330", owner, "100", "AcDbEntity", *space, "8", "0", "100", "AcDbBlockEnd",
    ]  # fmt: skip


def _tail() -> list[str]:
    """The end of the entities and the dictionary every drawing has."""
    return [
        "0", "ENDSEC", "0", "SECTION", "2", "OBJECTS",
        "0", "DICTIONARY", "5", "C", "330", "0", "100", "AcDbDictionary", "281", "1", "3", "ACAD_GROUP", "350", "D",
        "0", "DICTIONARY", "5", "D", "330", "C", "100", "AcDbDictionary", "281", "1",
        "0", "ENDSEC", "0", "EOF",
    ]  # fmt: skip
