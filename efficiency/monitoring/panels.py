"""Monitoring in the rail."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.web import registry
from efficiency.monitoring import perms

NEIGHBOURS = (
    *(f"evaluation:{name}" for name in ("runs", "begin", "run", "result", "objections", "job")),
    *(f"flags:{name}" for name in ("flags", "flag", "new", "visits")),
    *(f"agreements:{name}" for name in ("agreements", "agreement", "new", "edit")),
    *(
        f"returns:{name}"
        for name in ("returns", "versions", "imports", "import", "reports", "report", "land", "land_of")
    ),
    *(f"schemes:{name}" for name in ("schemes", "scheme", "version", "edit", "compare", "measures", "measure")),
)
"""Pages of the package without a rail item of their own."""


def register() -> None:
    """The rail item."""
    registry.register_nav(
        registry.NavItem(
            key="monitoring",
            label=_("监测"),
            icon="chart-dots",
            url_name="monitoring:monitoring",
            roles=perms.RAIL,
            order=30,
            also=NEIGHBOURS,
            hint=_("亩均效益：哪些企业低效、比上年如何、谁没有做到约定"),
        )
    )
