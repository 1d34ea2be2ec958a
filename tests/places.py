"""Small real rows for tests: zones, tracts, plots and enterprises on Foshan's own ground.

Squares are given by their south-west corner in degrees (EPSG:4490). Around
(113.00, 23.05) lies Nanhai; around (112.88, 23.20) Sanshui.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from django.contrib.gis.geos import MultiPolygon, Polygon
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from core.mapedit.models import ChangeSet, Layer, Publication
from landuse.plots.models import Plot, PlotVersion
from landuse.redline.models import Tract, TractVersion
from parks.enterprises.models import Enterprise, EnterpriseMember, Industry
from parks.zones.models import Zone, ZoneVersion

NANHAI, SANSHUI = "440605", "440607"
START = dt.date(2022, 4, 1)
CORNER = {NANHAI: (113.00, 23.05), SANSHUI: (112.88, 23.20)}

_numbers = itertools.count(1)


def square(lon: float, lat: float, size: float = 0.002) -> MultiPolygon:
    """A square of ``size`` degrees whose south-west corner is (``lon``, ``lat``), EPSG:4490."""
    box = Polygon.from_bbox((lon, lat, lon + size, lat + size))
    return MultiPolygon(box, srid=4490)


def publication(layer: str, effective_on: dt.date = START) -> Publication:
    """A publication of ``layer``."""
    return Publication.objects.create(
        layer=Layer.objects.get_or_create(name=layer)[0],
        number=next(_numbers),
        title="测试发布",
        published_at=timezone.now(),
        effective_on=effective_on,
    )


def draft(layer: str, author: User | None = None, **facts: Any) -> ChangeSet:
    """An empty draft of a change set, by a planner of the city unless told otherwise."""
    return ChangeSet.objects.create(
        layer=Layer.objects.get_or_create(name=layer)[0],
        author=author or User.objects.filter(role=Role.PLANNER).first() or account(Role.PLANNER, CITY_CODE),
        **{"title": "测试变更", **facts},
    )


def zone(code: str, geom: MultiPolygon, *, districts: tuple[str, ...] = (NANHAI,), **facts: Any) -> ZoneVersion:
    """A 万亩 zone in force since ``START``."""
    lasting = Zone.objects.get_or_create(code=code)[0]
    facts = {"valid_from": START, "name": f"{code} 示例集聚区", "zone_class": "wanmu", **facts}
    return ZoneVersion.objects.create(
        zone=lasting, geom=geom, district_codes=list(districts), publication=publication("zones"), **facts
    )


def tract(code: str, geom: MultiPolygon, *, district: str = NANHAI, **facts: Any) -> TractVersion:
    """A red-line tract in force since ``START``."""
    lasting = Tract.objects.get_or_create(code=code)[0]
    facts = {"valid_from": START, **facts}
    return TractVersion.objects.create(
        tract=lasting, geom=geom, district_id=district, publication=publication("redline"), **facts
    )


def plot(number: int = 1, geom: MultiPolygon | None = None, *, district: str = NANHAI, **facts: Any) -> PlotVersion:
    """A state-owned second-class industrial plot in force since ``START``."""
    lasting = Plot.objects.get_or_create(code=f"{district}001001GB{number:05d}")[0]
    lon, lat = CORNER[district]
    facts = {"valid_from": START, "use_code": "100102", "supply_mode": "grant", **facts}
    return PlotVersion.objects.create(
        plot=lasting,
        geom=geom or square(lon + 0.003 * (number % 10), lat + 0.003 * (number // 10)),
        district_id=district,
        publication=publication("plots"),
        **facts,
    )


def uscc(number: int) -> str:
    """A valid 统一社会信用代码 (GB 32100-2015), different for each ``number``."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"91440605{number:09d}"
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


def enterprise(number: int = 1, *, district: str = NANHAI, **facts: Any) -> Enterprise:
    """A small enterprise of the metal-products industry."""
    industry = Industry.objects.get_or_create(code="33", defaults={"name": "金属制品业"})[0]
    facts = {"name": f"示例金属制品有限公司{number}号", "size": "small", **facts}
    return Enterprise.objects.create(uscc=uscc(number), industry=industry, district_id=district, **facts)


def account(role: Role, *places: str, enterprise: Enterprise | None = None) -> User:
    """A signed-in kind of person: ``account(Role.HEAD, NANHAI)``."""
    user = User.objects.create_user(
        username=f"{role}-{'-'.join(places) or next(_numbers)}",
        password="a-password-of-tests",
        display_name=str(role.label),
        role=role,
        place_codes=list(places),
    )
    if enterprise:
        EnterpriseMember.objects.create(user=user, enterprise=enterprise)
    return user
