"""Addresses of the rules pages, under ``/rules/``."""

from django.urls import path

from core.policy import views

app_name = "policy"
urlpatterns = [
    path("", views.parameters, name="parameters"),
    path("<int:pk>/", views.parameter, name="parameter"),
    path("<int:pk>/adopt/", views.adopt, name="adopt"),
    path("<int:pk>/change/", views.change, name="change"),
    path("key/<str:key>/", views.key, name="key"),
]
