"""Addresses of a case's papers and letters."""

from django.urls import URLPattern, path

from core.casework.files import letter_view, paper_views

urlpatterns: list[URLPattern] = [
    path("cases/<int:pk>/papers/", paper_views.attach, name="attach"),
    path("cases/<int:pk>/papers/<int:paper_id>/", paper_views.paper, name="paper"),
    path("cases/<int:pk>/papers/<int:paper_id>/remove/", paper_views.remove_paper, name="remove_paper"),
    path("cases/<int:pk>/letter.pdf", letter_view.letter, name="letter"),
]
