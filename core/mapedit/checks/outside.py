"""What lies outside its districts: the arithmetic of the guard `inside_district`, for rows of any query."""

from __future__ import annotations


def outside_sql(rows: str) -> str:
    """SQL: of ``rows`` (code, geom, places) those outside their districts by more than ``%(tolerance)s`` m².

    Answers code, places, area outside in m² on the ellipsoid (null where the districts have no
    boundary), a point in its largest piece (lon, lat) and the piece itself as WKB. Geometries must
    be valid.
    """
    return f"""
        WITH district AS MATERIALIZED (
            SELECT code, geom FROM policy_jurisdiction WHERE level = 'district'
        ), crossing AS MATERIALIZED (
            SELECT n.code, n.geom, n.places
            -- One prepared district after the other.
            FROM (SELECT * FROM ({rows}) r ORDER BY r.places OFFSET 0) n
            WHERE NOT EXISTS (
                SELECT FROM district d WHERE d.code = ANY (n.places) AND ST_Covers(d.geom, n.geom)
            )
        ), beyond AS MATERIALIZED (
            SELECT n.code, n.places, ST_Difference(n.geom, place.geom) AS geom
            FROM crossing n
            LEFT JOIN LATERAL (
                SELECT ST_Union(d.geom) AS geom FROM district d WHERE d.code = ANY (n.places)
            ) place ON true
        )
        SELECT b.code, b.places, m.area_m2, ST_X(m.point), ST_Y(m.point), ST_AsBinary(b.geom)
        FROM beyond b
        CROSS JOIN LATERAL (
            SELECT ST_Area(b.geom::geography) AS area_m2, (
                SELECT ST_PointOnSurface(part.geom) FROM ST_Dump(b.geom) part ORDER BY ST_Area(part.geom) DESC LIMIT 1
            ) AS point
        ) m
        WHERE m.area_m2 IS NULL OR m.area_m2 > %(tolerance)s
        ORDER BY b.code
    """
