"""Addresses of returns, under ``/returns/``."""

from django.urls import path

from efficiency.returns.pages import importing
from efficiency.returns.pages.urls import urlpatterns as pages

app_name = "returns"
urlpatterns = [
    *pages,
    path("template.xlsx", importing.form, name="template"),
    path("imports/", importing.imports, name="imports"),
    path("imports/<int:number>/", importing.batch, name="import"),
    path("imports/<int:number>/act/", importing.act, name="import_act"),
    path("imports/<int:number>/job/", importing.job, name="import_job"),
    path("imports/<int:number>/findings.xlsx", importing.findings, name="import_findings"),
]
