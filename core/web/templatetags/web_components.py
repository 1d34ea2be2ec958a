"""Template tags of the shared components: icon, area, badge, source, field."""

from decimal import Decimal
from itertools import count
from typing import Any

from django import template
from django.forms import BoundField
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web import figures
from core.web.icons import icon_body

register = template.Library()

_source_ids = count(1)

STATE_LABELS = {
    "met": gettext_lazy("达标"),
    "risk": gettext_lazy("有风险"),
    "unmet": gettext_lazy("未达标"),
    "none": gettext_lazy("暂无结论"),
}
#: Shapes inside the badge: tick, exclamation mark, cross, dash (12 × 12).
STATE_SHAPES = {
    "met": "M2 6.5 5 9.5 10 3",
    "risk": "M6 1.5v5.5M6 10.2v.1",
    "unmet": "M2.5 2.5l7 7M9.5 2.5l-7 7",
    "none": "M2.5 6h7",
}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Tabler outline icon; hidden from screen readers unless ``label`` is given."""
    body = mark_safe(icon_body(name))  # noqa: S308 - from the installed icon package
    if label:
        return format_html('<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>', label, body)
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', body)


@register.inclusion_tag("web/components/area.html")
def area(
    area_m2: Any, floor: Any = None, signed: bool = False, unit: str = "km2", fixed: bool = False
) -> dict[str, Any]:
    """An area in m² that follows the page's unit switch, unless ``fixed``."""
    if area_m2 is None:
        return {"text": None}
    text = figures.area_text(area_m2, floor_m2=floor, signed=signed)
    return {
        "text": text,
        "shown": getattr(text, unit),
        "unit": unit,
        "unit_label": figures.UNIT_LABELS[unit],
        "fixed": fixed,
    }


@register.inclusion_tag("web/components/area_cell.html")
def area_cell(area_m2: Any, floor: Any = None, signed: bool = False, unit: str = "km2") -> dict[str, Any]:
    """A table cell holding an area; the unit stands in the header (``unit_label``)."""
    return area(area_m2, floor=floor, signed=signed, unit=unit)


@register.simple_tag
def unit_label(unit: str = "km2") -> SafeString:
    """The unit of the page in a table header; follows the switch."""
    return format_html("<span data-unit-label>{}</span>", figures.UNIT_LABELS[unit])


@register.inclusion_tag("web/components/unit_switch.html")
def unit_switch(default: str = "km2") -> dict[str, Any]:
    units = [(key, figures.UNIT_LABELS[key]) for key in ("km2", "ha", "mu")]
    return {"units": units, "default": default}


@register.inclusion_tag("web/components/badge.html")
def badge(state: str, label: str = "") -> dict[str, Any]:
    """A verdict: ``state`` is met, risk, unmet or none; word, shape and colour agree."""
    known = state if state in STATE_LABELS else "none"
    return {"state": known, "label": label or STATE_LABELS[known], "shape": STATE_SHAPES[known]}


@register.simple_tag
def verdict(met: bool | None) -> str:
    """The badge state of a yes/no verdict."""
    if met is None:
        return "none"
    return "met" if met else "unmet"


@register.inclusion_tag("web/components/source.html")
def source(value: Any, rule: str = "", inputs: str = "") -> dict[str, Any]:
    """The § of a figure: rule, article and the parameter in force.

    ``value`` is what ``policy.value()`` answered (value, unit, citation) or a citation.
    """
    citation = getattr(value, "citation", value)
    number = getattr(value, "value", None)
    return {
        "id": f"source-{next(_source_ids)}",
        "rule": rule,
        "inputs": inputs,
        "citation": citation,
        # Decimal('190.000000') reads 190; 'f' keeps 450 from becoming 4.5E+2.
        "number": None if number is None else figures.grouped(Decimal(f"{number.normalize():f}")),
        "unit": getattr(value, "unit", ""),
    }


@register.simple_block_tag
def panel(content: str, title: str = "", span: int = 0, url: str = "", more: str = "") -> SafeString:
    """A card: ``{% panel title="红线面积" span=4 %}…{% endpanel %}``; ``url`` adds a link at its head."""
    link = format_html('<a href="{}">{}</a>', url, more or _("查看")) if url else ""
    head = format_html('<div class="panel-head"><h2 class="panel-title">{}</h2>{}</div>', title, link) if title else ""
    classes = f"panel span-{span}" if span else "panel"
    return format_html('<section class="{}">{}{}</section>', classes, head, content)


@register.simple_block_tag
def page_head(
    content: str,
    sentence: str,
    state: str = "",
    state_label: str = "",
    source: Any = None,
    detail: str = "",
    as_of: Any = None,
    crumb: str = "",
    crumb_url: str = "",
) -> SafeString:
    """The head of a page: its answer in a sentence, verdict, date; the block holds its actions."""
    context = {
        "actions": content,
        "sentence": sentence,
        "state": state,
        "state_label": state_label,
        "source": source,
        "detail": detail,
        "as_of": as_of,
        "crumb": crumb,
        "crumb_url": crumb_url,
    }
    return SafeString(render_to_string("web/components/page_head.html", context))


@register.inclusion_tag("web/components/empty.html")
def empty(
    title: str,
    text: str = "",
    icon_name: str = "map-search",
    action_url: str = "",
    action_label: str = "",
) -> dict[str, Any]:
    """Why nothing is here, and what to do about it."""
    return {
        "title": title,
        "text": text,
        "icon_name": icon_name,
        "action_url": action_url,
        "action_label": action_label,
    }


@register.inclusion_tag("web/components/notice.html")
def notice(text: str, state: str = "") -> dict[str, Any]:
    """A sentence the page must not be read without; ``state`` met, risk, unmet or none."""
    return {"text": text, "state": state}


@register.inclusion_tag("web/components/pagination.html", takes_context=True)
def pagination(context: Any, page_obj: Any) -> dict[str, Any]:
    return {"page_obj": page_obj, "request": context["request"]}


@register.inclusion_tag("web/components/skeleton.html")
def skeleton(lines: int = 3) -> dict[str, Any]:
    return {"lines": range(lines)}


@register.simple_tag(takes_context=True)
def home_panel(context: Any, panel: Any) -> SafeString:
    """The inside of a home panel, drawn in the page's own context (one run of the processors)."""
    with context.push(**panel.context):
        return context.template.engine.get_template(panel.template).render(context)


@register.inclusion_tag("web/components/field.html")
def field(bound: BoundField, help_text: str = "") -> dict[str, Any]:
    """A labelled control with its help and errors tied to it for screen readers."""
    described = [f"{bound.auto_id}-error"] if bound.errors else []
    if help_text or bound.help_text:
        described.append(f"{bound.auto_id}-help")
    attrs: dict[str, Any] = {"placeholder": ""}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "field": bound,
        "widget": bound.as_widget(attrs=attrs),
        "help_text": help_text or bound.help_text,
    }


@register.filter
def mu(area_m2: Any) -> str:
    """m² as 亩 text, at least two digits, sign kept."""
    return "" if area_m2 is None else figures.area_text(area_m2).mu


@register.filter
def signed_mu(area_m2: Any) -> str:
    """m² as 亩 text with its sign, a plus included."""
    return "" if area_m2 is None else figures.area_text(area_m2, signed=True).mu


@register.filter
def m2(area_m2: Any) -> str:
    """m² as text, at least two digits; a dash for nothing."""
    return "—" if area_m2 is None else figures.area_text(area_m2).m2


@register.filter
def signed_m2(area_m2: Any) -> str:
    """m² as text with its sign, a plus included."""
    return "" if area_m2 is None else figures.area_text(area_m2, signed=True).m2


@register.filter
def km2(area_m2: Any) -> str:
    """m² as km² text, two to six digits, sign kept."""
    return "" if area_m2 is None else figures.area_text(area_m2).km2


@register.filter
def figure(number: Any, limit: Any = None) -> str:
    """A figure with at most two digits; more where rounding would carry it onto or across the ``limit`` beside it."""
    if number is None or number == "":
        return ""
    bound = Decimal(0) if limit is None or limit == "" else figures.as_decimal(limit)
    rounded = figures.round_honestly(figures.as_decimal(number), bound)
    # Decimal('20.00') reads 20; 'f' keeps 450 from becoming 4.5E+2.
    return figures.grouped(Decimal(f"{rounded.normalize():f}"))


@register.filter
def wan(amount_cny: Any) -> SafeString | str:
    """元 as 万元 with two digits; the exact 元 on hover."""
    if amount_cny is None:
        return ""
    exact = figures.as_decimal(amount_cny)
    shown = figures.round_honestly(exact / 10_000)
    return format_html(
        '<span class="num" title="{} {}">{}</span>',
        figures.grouped(exact),
        _("元"),
        figures.grouped(shown),
    )
