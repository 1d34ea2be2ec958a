"""Addresses of returns, under ``/returns/``."""

from efficiency.returns.pages.urls import urlpatterns as pages

app_name = "returns"
urlpatterns = [*pages]
