"""What map editing stores: versions in force, and the change sets that lead from one to the next."""

from core.mapedit.models.changes import Action, Change, ChangeSet, Descent, Opinion, Paper, Presence
from core.mapedit.models.imports import Import, ImportState
from core.mapedit.models.versions import (
    TRACK_WITHOUT_GENERATED,
    InForceMixin,
    Layer,
    LayerVersion,
    Publication,
    version_constraints,
)

__all__ = [
    "TRACK_WITHOUT_GENERATED",
    "Action",
    "Change",
    "ChangeSet",
    "Descent",
    "Import",
    "ImportState",
    "InForceMixin",
    "Layer",
    "LayerVersion",
    "Opinion",
    "Paper",
    "Presence",
    "Publication",
    "version_constraints",
]
