"""Start-up checks of what the packages above registered."""

from typing import Any

from django.core.checks import CheckMessage, Warning
from django.urls import NoReverseMatch, reverse

from core.web import registry


def rail_addresses_exist(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """web.W001: a rail item names an address that no URL pattern has."""
    problems: list[CheckMessage] = []
    for item in registry.all_nav():
        try:
            reverse(item.url_name)
        except NoReverseMatch:
            problems.append(
                Warning(
                    f"Rail item {item.key!r} leads to {item.url_name!r}, which no URL pattern has.",
                    hint="Include the package's urls in config/urls.py.",
                    id="web.W001",
                )
            )
    return problems
