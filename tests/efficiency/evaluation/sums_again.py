"""Results of plots and groups computed again by pandas from tables and the scores computed again."""

from __future__ import annotations

import json

import pandas as pd

from tests.efficiency.evaluation.tables import POINT, half_up, occupants, spread_out

SUMMED = {
    "tax_cny": "tax_cny",
    "output_cny": "output_cny",
    "investment_cny": "fixed_asset_investment_cny",
    "added_value_cny": "added_value_cny",
}
"""Sums of a group and the figures they are of; compared as whole numbers of 分."""


def plots_again(scores: pd.DataFrame, year: int) -> pd.DataFrame:
    """The mean of the occupants' totals by the land they use, and the class of who uses most, the first by id."""
    used = occupants(year).join(scores[["units", "grade"]], on="firm", how="inner")
    ranked = used.dropna(subset="units")
    ranked = ranked.assign(weighed=ranked.share * ranked.units)
    sums = ranked.groupby("plot")[["weighed", "share"]].sum()
    most = used.sort_values(["share", "firm"], ascending=[False, True]).groupby("plot")
    again = most.agg(area_m2=("area_m2", "first"), enterprises=("firm", "size"), grade=("grade", "first"))
    rated = ranked.groupby("plot").size()
    return again.assign(
        rated=rated.reindex(again.index, fill_value=0),
        total=half_up(sums.weighed, sums.share).astype("float64") / POINT,
    )


def groups_again(scores: pd.DataFrame, city: str, ways: dict[str, list[str]]) -> pd.DataFrame:
    """Every group there is, by kind and code."""
    scores = scores.assign(
        city=city,
        # Land that no figures are known of would water the per-亩 means down.
        land_whole=scores.own_whole.where(scores.returned, 0),
        tax_per_mu=(scores.tax_cny / (scores.own_m2 * 3 / 2000)).where(scores.units.notna() & (scores.own_m2 > 0)),
    )
    kinds = [scores.assign(kind=kind, code=scores[kind]) for kind in ("city", "district", "town", "zone")]
    kinds.append(scores.assign(kind="industry", code=scores.industry.map(ways)).explode("code"))
    members = pd.concat(kinds)
    by = members[members.code != ""].groupby(["kind", "code"])
    again = pd.DataFrame({"enterprises": by.size(), "rated": by.units.count()})
    for grade in "ABCDN":
        again[f"grade_{grade}"] = (members.grade == grade).groupby([members.kind, members.code]).sum()
    again["land_m2"] = [int(each) / 10_000 for each in by.land_whole.sum()]
    for name, figure in SUMMED.items():
        again[name] = by[f"{figure}_whole"].sum(min_count=1)
    again["mean_total"] = half_up(by.units.sum(), again.rated.where(again.rated > 0).astype("Int64")) / POINT
    for name, column in (("total_quartiles", "total"), ("tax_quartiles", "tax_per_mu")):
        for number, part in enumerate((0.25, 0.5, 0.75), start=1):
            again[f"{name}{number}"] = by[column].quantile(part)
    return again


def stored_groups(stored: pd.DataFrame) -> pd.DataFrame:
    """Rows of evaluation_groupscore by kind and code, sums in 分, classes and quartiles spread out."""
    stored = stored.set_index(["kind", "code"])
    grades = pd.DataFrame(map(json.loads, stored.pop("grades")), index=stored.index).add_prefix("grade_")
    wide = [spread_out(stored.pop(name), name) for name in ("total_quartiles", "tax_quartiles")]
    for name in SUMMED:
        stored[name] = pd.array([None if each is None else int(each * 100) for each in stored[name]], dtype="Int64")
    return pd.concat([stored, grades, *wide], axis=1)
