"""Agreements as they are drawn up: what was agreed, until another person puts it in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.accounts.models import User
from core.refusals import NotAllowed, Refused, Stale
from efficiency.agreements import perms
from efficiency.agreements.models import AgreedIndicator, Agreement, AgreementState
from efficiency.agreements.services.acting import acting, locked
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise

MOST_INDICATORS = 60
"""Rows of an agreement: five promises over a dozen years."""


@dataclass(frozen=True)
class Agreed:
    """One promise: at least ``at_least`` 万元 per 亩 from ``year`` on."""

    promise: str
    year: int
    at_least: Decimal


@dataclass(frozen=True)
class Terms:
    """What an agreement says besides its parties; days may still be open while it is drawn up."""

    number: str
    area_m2: Decimal
    signed_on: Any = None
    start_by: Any = None
    completion_by: Any = None
    production_by: Any = None
    penalty_terms: str = ""
    note: str = ""


def draw_up(
    *, by: User, plot: Plot, enterprise: Enterprise, terms: Terms, indicators: Sequence[Agreed] = ()
) -> Agreement:
    """A new draft between the plot's district and the enterprise. Raises NotAllowed and Refused."""
    with acting(by):
        district = plot.district_code
        if not perms.draws_up(by, district):
            raise NotAllowed(_("监管协议由宗地所在区的亩均监测人员或工信园区人员拟定。"))
        agreement = Agreement(plot=plot, enterprise=enterprise, district_id=district, drawn_up_by=by)
        return _write(agreement, terms, indicators)


def save(
    *,
    agreement_id: int,
    by: User,
    revision: int,
    terms: Terms,
    indicators: Sequence[Agreed],
    plot: Plot | None = None,
    enterprise: Enterprise | None = None,
) -> Agreement:
    """Write a draft as it stands; ``revision`` is the one the writer read. Who wrote last drew it up.

    Raises NotAllowed, Stale when somebody wrote since, and Refused.
    """
    with acting(by):
        agreement = _draft(agreement_id, by)
        if agreement.revision != revision:
            raise Stale(_("这份协议已在别处改过，请刷新后再改。"))
        if plot is not None and plot.pk != agreement.plot_id:
            if not perms.draws_up(by, plot.district_code):
                raise NotAllowed(_("宗地 %(plot)s 不在本账号的管辖范围内。") % {"plot": plot.pk})
            agreement.plot, agreement.district_id = plot, plot.district_code
        agreement.enterprise = enterprise or agreement.enterprise
        # Whoever wrote the terms cannot also be the one who checks them.
        agreement.drawn_up_by = by
        return _write(agreement, terms, indicators)


def discard(*, agreement_id: int, by: User) -> None:
    """Delete a draft. Raises NotAllowed."""
    with acting(by):
        _draft(agreement_id, by).delete()


def _draft(agreement_id: int, by: User) -> Agreement:
    agreement = locked(agreement_id, by)
    if agreement.state != AgreementState.DRAFT:
        raise NotAllowed(
            _("协议 %(number)s 目前为“%(state)s”，约定不可修改；需要改变的，解除后另签。")
            % {"number": agreement.number, "state": agreement.get_state_display()}
        )
    if not perms.edits(by, agreement):
        raise NotAllowed(_("监管协议由宗地所在区的亩均监测人员或工信园区人员拟定。"))
    return agreement


def _write(agreement: Agreement, terms: Terms, indicators: Sequence[Agreed]) -> Agreement:
    if len(indicators) > MOST_INDICATORS:
        raise Refused(
            _("约定指标最多 %(most)s 行，现有 %(count)s 行。") % {"most": MOST_INDICATORS, "count": len(indicators)}
        )
    twice = {(row.promise, row.year) for row in indicators}
    if len(twice) < len(indicators):
        raise Refused(_("同一指标同一年度只能约定一次，请合并重复的行。"))
    if Agreement.objects.filter(number=terms.number).exclude(pk=agreement.pk).exists():
        raise Refused(_("协议编号 %(number)s 已有，请改用别的编号。") % {"number": terms.number})
    for name in ("number", "area_m2", "signed_on", "start_by", "completion_by", "production_by"):
        setattr(agreement, name, getattr(terms, name))
    agreement.penalty_terms, agreement.note = terms.penalty_terms, terms.note
    agreement.revision += 1
    agreement.save()
    agreement.indicators.all().delete()
    AgreedIndicator.objects.bulk_create(
        AgreedIndicator(agreement=agreement, promise=row.promise, year=row.year, at_least=row.at_least)
        for row in indicators
    )
    return agreement
