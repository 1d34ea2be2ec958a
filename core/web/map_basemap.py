"""``/basemap/<kind>/<z>/<x>/<y>``: Tianditu tiles through this server, with the city's own key.

The key never reaches a browser, and a tile is asked for once. Tianditu's Web Mercator
tiles are CGCS2000, so nothing is shifted. Without a key there is no basemap at all.
"""

import hashlib
import logging
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.geodata.tiles import TileAddress, TileAddressError
from core.web.map_request import MapRequestError, answers_the_map

logger = logging.getLogger(__name__)

KINDS = {
    "vec": gettext_lazy("电子地图"),
    "cva": gettext_lazy("电子地图注记"),
    "img": gettext_lazy("影像"),
    "cia": gettext_lazy("影像注记"),
}
#: What may lie beneath the map; the other kinds are the names written on them.
GROUNDS = ("vec", "img")
UPSTREAM = (
    "https://t0.tianditu.gov.cn/{kind}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={kind}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
)
MOST_ZOOM = 18
TIMEOUT_SECONDS = 5
MOST_TILE_BYTES = 1_000_000
MOST_CACHE_BYTES = 512 * 1024 * 1024
IMAGE_STARTS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
#: One look at the folder's size in this many new tiles; the bound is a bound, not a quota.
_SWEEP_EVERY = 200


class UpstreamError(Exception):
    """The basemap's server did not give a tile."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to a host nobody chose."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


_open = urllib.request.build_opener(_NoRedirect).open


def enabled() -> bool:
    """Whether the city has given a key."""
    return bool(settings.MUCHAN_TIANDITU_KEY)


def _folder() -> Path:
    return Path(settings.LOCAL_DIR) / "basemap"


def _content_type(content: bytes) -> str:
    for start, kind in IMAGE_STARTS.items():
        if content.startswith(start):
            return kind
    raise UpstreamError("the answer is not an image")


def _fetch(kind: str, address: TileAddress) -> bytes:
    template = getattr(settings, "MUCHAN_TIANDITU_URL", UPSTREAM)
    url = template.format(kind=kind, z=address.z, x=address.x, y=address.y, key=settings.MUCHAN_TIANDITU_KEY)
    # The scheme and host come from settings, never from the request.
    request = urllib.request.Request(url, headers={"User-Agent": "Muchan"})  # noqa: S310
    try:
        with _open(request, timeout=TIMEOUT_SECONDS) as answer:
            content = answer.read(MOST_TILE_BYTES + 1)
    except (urllib.error.URLError, TimeoutError, OSError, ValueError) as error:
        # Only the kind of failure is logged: the address holds the key.
        raise UpstreamError(type(error).__name__) from None
    if len(content) > MOST_TILE_BYTES:
        raise UpstreamError("the tile is too large")
    _content_type(content)
    return content


def _sweep(folder: Path) -> None:
    """Delete the tiles longest unused until the folder is a tenth below its bound."""
    files = []
    for entry in folder.glob("*/*"):
        try:
            stat = entry.stat()
        except FileNotFoundError:
            # Another process swept it.
            continue
        files.append((stat.st_mtime, stat.st_size, entry))
    total = sum(size for _used, size, _file in files)
    if total <= MOST_CACHE_BYTES:
        return
    for _used, size, file in sorted(files):
        file.unlink(missing_ok=True)
        total -= size
        if total <= MOST_CACHE_BYTES * 0.9:
            return


def _stored(kind: str, address: TileAddress) -> bytes:
    folder = _folder() / kind
    file = folder / f"{address.z}-{address.x}-{address.y}"
    try:
        content = file.read_bytes()
        os.utime(file)
        return content
    except FileNotFoundError:
        content = _fetch(kind, address)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as part:
        part.write(content)
    Path(part.name).replace(file)
    if hashlib.blake2b(file.name.encode(), digest_size=2).digest()[0] % _SWEEP_EVERY == 0:
        _sweep(_folder())
    return content


@require_safe
@answers_the_map
def basemap(request: HttpRequest, kind: str, z: str, x: str, y: str) -> HttpResponse:
    """One basemap tile; 404 without a key or for an unknown kind, 502 when Tianditu does not answer."""
    if not enabled() or kind not in KINDS:
        raise MapRequestError(404, _("没有配置底图，或没有这种底图。"))
    try:
        address = TileAddress.parse(z, x, y)
    except TileAddressError as error:
        raise MapRequestError(400, str(error)) from error
    if not 1 <= address.z <= MOST_ZOOM:
        raise MapRequestError(404, _("底图级别为 1 至 %(most)s。") % {"most": MOST_ZOOM})
    try:
        content = _stored(kind, address)
    except UpstreamError as error:
        logger.warning("basemap %s %s/%s/%s: %s", kind, address.z, address.x, address.y, error)
        raise MapRequestError(502, _("底图服务暂时没有应答，业务图层不受影响。")) from error
    response = HttpResponse(content, content_type=_content_type(content))
    response["Cache-Control"] = "private, max-age=604800"
    return response
