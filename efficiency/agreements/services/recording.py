"""Facts: when land was begun, completed and brought into production, with the evidence."""

from __future__ import annotations

import datetime as dt

from django.core.files import File
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.papers import checked
from core.refusals import NotAllowed, Refused
from efficiency.agreements import perms
from efficiency.agreements.models import Milestone, MilestoneFact
from efficiency.agreements.services.acting import acting, locked
from efficiency.agreements.services.checking import verify_within


def record_fact(
    *, agreement_id: int, by: User, milestone: str, on: dt.date, evidence: str, file: File | None = None
) -> MilestoneFact:
    """Note the day a milestone was reached, and check the agreement anew; a correction is another row.

    ``evidence`` names the document; ``file`` is kept by its content. Raises NotAllowed and Refused.
    """
    with acting(by):
        agreement = locked(agreement_id, by)
        if not perms.follows(by, agreement):
            raise NotAllowed(_("履约事实由本区亩均监测人员或工信园区人员在协议生效期间登记。"))
        if milestone not in Milestone.values:
            raise Refused(_("请选择节点：动工、竣工或投产。"))
        if on > timezone.localdate():
            raise Refused(_("实际日期 %(on)s 晚于今天，发生之后才能登记。") % {"on": on.isoformat()})
        evidence = evidence.replace("\0", "").strip()
        if not evidence or len(evidence) > 200:
            raise Refused(_("请写明依据的文件名称和编号，不超过 200 字。"))
        fact = MilestoneFact(agreement=agreement, milestone=milestone, on=on, evidence=evidence, by=by)
        if file is not None:
            kept = checked(name=str(file.name), content=file)
            fact.file_name, fact.sha256 = kept.name, kept.sha256
            fact.file.save(kept.stored_name, file, save=False)
        fact.save()
        verify_within(agreement.pk, timezone.localdate())
        return fact
