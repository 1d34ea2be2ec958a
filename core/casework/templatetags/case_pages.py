"""What the list and the page of cases draw by themselves."""

from __future__ import annotations

from django import template

from core.casework import offices
from core.casework.pages import standing

register = template.Library()


@register.filter
def state_tone(state: str) -> str:
    """The tone of a state's tag."""
    return standing.STATE_TONES.get(standing.State(state), standing.NONE)


@register.filter
def office(role: str) -> str:
    """The office behind a role."""
    return offices.title(role)
