"""Files people attach: approvals, minutes, drawings; known by their content, not by their name."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from django.core.files import File
from django.utils.translation import gettext as _

from core.refusals import Refused

MOST_BYTES = 50 * 1024 * 1024

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SUFFIXES = {
    "application/pdf": (".pdf",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    _WORD: (".docx",),
    _EXCEL: (".xlsx",),
    "application/zip": (".zip",),
}


@dataclass(frozen=True)
class Checked:
    """A file that may be kept: its ``name`` without folders, ``size`` in bytes, and ``sha256`` of its content."""

    name: str
    content_type: str
    size: int
    sha256: str

    @property
    def stored_name(self) -> str:
        """Its digest and suffix: two files of one name keep apart, and no name of a user reaches the disk."""
        return f"{self.sha256}{_SUFFIXES[self.content_type][0]}"


def checked(*, name: str, content: File) -> Checked:
    """What a PDF, JPEG, PNG, DOCX, XLSX or ZIP file of at most 50 MB is; its position is left at the beginning.

    Its content decides what it is; a name that says otherwise is refused. Raises Refused.
    """
    # Control and direction characters would break a header, or show "fdp.exe" as "exe.pdf".
    name = "".join(letter for letter in name.replace("\\", "/") if letter.isprintable())
    name = PurePosixPath(name).name.strip()[:200]
    size = content.size or 0
    if not name or not size:
        raise Refused(_("文件为空，或没有文件名。"))
    if size > MOST_BYTES:
        raise Refused(_("“%(name)s”超过 50 MB。请压缩或拆分后上传。") % {"name": name})
    content_type = type_of(content)
    if not name.lower().endswith(_SUFFIXES.get(content_type, ("\0",))):
        raise Refused(
            _("“%(name)s”的内容与文件名不符，或不是可附的类型。可附 PDF、JPG、PNG、DOCX、XLSX、ZIP。") % {"name": name}
        )
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    return Checked(name=name, content_type=content_type, size=size, sha256=digest.hexdigest())


def type_of(content: BinaryIO | File) -> str:
    """The media type of a file by its first bytes and, for archives, by what they hold; "" when it is none of ours."""
    content.seek(0)
    head = content.read(8)
    content.seek(0)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if not head.startswith(b"PK\x03\x04"):
        return ""
    try:
        with zipfile.ZipFile(content) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return ""
    finally:
        content.seek(0)
    if "word/document.xml" in names:
        return _WORD
    return _EXCEL if "xl/workbook.xml" in names else "application/zip"
