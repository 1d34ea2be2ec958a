"""Bring the database to what the fixture files say: all of it or none, and safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.gis.geos import GEOSGeometry
from django.db import IntegrityError, models, transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from core.policy import fixture_files
from core.policy.models import Document, Jurisdiction, Parameter

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(slots=True)
class Counts:
    """What a load did to one model."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class FixtureSource:
    """What a package other than policy brings to every installation: its name, its title, and how it is loaded.

    ``load(folder)`` answers its counts and raises fixture_files.FixtureError. It comes after places,
    documents and parameters, in their transaction.
    """

    name: str
    title: StrOrPromise
    load: Callable[[Path], Counts]


_sources: dict[str, FixtureSource] = {}


def register_fixtures(source: FixtureSource) -> None:
    """Announce a package's fixtures, in ``AppConfig.ready()``: policy imports none of those above it."""
    _sources[source.name] = source


def sources() -> list[FixtureSource]:
    """The fixtures other packages announced."""
    return list(_sources.values())


@transaction.atomic
def load_all(*, folder: Path) -> dict[str, Counts]:
    """Load what ``load`` does and what other packages announced: all of it or, with FixtureError, none."""
    return load(folder=folder) | {source.name: source.load(folder) for source in sources()}


@transaction.atomic
def load(*, folder: Path) -> dict[str, Counts]:
    """Load places, documents and parameters from ``folder``; counts by model, in the order written.

    A handful of statements whatever the number of rows. Rows the files do not name stay as they are, adopted
    parameters among them. Raises fixture_files.FixtureError, with nothing written.
    """
    fixtures = fixture_files.read(folder)
    _end_where_the_city_decided([parameter for parameter, _source in fixtures.parameters])
    return {
        "jurisdictions": save(fixtures.places, Jurisdiction, lambda place: place.code),
        "documents": save(fixtures.documents, Document, lambda document: document.code),
        "parameters": save(fixtures.parameters, Parameter, _parameter_identity),
    }


def _end_where_the_city_decided(read: list[Parameter]) -> None:
    """A default the city put its own figure in place of stays ended on that day, whatever release is loaded."""
    decided = {
        (row["document"], row["jurisdiction"], row["key"]): row["begins"]
        for row in Parameter.objects.filter(status=Parameter.Status.ADOPTED)
        .values("document", "jurisdiction", "key")
        .annotate(begins=Min("valid_from"))
        .order_by()
    }
    for parameter in read:
        begins = decided.get((parameter.document_id, parameter.jurisdiction_id, parameter.key))
        if begins is None or parameter.status == Parameter.Status.REFERENCE or begins <= parameter.valid_from:
            continue
        if parameter.valid_to is None or parameter.valid_to > begins:
            parameter.valid_to = begins


def _parameter_identity(parameter: Parameter) -> Hashable:
    """What makes a parameter the same one from release to release; its figure may be corrected, these may not."""
    return (
        parameter.document_id,
        parameter.jurisdiction_id,
        parameter.key,
        parameter.valid_from,
        parameter.status,
    )


def save(
    read: list[tuple[Any, fixture_files.Source]],
    model: type[models.Model],
    identity: Callable[[Any], Hashable],
) -> Counts:
    """Write unsaved rows over the stored ones of the same identity; raises FixtureError naming the row refused."""
    stored = {identity(row): row for row in model._default_manager.all()}
    fields = [field for field in model._meta.concrete_fields if field.name != "id"]
    counts = Counts()
    created, updated = [], []
    for row, source in read:
        known = stored.get(identity(row))
        if known is None:
            created.append((row, source))
        elif any(_differs(getattr(known, field.attname), getattr(row, field.attname)) for field in fields):
            row.pk, row._state.adding = known.pk, False
            updated.append((row, source))
        else:
            counts.unchanged += 1
    # Updates first: a validity that now ends earlier makes room for its successor.
    changing = [field.name for field in fields if not field.primary_key]
    _write(updated, lambda rows: model._default_manager.bulk_update(rows, changing))
    _write(created, model._default_manager.bulk_create)
    counts.updated, counts.created = len(updated), len(created)
    return counts


def _differs(stored: object, read: object) -> bool:
    if isinstance(stored, GEOSGeometry) and isinstance(read, GEOSGeometry):
        return not stored.equals_exact(read)
    return stored != read


def _write(rows: list[tuple[Any, fixture_files.Source]], statement: Callable[[list[Any]], object]) -> None:
    """Run one bulk statement; what the database refuses becomes a sentence about the first row refused."""
    if not rows:
        return
    try:
        with transaction.atomic():
            statement([row for row, _source in rows])
    except IntegrityError as error:
        raise _culprit(rows, error) from error


def _culprit(rows: list[tuple[Any, fixture_files.Source]], error: IntegrityError) -> fixture_files.FixtureError:
    """Find the row the database refused by asking for each alone; only ever runs on the way to an error."""
    for row, source in rows:
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as refused:
            name = getattr(getattr(refused.__cause__, "diag", None), "constraint_name", "")
            for constraint in row._meta.constraints:
                if constraint.name == name:
                    return source.refuse(str(constraint.get_violation_error_message()))
            return source.refuse(_("数据库拒绝此行（%s）。") % name)
    source = rows[0][1]
    return source.refuse(_("数据库拒绝此文件的内容（%s）。") % str(error).splitlines()[0])
