"""The last guard of the floors: no commit lowers the red line's area under them.

Every write of the red line is weighed: statement triggers put into `AreaChange` by how
much each district's area in force rises or falls, and from which day on. The same is
done when a district's own boundary is redrawn, because a tract counts only as far as it
lies in its district. When the transaction commits, a deferred trigger sums its rows. If
the area of a district or of the city is lower than before on any day, past or to come,
it must still reach the floor in force on that day; otherwise nothing is committed. A
transaction that only adds is never judged, so a database can be loaded up from empty,
and a place that is short can be repaired step by step.

Two writers cannot each spend the same surplus: a statement on the red line locks its row
in `mapedit_layer` until commit, and the judgement reads what was committed before it
(under REPEATABLE READ the lock itself fails with a serialization error).

`SET CONSTRAINTS redline_floors_hold IMMEDIATE` asks for the verdict before commit.

Areas are ellipsoidal m², clipped to the district as in `landuse.redline.compliance`, and
summed as decimals, so that closing a version and opening one of the same outline is no
change at all. Rule: S002 专项行动六 二(一)2; 不少于, so equality complies.
"""

from __future__ import annotations

import pgtrigger
from django.db import models

from core.mapedit.guards import bump_sql
from core.policy.models import CITY_CODE

CONSTRAINT = "redline_floors_hold"

# A double has 15 sure digits; twelve decimals keep all of them for any tract above 100 m².
_CLIPPED = """coalesce(CASE
        WHEN ST_Covers({district}, t.geom) THEN t.area_m2
        ELSE ST_Area(ST_Intersection({district}, t.geom)::geography)
    END, 0)::numeric(24, 12)"""

# Area begins to count on valid_from and ceases on valid_to: two steps a row.
_RECORD = """
    INSERT INTO redline_areachange (transaction, district_id, since, delta_m2)
    SELECT pg_current_xact_id()::text::bigint, moved.district_id, step.since, sum(step.delta_m2)
    FROM moved
    CROSS JOIN LATERAL (
        VALUES (moved.valid_from, moved.area_m2), (moved.valid_to, -moved.area_m2)
    ) step (since, delta_m2)
    WHERE step.since IS NOT NULL
    GROUP BY moved.district_id, step.since
    HAVING sum(step.delta_m2) <> 0;
    RETURN NULL;
"""

_WEIGH_ROWS = """
    WITH moved AS MATERIALIZED (
        SELECT t.district_id, t.valid_from, t.valid_to,
               t.sign * {clipped} AS area_m2
        FROM (
            SELECT v.*, d.geom AS district_geom
            FROM ({rows}) v
            JOIN policy_jurisdiction d ON d.code = v.district_id
            ORDER BY v.district_id
        ) t
    )
    {record}
"""

_WEIGH_DISTRICT = """
    -- Takes the lock of the red line before its tracts are read.
    {bump}
    WITH moved AS MATERIALIZED (
        SELECT t.district_id, t.valid_from, t.valid_to,
               {clipped_new} - {clipped_old} AS area_m2
        FROM redline_tractversion t
        WHERE t.district_id = NEW.code
    )
    {record}
"""

_OLD = "SELECT district_id, valid_from, valid_to, geom, area_m2, -1 AS sign FROM old_rows"
_NEW = "SELECT district_id, valid_from, valid_to, geom, area_m2, 1 AS sign FROM new_rows"

_HOLD = """
    IF NOT EXISTS (SELECT FROM redline_areachange WHERE id = NEW.id) THEN
        -- Judged and removed together with an earlier change of this transaction.
        RETURN NULL;
    END IF;
    SELECT min(since) INTO falls_from
    FROM (
        SELECT since, sum(sum(delta_m2)) OVER (PARTITION BY place ORDER BY since) AS change_m2
        FROM redline_areachange
        CROSS JOIN LATERAL (VALUES (district_id), ('{city}')) p (place)
        WHERE transaction = pg_current_xact_id()::text::bigint
        GROUP BY place, since
    ) c
    WHERE change_m2 < 0;
    IF falls_from IS NOT NULL THEN
        EXECUTE $query$
            WITH tract AS MATERIALIZED (
                SELECT t.district_id, t.valid_from, t.valid_to,
                       {clipped} AS area_m2
                FROM (
                    SELECT v.district_id, v.valid_from, v.valid_to, v.geom, v.area_m2,
                           d.geom AS district_geom
                    FROM redline_tractversion v
                    JOIN policy_jurisdiction d ON d.code = v.district_id
                    WHERE v.valid_to IS DISTINCT FROM v.valid_from
                        AND (v.valid_to IS NULL OR v.valid_to > $1)
                    ORDER BY v.district_id
                ) t
            ), moved (district_id, since, area_m2, change_m2) AS (
                SELECT district_id, valid_from, area_m2, 0 FROM tract
                UNION ALL
                SELECT district_id, valid_to, -area_m2, 0 FROM tract WHERE valid_to IS NOT NULL
                UNION ALL
                SELECT district_id, since, 0, delta_m2 FROM redline_areachange
                WHERE transaction = pg_current_xact_id()::text::bigint
            ), step (place, since, area_m2, change_m2) AS (
                SELECT p.place, since, area_m2, change_m2
                FROM moved CROSS JOIN LATERAL (VALUES (district_id), ('{city}')) p (place)
                UNION ALL
                -- A day on which only a floor begins or ends is a day to judge, too.
                SELECT jurisdiction_id, turn.since, 0, 0
                FROM policy_parameter
                CROSS JOIN LATERAL (VALUES (valid_from), (valid_to)) turn (since)
                WHERE key = 'redline.floor_km2' AND status <> 'reference' AND turn.since IS NOT NULL
            ), falling AS MATERIALIZED (
                SELECT * FROM (
                    SELECT place, since, sum(sum(area_m2)) OVER day AS area_m2,
                           sum(sum(change_m2)) OVER day AS change_m2
                    FROM step
                    GROUP BY place, since
                    WINDOW day AS (PARTITION BY place ORDER BY since)
                ) s
                WHERE change_m2 < 0
            )
            SELECT place.name, f.since, f.area_m2, floor.value AS floor_km2,
                   floor.value * 1000000 - f.area_m2 AS short_m2,
                   document.title || '，' || floor.article AS source
            FROM falling f
            JOIN policy_jurisdiction place ON place.code = f.place
            -- Parameters are inherited, but a district without a floor of its own is not held to the city's.
            JOIN policy_parameter floor ON floor.jurisdiction_id = f.place
                AND floor.id = policy_parameter_id('redline.floor_km2', f.place, f.since)
            JOIN policy_document document ON document.code = floor.document_id
            WHERE f.area_m2 < floor.value * 1000000
            ORDER BY f.since, f.place = '{city}', f.place
            LIMIT 1
        $query$ INTO fault USING falls_from;
        IF fault.name IS NOT NULL THEN
            -- As many decimals as it takes for the shortfall not to read as zero.
            digits := greatest(2, 1 - floor(log(fault.short_m2))::integer);
            RAISE EXCEPTION '%自 % 起工业用地红线面积 % m²，低于下限 % km²，短缺 % m²（% 亩）',
                    fault.name, fault.since,
                    to_char(fault.floor_km2 * 1000000 - round(fault.short_m2, digits),
                            'FM999,999,999,999,990.' || repeat('0', digits)),
                    trim_scale(fault.floor_km2),
                    to_char(round(fault.short_m2, digits),
                            'FM999,999,999,999,990.' || repeat('0', digits)),
                    trim_scale(round(fault.short_m2 * 3 / 2000, digits + 4))
                USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}',
                    TABLE = 'redline_tractversion', DETAIL = '下限依据：' || fault.source,
                    HINT = '在同一区调入不少于调出的面积；跨区调整须先有新的下限参数生效。';
        END IF;
    END IF;
    DELETE FROM redline_areachange WHERE transaction = pg_current_xact_id()::text::bigint;
    RETURN NULL;
"""


def _filled(sql: str, **parts: str) -> str:
    """``sql`` with its ``{names}`` replaced by pieces of SQL written in this module."""
    pieces = {
        "record": _RECORD,
        "clipped": _CLIPPED.format(district="t.district_geom"),
        "city": CITY_CODE,
        "constraint": CONSTRAINT,
    }
    return sql.format(**{name: piece.strip() for name, piece in (pieces | parts).items()})


def tract_guards() -> list[pgtrigger.Trigger]:
    """Triggers for the table of tract versions: each writing statement is weighed."""
    return [
        _weigh(pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"), _NEW),
        _weigh(pgtrigger.Update, pgtrigger.Referencing(old="old_rows", new="new_rows"), f"{_OLD} UNION ALL {_NEW}"),
        _weigh(pgtrigger.Delete, pgtrigger.Referencing(old="old_rows"), _OLD),
    ]


def _weigh(operation: pgtrigger.Operation, referencing: pgtrigger.Referencing, rows: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"weigh_area_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=referencing,
        func=_filled(_WEIGH_ROWS, rows=rows),
    )


def boundary_guards() -> list[pgtrigger.Trigger]:
    """Triggers for the table of districts: a redrawn boundary is weighed with the tracts it cuts."""
    return [
        pgtrigger.Trigger(
            name="weigh_redline_area",
            level=pgtrigger.Row,
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf("geom"),
            condition=pgtrigger.AnyChange("geom"),
            func=_filled(
                _WEIGH_DISTRICT,
                bump=bump_sql("redline"),
                clipped_new=_CLIPPED.format(district="NEW.geom"),
                clipped_old=_CLIPPED.format(district="OLD.geom"),
            ),
        )
    ]


class _Addressable(pgtrigger.Trigger):
    """A trigger under its plain name, so that SET CONSTRAINTS and error handlers can name it."""

    def get_pgid(self, model: type[models.Model]) -> str:
        return self.name


def change_guards() -> list[pgtrigger.Trigger]:
    """Triggers for the table of area changes: judged at commit, written by triggers alone."""
    return [
        _Addressable(
            name=CONSTRAINT,
            level=pgtrigger.Row,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            timing=pgtrigger.Deferred,
            declare=[("falls_from", "date"), ("fault", "record"), ("digits", "integer")],
            func=_filled(_HOLD),
        ),
        # TRUNCATE needs no guard: PostgreSQL refuses it while a judgement is pending.
        pgtrigger.Trigger(
            name="written_by_triggers",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            func="""
                IF pg_trigger_depth() < 2 THEN
                    RAISE EXCEPTION '% 由红线图斑的触发器记录，不可直接写入', TG_TABLE_NAME
                        USING ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME,
                            HINT = '改动红线图斑版本，面积变动随之记录。';
                END IF;
                RETURN NULL;
            """,
        ),
    ]
