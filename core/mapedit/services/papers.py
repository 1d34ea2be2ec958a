"""Papers of a change set: approvals, minutes, drawings; known by their content, not by their name."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

import pghistory
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.mapedit import perms
from core.mapedit.models import ChangeSet, Paper
from core.mapedit.refusals import NotAllowed, Refused
from core.mapedit.states import UNDER_REVIEW

MOST_BYTES = 50 * 1024 * 1024
MOST_PAPERS = 50

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


def attach_paper(*, change_set_id: int, by: User, name: str, content: File) -> Paper:
    """Keep a PDF, JPEG, PNG, DOCX, XLSX or ZIP file of at most 50 MB beside a change set.

    Its content decides what it is; a name that says otherwise is refused. Raises NotAllowed and Refused.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _taken(change_set_id, by)
        name = PurePosixPath(name.replace("\\", "/")).name.strip()[:200]
        size = content.size or 0
        if not name or not size:
            raise Refused(_("文件为空，或没有文件名。"))
        if size > MOST_BYTES:
            raise Refused(_("“%(name)s”超过 50 MB。请压缩或拆分后上传。") % {"name": name})
        if change_set.papers.count() >= MOST_PAPERS:
            raise Refused(_("一项变更最多附 %(most)s 份文件，可合并为 ZIP。") % {"most": MOST_PAPERS})
        content_type = type_of(content)
        if not name.lower().endswith(_SUFFIXES.get(content_type, ("\0",))):
            raise Refused(
                _("“%(name)s”的内容与文件名不符，或不是可附的类型。可附 PDF、JPG、PNG、DOCX、XLSX、ZIP。")
                % {"name": name}
            )
        digest = hashlib.sha256()
        for chunk in content.chunks():
            digest.update(chunk)
        if change_set.papers.filter(sha256=digest.hexdigest()).exists():
            raise Refused(_("“%(name)s”已经附上，内容相同。") % {"name": name})
        content.seek(0)
        paper = Paper(
            change_set=change_set,
            name=name,
            content_type=content_type,
            size=size,
            sha256=digest.hexdigest(),
            added_by=by,
        )
        # Stored under its digest: two papers of one name keep apart, and no name of a user reaches the disk.
        paper.file.save(f"{digest.hexdigest()}{_SUFFIXES[content_type][0]}", content, save=False)
        paper.save()
        return paper


def remove_paper(*, change_set_id: int, paper_id: int, by: User) -> None:
    """Take a paper off; under review only one's own. History keeps its record. Raises NotAllowed."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _taken(change_set_id, by)
        paper = change_set.papers.filter(pk=paper_id).first()
        if paper is None:
            raise NotAllowed(_("没有这份附件，可能已经移除。"))
        if not change_set.is_editable and paper.added_by_id != by.pk:
            raise NotAllowed(_("审核期间只能移除本人上传的附件。"))
        paper.delete()


def may_attach(user: User, change_set: ChangeSet) -> bool:
    """Editors of a draft and reviewers of a submitted set attach papers."""
    return perms.edits(user, change_set) or (change_set.state in UNDER_REVIEW and perms.reviews(user, change_set))


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


def _taken(change_set_id: int, by: User) -> ChangeSet:
    rows = ChangeSet.objects.visible_to(by).select_for_update(of=("self",))
    change_set: ChangeSet | None = rows.filter(pk=change_set_id).first()
    if change_set is None:
        raise NotAllowed(_("没有变更 #%(number)s，或不在本账号的辖区内。") % {"number": change_set_id})
    if not may_attach(by, change_set):
        raise NotAllowed(_("附件由编制人员在草拟时、审核人员在审核期间增减。"))
    return change_set
