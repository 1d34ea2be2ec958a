"""Tax per 亩 under the lowest quarter of one's industry, several years running (PM-1, by industry)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from efficiency.evaluation.models import Run
from efficiency.flags.models import Rule
from efficiency.flags.rules.finding import Asked, CannotTell, Finder

YEARS = "flag.quartile_years"

# An industry is the 2-digit division of GB/T 4754, as in the runs. The division of tax by land is written in the order
# the runs write it: an enterprise that is itself the quartile must come out equal to it, and then is not below.
# Both sides are materialized: joined on the expression itself, every score would be looked at once an industry.
SELECT = """
WITH industry AS MATERIALIZED (
    SELECT g.run_id, g.code, i.name, g.rated, g.tax_quartiles[1] AS quartile
    FROM evaluation_groupscore g JOIN enterprises_industry i ON i.code = g.code
    WHERE g.run_id = ANY (%(runs)s) AND g.kind = 'industry'
), taxed AS MATERIALIZED (
    SELECT s.run_id, run.year, s.enterprise_id, s.district_code, s.land_m2, r.id AS return, r.tax_cny, r.status,
           r.self_report_id, left(substring(s.industry_code FROM '[0-9]+'), 2) AS division,
           r.tax_cny::float8 / (s.land_m2 * 3 / 2000) AS per_mu
    FROM evaluation_run run
    JOIN evaluation_score s ON s.run_id = run.id AND s.rank IS NOT NULL AND s.land_m2 > 0
    JOIN returns_yearlyreturn r ON r.enterprise_id = s.enterprise_id AND r.year = run.year
        AND r.valid_from <= run.as_of AND (r.valid_to IS NULL OR r.valid_to > run.as_of)
    WHERE run.id = ANY (%(runs)s)
), found AS (
    SELECT t.enterprise_id, (array_agg(t.district_code ORDER BY t.year DESC))[1] AS district_code,
           jsonb_agg(jsonb_build_object('year', t.year, 'run', t.run_id, 'tax_per_mu', t.per_mu,
               'quartile', g.quartile, 'industry', g.code, 'industry_name', g.name, 'rated', g.rated,
               'tax_cny', t.tax_cny, 'land_m2', t.land_m2, 'return', t.return) ORDER BY t.year) AS years,
           bool_or(t.status = 'provisional') AS provisional, bool_or(t.self_report_id IS NOT NULL) AS reported
    FROM taxed t JOIN industry g ON g.run_id = t.run_id AND g.code = t.division
    WHERE t.per_mu < g.quartile
    GROUP BY t.enterprise_id
    HAVING count(*) = %(years)s
)
SELECT l.principal_plot_id AS plot_id, found.enterprise_id, found.district_code, e.is_demo,
       e.name || ' 连续 ' || %(years)s || ' 年亩均税收低于行业下四分位' AS title,
       jsonb_build_object('years', found.years) AS evidence,
       found.provisional, used.occupants > 1 AS shared, found.reported, %(unpublished)s AS unpublished
FROM found
JOIN enterprises_enterprise e ON e.id = found.enterprise_id
LEFT JOIN returns_landofyear l ON l.enterprise_id = found.enterprise_id AND l.year = %(year)s
CROSS JOIN LATERAL (
    SELECT count(DISTINCT o.enterprise_id) AS occupants FROM plots_occupation o
    WHERE o.plot_id = l.principal_plot_id
        AND o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
) used
"""


def facts(asked: Asked) -> Mapping[str, Any]:
    """The runs of the year and of those before it, as many as the parameter says. Raises CannotTell."""
    newest = asked.evaluated()
    years = int(asked.number(YEARS))
    runs = [newest.pk]
    for year in range(asked.year - years + 1, asked.year):
        run = Run.objects.shown().by_weight(newest.place_id).filter(year=year).first()
        if run is None:
            raise CannotTell(f"{year} 年还没有公示或公布的评价，不能看连续 {years} 年")
        runs.append(run.pk)
    return {"runs": runs, "years": years}


BELOW_QUARTILE = Finder(Rule.BELOW_QUARTILE, SELECT, facts, keys=(YEARS,), evaluates=True)
