"""Response headers that keep a page to this server: Content-Security-Policy and Permissions-Policy."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"

POLICY = (
    "default-src 'self'",
    "script-src 'self' 'nonce-{nonce}'",
    # Style sheets come from files; the style attribute is allowed because chart tooltips are written with it.
    "style-src 'self' 'nonce-{nonce}'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "frame-src 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
)


class ContentSecurityPolicy:
    """Middleware: sets the policy unless the view set its own, and offers `request.csp_nonce` to templates.

    An inline script (an import map, say) runs only as `<script nonce="{{ request.csp_nonce }}">`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault(HEADER, "; ".join(POLICY).format(nonce=nonce))
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(self), microphone=()")
        return response
