"""Addresses of change sets under review and of what was published, under ``/changes/``."""

from django.urls import path

from core.mapedit.pages import change_views, history_views

urlpatterns = [
    path("changes/", change_views.changes, name="changes"),
    path("changes/publications/", history_views.publications, name="publications"),
    path("changes/publications/<int:number>/", history_views.publication, name="publication"),
    path("changes/publications/<int:number>/shapes.json", history_views.publication_shapes, name="publication_shapes"),
    path("changes/publications/<int:number>/revert/", history_views.revert, name="revert"),
    path("changes/history/<slug:layer>/<str:code>/", history_views.feature, name="feature_history"),
    path("changes/<int:number>/", change_views.change_set, name="change_set"),
    path("changes/<int:number>/shapes.json", change_views.change_shapes, name="change_shapes"),
    path("changes/<int:number>/papers/<int:paper_id>/", change_views.paper, name="paper"),
    path("changes/<int:number>/do/<slug:move>/", change_views.act, name="act"),
]
