"""Columns of a few firms by hand, and firms in the database, for tests of evaluations."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone

from efficiency.evaluation.columns import Coded, Columns, IndustryTree
from efficiency.returns.figures import KEYS
from efficiency.returns.models import YearlyReturn
from efficiency.schemes.models import SchemeVersion
from efficiency.schemes.rules import CohortRules, Cut, IndicatorRules, Rules
from landuse.plots.models import Occupation
from parks.enterprises.models import Enterprise, Industry
from tests import places

YEAR = 2024
MU = 2000 / 3
TREE = IndustryTree({"C": ("C",), "33": ("C", "33"), "331": ("C", "33", "331"), "38": ("C", "38")})
CUTS = tuple(Cut(grade, Decimal(percent)) for grade, percent in (("A", 25), ("B", 70), ("C", 95), ("D", 100)))


def sample(code: str) -> Rules:
    """The rules of a sample scheme as shipped."""
    path = Path(settings.BASE_DIR) / f"fixtures/schemes/{code}.json"
    return Rules.from_data(json.loads(path.read_text(encoding="utf-8"))["version"])


def indicator(**facts: Any) -> IndicatorRules:
    """Tax in 万元/亩 against a base of 10, weighing 100."""
    facts = {"base": Decimal(10)} | facts
    return IndicatorRules(
        **{
            "name": "亩均税收",
            "numerator": "tax_cny",
            "denominator": "land_mu",
            "unit": "万元/亩",
            "weight": Decimal(100),
            "scale": Decimal(10_000),
        }
        | facts
    )


def rules(*indicators: IndicatorRules, cohort: dict[str, Any] | None = None, **facts: Any) -> Rules:
    """One cohort of everybody with the usual cuts."""
    each = CohortRules(name="全部", indicators=indicators or (indicator(),), cuts=CUTS)
    return Rules(cohorts=(replace(each, **(cohort or {})),), **facts)


def columns(*firms: dict[str, Any]) -> Columns:
    """Columns of firms, each with what differs: 10 亩 of its own plot, a return with nothing in it, industry 33."""
    rows: list[dict[str, Any]] = [
        {"id": number, "mu": 10.0, "plot": f"440605001001GB{number:05d}", "industry": "33", "size": "small"}
        | {"above_scale": False, "established": 2000, "returned": True, "district": "440605", "town": "", "zone": ""}
        | firm
        for number, firm in enumerate(firms, start=1)
    ]

    def of(key: str) -> Coded:
        names = tuple(sorted({row[key] for row in rows}))
        return Coded(np.array([names.index(row[key]) for row in rows], dtype=np.int32), names)

    land = np.array([round(row["mu"] * MU, 4) for row in rows])
    return Columns(
        year=YEAR,
        enterprise=np.array([row["id"] for row in rows]),
        **{name: of(name) for name in ("district", "town", "zone", "industry", "size", "plot")},
        above_scale=np.array([row["above_scale"] for row in rows]),
        established=np.array([row["established"] for row in rows], dtype=np.int16),
        returns=np.array([row["id"] if row["returned"] else 0 for row in rows]),
        land={basis: land * share for basis, share in (("registered", 0.5), ("actual", 1.0), ("converted", 2.0))},
        figures={key: np.array([float(row.get(key, "nan")) for row in rows]) for key in KEYS},
        tree=TREE,
    )


def firm(number: int, *, share: str = "1", year: int = YEAR, plot: Any = None, **facts: Any) -> Enterprise:
    """An enterprise in the database on a plot of its own (or a share of ``plot``), with a return of ``facts``."""
    Industry.objects.get_or_create(code="C", defaults={"name": "制造业"})
    Industry.objects.get_or_create(code="33", defaults={"name": "金属制品业", "parent_id": "C"})
    figures = {key: facts.pop(key) for key in tuple(facts) if key in KEYS}
    each = places.enterprise(number, **facts)
    version = plot or places.plot(number)
    Occupation.objects.create(
        plot=version.plot, enterprise=each, kind="owner", share=share, valid_from=dt.date(2022, 4, 1)
    )
    if figures:
        YearlyReturn.objects.create(
            enterprise=each, year=year, valid_from=timezone.now() - dt.timedelta(days=30), **figures
        )
    return each


def version(code: str = "huangyan-2022") -> SchemeVersion:
    """The version of a sample scheme, as loaded: a draft."""
    return SchemeVersion.objects.get(scheme__code=code)
