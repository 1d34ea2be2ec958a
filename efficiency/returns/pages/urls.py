"""Addresses of the returns of people: figures by year, own reports, their confirmation, land."""

from django.urls import URLPattern, path

from efficiency.returns.pages import land, mine, overview, reports

urlpatterns: list[URLPattern] = [
    path("", overview.returns, name="returns"),
    path("returns.xlsx", overview.export, name="export"),
    path("missing.xlsx", overview.export_missing, name="export_missing"),
    path("<int:year>/<slug:uscc>/", overview.versions, name="versions"),
    path("mine/", mine.years, name="mine_years"),
    path("mine/<int:year>/", mine.form, name="mine"),
    path("mine/<int:year>/draft/", mine.draft, name="mine_draft"),
    path("reports/", reports.reports, name="reports"),
    path("reports/confirm/", reports.bulk, name="reports_confirm"),
    path("reports/<int:pk>/", reports.report, name="report"),
    path("land/", land.land, name="land"),
    path("land/land.xlsx", land.export, name="land_export"),
    path("land/<int:year>/<slug:uscc>/", land.of_enterprise, name="land_of"),
]
