"""Addresses of map editing: the editor, the way of a change set, files in and out."""

from django.urls import URLPattern, URLResolver

from core.mapedit.editor import urls as editor
from core.mapedit.files import urls as files
from core.mapedit.pages import urls as pages

app_name = "mapedit"
urlpatterns: list[URLPattern | URLResolver] = [
    *editor.urlpatterns,
    *files.urlpatterns,
    *pages.urlpatterns,
]
