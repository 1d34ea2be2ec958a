"""What derives from returns and occupation: land of a year, and figures of plots. The only writers of both."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

SPLIT = {
    "tax_cny": ("tax_cny", 2),
    "output_cny": ("output_cny", 2),
    "investment_cny": ("fixed_asset_investment_cny", 2),
    "revenue_cny": ("revenue_cny", 2),
    "added_value_cny": ("added_value_cny", 2),
    "rd_cny": ("rd_cny", 2),
    "energy_tce": ("energy_tce", 4),
    "electricity_kwh": ("electricity_kwh", 2),
    "water_m3": ("water_m3", 2),
    "emission_kg": ("emission_kg", 4),
    "staff": ("staff", 4),
}
"""What a plot has of its occupants' returns: its column, theirs, and the decimals kept."""

PER_MU = ("tax_cny", "output_cny", "investment_cny")
"""Figures kept per 亩 as well: home pages and cards read them for whole districts."""


def _listed(pattern: str, names: Iterable[str]) -> str:
    return ", ".join(pattern.format(name=name) for name in names)


_SUMS = ", ".join(
    f"round(sum(r.{source} * part.fraction::numeric), {digits}) AS {name}" for name, (source, digits) in SPLIT.items()
)

# With ``firms`` only the plots these enterprises ever used are recomputed: what an occupant of one of them yields
# there depends on all of its land, so that land is looked at too.
_REFRESH = f"""
WITH asked AS (
    SELECT DISTINCT plot_id FROM plots_occupation WHERE enterprise_id = ANY(%(firms)s::bigint[])
), plot AS (
    SELECT plot_id, area_m2
    FROM plots_plotversion
    WHERE valid_from <= %(year_end)s AND (valid_to IS NULL OR valid_to > %(year_end)s)
), land AS (
    SELECT o.plot_id, o.enterprise_id, sum(o.share) * plot.area_m2 AS area_m2
    FROM plots_occupation o
    JOIN plot USING (plot_id)
    WHERE o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
        AND (%(firms)s::bigint[] IS NULL OR o.enterprise_id IN (
            SELECT beside.enterprise_id FROM plots_occupation beside JOIN asked USING (plot_id)
        ))
    GROUP BY o.plot_id, o.enterprise_id, plot.area_m2
), part AS (
    SELECT plot_id, enterprise_id,
           area_m2 / sum(area_m2) OVER (PARTITION BY enterprise_id) AS fraction
    FROM land
), figure AS (
    SELECT part.plot_id, {_SUMS}
    FROM part
    JOIN returns_yearlyreturn r ON r.enterprise_id = part.enterprise_id
        AND r.year = %(year)s AND r.valid_to IS NULL
    WHERE %(firms)s::bigint[] IS NULL OR part.plot_id IN (SELECT plot_id FROM asked)
    GROUP BY part.plot_id
), gone AS (
    DELETE FROM returns_plotfigure f
    WHERE f.year = %(year)s AND NOT EXISTS (SELECT FROM figure WHERE figure.plot_id = f.plot_id)
        AND (%(firms)s::bigint[] IS NULL OR f.plot_id IN (SELECT plot_id FROM asked))
)
INSERT INTO returns_plotfigure AS f
    (plot_id, year, area_m2, {_listed("{name}", SPLIT)}, {_listed("{name}_per_mu", PER_MU)})
SELECT figure.plot_id, %(year)s, plot.area_m2, {_listed("{name}", SPLIT)},
       {_listed("{name}::float8 / (plot.area_m2 * 3 / 2000)", PER_MU)}
FROM figure
JOIN plot USING (plot_id)
ORDER BY figure.plot_id
ON CONFLICT (plot_id, year) DO UPDATE
    SET area_m2 = EXCLUDED.area_m2, {_listed("{name} = EXCLUDED.{name}", SPLIT)},
        {_listed("{name}_per_mu = EXCLUDED.{name}_per_mu", PER_MU)}
    WHERE (f.area_m2, {_listed("f.{name}", SPLIT)})
        IS DISTINCT FROM
        (EXCLUDED.area_m2, {_listed("EXCLUDED.{name}", SPLIT)})
"""  # noqa: S608


# Numeric sums do not depend on the order of rows, so that the same data gives the same bytes.
_LAND = """
WITH asked AS (
    SELECT DISTINCT plot_id FROM plots_occupation WHERE enterprise_id = ANY(%(firms)s::bigint[])
), used AS (
    SELECT o.enterprise_id, o.plot_id, o.kind, o.share, o.leased_floor_m2, p.plot_ratio_built, p.geom,
           p.area_m2::numeric AS area, coalesce(p.registered_area_m2, p.area_m2::numeric) AS registered,
           sum(o.share) FILTER (WHERE o.kind = 'owner') OVER (PARTITION BY o.plot_id) AS owned
    FROM plots_occupation o
    JOIN plots_plotversion p ON p.plot_id = o.plot_id
        AND p.valid_from <= %(year_end)s AND (p.valid_to IS NULL OR p.valid_to > %(year_end)s)
    WHERE o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
        AND (%(firms)s::bigint[] IS NULL OR o.plot_id IN (SELECT plot_id FROM asked))
), principal AS (
    SELECT DISTINCT ON (enterprise_id) enterprise_id, plot_id, ST_PointOnSurface(geom) AS inner_point
    FROM used
    WHERE %(firms)s::bigint[] IS NULL OR enterprise_id = ANY(%(firms)s)
    ORDER BY enterprise_id, share * area DESC, plot_id
), computed AS (
    SELECT enterprise_id, count(DISTINCT plot_id) AS plots,
           round(coalesce(sum(registered * share / owned) FILTER (WHERE kind = 'owner'), 0), 4) AS registered,
           round(sum(share * area), 4) AS actual,
           round(sum(CASE
               WHEN kind = 'owner' THEN share * registered
               WHEN leased_floor_m2 IS NOT NULL AND plot_ratio_built > 0 THEN leased_floor_m2 / plot_ratio_built
               ELSE share * area
           END), 4) AS converted
    FROM used
    WHERE %(firms)s::bigint[] IS NULL OR enterprise_id = ANY(%(firms)s)
    GROUP BY enterprise_id
), corrected AS (
    SELECT enterprise_id,
           max(area_m2) FILTER (WHERE basis = 'registered') AS registered,
           max(area_m2) FILTER (WHERE basis = 'actual') AS actual,
           max(area_m2) FILTER (WHERE basis = 'converted') AS converted
    FROM returns_landcorrection
    WHERE year = %(year)s AND withdrawn_at IS NULL
        AND (%(firms)s::bigint[] IS NULL OR enterprise_id = ANY(%(firms)s))
    GROUP BY enterprise_id
), land AS (
    SELECT coalesce(c.enterprise_id, k.enterprise_id) AS enterprise_id, coalesce(c.plots, 0) AS plots,
           coalesce(k.registered, c.registered, 0)::float8 AS registered_m2,
           coalesce(k.actual, c.actual, 0)::float8 AS actual_m2,
           coalesce(k.converted, c.converted, 0)::float8 AS converted_m2,
           p.plot_id AS principal_plot_id, coalesce(z.zone_id, '') AS zone_code
    FROM computed c
    FULL JOIN corrected k USING (enterprise_id)
    LEFT JOIN principal p ON p.enterprise_id = c.enterprise_id
    LEFT JOIN LATERAL (
        SELECT v.zone_id FROM zones_zoneversion v
        WHERE v.valid_from <= %(year_end)s AND (v.valid_to IS NULL OR v.valid_to > %(year_end)s)
            AND ST_Covers(v.geom, p.inner_point)
        ORDER BY v.zone_id LIMIT 1
    ) z ON true
), gone AS (
    DELETE FROM returns_landofyear l
    WHERE l.year = %(year)s AND NOT EXISTS (SELECT FROM land WHERE land.enterprise_id = l.enterprise_id)
        AND (%(firms)s::bigint[] IS NULL OR l.enterprise_id = ANY(%(firms)s))
)
INSERT INTO returns_landofyear AS l
    (year, enterprise_id, plots, registered_m2, actual_m2, converted_m2, principal_plot_id, zone_code)
SELECT %(year)s, enterprise_id, plots, registered_m2, actual_m2, converted_m2, principal_plot_id, zone_code
FROM land
ORDER BY enterprise_id
ON CONFLICT (year, enterprise_id) DO UPDATE
    SET plots = EXCLUDED.plots, registered_m2 = EXCLUDED.registered_m2, actual_m2 = EXCLUDED.actual_m2,
        converted_m2 = EXCLUDED.converted_m2, principal_plot_id = EXCLUDED.principal_plot_id,
        zone_code = EXCLUDED.zone_code
    WHERE (l.plots, l.registered_m2, l.actual_m2, l.converted_m2, l.principal_plot_id, l.zone_code)
        IS DISTINCT FROM
        (EXCLUDED.plots, EXCLUDED.registered_m2, EXCLUDED.actual_m2, EXCLUDED.converted_m2,
         EXCLUDED.principal_plot_id, EXCLUDED.zone_code)
"""


@dataclass(frozen=True)
class Refreshed:
    """How many rows of a year a refresh wrote."""

    year: int
    written: int


def _asked(year: int, enterprises: Collection[int] | None) -> dict[str, Any]:
    firms = None if enterprises is None else list(enterprises)
    return {"year": year, "year_end": f"{year}-12-31", "firms": firms}


@transaction.atomic
def refresh_land(*, year: int, enterprises: Collection[int] | None = None) -> Refreshed:
    """Recompute every enterprise's land on 31 December of ``year``, on each basis, in m² (rules §3.1 A16).

    One statement over the whole city, or over ``enterprises`` (ids) alone; corrections in force take the place
    of what it computes. Rows that would not change are not written.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAND, _asked(year, enterprises))
        return Refreshed(year=year, written=cursor.rowcount)


@transaction.atomic
def refresh_plot_figures(*, year: int, enterprises: Collection[int] | None = None) -> Refreshed:
    """Recompute the per-亩 figures of every plot for ``year`` from returns and occupation.

    One statement over the whole city: each enterprise's return is split over the land it
    occupied on 31 December by ellipsoidal area × share; a plot's figure is the sum of its
    occupants' parts, per 亩 of the plot's ellipsoidal area (S002 专项行动六 二(四)1).
    With ``enterprises`` (ids) only plots they use are recomputed.
    Rows that would not change are not written, so history holds real changes only.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, _asked(year, enterprises))
        return Refreshed(year=year, written=cursor.rowcount)
