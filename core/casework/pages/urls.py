"""Addresses of the list of cases, the page of each, notices, absences and statistics."""

from django.urls import path

from core.casework.pages import absence_page, case_list, case_views, notice_page, statistics_page

urlpatterns = [
    path("cases/", case_list.cases, name="cases"),
    path("cases/export.xlsx", case_list.export, name="export"),
    path("cases/bulk/", case_list.bulk_act, name="bulk"),
    path("cases/filters/", case_list.save_filter, name="save_filter"),
    path("cases/statistics/", statistics_page.statistics, name="statistics"),
    path("cases/statistics/export.xlsx", statistics_page.statistics_export, name="statistics_export"),
    path("cases/absences/", absence_page.absences, name="absences"),
    path("cases/absences/<int:pk>/end/", absence_page.end, name="end_absence"),
    path("cases/absences/hand-over/", absence_page.hand_over, name="hand_over"),
    path("cases/<int:pk>/", case_views.case, name="case"),
    path("cases/<int:pk>/do/<slug:move>/", case_views.move, name="move"),
    path("cases/<int:pk>/review/", case_views.review, name="review"),
    path("cases/<int:pk>/remark/", case_views.remark, name="remark"),
    path("cases/<int:pk>/assign/", case_views.assign, name="assign"),
    path("notices/", notice_page.notices, name="notices"),
    path("notices/read/", notice_page.read, name="read"),
]
