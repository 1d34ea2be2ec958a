"""Land areas an office states otherwise than occupation has them, with the reason; withdrawn, never deleted."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.services.acting import acting, words
from core.refusals import NotAllowed, Refused
from efficiency.returns import perms
from efficiency.returns.models import LandBasis, LandCorrection
from efficiency.returns.services.deriving import refresh_land
from parks.enterprises.models import Enterprise


def correct_land(*, enterprise: int, year: int, basis: str, area_m2: Decimal, reason: str, by: User) -> LandCorrection:
    """State an enterprise's land of a year on one basis, in m²; it takes the place of an earlier correction.

    Its land of the year follows at once; runs already made keep what they were computed from. Raises NotAllowed and
    Refused.
    """
    with acting(by):
        rows = Enterprise.objects.visible_to(by).select_for_update(of=["self"])
        firm: Enterprise | None = rows.filter(pk=enterprise).first()
        if firm is None:
            raise NotAllowed(_("没有这家企业，或不在本账号的管辖范围内。"))
        if not perms.corrects_land(by, firm):
            raise NotAllowed(_("用地面积由企业所在区的亩均效益监测人员更正。"))
        if basis not in LandBasis.values:
            raise Refused(_("请选择更正哪一种口径的面积。"))
        why = words(reason, _("更正须写明理由：依据哪份材料、与登记或占用有何不同。"))
        now = timezone.now()
        LandCorrection.objects.filter(enterprise=firm, year=year, basis=basis, withdrawn_at=None).update(
            withdrawn_at=now, withdrawn_by=by
        )
        row = LandCorrection.objects.create(enterprise=firm, year=year, basis=basis, area_m2=area_m2, reason=why, by=by)
        refresh_land(year=year, enterprises=[firm.pk])
        return row


def withdraw_land(*, correction: int, by: User) -> LandCorrection:
    """Withdraw a correction in force; the computed area counts again. Raises NotAllowed and Refused."""
    with acting(by):
        rows = LandCorrection.objects.visible_to(by).select_for_update(of=["self"]).select_related("enterprise")
        row: LandCorrection | None = rows.filter(pk=correction).first()
        if row is None:
            raise NotAllowed(_("没有这项更正，或不在本账号的管辖范围内。"))
        if row.withdrawn_at is not None:
            raise Refused(_("这项更正已经撤销。"))
        if not perms.withdraws_land(by, row):
            raise NotAllowed(_("更正由企业所在区的亩均效益监测人员撤销。"))
        row.withdrawn_at, row.withdrawn_by = timezone.now(), by
        row.save(update_fields=["withdrawn_at", "withdrawn_by"])
        refresh_land(year=row.year, enterprises=[row.enterprise_id])
        return row
