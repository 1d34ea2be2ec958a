"""Addresses of the shell: home, search, component gallery."""

from django.urls import path
from django.views.i18n import set_language

from core.web import finder, home, map_urls, styleguide

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    path("search/", finder.search, name="search"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("language/", set_language, name="language"),
    *map_urls.urlpatterns,
]
