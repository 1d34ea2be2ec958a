"""Land of a year computed again by pandas from occupations, outlines and corrections, on every basis."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from tests.efficiency.evaluation.tables import BASES, frame

NOTHING = Decimal(0)


def land_again(year: int) -> pd.DataFrame:
    """Areas in m² to 4 decimals, number of plots and principal plot, a row a firm; sums of decimals, so exact.

    An owner's land is its part of the owners' shares of the registered area (else the measured one), actual land is
    share × measured area; converted is the former for owners, for tenants their floor ÷ the plot ratio built.
    """
    used = frame(
        "SELECT o.enterprise_id AS firm, o.plot_id AS plot, o.kind, o.share, o.leased_floor_m2 AS floor,"
        " p.plot_ratio_built AS ratio, p.area_m2::numeric AS area,"
        " coalesce(p.registered_area_m2, p.area_m2::numeric) AS registered"
        " FROM plots_occupation o JOIN plots_plotversion p ON p.plot_id = o.plot_id"
        " AND p.valid_from <= %(day)s AND (p.valid_to IS NULL OR p.valid_to > %(day)s)"
        " WHERE o.valid_from <= %(day)s AND (o.valid_to IS NULL OR o.valid_to > %(day)s) ORDER BY random()",
        day=f"{year}-12-31",
    ).astype({"floor": object, "ratio": object})
    owner = used.kind == "owner"
    owned = used[owner].groupby("plot").share.sum()
    used["actual_m2"] = used.share * used.area
    used["registered_m2"] = NOTHING
    used.loc[owner, "registered_m2"] = (used.share * used.registered)[owner] / used["plot"].map(owned)[owner]
    used["converted_m2"] = (used.share * used.registered).where(owner, used.actual_m2)
    floors = ~owner & used.floor.notna() & used.ratio.map(lambda ratio: ratio is not None and ratio > 0)
    used.loc[floors, "converted_m2"] = used.floor[floors] / used.ratio[floors]
    by = used.groupby("firm")
    again = by[[f"{basis}_m2" for basis in BASES]].sum().map(to_four_places)
    again["plots"] = by["plot"].nunique()
    most = used.sort_values("plot").sort_values("actual_m2", ascending=False, kind="stable")
    again["principal_plot_id"] = most.groupby("firm")["plot"].first()
    corrections = frame(
        "SELECT enterprise_id, basis, area_m2 FROM returns_landcorrection WHERE year = %(year)s"
        " AND withdrawn_at IS NULL",
        year=year,
    )
    for each in corrections.itertuples():
        again.loc[each.enterprise_id, f"{each.basis}_m2"] = float(each.area_m2)
    return again.astype({f"{basis}_m2": "float64" for basis in BASES})


def to_four_places(area: Decimal) -> float:
    """An area as it is kept."""
    return float(area.quantize(Decimal("0.0001"), ROUND_HALF_UP))
