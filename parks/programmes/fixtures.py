"""The programmes every installation starts from, read from ``fixtures/programmes.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.policy import fixture_files, loading
from core.policy.models import Document, Jurisdiction
from parks.programmes.models import Programme

FILE = "programmes.csv"
COLUMNS = [
    "code", "name", "level", "place", "quota_key", "quota_caps", "member_types", "document", "article", "clause_id",
    "valid_from", "valid_to", "note",
]  # fmt: skip
SEPARATOR = "；"


def load(folder: Path) -> loading.Counts:
    """Bring the programmes to what the file says; raises fixture_files.FixtureError."""
    return loading.save(list(_programmes(folder)), Programme, lambda programme: programme.code)


def _programmes(folder: Path) -> Iterator[tuple[Programme, fixture_files.Source]]:
    places = set(Jurisdiction.objects.values_list("code", flat=True))
    documents = set(Document.objects.values_list("code", flat=True))
    known: set[str] = set()
    for cells, source in fixture_files.rows(folder, FILE, COLUMNS):
        if cells["code"] in known:
            raise source.refuse(_("代号 %s 重复。") % cells["code"])
        if cells["place"] not in places:
            raise source.refuse(_("没有代码为“%s”的地区。") % cells["place"])
        if cells["document"] not in documents:
            raise source.refuse(_("没有文件“%s”。") % cells["document"])
        if cells["quota_caps"] not in ("yes", "no"):
            raise source.refuse(_("quota_caps 应为 yes 或 no，实为“%s”。") % cells["quota_caps"])
        kept = {name: cells[name] for name in ("code", "name", "level", "quota_key", "article", "clause_id", "note")}
        ends = cells["valid_to"]
        programme = Programme(
            place_id=cells["place"],
            document_id=cells["document"],
            quota_caps=cells["quota_caps"] == "yes",
            member_types=[word for word in cells["member_types"].split(SEPARATOR) if word],
            valid_from=fixture_files.date_in(source, "valid_from", cells["valid_from"]),
            valid_to=fixture_files.date_in(source, "valid_to", ends) if ends else None,
            **kept,
        )
        fixture_files.check_fields(source, programme, {"member_types"})
        known.add(programme.code)
        yield programme, source


def register() -> None:
    """Announce the file to ``load_fixtures``."""
    loading.register_fixtures(loading.FixtureSource("programmes", gettext_lazy("企业培育计划"), load))
