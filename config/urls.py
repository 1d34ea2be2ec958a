"""Every address of Muchan, by the package that answers it."""

from django.urls import include, path

urlpatterns = [
    path("", include("core.web.health")),
    path("accounts/", include("core.accounts.urls")),
    path("", include("core.web.urls")),
    path("", include("core.mapedit.urls")),
    path("", include("core.casework.urls")),
    path("rules/", include("core.policy.urls")),
    path("programmes/", include("parks.programmes.urls")),
    path("compliance/", include("landuse.redline.urls")),
    path("quotas/", include("landuse.quotas.urls")),
    path("returns/", include("efficiency.returns.urls")),
    path("agreements/", include("efficiency.agreements.urls")),
    path("flags/", include("efficiency.flags.urls")),
    path("schemes/", include("efficiency.schemes.urls")),
    path("evaluation/", include("efficiency.evaluation.urls")),
    path("monitoring/", include("efficiency.monitoring.urls")),
]

handler400 = "core.web.errors.bad_request"
handler403 = "core.web.errors.forbidden"
handler404 = "core.web.errors.not_found"
handler500 = "core.web.errors.server_error"
