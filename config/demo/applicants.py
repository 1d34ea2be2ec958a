"""Who asks for what in the demo's cases: an enterprise that may, its plot, and a form filled in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from core.policy.models import Jurisdiction
from landuse.plots.models import Occupation, OccupationKind, PlotVersion
from landuse.quotas.models import QuotaPool
from parks.enterprises.models import Enterprise
from parks.programmes.models import Membership

CENTIARE = Decimal("0.01")


@dataclass(frozen=True)
class Asking:
    """An enterprise with one of its own plots and a programme it belongs to."""

    enterprise: Enterprise
    plot: PlotVersion
    membership: Membership | None


class Applicants:
    """Enterprises of each district that own a plot, each plot handed out once; members come first where asked for."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def of_account(self, username: str) -> Asking | None:
        """The enterprise of a demo account with a plot that no other case is about."""
        firm = Enterprise.objects.filter(members__user__username=username).first()
        return self._with_plot(firm, None) if firm else None

    def somebody(self, district: str, programme: str, *, member: bool) -> Asking | None:
        """An enterprise without an account; a member of ``programme``, or of any, where ``member`` says so."""
        firms = Enterprise.objects.filter(district=district, members__isnull=True).order_by("pk")
        if member or programme:
            held = Membership.objects.in_force_on()
            if programme:
                held = held.filter(programme=programme)
            firms = firms.filter(pk__in=held.values("enterprise"))
        owning = Occupation.objects.in_force_on().filter(kind=OccupationKind.OWNER)
        found = list(firms.filter(pk__in=owning.values("enterprise")).values_list("pk", flat=True))
        for pk in self._rng.permutation(found).tolist():
            asking = self._with_plot(Enterprise.objects.get(pk=pk), programme)
            if asking is not None:
                return asking
        return None

    def _with_plot(self, firm: Enterprise, programme: str | None) -> Asking | None:
        held = Occupation.objects.in_force_on().filter(enterprise=firm, kind=OccupationKind.OWNER)
        plots = PlotVersion.objects.in_force_on().filter(
            plot__in=held.values("plot"), district=firm.district_id, plot_ratio_planned__isnull=False
        )
        plot = plots.exclude(plot__in=self._taken).defer("geom", "geom_3857").order_by("plot_id").first()
        if plot is None:
            return None
        self._taken.add(plot.plot_id)
        members = Membership.objects.in_force_on().filter(enterprise=firm).order_by("programme")
        if programme:
            members = members.filter(programme=programme)
        return Asking(firm, plot, members.first())


def plot_ratio_form(asking: Asking, reason: str) -> dict[str, Any]:
    """A plot-ratio application half as dense again, its floor schedule adding up to plot ratio × area."""
    plot = asking.plot
    now = plot.plot_ratio_planned or Decimal("1.2")
    ratio = (now * Decimal("1.5")).quantize(Decimal("0.1")) + Decimal("0.3")
    total = ratio * Decimal(str(plot.area_m2))
    built = (plot.plot_ratio_built or now) * Decimal(str(plot.area_m2))
    shares = {"production": Decimal("0.80"), "storage": Decimal("0.09"), "office": Decimal("0.07")}
    after = {name: (total * share).quantize(CENTIARE) for name, share in shares.items()}
    after["living"] = (total - sum(after.values())).quantize(CENTIARE)
    before = {"production": (built * Decimal("0.9")).quantize(CENTIARE), "office": (built / 10).quantize(CENTIARE)}
    density, green = plot.density_planned or Decimal(40), plot.green_ratio_planned or Decimal(20)
    return {
        "plot": plot.plot_id,
        "membership": str(asking.membership.pk) if asking.membership else "",
        "plot_ratio": str(ratio),
        "density": str(min(density + 10, Decimal(65))),
        "green_ratio": str(max(green - 5, Decimal(5))),
        "height_limit_m": str((plot.height_limit_m or Decimal(24)) + 20),
        "use_after": "",
        "reason": reason,
        **{f"floor_{name}_after": str(area) for name, area in after.items()},
        **{f"floor_{name}_before": str(area) for name, area in before.items()},
    }


def quota_form(
    asking: Asking, pool: QuotaPool, story: dict[str, Any], project: str, rng: np.random.Generator
) -> dict[str, Any]:
    """A request for quota with figures of two years; beside an existing plot for titles, else a new site."""
    amount = Decimal(str(story.get("amount") or rng.integers(80, 260) / 10))
    before = int(rng.integers(8_000, 60_000))
    title = story.get("purpose") == "title"
    firm = asking.enterprise
    town = firm.town_id or Jurisdiction.objects.towns().filter(parent=firm.district_id).values_list("pk", flat=True)[0]
    return {
        "pool": str(pool.pk),
        "amount_mu": str(amount),
        "purpose": story.get("purpose", "new"),
        "plot_code": asking.plot.plot_id if title else "",
        "town": "" if title else town,
        "location": "" if title else f"示例工业地块{pool.plan.place_id[4:]}-{rng.integers(1, 100):02d}号",
        "programme": asking.membership.programme_id if asking.membership else "",
        "project_set": "",
        "project": project,
        "investment_wan": str(amount * 420),
        "output_wan": str(amount * 900),
        "tax_wan": str(amount * 38),
        "output_before_wan": str(before),
        "output_last_wan": str(round(before * float(rng.uniform(1.03, 1.35)))),
        **({"early_completion": "on"} if story.get("early") else {}),
        **(
            {"joint_review_number": "示例联审〔2026〕8号", "joint_review_on": "2026-03-20"}
            if story.get("joint")
            else {}
        ),
    }
