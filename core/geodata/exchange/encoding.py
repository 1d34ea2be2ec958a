"""Which encoding the texts of a file are in: what it declares, else strict UTF-8, else GB18030.

GBK bytes almost never form valid UTF-8, so a strict trial tells them apart; a sample of the texts is shown all the
same, because only a person sees that a place name is right.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.utils.translation import gettext as _

from core.geodata.exchange.formats import WARNING, Remark, Unreadable

UTF8, GB18030, BIG5 = "utf-8", "gb18030", "big5"

KNOWN = {
    **dict.fromkeys(("utf-8", "utf8", "65001", "utf-8-sig", "unicode"), UTF8),
    **dict.fromkeys(("gbk", "gb2312", "gb18030", "cp936", "936", "ansi 936", "ms936", "oem 936"), GB18030),
    **dict.fromkeys(("big5", "cp950", "950"), BIG5),
}
LANGUAGE_DRIVERS = {0x4D: GB18030, 0x7A: GB18030, 0x4F: BIG5, 0x78: BIG5}
"""dBASE language driver numbers that name a Chinese code page; the usual 0x57 says nothing."""

SAMPLE = 8
BLOCK_ROWS = 65_536
TEXTS_KEPT = 20_000


@dataclass(frozen=True)
class Encoding:
    """The encoding chosen, whether it is certain, some texts as they read in it, and what to say about it."""

    name: str
    sure: bool
    sample: list[str]
    remarks: list[Remark]


def known(name: str) -> str:
    """The encoding a person means by `name` ("GBK", "936", "utf8"); raises Unreadable for one we do not read."""
    try:
        return KNOWN[name.strip().lower()]
    except KeyError:
        raise Unreadable(_("不支持编码“%(name)s”：可选 UTF-8、GBK（GB18030）或 Big5。") % {"name": name[:40]}) from None


def decide(texts: list[bytes], *, declared: str | None, asked: str | None) -> Encoding:
    """Choose the encoding of non-ASCII byte strings `texts`.

    An asked one wins and must decode (Unreadable otherwise); a declared one holds when it decodes and is remarked
    on when it lies.
    """
    if asked:
        if not decodes(texts, asked):
            raise Unreadable(_("按 %(encoding)s 读不通文件中的文字：请改选其他编码。") % {"encoding": asked.upper()})
        return Encoding(asked, True, _sample(texts, asked), [])
    remarks = []
    if declared:
        if decodes(texts, declared):
            return Encoding(declared, True, _sample(texts, declared), [])
        remarks.append(
            Remark(
                "encoding_lies",
                _("文件声明编码为 %(encoding)s，但文字按它读不通，已另行判断：请核对文字样例。")
                % {"encoding": declared.upper()},
                WARNING,
            )
        )
    for name in (UTF8, GB18030):
        if decodes(texts, name):
            sure = not texts or (name == UTF8 and not remarks)
            return Encoding(name, sure, _sample(texts, name), remarks)
    remarks.append(
        Remark("encoding_unknown", _("文字既不是 UTF-8 也不是 GBK，读不通的字符显示为“�”：请指定编码。"), WARNING)
    )
    return Encoding(GB18030, False, _sample(texts, GB18030), remarks)


def decodes(texts: list[bytes], encoding: str) -> bool:
    """Whether every text decodes strictly; a last character cut off by the field's width is forgiven."""
    whole = 0
    for text in texts:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            whole += not decoder.decode(text).isascii()
        except UnicodeDecodeError:
            return False
    return bool(whole) or not texts


def _sample(texts: list[bytes], encoding: str) -> list[str]:
    readable = dict.fromkeys(text.decode(encoding, errors="replace") for text in texts[: SAMPLE * 20])
    return list(readable)[:SAMPLE]


def declared_by_shapefile(folder: Path, stem: str = "data") -> str | None:
    """What the .cpg beside a shapefile says, else the language driver of its .dbf; None when neither helps."""
    cpg = folder / f"{stem}.cpg"
    if cpg.exists():
        name = cpg.read_bytes()[:64].decode("ascii", errors="ignore").strip().lower()
        if name in KNOWN:
            return KNOWN[name]
    dbf = folder / f"{stem}.dbf"
    if dbf.exists():
        with dbf.open("rb") as stream:
            head = stream.read(32)
        if len(head) == 32:
            return LANGUAGE_DRIVERS.get(head[29])
    return None


def dbf_texts(path: Path) -> list[bytes]:
    """Non-ASCII texts of a dBASE file: field names and character values, at most `TEXTS_KEPT`, from all its length.

    Every row is looked at, so that one name in the last row still decides. A header that lies yields nothing.
    """
    with path.open("rb") as stream:
        head = stream.read(32)
        if len(head) < 32:
            return []
        header_size, row_size = int.from_bytes(head[8:10], "little"), int.from_bytes(head[10:12], "little")
        fields = _dbf_fields(stream.read(max(header_size - 32, 0)))
        texts = [name for name, *_rest in fields if not name.isascii()]
        columns = [(start, width) for _name, kind, start, width in fields if kind == b"C" and start + width <= row_size]
        if row_size < 2 or not columns:
            return texts
        stream.seek(header_size)
        while len(texts) < TEXTS_KEPT and (block := stream.read(row_size * BLOCK_ROWS)):
            rows = np.frombuffer(block[: len(block) // row_size * row_size], dtype=np.uint8).reshape(-1, row_size)
            for start, width in columns:
                values = rows[:, start : start + width]
                for row in values[(values > 127).any(axis=1)][: TEXTS_KEPT // 10]:
                    texts.append(row.tobytes().rstrip(b" \0"))
    return texts


def _dbf_fields(descriptors: bytes) -> list[tuple[bytes, bytes, int, int]]:
    """(name, type, first byte in the row, width) of each field descriptor."""
    fields, start = [], 1
    for at in range(0, len(descriptors) - 31, 32):
        each = descriptors[at : at + 32]
        if each[:1] == b"\r":
            break
        fields.append((each[:11].split(b"\0")[0], each[11:12], start, each[16]))
        start += each[16]
    return fields
