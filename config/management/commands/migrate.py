"""``manage.py migrate``, without drawing half the city's models anew for every trigger and constraint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from django.apps import apps
from django.core.management.commands import migrate
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

OURS = ("core", "parks", "landuse", "efficiency")

_OPTIONS = ("_append_option", "_remove_option", "_alter_option")


class Command(migrate.Command):
    """Django's own, nine tenths of whose time went into models that had not changed."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate."""
        with options_alone():
            super().handle(*args, **options)


@contextmanager
def options_alone() -> Iterator[None]:
    """Within, a trigger, constraint or index changes the state of its model alone.

    Django renders a model and all that point to it or from it again after each of them, which at our number of
    constraints takes minutes. No operation of our migrations reads them from a rendered model: each carries its own.
    Those of other packages are left as they are.
    """
    quiet = patch.object(ProjectState, "reload_model", new=lambda *_args, **_kwargs: None)

    def alone(function: Any) -> Any:
        def without_reload(of: Any, app_label: str, *args: Any) -> Any:
            with quiet if apps.get_app_config(app_label).name.split(".")[0] in OURS else nullcontext():
                return function(of, app_label, *args)

        return without_reload

    patches = [patch.object(ProjectState, name, new=alone(getattr(ProjectState, name))) for name in _OPTIONS]
    patches += [
        patch.object(each, "state_forwards", new=alone(each.state_forwards)) for each in (AddTrigger, RemoveTrigger)
    ]
    with ExitStack() as stack:
        for each in patches:
            stack.enter_context(each)
        yield
