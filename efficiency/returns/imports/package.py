"""The archive a workbook is: judged by its directory, then unpacked no further than its limit however that lies."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as ET

from django.utils.translation import gettext as _

from core.confined import Unreadable
from efficiency.returns.imports.limits import MIB, Limits

CHUNK = 8 * MIB
SHARED = "xl/sharedstrings.xml"
_SMALL = ("[content_types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml")
"""What a parser needs of a workbook besides the sheet and the shared strings."""


@contextmanager
def sound() -> Iterator[None]:
    """Whatever a broken archive raises becomes one sentence."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        NotImplementedError,
        ET.ParseError,
    ) as error:
        raise damaged() from error


def damaged() -> Unreadable:
    """What is said of a workbook whose content contradicts itself."""
    return Unreadable(_("文件已损坏或不完整，打不开：请在 Excel 或 WPS 中另存为 .xlsx 后再上传。"))


class Package:
    """A judged workbook's parts, by name in lower case.

    Raises Unreadable for an archive that is broken, forged or unpacks to more than ``limits`` allow.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        with sound():
            self._archive = zipfile.ZipFile(path)
        entries = self._archive.infolist()
        _judge(entries, path.stat().st_size, limits)
        self._entries = {entry.filename.replace("\\", "/").lower(): entry for entry in entries}
        self._left = limits.unpacked_bytes
        with sound():
            self._small = {name: b"".join(self.chunks(name)) for name in _SMALL if name in self._entries}

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        """Bytes of the part as the directory has them."""
        return self._entries[name].file_size

    def chunks(self, name: str, size: int = CHUNK) -> Iterator[bytes]:
        """The part's content, unpacked ``size`` bytes at a time as it is asked for."""
        with self._archive.open(self._entries[name]) as source:
            while chunk := source.read(size):
                # What really comes out counts: an archive's directory can lie.
                self._left -= len(chunk)
                if self._left < 0:
                    raise Unreadable(_("工作簿解开后超过大小上限：请拆分后分别导入。"))
                yield chunk

    def sheet_part(self, name: str) -> str:
        """The part of the sheet called ``name``; raises KeyError when the workbook does not lead to one."""
        relation = next(
            (value for each in ET.fromstring(self._small["xl/workbook.xml"]).iter()  # noqa: S314
             if each.tag.endswith("}sheet") and each.get("name") == name
             for key, value in each.items() if key.endswith("}id")), None,
        )  # fmt: skip
        for each in ET.fromstring(self._small["xl/_rels/workbook.xml.rels"]):  # noqa: S314
            if each.get("Id") == relation:
                target = (each.get("Target") or "").lower()
                for part in (target.removeprefix("/"), str(PurePosixPath("xl") / target)):
                    if part in self._entries:
                        return part
        raise KeyError(name)

    def with_parts(self, parts: dict[str, bytes]) -> bytes:
        """A workbook in memory, not packed, of this one's small parts and ``parts``."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, content in {**self._small, **parts}.items():
                archive.writestr(self._entries[name].filename, content)
        return made.getvalue()


def _judge(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        if any(name.startswith("xl/") and name.endswith(".bin") for name in names):
            raise Unreadable(_("这是二进制工作簿 .xlsb：请另存为 .xlsx 后再上传。"))
        raise Unreadable(_("压缩包里不是 Excel 工作簿：请上传 .xlsx 或 .csv 文件本身。"))
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > limits.entries or unpacked > limits.unpacked_bytes:
        raise Unreadable(
            _("工作簿解开后有 %(size)d MB，超过上限 %(limit)d MB：请拆分后分别导入。")
            % {"size": unpacked // MIB, "limit": limits.unpacked_bytes // MIB}
        )
    if unpacked > limits.ratio_from_bytes and unpacked > packed * limits.ratio:
        raise Unreadable(
            _("工作簿解开后是原文件的 %(ratio)d 倍（上限 %(limit)d 倍），疑为压缩炸弹，没有读取：请重新导出。")
            % {"ratio": unpacked // max(packed, 1), "limit": limits.ratio}
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable(_("工作簿有密码：请取消密码后再上传。"))
