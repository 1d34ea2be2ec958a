"""What tests read off a page."""

from __future__ import annotations

import re
from typing import Any


def text_of(response: Any) -> str:
    """The words of the page, its markup and runs of blanks taken out."""
    plain = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", plain)


def acts_of(response: Any) -> set[str]:
    """The acts a page of a case offers."""
    return set(re.findall(r'data-act="(\w+)"', response.content.decode()))


def seen_of(response: Any) -> str:
    """The mark of what the reader has seen, as the page's forms send it back."""
    found = re.search(r'name="seen" value="(\d+)"', response.content.decode())
    return found.group(1) if found else ""
