"""Database triggers that keep a layer's topology true, whoever writes it.

The checks run once per statement over its transition table, so a bulk COPY pays for
set-wise joins and not for a call per row. Every writing statement first updates the
layer's row in `mapedit_layer`: that lock makes writers of one layer wait for each
other, and because each query of a PL/pgSQL function takes a new snapshot under READ
COMMITTED, the second writer's check sees what the first committed. Under REPEATABLE
READ the lock itself fails with a serialization error. So no two writers can each
miss the other's row.

Overlap between features of one layer is refused when it is larger than the area
tolerance *and* wider than the sliver width (rules §3.5); both are policy parameters.
Areas of faults are measured on the ellipsoid.
"""

from __future__ import annotations

import pgtrigger

Triggers = list[pgtrigger.Trigger]


def layer_guards(*, layer: str, feature: str, container: str) -> Triggers:
    """Triggers for the version table of one layer.

    ``feature`` is the column naming the lasting feature, ``container`` SQL that yields
    from version ``n`` the codes of the districts it must lie in, e.g.
    ``ARRAY[n.district_id]``.
    """
    return [
        _bump_revision(layer),
        *_on_write("versions_follow", _VERSIONS_FOLLOW, feature=feature, container=container),
        *_on_write("apart_in_layer", _APART, layer=layer, feature=feature, container=container),
        *_on_write("inside_district", _INSIDE, feature=feature, container=container),
        _published_is_immutable(feature),
    ]


def bump_sql(layer: str) -> str:
    """SQL statement that raises the revision of ``layer`` and holds its row until commit."""
    return f"""
            INSERT INTO mapedit_layer AS layer (name, revision, changed_at)
            VALUES ('{layer}', 1, clock_timestamp())
            ON CONFLICT (name) DO UPDATE
                SET revision = layer.revision + 1, changed_at = clock_timestamp();"""


def _bump_revision(layer: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="a_bump_revision",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        func=f"""{bump_sql(layer)}
            RETURN NULL;
        """,
    )


def _on_write(name: str, check: str, *, feature: str, container: str, **parts: str) -> Triggers:
    """The same statement-level check after INSERT and after UPDATE.

    PostgreSQL allows a transition table only on a trigger of a single event. After an
    UPDATE only rows that now hold more than before are looked at: closing a version, half
    of every publication, cannot bring about a fault.
    """
    changed = _CHANGED.format(feature=feature, container=container, former=container.replace("n.", "o."))
    return [
        pgtrigger.Trigger(
            name=f"{name}_{suffix}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=referencing,
            declare=[("fault", "record")],
            func=check.format(feature=feature, container=container, rows=rows, **parts),
        )
        for suffix, operation, referencing, rows in (
            ("insert", pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"), "SELECT * FROM new_rows"),
            ("update", pgtrigger.Update, pgtrigger.Referencing(old="old_rows", new="new_rows"), changed),
        )
    ]


_CHANGED = """SELECT n.* FROM new_rows n
            LEFT JOIN old_rows o USING (id)
            WHERE o.id IS NULL OR o.geom IS DISTINCT FROM n.geom
                OR o.{feature} <> n.{feature} OR {former} <> {container}
                OR NOT daterange(o.valid_from, o.valid_to) @> daterange(n.valid_from, n.valid_to)"""

# The queries run through EXECUTE so that each call is planned with the true size of
# its transition table; a cached plan for one row would crawl over a million.

_VERSIONS_FOLLOW = """
    EXECUTE format($query$
        SELECT n.{feature} AS code, n.valid_from
        FROM ({rows}) n
        JOIN %I.%I t ON t.{feature} = n.{feature} AND t.id <> n.id
        WHERE daterange(t.valid_from, t.valid_to) && daterange(n.valid_from, n.valid_to)
        LIMIT 1
    $query$, TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO fault;
    IF fault.code IS NOT NULL THEN
        RAISE EXCEPTION '要素 % 自 % 起已有另一版本在有效期内', fault.code, fault.valid_from
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'versions_follow',
                TABLE = TG_TABLE_NAME, HINT = '先终止原版本，再发布新版本。';
    END IF;
    RETURN NULL;
"""

_APART = """
    EXECUTE format($query$
        WITH written AS MATERIALIZED ({rows})
        SELECT n.{feature} AS code, other_code, clash.area_m2,
               ST_X(clash.point) AS lon, ST_Y(clash.point) AS lat
        FROM (
            SELECT n.{feature}, t.{feature} AS other_code, n.valid_from,
                   ST_Intersection(n.geom, t.geom) AS common
            FROM written n
            -- OFFSET 0: look each new row up in the spatial index, whatever the planner makes of
            -- a table without statistics; a nested loop over two bare scans would take minutes.
            CROSS JOIN LATERAL (
                SELECT id, {feature}, valid_from, valid_to, geom
                FROM %I.%I WHERE geom && n.geom OFFSET 0
            ) t
            WHERE t.id <> n.id
                -- A pair of two new rows is looked at once.
                AND (t.id > n.id OR t.id NOT IN (SELECT id FROM written))
                AND daterange(t.valid_from, t.valid_to)
                    && daterange(n.valid_from, n.valid_to)
                AND ST_Relate(n.geom, t.geom, '2********')
        ) n
        CROSS JOIN LATERAL (
            SELECT ST_Area(common::geography) AS area_m2,
                   ST_Perimeter(common::geography) AS perimeter_m,
                   ST_PointOnSurface(common) AS point
        ) clash
        WHERE clash.area_m2 > coalesce(
              policy_number('geometry.overlap_tolerance_m2', '440600', n.valid_from), 0)
          AND 2 * clash.area_m2 / clash.perimeter_m
              > coalesce(
              policy_number('geometry.sliver_width_m', '440600', n.valid_from), 0)
        LIMIT 1
    $query$, TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO fault;
    IF fault.code IS NOT NULL THEN
        RAISE EXCEPTION '% 与 % 重叠 % m²', fault.code, fault.other_code,
                round(fault.area_m2::numeric, 2)
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = '{layer}_apart',
                TABLE = TG_TABLE_NAME,
                DETAIL = format('位置 %s, %s', round(fault.lon::numeric, 6),
                                round(fault.lat::numeric, 6)),
                HINT = '同层要素不得重叠。吸附到邻界，或移除重叠部分。';
    END IF;
    RETURN NULL;
"""

_INSIDE = """
    EXECUTE $query$
        WITH district AS MATERIALIZED (
            SELECT code, geom FROM policy_jurisdiction WHERE level = 'district'
        ), crossing AS (
            -- One prepared district after the other: the common case costs microseconds.
            SELECT n.{feature} AS code, n.geom, n.valid_from, n.places
            FROM (SELECT n.*, {container} AS places FROM ({rows}) n ORDER BY {container}) n
            WHERE NOT EXISTS (
                SELECT FROM district d WHERE d.code = ANY (n.places) AND ST_Covers(d.geom, n.geom)
            )
        )
        SELECT n.code, n.places, outside.area_m2
        FROM crossing n
        LEFT JOIN LATERAL (
            SELECT ST_Union(d.geom) AS geom FROM district d WHERE d.code = ANY (n.places)
        ) place ON true
        CROSS JOIN LATERAL (
            SELECT ST_Area(ST_Difference(n.geom, place.geom)::geography) AS area_m2
        ) outside
        WHERE outside.area_m2 IS NULL
           OR outside.area_m2 > coalesce(
               policy_number('geometry.outside_tolerance_m2', '440600', n.valid_from), 0)
        LIMIT 1
    $query$ INTO fault;
    IF fault.code IS NOT NULL THEN
        RAISE EXCEPTION '% 超出所在区 % 界线 % m²', fault.code,
                array_to_string(fault.places, '、'),
                coalesce(round(fault.area_m2::numeric, 2)::text, '（所在区无界线）')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'inside_district',
                TABLE = TG_TABLE_NAME, HINT = '按区界裁切，或改正所在区。';
    END IF;
    RETURN NULL;
"""


def _published_is_immutable(feature: str) -> pgtrigger.Trigger:
    """A version may only be closed; its geometry and facts change by a new version."""
    return pgtrigger.Trigger(
        name="published_is_immutable",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
        declare=[("fault", "text"), ("differs", "text")],
        func=f"""
            -- Every stored column but the end of validity, whatever columns the layer has.
            SELECT string_agg(format('o.%1$I IS DISTINCT FROM n.%1$I', attname), ' OR ')
            INTO differs
            FROM pg_attribute
            WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped
                AND attgenerated = '' AND attname NOT IN ('id', 'valid_to');
            EXECUTE format($query$
                SELECT coalesce(o.{feature}, n.{feature})
                FROM old_rows o
                FULL JOIN new_rows n USING (id)
                WHERE o.id IS NULL OR n.id IS NULL OR %s
                LIMIT 1
            $query$, differs) INTO fault;
            IF fault IS NOT NULL THEN
                RAISE EXCEPTION '已发布的版本不可修改：%', fault
                    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME,
                        HINT = '终止此版本，另发布新版本。';
            END IF;
            RETURN NULL;
        """,
    )
