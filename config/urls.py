"""Every address of Muchan, by the package that answers it."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("core.web.urls")),
    path("rules/", include("core.policy.urls")),
    path("compliance/", include("landuse.redline.urls")),
]
