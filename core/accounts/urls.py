"""Sign-in, sign-out, password change and contacts; what allauth offers beyond them is not exposed.

The names are allauth's own, because its redirects look them up.
"""

from allauth.account import views as allauth_views
from django.urls import path

from core.accounts import views

urlpatterns = [
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path(
        "password/change/",
        views.PasswordChangeView.as_view(),
        name="account_change_password",
    ),
    path("contacts/", views.contacts, name="account_contacts"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
]
