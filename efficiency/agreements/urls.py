"""Addresses of supervision agreements, under ``/agreements/``."""

from django.urls import path

from efficiency.agreements.pages import acts, agreement_page, draft_pages, list_page

app_name = "agreements"
urlpatterns = [
    path("", list_page.agreements, name="agreements"),
    path("export.xlsx", list_page.export, name="export"),
    path("new/", draft_pages.new, name="new"),
    path("draft.json", draft_pages.draft_json, name="new_json"),
    path("<int:pk>/", agreement_page.agreement, name="agreement"),
    path("<int:pk>/edit/", draft_pages.edit, name="edit"),
    path("<int:pk>/draft.json", draft_pages.draft_json, name="draft_json"),
    path("<int:pk>/bind.json", draft_pages.bind_json, name="bind_json"),
    path("<int:pk>/facts/<int:fact>/file/", agreement_page.fact_file, name="fact_file"),
    path("<int:pk>/<slug:act>/", acts.act, name="act"),
]
