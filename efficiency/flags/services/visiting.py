"""Visits: somebody went there, and what was seen."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.refusals import NotAllowed, Refused
from efficiency.flags import perms
from efficiency.flags.models import Flag, Visit
from efficiency.flags.services.acting import acting, words
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise


def add_visit(
    *,
    by: User,
    on: dt.date,
    text: str,
    plot: str = "",
    enterprise: int | None = None,
    flag: int | None = None,
) -> Visit:
    """Note a visit to a plot, an enterprise, or what a flag is about. Raises NotAllowed and Refused."""
    with acting(by):
        text = words(text, _("请写明走访看到的情况。"))
        if on > timezone.localdate():
            raise Refused(_("走访日期 %(on)s 在今天之后。请填写实际走访的日期。") % {"on": on.isoformat()})
        about: Flag | None = Flag.objects.visible_to(by).filter(pk=flag).first() if flag else None
        if flag and about is None:
            raise NotAllowed(_("没有这条预警，或不在本账号的辖区内。"))
        land = Plot.objects.filter(code=plot).first() if plot else about.plot if about else None
        if plot and land is None:
            raise Refused(_("没有宗地 %(code)s，请核对代码。") % {"code": plot[:40]})
        firm = about.enterprise if about else None
        if enterprise:
            firm = Enterprise.objects.visible_to(by).filter(pk=enterprise).first()
            if firm is None:
                raise Refused(_("没有这家企业，或不在本账号的辖区内。"))
        if land is None and firm is None:
            raise Refused(_("请填写走访的宗地或企业。"))
        district = land.district_code if land else firm.district_id  # type: ignore[union-attr]
        if not perms.visits(by, district):
            raise NotAllowed(_("走访由辖区内的亩均效益监测人员或工信园区人员登记。"))
        return Visit.objects.create(
            plot=land, enterprise=firm, flag=about, district_code=district, on=on, text=text, by=by
        )
