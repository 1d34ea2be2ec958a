"""Addresses of land quota, under ``/quotas/``."""

from django.urls import path

from landuse.quotas import views

app_name = "quotas"
urlpatterns = [
    path("", views.plan, name="plan"),
    path("export.xlsx", views.plan_export, name="plan_export"),
    path("pools/<int:pk>/", views.pool, name="pool"),
    path("pools/<int:pk>/export.xlsx", views.pool_export, name="pool_export"),
    path("pools/<int:pk>/<slug:act>/", views.book, name="book"),
]
