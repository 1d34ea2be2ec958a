"""Sign-in with the list of demo accounts beside it, password change that returns home, and one's own contacts."""

from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.accounts import services
from core.accounts.forms import ContactsForm
from core.accounts.models import User
from core.accounts.scope import reader

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


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def contacts(request: HttpRequest) -> HttpResponse:
    """One's own e-mail address and mobile number, to which notices go as well."""
    user = reader(request)
    if request.method == "POST":
        form = ContactsForm(request.POST)
        if form.is_valid():
            services.set_contacts(by=user, **form.cleaned_data)
            messages.success(request, _("联系方式已保存，之后的通知按此发送。"))
            return redirect("account_contacts")
    else:
        form = ContactsForm(initial={"email": user.email, "mobile": user.mobile})
    return render(request, "account/contacts.html", {"form": form}, status=422 if form.errors else 200)
