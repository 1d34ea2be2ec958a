"""Addresses of the compliance pages."""

from django.urls import URLPattern

app_name = "redline"

urlpatterns: list[URLPattern] = []
