"""Which format a file is, told by its bytes alone: a name can lie, and a lie must not choose the parser."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from django.utils.translation import gettext as _

from core.geodata.exchange import txt
from core.geodata.exchange.formats import DXF, GEOJSON, GPKG, SHP, TXT, Unreadable

ZIP = "zip"
HEAD = 65_536
"""Bytes looked at."""

SHAPEFILE_MAGIC = (9994).to_bytes(4, "big")
SQLITE_MAGIC = b"SQLite format 3\0"
GEOPACKAGE_IDS = {b"GPKG", b"GP10", b"GP11"}
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def sniff(path: Path) -> str:
    """The format of the file at `path` (shp, gpkg, geojson, dxf, txt) or ``zip``; raises Unreadable for others."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        raise Unreadable(_("文件是空的（0 字节）：请重新导出或重新上传。"))
    return _binary(head) or _text(head)


def _binary(head: bytes) -> str | None:
    """Format of a file with a signature; None when it has none; Unreadable when the signature is of something else."""
    if head.startswith(b"PK"):
        if head[2:4] not in {b"\x03\x04", b"\x05\x06"}:
            raise Unreadable(_("压缩包是分卷的或已损坏：请打成一个 zip 文件再上传。"))
        return ZIP
    if head.startswith(SHAPEFILE_MAGIC):
        return SHP
    if head.startswith(SQLITE_MAGIC):
        if head[68:72] not in GEOPACKAGE_IDS:
            raise Unreadable(_("文件是 SQLite 数据库，但不是 GeoPackage：请另存为 GeoPackage 再上传。"))
        return GPKG
    for signature, sentence in _foreign().items():
        if head.startswith(signature):
            raise Unreadable(sentence)
    return None


def _foreign() -> dict[bytes, str]:
    """Signatures of what people upload by mistake, each with the way out."""
    archive = _("文件是 rar、7z 或 gz 压缩包，只接受 zip：请重新打包成 zip。")
    return {
        b"Rar!": archive,
        b"7z\xbc\xaf": archive,
        b"\x1f\x8b": archive,
        b"AC10": _("文件是 DWG 图纸：请在 CAD 中另存为 DXF（2004 或更高版本）再上传。"),
        b"AutoCAD Binary DXF": _("文件是二进制 DXF：请在 CAD 中另存为文本格式的 DXF 再上传。"),
        b"%PDF": _("文件是 PDF 文档，不含可导入的图形数据。"),
        b"\xd0\xcf\x11\xe0": _("文件是旧版 Office 文档，不含可导入的图形数据。"),
    }


def text_encoding(head: bytes) -> str | None:
    """The encoding a byte order mark declares; None when there is no mark."""
    return next((encoding for mark, encoding in BOMS.items() if head.startswith(mark)), None)


def _text(head: bytes) -> str:
    # Latin-1 keeps every byte apart; the marks looked for are ASCII in all encodings that have no byte order mark.
    text = head.decode(text_encoding(head) or "latin-1", errors="replace").lstrip("\ufeff\xef\xbb\xbf \t\r\n")
    if text.startswith(("{", "[{")):
        return GEOJSON
    if text.startswith("<"):
        raise Unreadable(
            _("文件内容是 XML（如 KML、GML 或 VRT）而不是图形数据：请另存为 SHP、GPKG、GeoJSON、DXF 或 TXT 再上传。")
        )
    if re.match(r"(999\s*\n[^\n]*\n\s*)*0\s*\r?\n\s*SECTION\s*\r?\n", text):
        return DXF
    if txt.looks_like(head):
        return TXT
    raise Unreadable(_("认不出文件的格式：可以导入 SHP（zip）、GPKG、GeoJSON、FileGDB（zip）、DXF 和界址点坐标 TXT。"))
