"""Addresses of evaluations, under ``/evaluation/``."""

from django.urls import path

from efficiency.evaluation.pages import exports, job_pages, preview, result_pages, run_pages

app_name = "evaluation"
urlpatterns = [
    path("", run_pages.runs, name="runs"),
    path("begin/", run_pages.begin, name="begin"),
    path("jobs/<int:pk>/", job_pages.job, name="job"),
    path("jobs/<int:pk>/state.json", job_pages.state, name="job_state"),
    path("jobs/<int:pk>/<slug:act>/", job_pages.act, name="job_act"),
    path("preview/", preview.preview, name="preview"),
    path("mine/", result_pages.mine, name="mine"),
    path("objections/", result_pages.objections, name="objections"),
    path("objections/<int:pk>/answer/", result_pages.answer, name="answer"),
    path("<int:pk>/", run_pages.run, name="run"),
    path("<int:pk>/export.xlsx", exports.export, name="export"),
    path("<int:pk>/list.pdf", exports.list_pdf, name="list_pdf"),
    path("<int:pk>/object/", result_pages.contest, name="contest"),
    path("<int:pk>/enterprises/<str:uscc>/", result_pages.result, name="result"),
    path("<int:pk>/<slug:act>/", run_pages.move, name="move"),
]
