"""Pages as PDF, drawn by WeasyPrint with the fonts of the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation


def drawn(template: str, style: str, context: Mapping[str, Any]) -> bytes:
    """``template`` under the style sheet ``style``, both drawn with ``context``, in the city's language whoever asks.

    Nothing is fetched on the way, from no protocol at all: a page shows text, and text must not make the
    server open anything.
    """
    # Imported here: it loads Pango, which a process that draws no PDF need not.
    import weasyprint
    from weasyprint.urls import URLFetcher

    with translation.override(settings.LANGUAGE_CODE):
        page = render_to_string(template, dict(context))
        sheet = render_to_string(style, dict(context))
    nothing = URLFetcher(allowed_protocols=())
    document = weasyprint.HTML(string=page, url_fetcher=nothing)
    content: bytes = document.write_pdf(stylesheets=[weasyprint.CSS(string=sheet, url_fetcher=nothing)])
    return content


def response(content: bytes, name: str) -> HttpResponse:
    """A PDF shown in the browser under ``name``.pdf, kept by nobody on the way."""
    answer = HttpResponse(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
