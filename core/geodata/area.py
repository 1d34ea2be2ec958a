"""Area: measured on the ellipsoid in m², spoken of in 亩, 公顷 and km² (`core.geodata.units`)."""

from django.contrib.gis.db.models import MultiPolygonField, PointField
from django.db.models import BooleanField, FloatField, Func

from core.geodata.units import M2_PER_HECTARE, M2_PER_KM2, M2_PER_MU, m2_from_mu, mu_from_m2

__all__ = [
    "M2_PER_HECTARE",
    "M2_PER_KM2",
    "M2_PER_MU",
    "EllipsoidalArea",
    "InWebMercator",
    "InnerPoint",
    "IsEmpty",
    "m2_from_mu",
    "mu_from_m2",
]


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
