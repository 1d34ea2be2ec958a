"""``/tiles/<layer>/<z>/<x>/<y>.mvt``: permission-filtered vector tiles with an ETag.

The ETag names everything a tile depends on: the layer's revision, the tables its
colours or permissions rest on, the reader's scope, the date and the theme. A browser
that asks with it gets 304 without the tile's SQL being run; a first request reads
revision and tile in one statement, so that neither can be older than the other.
"""

import datetime as dt
import hashlib
import json
from collections import OrderedDict
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.accounts.scope import reader
from core.geodata.tiles import Statement, TileAddress, TileAddressError, feature_tile, grid_tile
from core.web import registry
from core.web.map_request import MapRequestError, answers_the_map, asked_date, asked_drawn_layer, asked_theme, sentence

CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
#: Raised when the content of tiles changes while the data do not.
FORMAT = 2
GRID_SECONDS = 24 * 3600


def scope_of(user: Any) -> str:
    """What decides which rows ``user`` may see, as text: equal for two readers who see the same."""
    own = user.pk if user.role == "enterprise" else ""
    return f"{user.role}|{','.join(sorted(user.place_codes))}|{own}"


def revision(layer: registry.MapLayer, user: Any, theme: registry.Theme | None = None) -> Statement:
    """The statement that reads the revision of everything ``layer`` shows ``user`` under ``theme``.

    For tracked tables it is the last history row, which each write adds to.
    """
    watched = [*(layer.watched(user) if layer.watched else ()), *(theme.watched if theme else ())]
    quote = connection.ops.quote_name
    parts = ["coalesce((SELECT revision FROM mapedit_layer WHERE name = %s), 0)::text"]
    parts += [
        # Table names of our own models, quoted.
        f"coalesce((SELECT max(pgh_id) FROM {quote(model.pgh_event_model._meta.db_table)}), 0)::text"  # noqa: S608
        for model in watched
    ]
    return Statement(f"SELECT concat_ws('.', {', '.join(parts)})", (layer.name,))


def etag(state: str, request: HttpRequest, *asked: Any) -> str:
    """The quoted ETag of an answer that depends on ``state``, the reader and what was asked."""
    named = json.dumps([FORMAT, state, scope_of(request.user), *map(str, asked)])
    return f'"{hashlib.blake2b(named.encode(), digest_size=12).hexdigest()}"'


def matches(request: HttpRequest, tag: str) -> bool:
    """Whether the browser already holds what ``tag`` names."""
    held = request.headers.get("If-None-Match", "")
    return held == "*" or tag in (part.strip().removeprefix("W/") for part in held.split(","))


def private(response: HttpResponse, tag: str) -> HttpResponse:
    """``response`` that only this reader's browser may keep, and must ask about before use."""
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Cookie"
    return response


@require_safe
@answers_the_map
def tile(request: HttpRequest, layer: str, z: str, x: str, y: str) -> HttpResponse:
    """One tile: feature ids, ``code``, ``label`` and, when ``?by=`` asks, ``value``.

    Answers 200 or 304; 400 for a malformed address, date or theme; 401, 403 and 404 as elsewhere.
    """
    user = reader(request)
    asked = asked_drawn_layer(user, layer)
    try:
        address = TileAddress.parse(z, x, y)
    except TileAddressError as error:
        raise MapRequestError(400, str(error)) from error
    on = asked_date(request)
    theme, year = asked_theme(request, asked)
    question = (asked.name, address, on, theme.key if theme else "", year)
    state = revision(asked, user, theme)

    aggregated = address.z < asked.grid_below
    if aggregated or "If-None-Match" in request.headers:
        tag = etag(state.run()[0], request, *question)
        if matches(request, tag):
            return private(HttpResponse(status=304), tag)
        content = cache.get(f"tile.{tag}") if aggregated else None
        if content is None:
            content = bytes(_statement(asked, user, address, on, theme, year).at(address).run()[0])
            if aggregated:
                cache.set(f"tile.{tag}", content, GRID_SECONDS)
    else:
        body = _statement(asked, user, address, on, theme, year).at(address)
        both = Statement(f"SELECT ({state.sql}), ({body.sql})", (*state.params, *body.params))
        named, drawn = both.run()
        tag, content = etag(named, request, *question), bytes(drawn)
    return private(HttpResponse(content, content_type=CONTENT_TYPE), tag)


#: Statements by layer, kind of tile, reader's scope, date and theme. Compiling one costs more than
#: running it, and a reader's next hundred tiles differ in their address only.
_known: OrderedDict[tuple[Any, ...], Statement] = OrderedDict()
_MOST_KNOWN = 256


def _statement(
    layer: registry.MapLayer,
    user: Any,
    address: TileAddress,
    on: dt.date,
    theme: registry.Theme | None,
    year: int | None,
) -> Statement:
    """The statement of every tile of this kind; the caller fills in the address."""
    aggregated = address.z < layer.grid_below
    # Today's date too: which plots an enterprise occupies is asked as of today.
    key = (layer.name, aggregated, scope_of(user), on, timezone.localdate(), theme.key if theme else "", year)
    statement = _known.get(key)
    if statement is None:
        statement = _compile(layer, user, aggregated, on, theme, year)
        _known[key] = statement
        while len(_known) > _MOST_KNOWN:
            _known.popitem(last=False)
    return statement


def _compile(
    layer: registry.MapLayer,
    user: Any,
    aggregated: bool,
    on: dt.date,
    theme: registry.Theme | None,
    year: int | None,
) -> Statement:
    rows = layer.queryset(user, on)
    if theme:
        rows = theme.annotate(rows, year)
    if aggregated:
        return grid_tile(
            rows,
            name=layer.name,
            value="theme" if theme else "",
            value_is_number=theme is None or theme.kind == "number",
        )
    properties: dict[str, Any] = {"code": layer.code, "label": layer.label}
    if theme:
        properties["value"] = "theme"
    return feature_tile(rows, name=layer.name, properties=properties, feature_id=layer.feature_id)


def malformed(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below ``/tiles/``."""
    return sentence(404, _("瓦片地址应写作 /tiles/图层/级别/列/行.mvt。"))
