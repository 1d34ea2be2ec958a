"""Addresses of files in and out: upload, preview, write; export."""

from django.urls import path

from core.mapedit.files import export_views, import_views

_FILE = "changes/import/<int:number>/"

urlpatterns = [
    path("changes/import/", import_views.upload, name="import"),
    path("changes/<int:number>/import/", import_views.upload_into, name="import_into"),
    path(_FILE, import_views.preview, name="import_file"),
    path(f"{_FILE}options/", import_views.options, name="import_options"),
    path(f"{_FILE}write/", import_views.write, name="import_write"),
    path(f"{_FILE}cancel/", import_views.cancel, name="import_cancel"),
    path(f"{_FILE}job/", import_views.job, name="import_job"),
    path(f"{_FILE}job/resume/", import_views.resume, name="import_resume"),
    path(f"{_FILE}features.geojson", import_views.shapes, name="import_shapes"),
    path(f"{_FILE}findings.xlsx", import_views.workbook, name="import_findings"),
    path("layers/<slug:layer>/export/", export_views.export, name="export"),
    path("changes/<int:number>/export/", export_views.export_change_set, name="export_change_set"),
]
