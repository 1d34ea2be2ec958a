"""The way of a version from the draft to use and out of it again; every move records who took it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.services.acting import acting, words
from core.refusals import NotAllowed, Refused, Stale
from efficiency.schemes import checks, perms
from efficiency.schemes.models import SchemeVersion, VersionState
from efficiency.schemes.rules import rules_of
from efficiency.schemes.services.drafting import editable, locked

LONGEST_APPROVAL = 60


def submit(*, by: User, version_id: int, revision: int | None = None) -> SchemeVersion:
    """Hand a draft in for approval; whoever hands it in answers for it and cannot approve it.

    ``revision`` is what was looked at, None for whatever stands. Raises NotAllowed, Stale when it was saved since,
    and Refused with the findings while it is unfinished.
    """
    with acting(by):
        version = editable(version_id, by)
        if revision is not None and version.revision != revision:
            raise Stale(_("本版在打开页面后又有修改，未提交。请刷新页面核对。"))
        faults = checks.faults(rules_of(version))
        if faults:
            raise Refused(faults[0].sentence, faults)
        version.author = by
        return _move(version, VersionState.SUBMITTED)


def take_back(*, by: User, version_id: int) -> SchemeVersion:
    """Make a submitted version a draft again. Raises NotAllowed."""
    with acting(by):
        version = locked(version_id, by)
        if not perms.takes_back(by, version):
            raise NotAllowed(_refusal(version, _("撤回"), _("由提交人在批准前撤回")))
        return _move(version, VersionState.DRAFT)


def approve(*, by: User, version_id: int, approval: str, remark: str = "") -> SchemeVersion:
    """Put a submitted version in use under the document ``approval``. Raises NotAllowed, and Refused without one."""
    with acting(by):
        version = _to_decide(version_id, by, _("批准"))
        approval = words(approval, _("请填写批准文号或会议纪要编号。"))
        if len(approval) > LONGEST_APPROVAL:
            raise Refused(_("批准文号超过 %s 字。") % LONGEST_APPROVAL)
        version.approval, version.remark = approval, words(remark)
        version.approved_by, version.approved_at = by, timezone.now()
        return _move(version, VersionState.APPROVED)


def send_back(*, by: User, version_id: int, remark: str) -> SchemeVersion:
    """Return a submitted version for revision, saying why. Raises NotAllowed, and Refused without a reason."""
    with acting(by):
        version = _to_decide(version_id, by, _("退回"))
        version.remark = words(remark, _("退回须写明需要修改之处。"))
        return _move(version, VersionState.RETURNED)


def retire(*, by: User, version_id: int) -> SchemeVersion:
    """End the use of an approved version; what was computed with it stays. Raises NotAllowed."""
    with acting(by):
        version = locked(version_id, by)
        if not perms.retires(by, version):
            raise NotAllowed(_refusal(version, _("停用"), _("由市级工信园区人员停用已批准的版本")))
        return _move(version, VersionState.RETIRED)


def _to_decide(version_id: int, by: User, act: str) -> SchemeVersion:
    version = locked(version_id, by)
    if not perms.decides(by, version):
        raise NotAllowed(_refusal(version, act, _("由未参与编制的市级工信园区人员在提交后办理")))
    return version


def _refusal(version: SchemeVersion, act: str, who: str) -> str:
    return _("%(version)s目前为“%(state)s”，本账号不能%(act)s：%(who)s。") % {
        "version": version,
        "state": version.get_state_display(),
        "act": act,
        "who": who,
    }


def _move(version: SchemeVersion, state: VersionState) -> SchemeVersion:
    version.state = state
    version.save()
    return version
