"""Addresses of schemes, under ``/schemes/``."""

from django.urls import path

from efficiency.schemes.pages import acts, editor, measure_pages, scheme_pages

app_name = "schemes"
urlpatterns = [
    path("", scheme_pages.schemes, name="schemes"),
    path("new/", acts.new_scheme, name="new_scheme"),
    path("compare/", scheme_pages.compare, name="compare"),
    path("measures/", measure_pages.measures, name="measures"),
    path("measures/new/", measure_pages.measure, name="new_measure"),
    path("measures/<int:number>/", measure_pages.measure, name="measure"),
    path("measures/<int:number>/remove/", measure_pages.remove, name="remove_measure"),
    path("<slug:code>/", scheme_pages.scheme, name="scheme"),
    path("<slug:code>/versions/", acts.new_version, name="new_version"),
    path("<slug:code>/<int:number>/", scheme_pages.version, name="version"),
    path("<slug:code>/<int:number>/edit/", editor.edit, name="edit"),
    path("<slug:code>/<int:number>/save/", editor.save, name="save"),
    path("<slug:code>/<int:number>/<slug:act>/", acts.act, name="act"),
]
