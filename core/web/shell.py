"""What the shell around every page needs to know about the person signed in."""

from typing import Any, cast

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.models import Notification
from core.policy.models import Jurisdiction
from core.web import registry

#: seed_demo alone creates this account, so its presence means demo data.
DEMO_MARKER = "planner.city"


class SignedIn(HttpRequest):
    """A request of somebody signed in, as the views behind ``login_required`` receive it."""

    user: User


def has_demo_data() -> bool:
    return User.objects.filter(username=DEMO_MARKER).exists()


def scope_label(user: Any) -> str:
    """The places ``user`` works for, in words: 佛山市, 南海区, or 本企业."""
    if user.role == "enterprise":
        return _("本企业")
    if not user.place_codes:
        return _("未设范围")
    names = dict(Jurisdiction.objects.filter(code__in=user.place_codes).values_list("code", "name"))
    return _("、").join(names.get(code, code) for code in user.place_codes)


def rail(request: SignedIn) -> list[dict[str, Any]]:
    """Rail items of the signed-in role with address and current mark."""
    match = request.resolver_match
    here = match.view_name if match else ""
    namespace = match.namespace if match else ""
    items = []
    for item in registry.nav_for(request.user.role):
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:
            # Reported at start by check web.W001; one missing page must not close all others.
            continue
        exact = here == item.url_name or here in item.also
        same_app = namespace not in ("", "web") and item.url_name.startswith(f"{namespace}:")
        items.append(
            {
                "key": item.key,
                "label": item.label,
                "icon": item.icon,
                "hint": item.hint,
                "url": url,
                "current": exact or same_app,
            }
        )
    return items


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: rail, role, place scope, the demo-data mark and how many notifications are new."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"shell": None}
    return {
        "shell": {
            "rail": rail(cast(SignedIn, request)),
            "name": user.display_name or user.username,
            "role": user.get_role_display(),
            "scope": scope_label(user),
            "demo": has_demo_data(),
            "unread": Notification.objects.visible_to(user).unread().count(),
        }
    }
