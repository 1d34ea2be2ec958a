"""What a red-line change set must keep: 调入 not less than 调出 in each district, and every floor after it.

The arithmetic is that of `landuse.redline.compliance` and of the guard that judges every commit:
ellipsoidal m² clipped to the district, summed as decimals, compared unrounded. The floors sum to
exactly the city's 450 km², so that no district has slack (S002 专项行动六 二(一)2; rules §3.1 A2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from core.geodata.area import M2_PER_KM2, mu_from_m2
from core.mapedit.checks import registry
from core.mapedit.checks.effects import overlayable_sql
from core.mapedit.checks.prepared import Prepared
from core.mapedit.checks.thresholds import cited
from core.mapedit.findings import ERROR, WARNING, Consequence, Finding, Source
from core.mapedit.models import ChangeSet
from landuse.redline.compliance import CITY
from parks.zones import checks as zone_checks

THIN = "\u2009"
FLOOR = "redline.floor_km2"

# Twelve decimals, as the guard keeps them; a draft may be of any size, so no digits are set before the point.
_CLIPPED = """round(coalesce(CASE
                WHEN ST_Covers({district}, {geom}) THEN {area}
                ELSE ST_Area(ST_Intersection({district}, {geom})::geography)
            END, 0)::numeric, 12)"""

# A floor of a district is its own: parameters are inherited, but a district without a floor must
# not be held to the city's. The floor before is the one that held the day before this one began.
_BALANCE = Prepared(
    f"""
    WITH touched AS MATERIALIZED (
        SELECT c.feature, c.action, c.attributes->>'district_id' AS district_id,
            {overlayable_sql("c.geom")} AS geom
        FROM mapedit_change c WHERE c.change_set_id = %(set)s
    ), held AS MATERIALIZED (
        SELECT v.tract_id, v.district_id, v.touched,
            {_CLIPPED.format(district="d.geom", geom="v.geom", area="v.area_m2")} AS area_m2
        FROM (
            SELECT v.*, true AS touched FROM touched t JOIN redline_tractversion v ON v.tract_id = t.feature
            UNION ALL
            -- The rest of the red line decides about floors; while one tract is drawn it is left out.
            SELECT v.*, false FROM redline_tractversion v
            WHERE %(all)s AND NOT EXISTS (SELECT FROM touched t WHERE t.feature = v.tract_id)
            -- One prepared district after the other.
            ORDER BY district_id
        ) v
        JOIN policy_jurisdiction d ON d.code = v.district_id
        WHERE v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
    ), drawn AS MATERIALIZED (
        SELECT t.feature, t.district_id,
            {_CLIPPED.format(district="d.geom", geom="t.geom", area="ST_Area(t.geom::geography)")} AS area_m2
        FROM touched t JOIN policy_jurisdiction d ON d.code = t.district_id AND d.level = 'district'
        WHERE t.action <> 'remove' AND t.geom IS NOT NULL
    ), step AS (
        SELECT coalesce(h.district_id, n.district_id) AS place,
            greatest(coalesce(h.area_m2, 0) - coalesce(n.area_m2, 0), 0) AS out_m2,
            greatest(coalesce(n.area_m2, 0) - coalesce(h.area_m2, 0), 0) AS in_m2
        FROM (SELECT * FROM held WHERE touched) h
        FULL JOIN drawn n ON n.feature = h.tract_id AND n.district_id = h.district_id
    ), district AS (
        SELECT d.code, d.name,
            coalesce((SELECT sum(area_m2) FROM held WHERE district_id = d.code), 0) AS now_m2,
            coalesce((SELECT sum(out_m2) FROM step WHERE place = d.code), 0) AS out_m2,
            coalesce((SELECT sum(in_m2) FROM step WHERE place = d.code), 0) AS in_m2,
            EXISTS (SELECT FROM step WHERE place = d.code) AS touched
        FROM policy_jurisdiction d WHERE d.level = 'district'
    ), place AS (
        SELECT code, name, now_m2, out_m2, in_m2, touched FROM district WHERE touched OR %(all)s
        UNION ALL
        SELECT d.code, d.name, sum(p.now_m2), sum(p.out_m2), sum(p.in_m2), bool_or(p.touched)
        FROM policy_jurisdiction d CROSS JOIN district p WHERE %(all)s AND d.code = '{CITY}' GROUP BY d.code, d.name
    )
    SELECT p.code, p.name, p.now_m2, p.out_m2, p.in_m2, p.touched,
        floor.value * 1000000, earlier.value * 1000000, document.code, document.title, floor.article
    FROM place p
    LEFT JOIN policy_parameter floor ON floor.jurisdiction_id = p.code
        AND floor.id = policy_parameter_id('{FLOOR}', p.code, %(on)s)
    LEFT JOIN policy_document document ON document.code = floor.document_id
    LEFT JOIN policy_parameter earlier ON earlier.jurisdiction_id = p.code
        AND earlier.id = policy_parameter_id('{FLOOR}', p.code, floor.valid_from - 1)
    ORDER BY p.code
    """,
    {"set": "bigint", "on": "date", "all": "boolean"},
)

_RED_LINE_INSIDE = """(
    SELECT coalesce(sum(CASE WHEN ST_Covers({geom}, r.geom) THEN r.area_m2
                        ELSE ST_Area(ST_Intersection({geom}, r.geom)::geography) END), 0)
    FROM redline_tractversion r
    WHERE r.geom && {geom} AND ST_Intersects({geom}, r.geom)
        AND r.valid_from <= %(on)s AND (r.valid_to IS NULL OR r.valid_to > %(on)s)
)"""
"""SQL: the red line inside a zone, for cities that measure zones by it (rules A3)."""


@dataclass(frozen=True)
class Balance:
    """One district, or the city: red-line area in force and what a change set takes out and brings in, in m².

    A tract that changes counts with its net change; one that changes districts goes out of one and into the other.
    ``now_m2`` is None, and floors are not judged, where only the changed tracts were looked at.
    """

    code: str
    name: str
    now_m2: Decimal | None
    out_m2: Decimal
    in_m2: Decimal
    touched: bool
    floor_m2: Decimal | None
    earlier_floor_m2: Decimal | None
    source: Source | None

    @property
    def after_m2(self) -> Decimal | None:
        """Area after the change set."""
        return None if self.now_m2 is None else self.now_m2 - self.out_m2 + self.in_m2

    @property
    def met(self) -> bool | None:
        """Whether the unrounded area reaches the floor (不少于: equality complies); None without a floor."""
        if self.floor_m2 is None or self.after_m2 is None:
            return None
        return self.after_m2 >= self.floor_m2

    @property
    def may_lose(self) -> bool:
        """Whether a revised, lower floor of its own is in force: then land may go to another district (A2)."""
        return self.floor_m2 is not None and self.earlier_floor_m2 is not None and self.floor_m2 < self.earlier_floor_m2


def balances(change_set: ChangeSet, on: dt.date, *, with_areas: bool = True) -> list[Balance]:
    """Every district and the city, in order of their codes (the city first); one query.

    Without ``with_areas`` only the tracts that change are measured, and only their districts answered.
    """
    return [
        Balance(
            code=code,
            name=name,
            now_m2=now if with_areas else None,
            out_m2=out,
            in_m2=brought,
            touched=touched,
            floor_m2=floor,
            earlier_floor_m2=earlier,
            source=cited(FLOOR, document, title, article, on=on, place=code) if document else None,
        )
        for code, name, now, out, brought, touched, floor, earlier, document, title, article in _BALANCE.rows(
            {"set": change_set.pk, "on": on, "all": with_areas}
        )
    ]


def find(change_set: ChangeSet, on: dt.date, features: Sequence[str] | None) -> list[Finding]:
    """Districts that lose area, and places that fall, or stay, under their floor.

    While one tract is drawn (``features``) the floors are left to the strip of consequences, which sums the
    whole red line: a set that loses nothing in any district breaks no floor.
    """
    found = []
    for balance in balances(change_set, on, with_areas=features is None):
        if balance.touched:
            found += _of_place(balance)
    return found


def _of_place(balance: Balance) -> list[Finding]:
    lost = balance.out_m2 - balance.in_m2
    found = []
    if lost > 0 and balance.code != CITY and not balance.may_lose:
        message = _(
            "%(name)s调出 %(out)s，调入 %(brought)s，净减 %(lost)s。同一区内调入不得少于调出；"
            "跨区调整须先有该区新的下限参数生效。"
        ) % {
            "name": balance.name,
            "out": square_metres(balance.out_m2),
            "brought": square_metres(balance.in_m2),
            "lost": square_metres(lost),
        }
        found.append(_finding("redline.balance", ERROR, message, balance, balance.in_m2, balance.out_m2))
    if balance.met is False and balance.floor_m2 is not None and balance.after_m2 is not None:
        values = {
            "name": balance.name,
            "after": square_metres(balance.after_m2),
            "floor": f"{balance.floor_m2 / M2_PER_KM2:f}".rstrip("0").rstrip(".") + f"{THIN}km²",
            "short": square_metres(balance.floor_m2 - balance.after_m2),
        }
        if lost > 0:
            severity = ERROR
            message = (
                _("调整后%(name)s红线面积 %(after)s，低于下限 %(floor)s，短缺 %(short)s。请在区内补足调入。") % values
            )
        else:
            severity = WARNING
            message = (
                _("%(name)s红线面积 %(after)s，仍低于下限 %(floor)s，短缺 %(short)s；此次调整没有使其减少。") % values
            )
        found.append(_finding("redline.floor", severity, message, balance, balance.after_m2, balance.floor_m2))
    return found


def _finding(rule: str, severity: str, message: str, balance: Balance, measured: Decimal, required: Decimal) -> Finding:
    return Finding(
        feature="",
        rule=rule,
        severity=severity,
        message=message,
        measured=float(measured),
        required=float(required),
        unit="m²",
        source=balance.source,
        other=balance.code,
    )


def square_metres(area_m2: Decimal) -> str:
    """1,284.60 m²（1.9269 亩）, with as many digits as it takes for a shortfall not to read as zero."""
    digits = 2 if area_m2 == 0 or abs(area_m2) >= 1 else min(12, max(2, 1 - area_m2.adjusted()))
    whole, __, rest = f"{mu_from_m2(area_m2):,.{digits + 4}f}".partition(".")
    return f"{area_m2:,.{digits}f}{THIN}m²（{whole}.{rest.rstrip('0'):0<2}{THIN}亩）"


def weigh(change_set: ChangeSet, on: dt.date) -> list[Consequence]:
    """Red-line area now and after against the floor: the districts it touches, and the city."""
    return [
        Consequence(
            key="redline.area",
            label=_("%(name)s红线面积") % {"name": balance.name},
            place=balance.code,
            now=float(balance.now_m2),
            after=float(balance.after_m2),
            required=None if balance.floor_m2 is None else float(balance.floor_m2),
            met=balance.met,
            source=balance.source,
        )
        for balance in balances(change_set, on)
        if (balance.touched or balance.code == CITY) and balance.now_m2 is not None and balance.after_m2 is not None
    ]


def register() -> None:
    """Make the rules known to map editing."""
    registry.register_check(registry.DomainCheck("redline.balance", ("redline",), find, order=10))
    registry.register_effect(registry.Effect("redline.area", ("redline",), weigh, order=10))
    zone_checks.register_basis("red_line", _RED_LINE_INSIDE)
