"""The component gallery: every shared component in every state, for those who build pages."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from core.accounts.scope import reader

#: Invented figures chosen for their edges: exact, just over and just under a floor of 190 km².
SAMPLE_ROWS: tuple[dict[str, Any], ...] = (
    {"name": "示例区甲", "area_m2": 190_620_123.45, "floor_m2": 190_000_000},
    {"name": "示例区乙", "area_m2": 190_000_000.4, "floor_m2": 190_000_000},
    {"name": "示例区丙", "area_m2": 189_999_999.6, "floor_m2": 190_000_000},
)


@login_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """For staff, while developing or on the demo city; elsewhere the address does not exist."""
    if not (settings.DEBUG or settings.MUCHAN_DEMO) or reader(request).role == "enterprise":
        raise Http404
    rows = [
        row | {"surplus_m2": row["area_m2"] - row["floor_m2"], "met": row["area_m2"] >= row["floor_m2"]}
        for row in SAMPLE_ROWS
    ]
    return render(request, "web/styleguide.html", {"rows": rows, "floor_m2": 190_000_000})
