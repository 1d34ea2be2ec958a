"""Area: measured on the ellipsoid in m², spoken of in 亩, 公顷 and km².

Only m² is ever stored. The other units are exact rational multiples of it, so a
comparison never depends on how a figure was rounded for display.
"""

from decimal import Decimal
from fractions import Fraction

from django.contrib.gis.db.models import MultiPolygonField, PointField
from django.db.models import BooleanField, FloatField, Func

M2_PER_MU = Fraction(2000, 3)
M2_PER_HECTARE = 10_000
M2_PER_KM2 = 1_000_000


def mu_from_m2(area_m2: float | Decimal) -> Decimal:
    """Return ``area_m2`` in 亩 (1 亩 = 2000/3 m²), unrounded."""
    return Decimal(str(area_m2)) * 3 / 2000


def m2_from_mu(area_mu: float | Decimal) -> Decimal:
    """Return ``area_mu`` (亩) in m², unrounded beyond Decimal precision."""
    return Decimal(str(area_mu)) * 2000 / 3


class EllipsoidalArea(Func):
    """SQL: area in m² of a lon/lat geometry on its ellipsoid.

    Django refuses ``geography=True`` for any SRID but 4326, hence the cast.
    """

    template = "ST_Area((%(expressions)s)::geography)"
    output_field = FloatField()


class IsEmpty(Func):
    """SQL: whether a geometry has no points."""

    function = "ST_IsEmpty"
    arity = 1
    output_field = BooleanField()
    conditional = True


class InnerPoint(Func):
    """SQL: a point inside a CGCS2000 polygon, wherever its centroid may fall.

    Django's own ``PointOnSurface`` cannot take an ``OuterRef``.
    """

    function = "ST_PointOnSurface"
    arity = 1
    output_field = PointField(srid=4490)


class InWebMercator(Func):
    """SQL: the geometry in EPSG:3857, for tiles. Never measured."""

    template = "ST_Transform(%(expressions)s, 3857)"
    output_field = MultiPolygonField(srid=3857, spatial_index=False)
