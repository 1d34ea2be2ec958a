"""Addresses of the programmes' pages, under ``/programmes/``."""

from django.urls import path

from parks.programmes import views

app_name = "programmes"
urlpatterns = [
    path("", views.programmes, name="programmes"),
    path("<slug:code>/", views.programme, name="programme"),
    path("<slug:code>/members.xlsx", views.export, name="export"),
    path("<slug:code>/members/<int:number>/", views.member, name="member"),
]
