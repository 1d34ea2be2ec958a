"""Addresses of the editor: the start of a layer, the editor of a change set, and the requests it makes."""

from django.urls import path

from core.mapedit import editor_acts, editor_api, editor_views

_SET = "map/edit/<slug:layer>/<int:number>/"

urlpatterns = [
    path("map/edit/<slug:layer>/", editor_views.start, name="editor_start"),
    path(_SET, editor_views.editor, name="editor"),
    path(f"{_SET}state/", editor_api.state, name="editor_state"),
    path(f"{_SET}shapes/", editor_api.shapes, name="editor_shapes"),
    path(f"{_SET}boundaries/", editor_api.boundaries, name="editor_boundaries"),
    path(f"{_SET}search/", editor_api.search, name="editor_search"),
    path(f"{_SET}at/", editor_api.at, name="editor_at"),
    path(f"{_SET}feature/<str:code>/", editor_api.feature, name="editor_feature"),
    path(f"{_SET}change/", editor_acts.add, name="editor_add"),
    path(f"{_SET}change/<str:code>/", editor_acts.save, name="editor_save"),
    path(f"{_SET}split/", editor_acts.split, name="editor_split"),
    path(f"{_SET}merge/", editor_acts.merge, name="editor_merge"),
    path(f"{_SET}cut/", editor_acts.cut, name="editor_cut"),
    path(f"{_SET}reshape/", editor_acts.reshape, name="editor_reshape"),
    path(f"{_SET}snap/", editor_acts.snap, name="editor_snap"),
    path(f"{_SET}remove/", editor_acts.remove, name="editor_remove"),
    path(f"{_SET}discard/", editor_acts.discard, name="editor_discard"),
    path(f"{_SET}code/", editor_acts.code, name="editor_code"),
    path(f"{_SET}restore/", editor_acts.restore, name="editor_restore"),
    path(f"{_SET}rebase/", editor_acts.rebase, name="editor_rebase"),
    path(f"{_SET}repair/", editor_acts.repair, name="editor_repair"),
    path(f"{_SET}details/", editor_acts.details, name="editor_details"),
    path(f"{_SET}check/", editor_acts.check, name="editor_check"),
    path(f"{_SET}submit/", editor_acts.submit, name="editor_submit"),
    path(f"{_SET}presence/", editor_acts.be_present, name="editor_presence"),
]
