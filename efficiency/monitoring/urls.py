"""Addresses of monitoring, under ``/monitoring/``."""

from django.urls import path

from efficiency.monitoring.pages import ladder_pages, life_page, overview, scatter_page, watch_page

app_name = "monitoring"
urlpatterns = [
    path("", overview.overview, name="monitoring"),
    path("scatter/", scatter_page.scatter, name="scatter"),
    path("scatter/points.json", scatter_page.points, name="scatter_points"),
    path("scatter/export.xlsx", scatter_page.export, name="scatter_export"),
    path("industries/", ladder_pages.ladder, {"which": "industries"}, name="industries"),
    path("zones/", ladder_pages.ladder, {"which": "zones"}, name="zones"),
    path("industries/industries.xlsx", ladder_pages.export, {"which": "industries"}, name="industries_export"),
    path("zones/zones.xlsx", ladder_pages.export, {"which": "zones"}, name="zones_export"),
    path("watch/", watch_page.watch, name="watch"),
    path("watch/list.xlsx", watch_page.export, name="watch_export"),
    path("plots/<str:code>/", life_page.life, name="plot"),
    path("plots/<str:code>/life.pdf", life_page.life_pdf, name="plot_pdf"),
    path("plots/<str:code>/life.xlsx", life_page.life_sheet, name="plot_sheet"),
]
