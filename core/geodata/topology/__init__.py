"""Polygons as a land office means them: what is wrong with one, how it meets its neighbours, how to mend or divide it.

Pure geometry: no models, no database, no thresholds of its own. Geometry comes and goes as shapely polygons in
CGCS2000 longitude/latitude (EPSG:4490). Tolerances in metres are resolved in the Gauss-Krueger plane (EPSG:4547);
areas are measured on the ellipsoid, where the edges of a polygon are geodesics, as PostGIS measures `geography`.

====================  =========================================================================================
`faults`              what a check finds: kind, place, measure
`shape`               faults of single features, for one or for a million
`neighbours`          overlaps and gaps of one feature with those around it, live while it is drawn
`coverage`            overlaps within and between whole layers
`repairs`, `border`   one fault mended, and what that changed
`operations`          split, merge, cut a hole, reshape, remove a part, snap points
`plane`, `vertices`   to the work plane and back to the very coordinates the geometry came from
`measure`, `rings`    area, perimeter and mean width; polygons as flat arrays
====================  =========================================================================================
"""
