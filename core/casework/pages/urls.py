"""Addresses of the list of cases, the page of each, notices, absences and statistics."""

from django.urls import path

from core.casework.pages import case_list, case_page

urlpatterns = [
    path("cases/", case_list.cases, name="cases"),
    path("cases/<int:pk>/", case_page.case, name="case"),
]
