"""关注名单: enterprises in class D, whose score fell, with an open flag, or with a promise they did not keep."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext_lazy

from core import policy
from core.accounts.models import CITY_CODE, User
from core.policy.services import Value
from efficiency.agreements.models import AgreementState, Check, Promise
from efficiency.agreements.services.breaching import BROKEN
from efficiency.evaluation.models import Run
from efficiency.flags.models import Flag
from efficiency.schemes.models import Grade
from landuse.plots.models import Occupation
from parks.enterprises.models import Enterprise

REASONS = {
    "grade": gettext_lazy("D 类"),
    "fallen": gettext_lazy("得分下降"),
    "flagged": gettext_lazy("有未了结预警"),
    "broken": gettext_lazy("约定未履行"),
}

SORTS: dict[str, tuple[Any, tuple[OrderBy, ...]]] = {
    "lowest": (gettext_lazy("得分由低到高"), (F("total").asc(nulls_last=True), F("uscc").asc())),
    "fallen": (gettext_lazy("下降由多到少"), (F("fall").desc(nulls_last=True), F("uscc").asc())),
    "land": (gettext_lazy("用地由大到小"), (F("land_m2").desc(nulls_last=True), F("uscc").asc())),
    "uscc": (gettext_lazy("统一社会信用代码"), (F("uscc").asc(),)),
}


def fall_points(on: dt.date) -> Value:
    """How many points less than the year before put an enterprise on the list."""
    return policy.value("monitoring.fall_points", CITY_CODE, on=on)


def broken_promises(user: User) -> QuerySet[Any]:
    """The newest check of each promise of an agreement in force that finds it not kept."""
    latest = (
        Check.objects.visible_to(user).filter(agreement__state=AgreementState.IN_FORCE).latest_of_each().values("pk")
    )
    return Check.objects.filter(pk__in=latest, verdict__in=BROKEN)


def below_promise(user: User, year: int) -> QuerySet[Any]:
    """Of those, the per-亩 promises of a year."""
    return broken_promises(user).filter(year=year, subject__in=Promise.values)


def watched(user: User, run: Run | None, before: Run | None, fall: Decimal, on: dt.date) -> QuerySet[Any]:
    """Enterprises of the list with ``total``, ``grade``, ``fall`` and, as booleans, the keys of :data:`REASONS`.

    A flag about a plot alone counts for who uses the plot on the day ``on``. Without a run nothing has a score.
    """
    flags = Flag.objects.visible_to(user).open()
    of_plots = flags.filter(enterprise=None).values("plot")
    users = Occupation.objects.in_force_on(on).filter(plot__in=of_plots).values("enterprise")
    rows: Any = (
        Enterprise.objects.visible_to(user)
        .annotate(
            now=FilteredRelation("scores", condition=Q(scores__run=run.pk if run else 0)),
            earlier=FilteredRelation("scores", condition=Q(scores__run=before.pk if before else 0)),
        )
        .annotate(
            total=F("now__total"),
            score_grade=F("now__grade"),
            industry_code=F("now__industry_code"),
            land_m2=F("now__land_m2"),
            total_before=F("earlier__total"),
            fall=F("earlier__total") - F("now__total"),
            flagged=Exists(flags.filter(enterprise=OuterRef("pk"))) | Q(pk__in=users),
            broken=Q(pk__in=broken_promises(user).values("agreement__enterprise")),
        )
    )
    return rows.filter(is_watched(fall)).select_related("district", "town", "industry").defer(
        "district__geom", "town__geom"
    )  # fmt: skip


def is_watched(fall: Decimal) -> Q:
    """Any of the reasons."""
    return Q(score_grade=Grade.D) | Q(fall__gte=fall) | Q(flagged=True) | Q(broken=True)


def for_reason(reason: str, fall: Decimal) -> Q:
    """One of the reasons."""
    return {
        "grade": Q(score_grade=Grade.D),
        "fallen": Q(fall__gte=fall),
        "flagged": Q(flagged=True),
        "broken": Q(broken=True),
    }[reason]


def plots_of(user: User, enterprises: list[int], on: dt.date) -> dict[int, str]:
    """The plot each uses most of on the day, to look at first."""
    held = Occupation.objects.visible_to(user).in_force_on(on).filter(enterprise__in=enterprises)
    found: dict[int, str] = {}
    for enterprise, plot in held.order_by("enterprise", "-share", "plot").values_list("enterprise", "plot"):
        found.setdefault(enterprise, plot)
    return found
