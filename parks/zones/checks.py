"""What a change set of zones must keep: each 万亩 zone strictly over 10,000 亩, and their number.

「超万亩」 excludes equality (rules A13). Whether the gross outline or the red line inside it is measured
is a parameter (A3); a verdict compares unrounded m².
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.utils.translation import gettext as _

from core.geodata.area import m2_from_mu, mu_from_m2
from core.mapedit.checks import registry
from core.mapedit.checks.effects import overlayable_sql
from core.mapedit.checks.prepared import Prepared
from core.mapedit.checks.thresholds import cited, from_jsonb
from core.mapedit.checks.wording import figure
from core.mapedit.findings import ERROR, WARNING, Consequence, Finding, Source
from core.mapedit.models import ChangeSet
from core.policy.models import CITY_CODE
from parks.zones.models import ZoneClass

THIN = "\u2009"
MIN_AREA, COUNT, BASIS = "zone.min_area_mu", "zone.count", "zone.area_basis"

_bases: dict[str, str] = {}
"""SQL of a zone's measured area in m² for bases other than its gross outline, with ``{geom}`` for the outline."""


def register_basis(basis: str, sql: str) -> None:
    """Let ``zone.area_basis`` be ``basis``: ``sql`` measures the outline ``{geom}`` in m² on ``%(on)s``.

    What lies inside a zone is known to packages above this one.
    """
    _bases[basis] = sql


@cache
def _statement() -> Prepared:
    def measured(geom: str) -> str:
        cases = "".join(f" WHEN '{basis}' THEN {sql.format(geom=geom)}" for basis, sql in _bases.items())
        gross = f"ST_Area({geom}::geography)"
        return f"(CASE rule.basis{cases} ELSE {gross} END)::numeric" if cases else f"{gross}::numeric"

    return Prepared(
        f"""
        WITH parameter AS MATERIALIZED (
            SELECT p.key, p.value, p.text_value, d.code, d.title, p.article
            FROM policy_parameter p JOIN policy_document d ON d.code = p.document_id
            WHERE p.jurisdiction_id = '{CITY_CODE}' AND p.key IN ('{MIN_AREA}', '{COUNT}', '{BASIS}')
                AND p.status <> 'reference' AND p.valid_from <= %(on)s AND (p.valid_to IS NULL OR p.valid_to > %(on)s)
        ), rule AS MATERIALIZED (
            SELECT (SELECT text_value FROM parameter WHERE key = '{BASIS}') AS basis
        ), touched AS MATERIALIZED (
            SELECT c.feature AS code, c.attributes->>'name' AS name, c.attributes->>'zone_class' AS zone_class,
                v.name AS old_name, v.zone_class AS old_class, v.geom AS old_geom,
                CASE WHEN c.action <> 'remove' THEN {overlayable_sql("c.geom")} END AS geom
            FROM mapedit_change c
            LEFT JOIN zones_zoneversion v ON v.zone_id = c.feature AND v.valid_from <= %(on)s
                AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
            WHERE c.change_set_id = %(set)s AND (%(all)s OR c.feature = ANY (%(features)s))
        ), counted AS MATERIALIZED (
            SELECT count(*) FILTER (WHERE v.zone_class = '{ZoneClass.WANMU.value}') AS now
            FROM zones_zoneversion v
            WHERE v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
        )
        SELECT
            (SELECT jsonb_agg(jsonb_build_array(key, value, text_value, code, title, article)) FROM parameter),
            (SELECT now FROM counted),
            (SELECT jsonb_agg(jsonb_build_array(t.code, coalesce(t.name, t.old_name), t.old_class,
                CASE WHEN t.geom IS NOT NULL THEN t.zone_class END,
                CASE WHEN t.old_geom IS NOT NULL THEN {measured("t.old_geom")}::text END,
                CASE WHEN t.geom IS NOT NULL THEN {measured("t.geom")}::text END,
                ST_X(p.point), ST_Y(p.point)) ORDER BY t.code)
             FROM touched t CROSS JOIN rule
             CROSS JOIN LATERAL (SELECT ST_PointOnSurface(t.geom) AS point) p)
        """,
        {"set": "bigint", "on": "date", "all": "boolean", "features": "text[]"},
    )


@dataclass(frozen=True)
class ZoneChange:
    """One zone of a change set: class and measured area (m², unrounded) before and after; None where it is not."""

    code: str
    name: str
    class_now: str | None
    class_after: str | None
    now_m2: Decimal | None
    after_m2: Decimal | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True)
class Proposal:
    """What a change set makes of the zones. ``minimum_m2`` is None before the plan was in force."""

    zones: tuple[ZoneChange, ...]
    count_now: int
    required: int | None
    minimum_m2: Decimal | None
    red_line_only: bool
    sources: dict[str, Source]

    @property
    def count_after(self) -> int:
        """Number of 万亩 zones, when ``zones`` are all that change."""
        return self.count_now + sum(
            (zone.class_after == ZoneClass.WANMU) - (zone.class_now == ZoneClass.WANMU) for zone in self.zones
        )


def proposal(change_set: ChangeSet, on: dt.date, features: Sequence[str] | None = None) -> Proposal:
    """The zones ``change_set`` changes, or those of them called ``features``; one query."""
    values = {"set": change_set.pk, "on": on, "all": features is None, "features": list(features or [])}
    ((parameters, count, zones),) = _statement().rows(values)
    rows = {key: (value, text) for key, value, text, *__ in from_jsonb(parameters) or []}
    minimum, required = (rows[key][0] if key in rows else None for key in (MIN_AREA, COUNT))
    return Proposal(
        zones=tuple(
            ZoneChange(
                code,
                name or code,
                before,
                after,
                None if now_m2 is None else Decimal(now_m2),
                None if after_m2 is None else Decimal(after_m2),
                lon,
                lat,
            )
            for code, name, before, after, now_m2, after_m2, lon, lat in from_jsonb(zones) or []
        ),
        count_now=count,
        required=None if required is None else int(required),
        minimum_m2=None if minimum is None else m2_from_mu(Decimal(str(minimum))),
        red_line_only=rows.get(BASIS, (None, ""))[1] == "red_line",
        sources={
            key: cited(key, document, title, article, on=on)
            for key, __, __, document, title, article in from_jsonb(parameters) or []
        },
    )


def find(change_set: ChangeSet, on: dt.date, features: Sequence[str] | None) -> list[Finding]:
    """万亩 zones that would not be over 10,000 亩, and, for the whole set, a number of zones other than planned."""
    proposed = proposal(change_set, on, features)
    found = []
    if proposed.minimum_m2 is not None:
        for zone in proposed.zones:
            if (
                zone.class_after == ZoneClass.WANMU
                and zone.after_m2 is not None
                and zone.after_m2 <= proposed.minimum_m2
            ):
                found.append(_too_small(zone, proposed, proposed.minimum_m2))
    if features is None and proposed.required not in (None, proposed.count_after):
        message = _("变更后万亩集聚区 %(count)s 个，规划 %(required)s 个。") % {
            "count": proposed.count_after,
            "required": proposed.required,
        }
        found.append(
            Finding(
                feature="",
                rule="zone.count",
                severity=WARNING,
                message=message,
                measured=float(proposed.count_after),
                required=float(proposed.required or 0),
                unit=_("个"),
                source=proposed.sources.get(COUNT),
            )
        )
    return found


def _too_small(zone: ZoneChange, proposed: Proposal, minimum_m2: Decimal) -> Finding:
    area = zone.after_m2 or Decimal(0)
    values = {
        "measured": _("其中红线面积") if proposed.red_line_only else _("面积"),
        "area": f"{_below(mu_from_m2(area), mu_from_m2(minimum_m2))}{THIN}亩",
        "minimum": f"{mu_from_m2(minimum_m2):,.0f}{THIN}亩",
        "short": f"{figure(float(minimum_m2 - area))}{THIN}m²",
    }
    return Finding(
        feature=zone.code,
        rule=MIN_AREA,
        severity=ERROR,
        message=_(
            "%(measured)s %(area)s，没有超过 %(minimum)s（等于不算超过），差 %(short)s。请扩大范围，或改为千亩集聚区。"
        )
        % values,
        lon=zone.lon,
        lat=zone.lat,
        measured=float(area),
        required=float(minimum_m2),
        unit="m²",
        source=proposed.sources.get(MIN_AREA),
    )


def _below(value: Decimal, limit: Decimal) -> str:
    """``value`` with two digits, or as many as it takes not to read as more than it is beside ``limit``."""
    for digits in range(2, 10):
        text = f"{value:,.{digits}f}"
        if value >= limit or Decimal(text.replace(",", "")) < limit:
            return text
    return f"{value:,.12f}"


def weigh(change_set: ChangeSet, on: dt.date) -> list[Consequence]:
    """Measured area of each zone it changes, now and after, against 10,000 亩; and how many 万亩 zones there are."""
    proposed = proposal(change_set, on)
    found = []
    for zone in proposed.zones:
        large = ZoneClass.WANMU in (zone.class_now, zone.class_after)
        bound = proposed.minimum_m2 if large and zone.class_after in (None, ZoneClass.WANMU) else None
        after = zone.after_m2 or Decimal(0)
        found.append(
            Consequence(
                key="zone.area",
                label=_("%(name)s面积") % {"name": zone.name},
                place=zone.code,
                now=float(zone.now_m2 or 0),
                after=float(after),
                required=None if bound is None else float(bound),
                met=None if bound is None or zone.class_after is None else after > bound,
                source=proposed.sources.get(MIN_AREA) if bound is not None else None,
            )
        )
    if proposed.count_after != proposed.count_now:
        found.append(
            Consequence(
                key="zone.count",
                label=_("万亩集聚区数量"),
                place=CITY_CODE,
                now=float(proposed.count_now),
                after=float(proposed.count_after),
                unit=_("个"),
                required=None if proposed.required is None else float(proposed.required),
                met=None if proposed.required is None else proposed.count_after == proposed.required,
                source=proposed.sources.get(COUNT),
            )
        )
    return found


def register() -> None:
    """Make the rules known to map editing."""
    registry.register_check(registry.DomainCheck("zones.area", ("zones",), find, order=10))
    registry.register_effect(registry.Effect("zones.area", ("zones",), weigh, order=10))
