"""Addresses of the editor: the start of a layer, the editor of a change set, and the requests it makes."""

from django.urls import path

from core.mapedit.editor import acts, api, views

_SET = "map/edit/<slug:layer>/<int:number>/"

urlpatterns = [
    path("map/edit/<slug:layer>/", views.start, name="editor_start"),
    path(_SET, views.editor, name="editor"),
    path(f"{_SET}state/", api.state, name="shown"),
    path(f"{_SET}shapes/", api.shapes, name="editor_shapes"),
    path(f"{_SET}boundaries/", api.boundaries, name="editor_boundaries"),
    path(f"{_SET}search/", api.search, name="editor_search"),
    path(f"{_SET}at/", api.at, name="editor_at"),
    path(f"{_SET}feature/<str:code>/", api.feature, name="editor_feature"),
    path(f"{_SET}change/", acts.add, name="editor_add"),
    path(f"{_SET}change/<str:code>/", acts.save, name="editor_save"),
    path(f"{_SET}split/", acts.split, name="editor_split"),
    path(f"{_SET}merge/", acts.merge, name="editor_merge"),
    path(f"{_SET}cut/", acts.cut, name="editor_cut"),
    path(f"{_SET}reshape/", acts.reshape, name="editor_reshape"),
    path(f"{_SET}snap/", acts.snap, name="editor_snap"),
    path(f"{_SET}remove/", acts.remove, name="editor_remove"),
    path(f"{_SET}discard/", acts.discard, name="editor_discard"),
    path(f"{_SET}code/", acts.code, name="editor_code"),
    path(f"{_SET}restore/", acts.restore, name="editor_restore"),
    path(f"{_SET}rebase/", acts.rebase, name="editor_rebase"),
    path(f"{_SET}repair/", acts.repair, name="editor_repair"),
    path(f"{_SET}details/", acts.details, name="editor_details"),
    path(f"{_SET}check/", acts.check, name="editor_check"),
    path(f"{_SET}submit/", acts.submit, name="editor_submit"),
    path(f"{_SET}presence/", acts.be_present, name="editor_presence"),
]
