"""Addresses of the applicant's side: starting a case and filling in its form."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
