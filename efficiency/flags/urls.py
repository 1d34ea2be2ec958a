"""Addresses of flags, under ``/flags/``."""

from django.urls import path

from efficiency.flags.pages import by_hand, flag_list, flag_page, photos, visits

app_name = "flags"
urlpatterns = [
    path("", flag_list.flags, name="flags"),
    path("export.xlsx", flag_list.export, name="export"),
    path("decide/", flag_list.decide, name="decide"),
    path("ask/", flag_list.ask_rules, name="ask"),
    path("new/", by_hand.new, name="new"),
    path("at/", by_hand.at, name="at"),
    path("visits/", visits.visits, name="visits"),
    path("<int:pk>/", flag_page.flag, name="flag"),
    path("<int:pk>/judge/", flag_page.judge, name="judge"),
    path("<int:pk>/visit/", visits.of_flag, name="visit"),
    path("<int:pk>/photos/", photos.add, name="add_photos"),
    path("<int:pk>/photos/<int:photo_id>/", photos.photo, name="photo"),
]
