"""Papers of a case: the only writer of them. Each upload of a line of the checklist is a version that stays."""

from __future__ import annotations

from django.core.files import File
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework import perms
from core.casework.kinds import PaperSlot
from core.casework.models import Case, CasePaper
from core.casework.services import notifying, timeline
from core.casework.services.acting import acting, locked
from core.papers import checked
from core.refusals import NotAllowed, Refused

MOST_PAPERS = 100
"""How many versions a case keeps, removed ones included: a loop in a client must not fill the disk."""


def attach(*, case_id: int, by: User, slot: str, name: str, content: File, internal: bool = False) -> CasePaper:
    """Keep a file of at most 50 MB as the newest version of a line of the checklist; ``slot`` "" is a supplement.

    Its content decides what it is. Offices add supplements, the checklist is the applicant's
    to fill; an ``internal`` supplement is not shown to the applicant. Raises NotAllowed and
    Refused.
    """
    with acting(by):
        case, applying = _taken(case_id, by)
        line = _line(case, slot)
        if (internal and applying) or (line and not applying):
            raise NotAllowed(_("清单所列材料由申请人上传；办理部门的文件作为补充材料上传，可设为仅内部可见。"))
        if case.papers.count() >= MOST_PAPERS:
            raise Refused(_("一个办件最多保留 %(most)s 份文件。可把几份合并为一个 ZIP。") % {"most": MOST_PAPERS})
        file = checked(name=name, content=content)
        if line and line.suffixes and not file.name.lower().endswith(line.suffixes):
            raise Refused(
                _("“%(line)s”只收 %(suffixes)s，“%(name)s”不是。请转换后上传。")
                % {"line": line.title, "suffixes": "、".join(line.suffixes), "name": file.name}
            )
        same = case.papers.filter(slot=slot)
        if same.counting().filter(sha256=file.sha256, internal=internal).exists():
            raise Refused(_("“%(name)s”已经上传，内容相同。") % {"name": file.name})
        paper = CasePaper(
            case=case,
            slot=slot,
            version=(same.aggregate(newest=Max("version"))["newest"] or 0) + 1,
            name=file.name,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            internal=internal,
            added_by=by,
        )
        paper.file.save(file.stored_name, content, save=False)
        paper.save()
        _note(case, by, _("上传“%(name)s”") % {"name": paper.name}, internal=internal)
        if not applying:
            notifying.after_move(case, "paper", by, paper.name, internal=internal)
        return paper


def remove(*, case_id: int, paper_id: int, by: User) -> CasePaper:
    """Take a version out of the count; its row and file stay for the record.

    Each side removes what it attached: offices leave the applicant's papers alone, and the
    other way round. Raises NotAllowed.
    """
    with acting(by):
        case, applying = _taken(case_id, by)
        paper: CasePaper | None = CasePaper.objects.visible_to(by).filter(case=case, pk=paper_id).first()
        if paper is None:
            raise NotAllowed(_("没有这份材料。"))
        if paper.removed_at is not None:
            raise NotAllowed(_("“%(name)s”已经移除。") % {"name": paper.name})
        if perms.files_for(paper.added_by, case) != applying:
            raise NotAllowed(_("只能移除本方上传的材料。"))
        paper.removed_at, paper.removed_by = timezone.now(), by
        paper.save(update_fields=["removed_at", "removed_by"])
        _note(case, by, _("移除“%(name)s”") % {"name": paper.name}, internal=paper.internal)
        return paper


def _taken(case_id: int, by: User) -> tuple[Case, bool]:
    """The locked case, and whether ``by`` now writes what it says: the applicant's side while it has the next move."""
    case = locked(case_id, by)
    if not perms.attaches(by, case):
        raise NotAllowed(_("材料由申请人在填报、补正时增减，由办理部门在办结前增减。"))
    return case, perms.fills_checklist(by, case)


def _line(case: Case, slot: str) -> PaperSlot | None:
    """The line of the checklist, None for a supplement. Raises Refused for a line the kind does not have."""
    line = case.kind_of.slot(slot) if slot else None
    if slot and line is None:
        raise Refused(_("材料清单里没有这一项。请刷新页面后重新上传。"))
    return line


def _note(case: Case, by: User, text: str, *, internal: bool) -> None:
    # Until a case is submitted its papers come and go as its form does.
    if case.submitted_at is not None:
        timeline.record(case, "paper", by, text=text, internal=internal)
