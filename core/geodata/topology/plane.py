"""The work plane: CGCS2000 3° Gauss-Krueger, central meridian 114° E (EPSG:4547), metres, easting first."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from core.geodata.crs import CGCS2000, CGCS2000_GK_114E

# A PROJ transformation must not be shared between threads, and the web server has several.
_local = threading.local()


def _transformer() -> Transformer:
    if not hasattr(_local, "transformer"):
        _local.transformer = Transformer.from_crs(CGCS2000, CGCS2000_GK_114E, always_xy=True)
    return _local.transformer


def project(lonlat: np.ndarray) -> np.ndarray:
    """Longitude/latitude (n, 2) in degrees to easting/northing (n, 2) in metres; inf outside the projection."""
    return np.column_stack(_transformer().transform(lonlat[:, 0], lonlat[:, 1]))


def unproject(plane: np.ndarray) -> np.ndarray:
    """Easting/northing (n, 2) in metres to longitude/latitude (n, 2) in degrees."""
    return np.column_stack(_transformer().transform(plane[:, 0], plane[:, 1], direction="INVERSE"))


def to_plane(geometry: Any) -> Any:
    """Geometry or array of geometries EPSG:4490 → EPSG:4547."""
    return shapely.transform(geometry, project)
