"""Template tags of the plot-ratio form."""

from typing import Any

from django import template
from django.forms import BoundField

register = template.Library()


@register.inclusion_tag("applications/figure_cell.html")
def figure_cell(bound: BoundField, labelled: bool = False) -> dict[str, Any]:
    """A figure's control in a table cell with its faults; ``labelled`` where no label element names it."""
    attrs: dict[str, Any] = {"aria-label": str(bound.label)} if labelled else {}
    if bound.errors:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{bound.auto_id}-error"}
    return {"field": bound, "widget": bound.as_widget(attrs=attrs)}
