"""Addresses of a case's papers and letters."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
