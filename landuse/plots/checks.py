"""What a change set does to plots as registered land: their code, their figures, and who occupies them.

Also how many plots a change of the zones or of the red line moves in or out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from core.mapedit import layers
from core.mapedit.checks import registry
from core.mapedit.checks.effects import overlayable_sql
from core.mapedit.checks.prepared import Prepared
from core.mapedit.checks.thresholds import from_jsonb, own_rule
from core.mapedit.findings import ERROR, WARNING, Consequence, Finding
from core.mapedit.models import Action, Change, ChangeSet
from core.policy.models import CITY_CODE

if TYPE_CHECKING:
    import pyarrow as pa

_SANE: dict[str, tuple[Callable[[Decimal], bool], Decimal]] = {
    "plot_ratio_planned": (lambda n: n >= 0, Decimal("Infinity")),
    "plot_ratio_built": (lambda n: n >= 0, Decimal("Infinity")),
    "density_planned": (lambda n: n >= 0, Decimal(100)),
    "green_ratio_planned": (lambda n: n >= 0, Decimal(100)),
    "height_limit_m": (lambda n: n > 0, Decimal("Infinity")),
    "registered_area_m2": (lambda n: n > 0, Decimal("Infinity")),
}
"""The constraints of the table: what a figure is at least, and at most."""


def _suspect(name: str) -> str:
    """SQL: whether the text of a figure may break its constraint; what is suspected is read and judged as a number."""
    least, most = _SANE[name]
    text = f"ltrim(r.{name})"
    signs = f"{text} LIKE '-%%'" if least(Decimal(0)) else f"left({text}, 1) IN ('-', '0')"
    longer = f" OR position('.' IN {text} || '.') > {len(str(most))}" if most.is_finite() else ""
    return f"coalesce({signs}{longer}, false)"


# Only plots that may be wrong come back, so that a set of a million costs no million rows.
_PLOTS = Prepared(
    f"""
    SELECT c.feature, CASE WHEN c.action <> 'remove' THEN c.attributes END,
        held.enterprises, held.names, ST_X(held.point), ST_Y(held.point)
    FROM mapedit_change c
    -- Once a row: reading twelve keys one by one costs twelve times as much.
    CROSS JOIN LATERAL jsonb_to_record(c.attributes) AS r (
        district_id text, term_from text, term_to text, {", ".join(f"{name} text" for name in _SANE)}
    )
    LEFT JOIN LATERAL (
        SELECT count(DISTINCT o.enterprise_id) AS enterprises,
            (array_agg(DISTINCT e.name ORDER BY e.name))[1:3] AS names,
            (SELECT ST_PointOnSurface(v.geom) FROM plots_plotversion v
             WHERE v.plot_id = c.feature AND v.valid_to IS NULL) AS point
        FROM plots_occupation o JOIN enterprises_enterprise e ON e.id = o.enterprise_id
        WHERE o.plot_id = c.feature AND (o.valid_to IS NULL OR o.valid_to > %(on)s)
    ) held ON c.action = 'remove'
    WHERE c.change_set_id = %(set)s AND (%(all)s OR c.feature = ANY (%(features)s))
        AND (held.enterprises > 0 OR (c.action <> 'remove' AND (
            left(c.feature, 6) IS DISTINCT FROM r.district_id
            OR r.term_to <= r.term_from
            OR {" OR ".join(_suspect(name) for name in _SANE)}
        )))
    ORDER BY c.feature
    """,
    {"set": "bigint", "on": "date", "all": "boolean", "features": "text[]"},
)


def find(change_set: ChangeSet, on: dt.date, features: Sequence[str] | None) -> list[Finding]:
    """Codes of another district, figures no plot has, and removed plots that enterprises still occupy."""
    found = []
    values = {"set": change_set.pk, "on": on, "all": features is None, "features": list(features or [])}
    for feature, attributes, enterprises, names, lon, lat in _PLOTS.rows(values):
        if enterprises:
            found.append(_occupied(feature, enterprises, names, lon, lat))
        elif attributes is not None:
            found += _facts(feature, from_jsonb(attributes))
    return found


def sieve(codes: pa.Array, attributes: Mapping[str, pa.Array]) -> np.ndarray:
    """Which plots to be added may break what the table demands: what is right as a rounded number is right."""
    # Late: only an import needs columns.
    import pyarrow.compute as pc

    def known(answer: pa.Array, otherwise: bool) -> np.ndarray:
        return pc.fill_null(answer, otherwise).to_numpy(zero_copy_only=False)

    suspect = known(pc.not_equal(pc.utf8_slice_codeunits(codes, 0, 6), attributes["district_id"]), True)
    suspect |= known(pc.less_equal(attributes["term_to"], attributes["term_from"]), False)
    for name, (least, most) in _SANE.items():
        figures = attributes[name].cast("float64").to_numpy(zero_copy_only=False)
        low = np.signbit(figures) & ~np.isnan(figures) if least(Decimal(0)) else figures <= 0
        suspect |= low | (figures >= float(most))
    return suspect


def find_one(change: Change, on: dt.date) -> list[Finding]:
    """As :func:`find`, of one plot; only a removal asks the database."""
    if change.action == Action.REMOVE:
        return find(change.change_set, on, [change.feature])
    return _facts(change.feature, change.attributes)


def _facts(feature: str, attributes: Mapping[str, Any]) -> list[Finding]:
    """What the table's own constraints would refuse."""
    found = []
    district = attributes.get("district_id")
    if feature[:6] != district:
        message = _("宗地代码前 6 位 %(prefix)s 与所在区 %(district)s 不符。请改正所在区，或改用该区的代码。") % {
            "prefix": feature[:6],
            "district": district or _("（空）"),
        }
        found.append(_wrong(feature, "code.district", message))
    for name, (least, most) in _SANE.items():
        number = as_number(attributes.get(name))
        if number is not None and not (least(number) and number <= most):
            label = layers.editable("plots").attribute(name).label
            found.append(_wrong(feature, "attribute.range", _("“%(label)s”超出合理范围。") % {"label": label}))
    start, end = str(attributes.get("term_from") or ""), str(attributes.get("term_to") or "")
    if start and end and end <= start:
        found.append(_wrong(feature, "attribute.term", _("使用期止须晚于使用期起。")))
    return found


def as_number(value: object) -> Decimal | None:
    """A figure of an attribute; None for nothing and for what is no number, which has a finding of its own."""
    try:
        number = Decimal(str(value)) if value not in (None, "") and not isinstance(value, bool) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _wrong(feature: str, rule: str, message: str) -> Finding:
    return Finding(feature=feature, rule=rule, severity=ERROR, message=message, source=own_rule(_("宗地登记事项")))


def _occupied(feature: str, enterprises: int, names: list[str], lon: float | None, lat: float | None) -> Finding:
    listed = "、".join(names) + (_("等") if enterprises > len(names) else "")
    return Finding(
        feature=feature,
        rule="plots.occupied",
        severity=WARNING,
        message=_("移除的宗地上有 %(count)s 家企业在用：%(names)s。请先明确去向，占用记录不会自动转移。")
        % {"count": enterprises, "names": listed},
        lon=lon,
        lat=lat,
        measured=float(enterprises),
        required=0.0,
        unit=_("家"),
        source=own_rule(_("宗地占用")),
    )


@cache
def _moved(layer_name: str) -> Prepared:
    layer = layers.editable(layer_name)
    return Prepared(
        f"""
        WITH touched AS MATERIALIZED (
            SELECT c.feature, v.geom AS held,
                CASE WHEN c.action <> 'remove' THEN {overlayable_sql("c.geom")} END AS drawn
            FROM mapedit_change c
            LEFT JOIN {layer.table} v ON v.{layer.feature_column} = c.feature AND {layer.in_force_sql("v", "%(on)s")}
            WHERE c.change_set_id = %(set)s
        ), piece AS MATERIALIZED (
            SELECT true AS leaves, (ST_Dump(CASE WHEN drawn IS NULL THEN held ELSE ST_Difference(held, drawn) END)).geom
            FROM touched WHERE held IS NOT NULL
            UNION ALL
            SELECT false, (ST_Dump(CASE WHEN held IS NULL THEN drawn ELSE ST_Difference(drawn, held) END)).geom
            FROM touched WHERE drawn IS NOT NULL
        )
        SELECT count(DISTINCT p.plot_id) FILTER (WHERE piece.leaves),
            count(DISTINCT p.plot_id) FILTER (WHERE NOT piece.leaves)
        FROM piece
        CROSS JOIN LATERAL (
            SELECT plot_id, geom FROM plots_plotversion
            WHERE geom && piece.geom AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s) OFFSET 0
        ) p
        -- A plot belongs where its inner point lies, as everywhere.
        WHERE ST_Intersects(ST_PointOnSurface(p.geom), piece.geom)
        """,
        {"set": "bigint", "on": "date"},
    )


def weigh(change_set: ChangeSet, on: dt.date) -> list[Consequence]:
    """How many plots leave the changed outlines (now in them) and how many they take in (in them afterwards)."""
    ((leaving, joining),) = _moved(change_set.layer_id).rows({"set": change_set.pk, "on": on})
    if not leaving and not joining:
        return []
    return [
        Consequence(
            key="plots.moved",
            label=_("归属改变的宗地（移出 → 移入）"),
            place=CITY_CODE,
            now=float(leaving),
            after=float(joining),
            unit=_("宗"),
        )
    ]


def register() -> None:
    """Make the rules known to map editing."""
    registry.register_check(registry.DomainCheck("plots", ("plots",), find, order=10, find_one=find_one, sieve=sieve))
    registry.register_effect(registry.Effect("plots.moved", ("zones", "redline"), weigh, order=50))
