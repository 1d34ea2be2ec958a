"""Addresses of the applicant's side: starting a case, filling in its form, and saving while typing."""

from django.urls import URLPattern, path

from core.casework.portal import form_views, start

urlpatterns: list[URLPattern] = [
    path("cases/new/<slug:kind>/", start.new, name="new"),
    path("cases/<int:pk>/edit/", form_views.edit, name="edit"),
    path("cases/<int:pk>/draft/", form_views.draft, name="draft"),
]
