"""Addresses of cases: the offices' pages, the applicant's form, and papers."""

from django.urls import URLPattern, URLResolver

from core.casework.files import urls as files
from core.casework.pages import urls as pages
from core.casework.portal import urls as portal

app_name = "casework"
urlpatterns: list[URLPattern | URLResolver] = [
    *pages.urlpatterns,
    *portal.urlpatterns,
    *files.urlpatterns,
]
