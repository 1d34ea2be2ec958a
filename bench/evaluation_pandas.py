"""The scores of the sample scheme of 黄岩 as one would write them with pandas: read_sql, columns, to_sql."""

from __future__ import annotations

from typing import Any

from efficiency.schemes.rules import Rules

_READ = """
SELECT e.id, e.district_id, e.industry_id, coalesce(i.parent_id, e.industry_id) AS above, e.above_scale, l.actual_m2,
       l.zone_code, e.town_id, r.tax_cny::float8, r.added_value_cny::float8, r.energy_tce::float8,
       r.emission_kg::float8, r.staff::float8, r.rd_cny::float8, r.revenue_cny::float8, r.electricity_kwh::float8
FROM enterprises_enterprise e
JOIN enterprises_industry i ON i.code = e.industry_id
LEFT JOIN returns_landofyear l ON l.enterprise_id = e.id AND l.year = %(year)s
LEFT JOIN returns_yearlyreturn r ON r.enterprise_id = e.id AND r.year = %(year)s AND r.valid_to IS NULL
WHERE l.id IS NOT NULL OR r.id IS NOT NULL
"""


def evaluate(url: str, *, year: int, rules: Rules) -> None:
    """Points, totals, ranks and classes of a year into a table of their own; no plots, no groups, no seal."""
    import numpy as np
    import pandas as pd
    import psycopg2
    import sqlalchemy

    engine = sqlalchemy.create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(url))
    firms = pd.read_sql(_READ, engine, params={"year": year})
    firms["land_mu"] = firms.actual_m2 * 3 / 2000
    parts = []
    for number, cohort in enumerate(rules.cohorts, start=1):
        part: Any = firms[firms.above_scale == cohort.above_scale].copy()
        part["total"] = 0.0
        for index, indicator in enumerate(cohort.indicators, start=1):
            value = part[indicator.numerator] / part[indicator.denominator].replace(0, np.nan) / float(indicator.scale)
            ratio = (value / float(indicator.base or 0)).clip(lower=0)
            points = (ratio * float(indicator.weight) * 10_000 + 0.5).apply(np.floor) / 10_000
            part[f"value{index}"], part[f"points{index}"] = value.round(6), points
            part["total"] += points.fillna(points.mean() if indicator.missing == "average" else 0)
        part.loc[part.tax_cny.isna() | ~(part.land_mu > 0), "total"] = np.nan
        part["cohort"], part["rank"] = number, part.total.rank(method="min", ascending=False)
        part["industry_rank"] = part.groupby("above").total.rank(method="min", ascending=False)
        reach = [np.floor(part.total.count() * float(cut.up_to_percent) / 100) for cut in cohort.cuts]
        part["grade"] = np.array([cut.grade for cut in cohort.cuts])[
            np.minimum(np.searchsorted(reach, part["rank"].fillna(0)), len(reach) - 1)
        ]
        parts.append(part)
    kept = ["id", "district_id", "town_id", "zone_code", "industry_id", "cohort", "actual_m2", "total", "grade", "rank"]
    scores = pd.concat(parts)
    scores = scores[[*kept, "industry_rank", *(name for name in scores if name.startswith(("value", "points")))]]
    scores.to_sql("bench_pandas_score", engine, if_exists="replace", index=False)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE bench_pandas_score"))
    engine.dispose()
