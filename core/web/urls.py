"""Addresses of the shell: home, search, component gallery."""

from django.urls import path

from core.web import finder, home, styleguide

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    path("search/", finder.search, name="search"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]
