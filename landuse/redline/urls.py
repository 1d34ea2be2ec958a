"""Addresses of the compliance pages, under ``/compliance/``."""

from django.urls import path

from landuse.redline import exports, views

app_name = "redline"
urlpatterns = [
    path("", views.city, name="compliance"),
    path("export.csv", exports.table, name="compliance_csv"),
    path("export.geojson", exports.tracts, name="compliance_geojson"),
    path("map.html", exports.offline_map, name="compliance_map"),
    path("<str:district>/", views.district, name="compliance_district"),
    path("<str:district>/export.csv", exports.table, name="compliance_district_csv"),
    path("<str:district>/export.geojson", exports.tracts, name="compliance_district_geojson"),
    path("<str:district>/map.html", exports.offline_map, name="compliance_district_map"),
]
