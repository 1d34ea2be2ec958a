"""What the search box finds without the packages above: pages of the rail and rules in force."""

from typing import Any

from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.policy.models import Parameter
from core.web import registry


def pages(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Pages of the user's rail whose name or description holds ``query``."""
    hits = []
    for item in registry.nav_for(user.role):
        if query in str(item.label) or query in str(item.hint):
            try:
                url = reverse(item.url_name)
            except NoReverseMatch:
                # Reported at start by check web.W001.
                continue
            hits.append(registry.Hit(label=item.label, sub=item.hint, url=url))
    return hits[:limit]


def rules(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Parameters in force today by name, article or rule number; every signed-in account may read them."""
    found = (
        Parameter.objects.valid_on(timezone.localdate())
        .effective()
        .filter(Q(name__icontains=query) | Q(article__icontains=query) | Q(clause_id__iexact=query))
        .select_related("jurisdiction")
        .order_by("clause_id", "jurisdiction_id")[:limit]
    )
    return [
        registry.Hit(
            label=f"{parameter.name}（{parameter.jurisdiction.short_name}）",
            sub=parameter.article,
            url=parameter.get_absolute_url(),
            code=parameter.clause_id,
        )
        for parameter in found
    ]


def register() -> None:
    add = registry.register_search
    add(registry.SearchSource("pages", _("页面"), pages, order=10))
    add(registry.SearchSource("rules", _("规则"), rules, order=900))
