"""Addresses of map editing: the editor, the way of a change set, files in and out."""

from django.urls import URLPattern, URLResolver

from core.mapedit import editor_urls, exchange_urls, workflow_urls

app_name = "mapedit"
urlpatterns: list[URLPattern | URLResolver] = [
    *editor_urls.urlpatterns,
    *exchange_urls.urlpatterns,
    *workflow_urls.urlpatterns,
]
