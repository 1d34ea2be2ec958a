"""Registries through which the packages above ``core`` reach the shell.

``core`` imports nothing from ``parks``, ``landuse`` or ``efficiency``. They
announce what they offer in ``AppConfig.ready()``; the shell shows what the
signed-in role may see. Roles are the plain values of
``core.accounts.models.Role`` ("planner", "head", …); an empty ``roles`` means
every role.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

#: Text for people: plain, or translated when shown.
Text = str | Promise

#: A rail longer than this stops being a rail and becomes a menu (ui.md, Layout).
RAIL_LIMIT = 7


class AlreadyRegistered(Exception):
    """Two entries of one registry carry the same key."""


@dataclass(frozen=True)
class NavItem:
    """One job in the left rail. ``icon`` is a Tabler outline icon name."""

    key: str
    label: Text
    icon: str
    url_name: str
    roles: Sequence[str] = ()
    order: int = 100
    #: URL names (besides ``url_name``) on which the item counts as current.
    also: Sequence[str] = ()
    #: What the page answers, in a few words; shown beside the link on the home page.
    hint: Text = ""


@dataclass(frozen=True)
class HomePanel:
    """A card on the home page of some roles.

    ``context(request)`` returns the template's context; returning ``None``
    hides the panel. ``span`` of 6 and more stands in the main column (6 half of
    it, 8 and more all of it), less in the narrow one beside.
    """

    key: str
    title: Text
    roles: Sequence[str]
    template: str
    context: Callable[[Any], dict[str, Any] | None]
    order: int = 100
    span: int = 4
    #: Keys of panels this one says better; they are left out beside it.
    replaces: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """The sentence at the top of a page: what today's question comes to.

    ``sentence`` is plain text with its figure; ``state`` is "met", "risk",
    "unmet" or "" for no verdict; ``detail`` is one quiet line beneath.
    """

    sentence: str
    state: str = ""
    state_label: str = ""
    url: str = ""
    url_label: str = ""
    detail: str = ""
    source: Any = None


@dataclass(frozen=True)
class HomeAnswer:
    """Offers the heading of the home page; the first that is not None wins."""

    key: str
    roles: Sequence[str]
    answer: Callable[[Any], Answer | None]
    order: int = 100


@dataclass(frozen=True)
class Hit:
    """One search result. ``lon``/``lat`` are CGCS2000 degrees (EPSG:4490)."""

    label: Text
    sub: Text = ""
    url: str = ""
    lon: float | None = None
    lat: float | None = None
    layer: str = ""
    code: str = ""


@dataclass(frozen=True)
class SearchSource:
    """A kind of thing the search box finds.

    ``search(user, q, limit)`` must itself apply ``visible_to(user)``: the
    aggregating view trusts it and filters nothing.
    """

    key: str
    label: Text
    search: Callable[[Any, str, int], list[Hit]]
    order: int = 100
    roles: Sequence[str] = ()


@dataclass(frozen=True)
class Category:
    """One value of a classed theme, as the legend shows it. ``colour`` is #rrggbb."""

    value: str
    label: Text
    colour: str


@dataclass(frozen=True)
class Theme:
    """One way to colour a layer by an attribute (``kind``: 'number' or 'class').

    ``annotate(queryset, year)`` adds the column ``theme`` to the layer's QuerySet: a
    number in ``unit``, or one of the values of ``categories``. ``years()`` lists the
    years a yearly theme has figures of, newest first. ``watched`` are the tracked
    models besides the layer whose rows change the colours. A ``diverging`` number is a
    change: its classes lie on both sides of zero. ``group`` is the heading it stands
    under in the list.
    """

    key: str
    label: Text
    annotate: Callable[[Any, int | None], Any]
    kind: str = "number"
    unit: Text = ""
    group: Text = ""
    digits: int = 2
    diverging: bool = False
    categories: Sequence[Category] = ()
    years: Callable[[], Sequence[int]] | None = None
    watched: Sequence[Any] = ()
    source: str = ""
    roles: Sequence[str] = ()
    order: int = 100


@dataclass(frozen=True)
class MapLayer:
    """A layer of the map page and of ``/tiles/``.

    ``queryset(user, on)`` returns the versions in force on date ``on`` that ``user``
    may see; its rows have ``geom`` (4490), ``geom_3857`` and ``area_m2`` (ellipsoidal).
    ``code``, ``label`` and ``place`` are columns or lookups of it: the code in
    addresses, the name people read, the district's name. ``card(request, code, on)``
    returns the context of ``card_template``, with the version under ``feature``, or
    None when there is no such feature or the reader may not see it. Tiles of a zoom
    below ``grid_below`` are aggregated cells.
    """

    name: str
    title: Text
    order: int
    queryset: Callable[[Any, Any], Any]
    code: str
    label: Text
    place: Any
    card_template: str
    card: Callable[[HttpRequest, str, Any], dict[str, Any] | None]
    measure_word: Text = ""
    feature_id: Any = "id"
    grid_below: int = 0
    roles: Sequence[str] = ()
    visible: bool = True
    labelled: bool = False
    #: False: no geometry of its own; the layer has cards, but no tiles and no list.
    drawn: bool = True
    #: Tracked models besides the layer's own that decide what a reader sees.
    watched: Callable[[Any], Sequence[Any]] | None = None


@dataclass(frozen=True)
class CardSection:
    """A part of a feature's card given by a package above the layer's own.

    ``context(request, feature, on)`` returns the template's context; None leaves
    the section out. ``feature`` is the version the card is about.
    """

    key: str
    layer: str
    template: str
    context: Callable[[HttpRequest, Any, Any], dict[str, Any] | None]
    order: int = 100
    roles: Sequence[str] = ()


_nav: dict[str, NavItem] = {}
_panels: dict[str, HomePanel] = {}
_answers: dict[str, HomeAnswer] = {}
_layers: dict[str, MapLayer] = {}
_searches: dict[str, SearchSource] = {}
_themes: dict[str, dict[str, Theme]] = {}
_sections: dict[str, dict[str, CardSection]] = {}


def _add(registry: dict[str, Any], key: str, item: Any) -> None:
    if registry.get(key, item) != item:
        raise AlreadyRegistered(f"{type(item).__name__} {key!r} is registered twice")
    registry[key] = item


def register_nav(item: NavItem) -> None:
    _add(_nav, item.key, item)


def register_home_panel(panel: HomePanel) -> None:
    _add(_panels, panel.key, panel)


def register_home_answer(answer: HomeAnswer) -> None:
    _add(_answers, answer.key, answer)


def register_layer(layer: MapLayer) -> None:
    _add(_layers, layer.name, layer)


def register_theme(layer_name: str, theme: Theme) -> None:
    _add(_themes.setdefault(layer_name, {}), theme.key, theme)


def register_card_section(section: CardSection) -> None:
    _add(_sections.setdefault(section.layer, {}), section.key, section)


def register_search(source: SearchSource) -> None:
    _add(_searches, source.key, source)


def _for_role(items: Iterable[Any], role: str) -> list[Any]:
    allowed = (item for item in items if not item.roles or role in item.roles)
    return sorted(allowed, key=lambda item: item.order)


def all_nav() -> list[NavItem]:
    return list(_nav.values())


def nav_for(role: str) -> list[NavItem]:
    """Rail items of ``role`` by order, at most ``RAIL_LIMIT`` of them."""
    return _for_role(_nav.values(), role)[:RAIL_LIMIT]


def home_panels_for(role: str) -> list[HomePanel]:
    return _for_role(_panels.values(), role)


def home_answers_for(role: str) -> list[HomeAnswer]:
    return _for_role(_answers.values(), role)


def searches_for(role: str) -> list[SearchSource]:
    return _for_role(_searches.values(), role)


def themes_for(layer_name: str, role: str) -> list[Theme]:
    return _for_role(_themes.get(layer_name, {}).values(), role)


def card_sections_for(layer_name: str, role: str) -> list[CardSection]:
    return _for_role(_sections.get(layer_name, {}).values(), role)


def layers_for(role: str) -> list[MapLayer]:
    return _for_role(_layers.values(), role)


def layer(name: str) -> MapLayer:
    """The layer called ``name``; raises ``KeyError`` for an unknown one."""
    return _layers[name]
