"""Read the fixture files into unsaved rows; every complaint names the file and the line."""

import csv
import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.contrib.gis.geos import GEOSException, GEOSGeometry, MultiPolygon
from django.db import models
from django.utils.translation import gettext as _

from core.policy.models import CITY_CODE, Document, Jurisdiction, Parameter

PLACE_FILES = ("districts.csv", "towns.csv")
BOUNDARY_FILE = "districts.geojson"
DOCUMENT_FILE = "documents.json"
PARAMETER_FOLDER = "policy"

PLACE_COLUMNS = ["code", "level", "name", "short_name", "slug", "parent"]
DOCUMENT_COLUMNS = ["code", "title", "number", "issued_on", "issuing_body", "url"]
PARAMETER_COLUMNS = [
    "clause_id", "key", "place", "comparison", "value", "text_value", "unit",
    "name", "article", "valid_from", "valid_to", "status", "note",
]  # fmt: skip

# Degrees around Foshan: catches swapped axes and coordinates left in another system.
SURROUNDINGS = (112.0, 22.0, 114.0, 24.0)


class FixtureError(ValueError):
    """A fixture cannot be used; the message is one sentence with file and line."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        self.file, self.line = file, line
        super().__init__(
            _("%(file)s 第 %(line)d 行：%(problem)s 未写入任何内容。")
            % {"file": file, "line": line, "problem": problem}
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row was read: file name relative to the fixtures folder, and line, counted from one."""

    file: str
    line: int

    def refuse(self, problem: str) -> FixtureError:
        return FixtureError(self.file, self.line, problem)


@dataclass(slots=True)
class Fixtures:
    """Everything the files say, unsaved, each row beside its source; places come before their children."""

    places: list[tuple[Jurisdiction, Source]]
    documents: list[tuple[Document, Source]]
    parameters: list[tuple[Parameter, Source]]


def read(folder: Path) -> Fixtures:
    """Read and check all files under ``folder``; raises FixtureError at the first that will not do."""
    places = list(_places(folder))
    documents = list(_documents(folder))
    parameters = list(
        _parameters(
            folder,
            documents={document.code for document, _source in documents},
            places={place.code for place, _source in places},
        )
    )
    _refuse_overlaps(parameters)
    return Fixtures(places, documents, parameters)


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FixtureError(name, 1, _("缺少此文件。")) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FixtureError(name, line, _("不是 UTF-8 编码。")) from error


def rows(folder: Path, name: str, columns: list[str]) -> Iterator[tuple[dict[str, str], Source]]:
    """The rows of a CSV file as dicts, each beside its source; raises FixtureError when the form is not as agreed."""
    reader = csv.reader(_text(folder, name).splitlines(keepends=True), strict=True)
    try:
        header = next(reader, [])
        if header != columns:
            raise FixtureError(name, 1, _("表头应为 %s。") % ",".join(columns))
        for cells in reader:
            source = Source(name, reader.line_num)
            if len(cells) != len(columns):
                raise source.refuse(
                    _("应有 %(wanted)d 列，实有 %(found)d 列。") % {"wanted": len(columns), "found": len(cells)}
                )
            yield dict(zip(columns, cells, strict=True)), source
    except csv.Error as error:
        raise FixtureError(name, reader.line_num, _("CSV 格式有误（%s）。") % error) from error


def _json(folder: Path, name: str) -> tuple[object, str]:
    text = _text(folder, name)
    try:
        return json.loads(text), text
    except json.JSONDecodeError as error:
        raise FixtureError(name, error.lineno, _("JSON 格式有误（%s）。") % error.msg) from error


def _line_of(text: str, code: object) -> int:
    """The line on which a JSON file names ``code``; one where it does not."""
    found = re.search(rf'"code"\s*:\s*"{re.escape(str(code))}"', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def date_in(source: Source, column: str, text: str) -> datetime.date:
    """The date a cell holds; raises FixtureError."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise source.refuse(
            _("%(column)s 应为 2026-03-31 这样的日期，实为“%(text)s”。") % {"column": column, "text": text}
        ) from None


def check_fields(source: Source, row: models.Model, skipped: set[str]) -> None:
    """Refuse a row whose fields are too long, empty or none of the choices, in our own words."""
    for field in row._meta.concrete_fields:
        if field.name in skipped or field.is_relation or (field.primary_key and not field.editable):
            continue
        given = getattr(row, field.attname)
        if given in (None, "") and field.blank:
            continue
        words = {"column": field.name, "text": given}
        if given in (None, ""):
            raise source.refuse(_("%(column)s 不能为空。") % words)
        if field.choices and given not in dict(field.flatchoices):
            raise source.refuse(_("%(column)s 没有“%(text)s”这个选项。") % words)
        if field.max_length and len(str(given)) > field.max_length:
            raise source.refuse(_("%(column)s 超过 %(limit)d 字。") % {**words, "limit": field.max_length})


def _places(folder: Path) -> Iterator[tuple[Jurisdiction, Source]]:
    boundaries = _boundaries(folder)
    known: set[str] = set()
    slugs: set[str] = set()
    for name in PLACE_FILES:
        for cells, source in rows(folder, name, PLACE_COLUMNS):
            code, parent = cells["code"], cells["parent"]
            if code in known:
                raise source.refuse(_("代码 %s 重复。") % code)
            if cells["slug"] in slugs:
                raise source.refuse(_("网址名 %s 重复。") % cells["slug"])
            if (parent not in known) if code != CITY_CODE else parent:
                raise source.refuse(_("上级“%s”不存在或排在后面。") % parent)
            place = Jurisdiction(
                code=code,
                level=cells["level"],
                name=cells["name"],
                short_name=cells["short_name"],
                slug=cells["slug"],
                parent_id=parent or None,
                geom=boundaries.pop(code, None),
            )
            digits = 9 if place.level == Jurisdiction.Level.TOWN else 6
            if not re.fullmatch(rf"\d{{{digits}}}", code):
                raise source.refuse(_("代码“%(code)s”应为 %(digits)d 位数字。") % {"code": code, "digits": digits})
            if place.level == Jurisdiction.Level.DISTRICT and place.geom is None:
                raise source.refuse(_("%(code)s 在 %(file)s 中没有界线。") % {"code": code, "file": BOUNDARY_FILE})
            check_fields(source, place, {"geom"})
            known.add(code)
            slugs.add(place.slug)
            yield place, source


def _boundaries(folder: Path) -> dict[str, MultiPolygon]:
    """Boundaries by code, SRID 4490; the city's is the union of its districts."""
    content, text = _json(folder, BOUNDARY_FILE)
    boundaries: dict[str, MultiPolygon] = {}
    try:
        features = [(item["properties"]["code"], item["geometry"]) for item in content["features"]]  # type: ignore[index]
    except (KeyError, TypeError) as error:
        raise FixtureError(BOUNDARY_FILE, 1, _("不是带 code 属性的要素集（%s）。") % error) from error
    for code, geometry in features:
        source = Source(BOUNDARY_FILE, _line_of(text, code))
        try:
            # GDAL would read GeoJSON as 4326; WGS84 and CGCS2000 agree within centimetres.
            shape = GEOSGeometry(json.dumps(geometry), srid=4326)
        except (GEOSException, ValueError, TypeError) as error:
            raise source.refuse(_("%(code)s 的界线读不出来（%(error)s）。") % {"code": code, "error": error}) from error
        if not isinstance(shape, MultiPolygon) or shape.empty or not shape.valid:
            raise source.refuse(_("%s 的界线不是有效的多面。") % code)
        west, south, east, north = shape.extent
        if west < SURROUNDINGS[0] or south < SURROUNDINGS[1] or east > SURROUNDINGS[2] or north > SURROUNDINGS[3]:
            raise source.refuse(_("%s 的界线不在佛山附近，请检查经纬度次序。") % code)
        shape.srid = 4490
        boundaries[code] = shape
    if boundaries:
        boundaries[CITY_CODE] = _union(boundaries)
    return boundaries


def _union(boundaries: dict[str, MultiPolygon]) -> MultiPolygon:
    parts = [polygon for boundary in boundaries.values() for polygon in boundary]
    whole = MultiPolygon(parts, srid=4490).unary_union
    return whole if isinstance(whole, MultiPolygon) else MultiPolygon(whole, srid=4490)


def _documents(folder: Path) -> Iterator[tuple[Document, Source]]:
    content, text = _json(folder, DOCUMENT_FILE)
    if not isinstance(content, list):
        raise FixtureError(DOCUMENT_FILE, 1, _("应为文件列表。"))
    known: set[str] = set()
    for item in content:
        code = item.get("code") if isinstance(item, dict) else None
        source = Source(DOCUMENT_FILE, _line_of(text, code))
        if not isinstance(item, dict) or sorted(item) != sorted(DOCUMENT_COLUMNS):
            raise source.refuse(_("每个文件应恰有 %s。") % ",".join(DOCUMENT_COLUMNS))
        if code in known:
            raise source.refuse(_("文件代号 %s 重复。") % code)
        document = Document(**{**item, "issued_on": date_in(source, "issued_on", str(item["issued_on"]))})
        check_fields(source, document, set())
        known.add(document.code)
        yield document, source


def _parameters(folder: Path, *, documents: set[str], places: set[str]) -> Iterator[tuple[Parameter, Source]]:
    """One file a document, named after its code."""
    for path in sorted((folder / PARAMETER_FOLDER).glob("*.csv")):
        name = f"{PARAMETER_FOLDER}/{path.name}"
        if path.stem not in documents:
            raise FixtureError(
                name, 1, _("%(file)s 中没有文件 %(code)s。") % {"file": DOCUMENT_FILE, "code": path.stem}
            )
        for cells, source in rows(folder, name, PARAMETER_COLUMNS):
            yield _parameter(path.stem, cells, source, places), source


def _parameter(document: str, cells: dict[str, str], source: Source, places: set[str]) -> Parameter:
    if cells["place"] not in places:
        raise source.refuse(_("没有代码为“%s”的地区。") % cells["place"])
    if bool(cells["value"]) == bool(cells["text_value"]):
        raise source.refuse(_("value 和 text_value 必须且只能填一个。"))
    number = None
    if cells["value"]:
        try:
            number = Decimal(cells["value"])
        except InvalidOperation:
            raise source.refuse(_("value 应为数字，实为“%s”。") % cells["value"]) from None
        if not number.is_finite() or number != round(number, 6) or abs(number) >= 10**14:
            raise source.refuse(_("value “%s”超出精度（整数 14 位、小数 6 位）。") % cells["value"])
    if cells["status"] == Parameter.Status.ADOPTED:
        raise source.refuse(_("“已采用”只能由管理员在系统中产生。"))
    if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+", cells["key"]):
        raise source.refuse(_("参数键“%s”只能由小写字母、数字、下划线和点组成。") % cells["key"])
    begins = date_in(source, "valid_from", cells["valid_from"])
    ends = date_in(source, "valid_to", cells["valid_to"]) if cells["valid_to"] else None
    if ends is not None and ends <= begins:
        raise source.refuse(_("失效日必须晚于生效日。"))
    kept = {name: cells[name] for name in cells if name not in ("place", "value", "valid_from", "valid_to")}
    parameter = Parameter(
        document_id=document,
        jurisdiction_id=cells["place"],
        value=number,
        valid_from=begins,
        valid_to=ends,
        **kept,
    )
    check_fields(source, parameter, {"id", "value"})
    return parameter


def _refuse_overlaps(parameters: list[tuple[Parameter, Source]]) -> None:
    """Say in words what the EXCLUDE constraints of Parameter would say in SQL."""
    before: dict[tuple, tuple[Parameter, Source]] = {}
    for parameter, source in sorted(parameters, key=lambda pair: pair[0].valid_from):
        peer = parameter.document_id if parameter.status == Parameter.Status.REFERENCE else None
        slot = (parameter.jurisdiction_id, parameter.key, peer)
        earlier = before.get(slot)
        if earlier and (earlier[0].valid_to is None or earlier[0].valid_to > parameter.valid_from):
            raise source.refuse(
                _("%(place)s 的 %(key)s 与 %(file)s 第 %(line)d 行的有效期重叠。")
                % {
                    "place": parameter.jurisdiction_id,
                    "key": parameter.key,
                    "file": earlier[1].file,
                    "line": earlier[1].line,
                }
            )
        before[slot] = (parameter, source)
