"""Coordinate systems Muchan works in, as EPSG numbers.

Geometry is stored in CGCS2000 longitude/latitude. Overlay and tolerances work in
the 3° Gauss-Krueger plane; results are then measured on the ellipsoid, because a
plane area exceeds the ellipsoidal one by 100-700 ppm in Foshan (rules §2.6) and
could lift a zone over a threshold that its legal area does not reach.
"""

CGCS2000 = 4490
"""Storage: CGCS2000 longitude/latitude, degrees."""

CGCS2000_GK_114E = 4547
"""Work plane: 3° Gauss-Krueger, central meridian 114°E, metres, no zone prefix."""

WEB_MERCATOR = 3857
"""Tiles only. Overstates areas by 18 % at Foshan's latitude: never measure in it."""
