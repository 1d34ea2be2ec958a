"""What axe-core finds wrong with a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

AXE = Path(settings.NPM_ROOT) / "axe-core" / "axe.min.js"


def accessibility_problems(page: Any) -> list[str]:
    """Violations on the page as it stands, each with the elements it is about."""
    # Read as text and evaluated, because the page's policy refuses scripts from elsewhere.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{violation['id']}: {node['target']}" for violation in found["violations"] for node in violation["nodes"]]
