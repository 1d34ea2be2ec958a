"""The sample schemes and class measures every installation starts from, read from ``fixtures/schemes/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.policy import fixture_files, loading
from core.policy.models import Document, Jurisdiction
from efficiency.schemes import checks, reading
from efficiency.schemes.models import ClassMeasure, Scheme, SchemeVersion, VersionState
from efficiency.schemes.rules import Rules, rules_of
from efficiency.schemes.writing import write

FOLDER = "schemes"
MEASURES = f"{FOLDER}/measures.csv"
MEASURE_COLUMNS = ["place", "grade", "field", "text", "source", "status", "order"]
COLUMNS = ["code", "name", "place", "document", "is_sample", "source", "version"]


def load_schemes(folder: Path) -> loading.Counts:
    """Bring schemes and their first versions to what the files say; raises fixture_files.FixtureError.

    A version comes as a draft of nobody: approving it is an act of people. Once anybody has saved or submitted it
    the file no longer reaches it.
    """
    counts = loading.Counts()
    places = set(Jurisdiction.objects.values_list("code", flat=True))
    documents = set(Document.objects.values_list("code", flat=True))
    for item, source in _files(folder):
        if item["place"] not in places:
            raise source.refuse(_("没有代码为“%s”的地区。") % item["place"])
        if item["document"] is not None and item["document"] not in documents:
            raise source.refuse(_("没有文件“%s”。") % item["document"])
        frame, rules = _version(item["version"], source)
        wrote = _bring_scheme(item, source) | _bring_version(item["code"], frame, rules)
        if "created" in wrote:
            counts.created += 1
        elif "updated" in wrote:
            counts.updated += 1
        else:
            counts.unchanged += 1
    return counts


def _files(folder: Path) -> Iterator[tuple[dict[str, Any], fixture_files.Source]]:
    for path in sorted((folder / FOLDER).glob("*.json")):
        name = f"{FOLDER}/{path.name}"
        try:
            item = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise fixture_files.FixtureError(name, getattr(error, "lineno", 1), _("不是 UTF-8 的 JSON。")) from error
        source = fixture_files.Source(name, 1)
        if not isinstance(item, dict) or sorted(item) != sorted(COLUMNS):
            raise source.refuse(_("应恰有 %s。") % ",".join(COLUMNS))
        yield item, source


def _version(data: Any, source: fixture_files.Source) -> tuple[reading.Frame, Rules]:
    frame, of_frame = reading.read_frame(data)
    rules, of_rules = reading.read(data)
    faults = of_frame + of_rules + (checks.faults(rules) if rules else [])
    if frame is None or rules is None or faults:
        raise source.refuse(f"{faults[0].path}：{faults[0].sentence}")
    return frame, rules


def _bring_scheme(item: dict[str, Any], source: fixture_files.Source) -> set[str]:
    wanted = {name: item[name] for name in ("name", "source", "is_sample")}
    wanted |= {"place_id": item["place"], "document_id": item["document"]}
    fixture_files.check_fields(source, Scheme(code=item["code"], **wanted), set())
    row = Scheme.objects.filter(code=item["code"]).first()
    if row is not None and all(getattr(row, name) == value for name, value in wanted.items()):
        return set()
    Scheme.objects.update_or_create(code=item["code"], defaults=wanted)
    return {"updated" if row else "created"}


def _bring_version(code: str, frame: reading.Frame, rules: Rules) -> set[str]:
    scheme = Scheme.objects.get(code=code)
    row = SchemeVersion.objects.filter(scheme=scheme, number=1).first()
    if row is None and scheme.versions.exists():
        return set()  # Somebody discarded the sample and wrote one of their own.
    if row is None:
        created = SchemeVersion.objects.create(scheme=scheme, number=1, **vars(frame))
        write(created, rules)
        created.save()
        return {"created"}
    untouched = row.state == VersionState.DRAFT and row.author_id is None and row.revision == 0
    same = rules_of(row) == rules and all(getattr(row, name) == value for name, value in vars(frame).items())
    if same or not untouched:
        return set()
    for name, value in vars(frame).items():
        setattr(row, name, value)
    write(row, rules)
    row.save()
    return {"updated"}


def load_measures(folder: Path) -> loading.Counts:
    """Bring the class measures to what the file says; raises fixture_files.FixtureError.

    A measure somebody has changed is theirs, and one that was removed stays removed.
    """
    counts = loading.Counts()
    if not (folder / MEASURES).exists():
        return counts
    events: Any = ClassMeasure.pgh_event_model  # type: ignore[attr-defined]
    stored = {_identity(row): row for row in ClassMeasure.objects.all()}
    removed = {_identity(row) for row in events.objects.filter(pgh_label="delete")} - set(stored)
    places = set(Jurisdiction.objects.values_list("code", flat=True))
    for cells, source in fixture_files.rows(folder, MEASURES, MEASURE_COLUMNS):
        if cells["place"] not in places:
            raise source.refuse(_("没有代码为“%s”的地区。") % cells["place"])
        if not cells["order"].isascii() or not cells["order"].isdigit():
            raise source.refuse(_("order 应为整数，实为“%s”。") % cells["order"])
        row = ClassMeasure(place_id=cells.pop("place"), **{**cells, "order": int(cells["order"])})
        fixture_files.check_fields(source, row, set())
        known = stored.get(_identity(row))
        if known is None and _identity(row) not in removed:
            row.save()
            counts.created += 1
        elif known is not None and known.revision == 0 and _differs(known, row):
            ClassMeasure.objects.filter(pk=known.pk).update(source=row.source, status=row.status, order=row.order)
            counts.updated += 1
        else:
            counts.unchanged += 1
    return counts


def _identity(row: Any) -> tuple[str, ...]:
    return row.place_id, row.grade, row.field, row.text


def _differs(known: ClassMeasure, read: ClassMeasure) -> bool:
    return (known.source, known.status, known.order) != (read.source, read.status, read.order)


def register() -> None:
    """Announce the files to ``load_fixtures``."""
    loading.register_fixtures(loading.FixtureSource("measures", gettext_lazy("差别化政策"), load_measures))
    loading.register_fixtures(loading.FixtureSource("schemes", gettext_lazy("评价办法"), load_schemes))
