"""Uploads too long to be kept: refused before they are read, and let go by so that the browser hears why."""

from __future__ import annotations

import time

from django.http import HttpRequest

CHUNK = 1024 * 1024

FORM_BYTES = 64 * 1024
"""What the other fields of an upload form and the wrapping of its parts may add to a file."""

PATIENCE = 30
"""Seconds a request that is too long is let go by."""


def is_longer(request: HttpRequest, most: int) -> bool:
    """Whether a request says it is longer than files of ``most`` bytes in all, and its form, can be.

    The protection against forged requests reads the whole form, and so would write 300 MB to the disk before anybody
    could say no: views of uploads ask this first, and stand behind that protection only afterwards.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdigit() or int(length) > most + FORM_BYTES


def let_pass(request: HttpRequest) -> None:
    """Let the rest of a request go by without keeping it: a browser that may not finish never reads the answer.

    Not for ever: after half a minute the connection is simply closed.
    """
    end = time.monotonic() + PATIENCE
    while request.read(CHUNK) and time.monotonic() < end:
        pass
