"""What an office is called in sentences: people wait for a bureau, not for a role of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django_stubs_ext import StrOrPromise

TITLES: dict[str, StrOrPromise] = {
    Role.PLANNER.value: gettext_lazy("自然资源局"),
    Role.REVIEWER.value: gettext_lazy("自然资源局"),
    Role.MONITOR.value: gettext_lazy("亩均监测部门"),
    Role.PARKS.value: gettext_lazy("工信局"),
    Role.HEAD.value: gettext_lazy("区领导"),
    Role.AUDITOR.value: gettext_lazy("审计部门"),
    Role.SYSADMIN.value: gettext_lazy("系统管理员"),
    Role.ENTERPRISE.value: gettext_lazy("申请人"),
}
"""The office behind each role."""


def title(role: str) -> str:
    """The office of a role in words; raises KeyError for what is no role."""
    return str(TITLES[role])


def party(role: str, *, supervised: bool) -> str:
    """The same in a case: who is supervised is an enterprise and no applicant."""
    return _("企业") if supervised and role == Role.ENTERPRISE else title(role)


def titles(roles: Iterable[str]) -> str:
    """Several offices in one phrase: 工信局、亩均监测部门."""
    return _("、").join(dict.fromkeys(title(role) for role in roles))
