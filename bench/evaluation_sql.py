"""The sample scheme of 黄岩 as one statement: scores, plots and groups of a year, the same rows as an evaluation's.

Written for that scheme alone, with nothing looked up that is not needed: every figure is converted once, who is ranked
is worked out once and read three times, and rows are laid down in the order of the keys.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from efficiency.schemes.rules import Rules

_VALUE = "floor({value} * 1000000 + 0.5) / 1000000"
# Not greatest(): it takes what is not known for zero.
_POINTS = "CASE WHEN {value} > 0 THEN floor({value} / {base} * {weight} * 10000 + 0.5) WHEN {value} <= 0 THEN 0 END"

_STATEMENT = """
WITH figure AS MATERIALIZED (
    SELECT e.id, e.district_id AS district, coalesce(e.town_id, '') AS town, coalesce(l.zone_code, '') AS zone,
           e.industry_id AS industry, i.section, i.division, i.class,
           CASE WHEN e.above_scale THEN 1 ELSE 2 END AS cohort,
           coalesce(l.actual_m2, 0) AS land, coalesce(l.actual_m2, 0) * 3 / 2000 AS mu, r.id IS NOT NULL AS returned,
           r.tax_cny, r.output_cny, r.fixed_asset_investment_cny, r.added_value_cny, r.tax_cny::float8 AS tax,
           CASE WHEN e.above_scale THEN r.added_value_cny::float8 END AS added,
           CASE WHEN e.above_scale THEN r.energy_tce::float8 END AS energy,
           CASE WHEN e.above_scale THEN r.emission_kg::float8 END AS emission,
           CASE WHEN e.above_scale THEN r.staff::float8 END AS staff,
           CASE WHEN e.above_scale THEN r.rd_cny::float8 END AS rd,
           CASE WHEN e.above_scale THEN r.revenue_cny::float8 END AS revenue,
           CASE WHEN NOT e.above_scale THEN r.electricity_kwh::float8 END AS power
    FROM enterprises_enterprise e
    JOIN (
        SELECT c.code, coalesce(b.parent_id, c.parent_id, c.code) AS section,
               CASE WHEN b.parent_id IS NOT NULL THEN b.code WHEN c.parent_id IS NOT NULL THEN c.code END AS division,
               CASE WHEN b.parent_id IS NOT NULL THEN c.code END AS class
        FROM enterprises_industry c LEFT JOIN enterprises_industry b ON b.code = c.parent_id
    ) i ON i.code = e.industry_id
    LEFT JOIN returns_landofyear l ON l.enterprise_id = e.id AND l.year = %(year)s
    LEFT JOIN returns_yearlyreturn r ON r.enterprise_id = e.id AND r.year = %(year)s
        AND r.valid_from <= %(as_of)s AND (r.valid_to IS NULL OR r.valid_to > %(as_of)s)
    WHERE l.id IS NOT NULL OR r.id IS NOT NULL
), value AS (
    SELECT *,
           tax / nullif(mu, 0) / 10000 AS v1,
           CASE WHEN cohort = 1 THEN added / nullif(mu, 0) / 10000 ELSE tax / nullif(power, 0) END AS v2,
           added / nullif(energy, 0) / 10000 AS v3, added / nullif(emission, 0) / 10 AS v4,
           added / nullif(staff, 0) / 10000 AS v5, rd / nullif(revenue, 0) AS v6
    FROM figure
), point AS MATERIALIZED (
    SELECT *,
           {p1} AS p1, {p2} AS p2, {p3} AS p3, {p4} AS p4, {p5} AS p5, {p6} AS p6
    FROM value
), average AS (
    SELECT coalesce(floor((2 * sum(p4) + count(p4)) / (2 * nullif(count(p4), 0))), 0) AS p4 FROM point WHERE cohort = 1
), total AS (
    SELECT point.*, coalesce(point.p4, average.p4) AS given,
           CASE WHEN NOT returned THEN 'r' WHEN land <= 0 THEN 'l' WHEN tax IS NULL THEN 'm' ELSE '' END AS why,
           CASE WHEN returned AND land > 0 AND tax IS NOT NULL THEN
               coalesce(p1, 0) + coalesce(p2, 0) + CASE WHEN cohort = 1 THEN
                   coalesce(p3, 0) + coalesce(point.p4, average.p4) + coalesce(p5, 0) + coalesce(p6, 0)
               ELSE 0 END
           END AS total
    FROM point, average
), place AS (
    SELECT *, rank() OVER cohorts AS place, count(*) OVER (PARTITION BY cohort, total IS NULL) AS ranked,
           rank() OVER divisions AS industry_place,
           count(*) OVER (PARTITION BY cohort, total IS NULL, coalesce(division, section)) AS industry_ranked
    FROM total
    WINDOW cohorts AS (PARTITION BY cohort, total IS NULL ORDER BY total DESC),
           divisions AS (PARTITION BY cohort, total IS NULL, coalesce(division, section) ORDER BY total DESC)
), ranked AS MATERIALIZED (
    SELECT *,
           CASE WHEN total IS NULL THEN CASE WHEN why = 'm' THEN 'N' ELSE '' END
                WHEN place <= ranked * 25 / 100 THEN 'A' WHEN place <= ranked * 70 / 100 THEN 'B'
                WHEN place <= ranked * 95 / 100 THEN 'C' ELSE 'D' END AS grade
    FROM place
), scores AS (
    INSERT INTO evaluation_score (run_id, enterprise_id, district_code, town_code, zone_code, industry_code, cohort,
        land_m2, "values", points, total, grade, why, rank, industry_rank, industry_count)
    SELECT %(run)s, id, district, town, zone, industry, cohort, land,
           CASE cohort WHEN 1 THEN ARRAY[
               coalesce({v1}, 'NaN'), coalesce({v2}, 'NaN'), coalesce({v3}, 'NaN'), coalesce({v4}, 'NaN'),
               coalesce({v5}, 'NaN'), coalesce({v6}, 'NaN')
           ] ELSE ARRAY[coalesce({v1}, 'NaN'), coalesce({v2}, 'NaN')] END,
           CASE cohort WHEN 1 THEN ARRAY[
               coalesce(p1, 0) / 10000, coalesce(p2, 0) / 10000, coalesce(p3, 0) / 10000, given / 10000,
               coalesce(p5, 0) / 10000, coalesce(p6, 0) / 10000
           ] ELSE ARRAY[coalesce(p1, 0) / 10000, coalesce(p2, 0) / 10000] END,
           total / 10000, grade, why,
           CASE WHEN total IS NOT NULL THEN place END, CASE WHEN total IS NOT NULL THEN industry_place END,
           CASE WHEN total IS NOT NULL THEN industry_ranked END
    FROM ranked ORDER BY id
), plots AS (
    INSERT INTO evaluation_plotscore (run_id, plot_id, area_m2, enterprises, rated, total, grade)
    SELECT %(run)s, plot_id, area_m2, count(*), count(total),
           floor(sum(share * total) / sum(share) FILTER (WHERE total IS NOT NULL) + 0.5) / 10000, (array_agg(grade))[1]
    FROM (
        SELECT o.plot_id, p.area_m2, (o.share * 1000000)::int::float8 AS share, k.total, k.grade
        FROM plots_occupation o
        JOIN plots_plotversion p ON p.plot_id = o.plot_id
            AND p.valid_from <= %(year_end)s AND (p.valid_to IS NULL OR p.valid_to > %(year_end)s)
        JOIN ranked k ON k.id = o.enterprise_id
        WHERE o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
        ORDER BY o.plot_id, p.area_m2, o.share DESC, o.enterprise_id
    ) used
    GROUP BY plot_id, area_m2
)
INSERT INTO evaluation_groupscore (run_id, kind, code, enterprises, rated, grades, land_m2, tax_cny, output_cny,
    investment_cny, added_value_cny, mean_total, total_quartiles, tax_quartiles)
SELECT %(run)s, kind, code, count(*), count(total),
       jsonb_build_object('A', count(*) FILTER (WHERE grade = 'A'), 'B', count(*) FILTER (WHERE grade = 'B'),
           'C', count(*) FILTER (WHERE grade = 'C'), 'D', count(*) FILTER (WHERE grade = 'D'),
           'N', count(*) FILTER (WHERE grade = 'N')),
       coalesce(sum(land::numeric) FILTER (WHERE returned), 0)::float8,
       sum(tax_cny), sum(output_cny), sum(fixed_asset_investment_cny), sum(added_value_cny),
       floor((2 * sum(total) + count(total)) / (2 * nullif(count(total), 0))) / 10000,
       percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY total / 10000),
       percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY CASE WHEN total IS NOT NULL THEN tax / mu END)
FROM ranked, LATERAL (
    VALUES ('city', '440600'), ('district', district), ('town', town), ('zone', zone),
           ('industry', section), ('industry', division), ('industry', class)
) AS of (kind, code)
WHERE code <> ''
GROUP BY kind, code
"""


def insert(cursor: Any, *, run: int, year: int, as_of: dt.datetime, rules: Rules) -> None:
    """Evaluate a year into run ``run`` by the one statement."""
    facts: dict[str, Any] = {"run": run, "year": year, "as_of": as_of, "year_end": f"{year}-12-31"}
    for number, cohort in enumerate(rules.cohorts, start=1):
        for order, indicator in enumerate(cohort.indicators, start=1):
            facts[f"b{number}{order}"] = float(indicator.base or 0)
            facts[f"w{number}{order}"] = float(indicator.weight)
    parts = {f"v{number}": _VALUE.format(value=f"v{number}") for number in range(1, 7)}
    for number in range(1, 7):
        base, weight = f"%(b1{number})s", f"%(w1{number})s"
        if number <= len(rules.cohorts[1].indicators):
            base = f"CASE cohort WHEN 1 THEN {base} ELSE %(b2{number})s END"
            weight = f"CASE cohort WHEN 1 THEN {weight} ELSE %(w2{number})s END"
        parts[f"p{number}"] = _POINTS.format(value=f"v{number}", base=base, weight=weight)
    cursor.execute(_STATEMENT.format(**parts), facts)
