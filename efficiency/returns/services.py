"""The only writers of returns and of what derives from them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

_REFRESH = """
WITH plot AS (
    SELECT plot_id, area_m2
    FROM plots_plotversion
    WHERE valid_from <= %(year_end)s AND (valid_to IS NULL OR valid_to > %(year_end)s)
), land AS (
    SELECT o.plot_id, o.enterprise_id, sum(o.share) * plot.area_m2 AS area_m2
    FROM plots_occupation o
    JOIN plot USING (plot_id)
    WHERE o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
    GROUP BY o.plot_id, o.enterprise_id, plot.area_m2
), part AS (
    SELECT plot_id, enterprise_id,
           area_m2 / sum(area_m2) OVER (PARTITION BY enterprise_id) AS fraction
    FROM land
), figure AS (
    SELECT part.plot_id,
           round(sum(r.tax_cny * part.fraction::numeric), 2) AS tax_cny,
           round(sum(r.output_cny * part.fraction::numeric), 2) AS output_cny,
           round(sum(r.fixed_asset_investment_cny * part.fraction::numeric), 2)
               AS investment_cny
    FROM part
    JOIN returns_yearlyreturn r ON r.enterprise_id = part.enterprise_id
        AND r.year = %(year)s AND r.valid_to IS NULL
    GROUP BY part.plot_id
), gone AS (
    DELETE FROM returns_plotfigure f
    WHERE f.year = %(year)s AND NOT EXISTS (SELECT FROM figure WHERE figure.plot_id = f.plot_id)
)
INSERT INTO returns_plotfigure AS f
    (plot_id, year, area_m2, tax_cny, output_cny, investment_cny,
     tax_cny_per_mu, output_cny_per_mu, investment_cny_per_mu)
SELECT figure.plot_id, %(year)s, plot.area_m2, tax_cny, output_cny, investment_cny,
       tax_cny::float8 / (plot.area_m2 * 3 / 2000),
       output_cny::float8 / (plot.area_m2 * 3 / 2000),
       investment_cny::float8 / (plot.area_m2 * 3 / 2000)
FROM figure
JOIN plot USING (plot_id)
ORDER BY figure.plot_id
ON CONFLICT (plot_id, year) DO UPDATE
    SET area_m2 = EXCLUDED.area_m2,
        tax_cny = EXCLUDED.tax_cny,
        output_cny = EXCLUDED.output_cny,
        investment_cny = EXCLUDED.investment_cny,
        tax_cny_per_mu = EXCLUDED.tax_cny_per_mu,
        output_cny_per_mu = EXCLUDED.output_cny_per_mu,
        investment_cny_per_mu = EXCLUDED.investment_cny_per_mu
    WHERE (f.area_m2, f.tax_cny, f.output_cny, f.investment_cny)
        IS DISTINCT FROM
        (EXCLUDED.area_m2, EXCLUDED.tax_cny, EXCLUDED.output_cny, EXCLUDED.investment_cny)
"""


@dataclass(frozen=True)
class Refreshed:
    """How many plot figures a refresh wrote."""

    year: int
    written: int


@transaction.atomic
def refresh_plot_figures(*, year: int) -> Refreshed:
    """Recompute the per-亩 figures of every plot for ``year`` from returns and occupation.

    One statement over the whole city: each enterprise's return is split over the land it
    occupied on 31 December by ellipsoidal area × share; a plot's figure is the sum of its
    occupants' parts, per 亩 of the plot's ellipsoidal area (S002 专项行动六 二(四)1).
    Rows that would not change are not written, so history holds real changes only.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, {"year": year, "year_end": f"{year}-12-31"})
        return Refreshed(year=year, written=cursor.rowcount)
