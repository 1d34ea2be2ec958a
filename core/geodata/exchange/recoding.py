"""Text files that GDAL reads as UTF-8 only, turned into it when they are not."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from core.geodata.exchange.encoding import GB18030, SAMPLE, UTF8, Encoding
from core.geodata.exchange.formats import MIB, WARNING, Remark, Unreadable
from core.geodata.exchange.sniffing import text_encoding

QUOTED = re.compile(r'"([^"\\]*[^\x00-\x7f"\\][^"\\]*)"')


def as_utf8(path: Path, asked: str | None) -> tuple[Path, Encoding]:
    """A path to the text of `path` in UTF-8 (itself when it is already) and what is known of its encoding.

    GeoJSON has to be UTF-8 (RFC 7946 by way of RFC 8259); UTF-16 and GBK are read all the same and remarked on.
    Raises Unreadable when the text is in none of these, or not in the one asked for.
    """
    with path.open("rb") as stream:
        marked = text_encoding(stream.read(4))
    for name in [asked] if asked else [marked] if marked else [UTF8, GB18030]:
        texts = _texts(path, name)
        if texts is None:
            continue
        if name == UTF8:
            return path, Encoding(UTF8, True, texts, [])
        remark = Remark(
            "recoded",
            _("GeoJSON 应为 UTF-8 编码，本文件是 %(encoding)s，已转换后读取：请核对文字样例。")
            % {"encoding": name.upper()},
            WARNING,
        )
        return _recoded(path, name), Encoding(name, bool(asked or marked), texts, [] if asked else [remark])
    if asked:
        raise Unreadable(_("按 %(encoding)s 读不通文件中的文字：请改选其他编码。") % {"encoding": asked.upper()})
    raise Unreadable(_("文字不是 UTF-8，也不是 UTF-16 或 GBK：请另存为 UTF-8 编码。"))


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as stream:
        while chunk := stream.read(4 * MIB):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _texts(path: Path, encoding: str) -> list[str] | None:
    """Some non-ASCII strings of the file, or None when it does not decode from end to end."""
    texts: dict[str, None] = {}
    try:
        for text in _decoded(path, encoding):
            if len(texts) < SAMPLE and not text.isascii():
                texts.update(dict.fromkeys(QUOTED.findall(text)))
    except UnicodeDecodeError:
        return None
    return list(texts)[:SAMPLE]


def _recoded(path: Path, encoding: str) -> Path:
    target = path.with_name("recoded.geojson")
    with target.open("w", encoding="utf-8", newline="") as sink:
        for text in _decoded(path, encoding):
            sink.write(text.removeprefix("\ufeff"))
    return target
