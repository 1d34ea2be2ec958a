"""A scheme that makes use of every rule there is, which the samples do not."""

from __future__ import annotations

from typing import Any

from core.accounts.models import CITY_CODE
from efficiency.schemes.models import ClassCut, Cohort, Indicator, Scheme, SchemeVersion


def every_rule(code: str, *, merge_tenants: bool) -> SchemeVersion:
    """A draft with scopes, ages, every basis of land, kind of base, direction and rule for the missing, and caps.

    The first cohort's caps are so low that many tie across its cut points.
    """
    scheme = Scheme.objects.create(code=code, name="各项规则（示例）", place_id=CITY_CODE, is_sample=True)
    version = SchemeVersion.objects.create(
        scheme=scheme,
        number=1,
        merge_tenants=merge_tenants,
        requires=[["tax_cny"], ["energy_tce", "emission_kg"]],
    )
    _cohort(
        version, 1,
        [
            _indicator("tax_cny", "land_mu", 40, base="2.5", cap="1"),
            _indicator("added_value_cny", "staff", "27.5", base="4", cap="1"),
            _indicator("energy_tce", "revenue_cny", "32.5", base="0.00001", scale="0.000001", cap="1", direction="less",
                       missing="average"),
        ],
        (12.5, 60, 61, 100), above_scale=True, industries=["33", "34", "38"], land_basis="registered", least_land_mu=3,
    )  # fmt: skip
    _cohort(
        version, 2,
        [
            _indicator("tax_cny", "land_mu", 30, base_kind="industry"),
            _indicator("emission_kg", "land_mu", 20, base_kind="cohort", direction="less", cap="3", missing="spread"),
            _indicator("added_value_cny", "energy_tce", 25, base_kind="industry", cap="1.35", missing="spread"),
            _indicator("electricity_kwh", "emission_kg", 25, base_kind="industry", direction="less", cap="2",
                       missing="average"),
        ],
        (30, 90, 100), not_industries=["26"], sizes=["small", "medium"], land_basis="converted", least_age_years=12,
    )  # fmt: skip
    _cohort(
        version, 3,
        [
            _indicator("output_cny", "land_mu", 60, base_kind="cohort"),
            _indicator("tax_cny", "emission_kg", 40, base_kind="cohort", missing="unrated"),
        ],
        (50, 100), least_land_mu=1,
    )  # fmt: skip
    return version


def _indicator(numerator: str, denominator: str, weight: Any, **facts: Any) -> dict[str, Any]:
    return {
        "numerator": numerator,
        "denominator": denominator,
        "weight": weight,
        "name": numerator,
        "unit": "—",
    } | facts


def _cohort(
    version: SchemeVersion, order: int, indicators: list[dict[str, Any]], cuts: tuple[float, ...], **scope: Any
) -> None:
    cohort = Cohort.objects.create(version=version, order=order, name=f"第 {order} 组", **scope)
    for number, facts in enumerate(indicators, start=1):
        Indicator.objects.create(cohort=cohort, order=number, **facts)
    for grade, percent in zip("ABCD", cuts, strict=False):
        ClassCut.objects.create(cohort=cohort, grade=grade, up_to_percent=percent)
