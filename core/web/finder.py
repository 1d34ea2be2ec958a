"""Search everything: asks every registered source and groups what they find."""

from dataclasses import asdict
from typing import cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.web import registry
from core.web.shell import SignedIn

MIN_QUERY = 2
MAX_QUERY = 60
PER_SOURCE = 6
PER_SOURCE_PAGE = 50


def find(request: SignedIn, query: str, limit: int) -> list[dict]:
    """Groups of hits, one a source that found something; first those with a hit that begins as asked.

    Each source filters by permission.
    """
    if not MIN_QUERY <= len(query) <= MAX_QUERY:
        return []
    groups: list[dict] = []
    for source in registry.searches_for(request.user.role):
        hits = source.search(request.user, query, limit)
        if hits:
            groups.append(
                {
                    "key": source.key,
                    "label": str(source.label),
                    "hits": [asdict(hit) | {"label": str(hit.label), "sub": str(hit.sub)} for hit in hits],
                }
            )
    # Who types 南海 means the district before every case and agreement of a firm there.
    return sorted(groups, key=lambda group: not any(hit["label"].startswith(query) for hit in group["hits"]))


def search(request: HttpRequest) -> HttpResponse:
    """``/search/?q=``: JSON for the palette, a page for a browser that follows the address."""
    query = request.GET.get("q", "").strip()
    wants_json = not request.accepts("text/html")
    if not request.user.is_authenticated:
        if wants_json:
            return JsonResponse({"error": _("登录已过期，请重新登录。")}, status=401)
        return redirect_to_login(request.get_full_path())
    if wants_json:
        groups = find(cast(SignedIn, request), query, PER_SOURCE)
        response: HttpResponse = JsonResponse({"query": query, "groups": groups})
    else:
        groups = find(cast(SignedIn, request), query, PER_SOURCE_PAGE)
        response = render(
            request,
            "web/search.html",
            {
                "query": query,
                "groups": groups,
                "count": sum(len(group["hits"]) for group in groups),
                "too_short": len(query) < MIN_QUERY,
                "too_long": len(query) > MAX_QUERY,
            },
        )
    response["Cache-Control"] = "private, no-store"
    return response
