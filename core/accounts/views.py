"""Sign-in with the list of demo accounts beside it, and password change that returns home."""

from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator

from core.accounts.models import User

#: Accounts of the demo city shown on the sign-in page, one per role (interface.md).
DEMO_USERNAMES = (
    "head.nanhai",
    "planner.city",
    "reviewer.city",
    "monitor.city",
    "parks.city",
    "ent.1",
    "auditor",
    "sysadmin",
)


def demo_accounts() -> list[User]:
    """One demo account per role, in the order above; empty outside the demo city."""
    if not settings.MUCHAN_DEMO:
        return []
    found = {u.username: u for u in User.objects.filter(username__in=DEMO_USERNAMES)}
    return [found[name] for name in DEMO_USERNAMES if name in found]


class SignInView(allauth_views.LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        wanted = self.request.GET.get(REDIRECT_FIELD_NAME, "")
        return super().get_context_data(**kwargs) | {
            "demo_accounts": demo_accounts(),
            # A session cookie that no longer opens anything: the session ran out.
            "session_ended": bool(
                wanted and settings.SESSION_COOKIE_NAME in self.request.COOKIES and self.request.method == "GET"
            ),
        }


@method_decorator(login_required, name="dispatch")
class PasswordChangeView(allauth_views.PasswordChangeView):
    success_url = reverse_lazy("web:home")
