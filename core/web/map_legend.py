"""What the colours of a theme mean: class limits, categories and how many features each holds."""

from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.geodata.tiles import Statement
from core.web import registry
from core.web.map_request import MapRequestError, answers_the_map, asked_date, asked_drawn_layer, asked_theme
from core.web.tiles import etag, matches, private, revision

#: Five steps of viridis, dark to light: ordered in lightness, so also in grey print.
VIRIDIS = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
#: Five steps of PuOr for changes: orange falls, purple rises; told apart by every kind of colour vision.
PUOR = ("#b35806", "#f1a340", "#f7f7f7", "#998ec3", "#542788")
NO_DATA = "#d5d9de"
SHARES = (0.2, 0.4, 0.6, 0.8)
#: Of the sizes of changes: below the first a plot counts as unchanged, above the second as changed much.
CHANGE_SHARES = (0.25, 0.75)
KEPT_SECONDS = 24 * 3600


def _quantiles(
    rows: Any, shares: tuple[float, ...] = SHARES, of: str = "theme"
) -> tuple[list[float], float | None, float | None, int, int]:
    """(inner limits of ``of``, least, most, how many have a figure, how many in all), in one query."""
    try:
        inner, params = rows.order_by().values("theme").query.sql_with_params()
    except EmptyResultSet:
        return [], None, None, 0, 0
    limits, least, most, known, total = Statement(
        f"SELECT percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY {of}),"  # noqa: S608
        f" min(theme), max(theme), count(theme), count(*) FROM ({inner}) source",
        (list(shares), *params),
    ).run()
    return limits or [], least, most, known, total


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _classes_by_number(theme: registry.Theme, rows: Any) -> dict[str, Any]:
    """Quintiles. Equal limits (many zeros, say) are one class, not an empty one."""
    limits, least, most, known, total = _quantiles(rows)
    kept: list[float] = []
    for limit in limits:
        rounded = round(limit, theme.digits)
        if least is not None and rounded > round(least, theme.digits) and rounded not in kept:
            kept.append(rounded)
    classes = _classes(theme, kept, _ramp(len(kept) + 1), least, most)
    return {"breaks": kept, "classes": classes if known else [], "known": known, "unknown": total - known}


def _classes_by_change(theme: registry.Theme, rows: Any) -> dict[str, Any]:
    """Fallen much, fallen, about the same, risen, risen much: as far below zero as above it."""
    limits, _least, _most, known, total = _quantiles(rows, CHANGE_SHARES, of="abs(theme)")
    smallest = 10**-theme.digits
    near = max(smallest, round(limits[0], theme.digits)) if limits else smallest
    far = max(near + smallest, round(limits[1], theme.digits)) if limits else near + smallest
    kept = [-far, -near, near, far]
    classes = _classes(theme, kept, list(PUOR), None, None)
    return {"breaks": kept, "classes": classes if known else [], "known": known, "unknown": total - known}


def _classes(
    theme: registry.Theme, kept: list[float], colours: list[str], least: float | None, most: float | None
) -> list[dict[str, str]]:
    """Colour and label of the classes between the limits ``kept``."""
    classes = []
    for index, colour in enumerate(colours):
        low = kept[index - 1] if index else None
        high = kept[index] if index < len(kept) else None
        if low is None and high is None:
            label = "" if least is None else _("%(value)s") % {"value": _number(least, theme.digits)}
            if least is not None and most is not None and least != most:
                label = f"{_number(least, theme.digits)} – {_number(most, theme.digits)}"
        elif low is None:
            label = _("低于 %(high)s") % {"high": _number(high or 0, theme.digits)}
        elif high is None:
            label = _("%(low)s 及以上") % {"low": _number(low, theme.digits)}
        else:
            label = f"{_number(low, theme.digits)} – {_number(high, theme.digits)}"
        classes.append({"colour": colour, "label": label})
    return classes


def _ramp(count: int) -> list[str]:
    """``count`` (1 to 5) colours of viridis, as far apart as they come."""
    if count == 1:
        return [VIRIDIS[2]]
    step = (len(VIRIDIS) - 1) / (count - 1)
    return [VIRIDIS[round(index * step)] for index in range(count)]


def _classes_by_kind(theme: registry.Theme, rows: Any) -> dict[str, Any]:
    counted = dict(rows.order_by().values("theme").annotate(n=Count("pk")).values_list("theme", "n"))
    classes = [
        {
            "value": category.value,
            "label": str(category.label),
            "colour": category.colour,
            "count": counted.pop(category.value, 0),
        }
        for category in theme.categories
    ]
    return {
        "classes": classes,
        "known": sum(item["count"] for item in classes),
        "unknown": sum(counted.values()),
    }


@require_safe
@answers_the_map
def legend(request: HttpRequest, layer: str) -> HttpResponse:
    """``/map/legend/<layer>/?by=&year=&on=``: JSON the map colours by and the legend is drawn from."""
    asked = asked_drawn_layer(request.user, layer)
    on = asked_date(request)
    theme, year = asked_theme(request, asked)
    if theme is None:
        raise MapRequestError(400, _("应以 by 参数指明着色指标。"))
    state = revision(asked, request.user, theme).run()[0]
    tag = etag(state, request, "legend", asked.name, on, theme.key, year)
    if matches(request, tag):
        return private(HttpResponse(status=304), tag)
    answer = cache.get(f"legend.{tag}")
    if answer is None:
        rows = theme.annotate(asked.queryset(request.user, on), year)
        if theme.kind == "class":
            drawn = _classes_by_kind(theme, rows)
        else:
            drawn = _classes_by_change(theme, rows) if theme.diverging else _classes_by_number(theme, rows)
        answer = {
            "key": theme.key,
            "label": str(theme.label),
            "unit": str(theme.unit),
            "kind": theme.kind,
            "digits": theme.digits,
            "year": year,
            "no_data": NO_DATA,
            **drawn,
        }
        cache.set(f"legend.{tag}", answer, KEPT_SECONDS)
    return private(JsonResponse(answer), tag)
