"""Papers of a change set: approvals, minutes, drawings; known by their content, not by their name."""

from __future__ import annotations

import pghistory
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.mapedit import perms
from core.mapedit.models import ChangeSet, Paper
from core.mapedit.states import UNDER_REVIEW
from core.papers import checked
from core.refusals import NotAllowed, Refused

MOST_PAPERS = 50


def attach_paper(*, change_set_id: int, by: User, name: str, content: File) -> Paper:
    """Keep a PDF, JPEG, PNG, DOCX, XLSX or ZIP file of at most 50 MB beside a change set.

    Its content decides what it is; a name that says otherwise is refused. Raises NotAllowed and Refused.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        change_set = _taken(change_set_id, by)
        if change_set.papers.count() >= MOST_PAPERS:
            raise Refused(_("一项变更最多附 %(most)s 份文件，可合并为 ZIP。") % {"most": MOST_PAPERS})
        file = checked(name=name, content=content)
        if change_set.papers.filter(sha256=file.sha256).exists():
            raise Refused(_("“%(name)s”已经附上，内容相同。") % {"name": file.name})
        paper = Paper(
            change_set=change_set,
            name=file.name,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            added_by=by,
        )
        paper.file.save(file.stored_name, content, save=False)
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


def _taken(change_set_id: int, by: User) -> ChangeSet:
    rows = ChangeSet.objects.visible_to(by).select_for_update(of=("self",))
    change_set: ChangeSet | None = rows.filter(pk=change_set_id).first()
    if change_set is None:
        raise NotAllowed(_("没有变更 #%(number)s，或不在本账号的辖区内。") % {"number": change_set_id})
    if not may_attach(by, change_set):
        raise NotAllowed(_("附件由编制人员在草拟时、审核人员在审核期间增减。"))
    return change_set
