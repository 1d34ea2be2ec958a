"""Taking an upload in: from a file of unknown content to paths GDAL may open.

Runs in the reading process. Everything is given a neutral name in a private folder, so no name of the sender ever
reaches a parser; archives are unpacked under limits, and only what can belong to a data set is unpacked at all.
"""

from __future__ import annotations

import re
import sqlite3
import stat
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from django.utils.translation import gettext as _

from core.geodata.exchange.formats import DXF, GDB, GEOJSON, GPKG, MIB, SHP, TXT, WARNING, Limits, Remark, Unreadable
from core.geodata.exchange.sniffing import ZIP, sniff

SHAPEFILE_PARTS = ("shp", "shx", "dbf", "prj", "cpg")
LOOSE = {"gpkg": GPKG, "geojson": GEOJSON, "json": GEOJSON, "dxf": DXF, "txt": TXT}
ARCHIVES = {"zip", "rar", "7z", "gz", "tgz", "tar", "bz2", "xz"}
CHUNK = MIB


@dataclass
class Candidate:
    """One data set of an upload: what it is, where GDAL may open it, and its name in the sender's words."""

    format: str
    path: Path
    name: str


@dataclass
class Intake:
    """What an upload holds."""

    candidates: list[Candidate] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def take_in(path: Path, scratch: Path, limits: Limits) -> Intake:
    """The data sets in the file (or .gdb folder) `path`; `scratch` is an empty folder for what is unpacked.

    Raises Unreadable when it is empty, over a limit, a forged or broken archive, or nothing that can be read.
    """
    if path.is_dir():
        return _folder(path, scratch, limits)
    size = path.stat().st_size
    if size > limits.bytes:
        raise Unreadable(
            _("文件有 %(size).1f MB，超过上限 %(limit).1f MB：请按区或按图层拆分后分别导入。")
            % {"size": size / MIB, "limit": limits.bytes / MIB}
        )
    kind = sniff(path)
    if kind == GPKG:
        _no_virtual_tables(path)
    if kind == ZIP:
        return _unpack(path, scratch, limits)
    if kind == SHP:
        return _shapefile(
            {part.suffix[1:].lower(): part for part in path.parent.glob("*") if part.stem == path.stem} | {"shp": path},
            scratch,
            path.stem,
        )
    return Intake([Candidate(kind, _link(path.resolve(), scratch / f"data.{kind}"), path.stem)])


def _no_virtual_tables(path: Path) -> None:
    """Refuse a GeoPackage with virtual tables other than spatial indexes: GDAL's own kind can name other files."""
    try:
        database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        with closing(database):
            statements = database.execute("select sql from sqlite_master where sql like 'create virtual%'").fetchall()
    except sqlite3.DatabaseError as error:
        raise Unreadable(_("GeoPackage 已损坏或不完整：请重新导出后再上传。")) from error
    for (statement,) in statements:
        if not re.search(r"\busing\s+\"?rtree\b", statement, re.IGNORECASE):
            raise Unreadable(_("GeoPackage 中含有虚拟表，为安全起见不予读取：请另存为新的 GeoPackage 再上传。"))


def _link(target: Path, link: Path) -> Path:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    return link


def _folder(path: Path, scratch: Path, limits: Limits) -> Intake:
    files = [each for each in path.iterdir() if each.is_file()]
    if not any(each.suffix.lower() == ".gdbtable" for each in files):
        raise Unreadable(_("这个文件夹不是 FileGDB：请选择 .gdb 文件夹，或把数据打成 zip。"))
    if sum(each.stat().st_size for each in files) > limits.bytes:
        raise Unreadable(_("FileGDB 超过 %(limit).1f MB 的上限：请拆分后导入。") % {"limit": limits.bytes / MIB})
    return Intake([Candidate(GDB, _link(path.resolve(), scratch / "data.gdb"), path.stem)])


def _shapefile(parts: dict[str, Path], scratch: Path, name: str) -> Intake:
    """A shapefile lying loose: its parts are linked under neutral names; missing ones are remarked."""
    for suffix in SHAPEFILE_PARTS:
        if suffix in parts:
            _link(parts[suffix].resolve(), scratch / f"data.{suffix}")
    return Intake([Candidate(SHP, scratch / "data.shp", name)], _missing_parts(set(parts), name))


def _missing_parts(present: set[str], name: str) -> list[Remark]:
    sentences = {
        "dbf": _("%(name)s 缺少 .dbf：只有图形，没有属性。"),
        "shx": _("%(name)s 缺少 .shx：已按 .shp 重建索引。"),
    }
    return [
        Remark(f"no_{suffix}", sentence % {"name": name}, WARNING)
        for suffix, sentence in sentences.items()
        if suffix not in present
    ]


def _unpack(path: Path, scratch: Path, limits: Limits) -> Intake:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _judge(entries, path.stat().st_size, limits)
            return _sort_out(archive, entries, scratch, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise Unreadable(_("压缩包不完整、已损坏或用了不支持的压缩方法：请重新打包成 zip 再上传。")) from error


def _judge(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    """Refuse an archive whose directory alone shows that it must not be unpacked."""
    if not entries:
        raise Unreadable(_("压缩包里没有文件：请重新打包。"))
    if len(entries) > limits.entries:
        raise Unreadable(
            _("压缩包内有 %(count)d 个文件，超过上限 %(limit)d 个：请只打包要导入的数据。")
            % {"count": len(entries), "limit": limits.entries}
        )
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes:
        raise Unreadable(
            _("压缩包解开后有 %(size).1f MB，超过上限 %(limit).1f MB：请拆分后分别导入。")
            % {"size": unpacked / MIB, "limit": limits.unpacked_bytes / MIB}
        )
    if unpacked > limits.ratio_from_bytes and unpacked > limits.ratio * packed:
        raise Unreadable(
            _("压缩包解开后是原来的 %(ratio)d 倍，不像正常数据（上限 %(limit)d 倍），为安全起见不予解开。")
            % {"ratio": unpacked // packed, "limit": limits.ratio}
        )
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise Unreadable(_("压缩包内的 %(name)s 是链接或设备，不是文件：请打包文件本身。") % {"name": _name(entry)})
        if entry.flag_bits & 1:
            raise Unreadable(_("压缩包设有密码：请去掉密码重新打包。"))
        _safe(_name(entry))


def _name(entry: zipfile.ZipInfo) -> str:
    """The entry's name; without the UTF-8 flag Chinese Windows writes GBK, which zipfile takes for cp437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    raw = entry.filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _safe(name: str) -> None:
    plain = name.replace("\\", "/")
    if plain.startswith("/") or re.match(r"[A-Za-z]:", plain) or ".." in plain.split("/") or "\0" in plain:
        raise Unreadable(_("压缩包内有越出文件夹的路径“%(name)s”：请重新打包，只放数据文件。") % {"name": name})


def _sort_out(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], scratch: Path, limits: Limits) -> Intake:
    """Unpack what belongs to a data set: shapefile sets, .gdb folders, GeoPackages; else loose text formats."""
    files = [
        (PurePosixPath(_name(entry).replace("\\", "/")), entry)
        for entry in entries
        if not entry.is_dir() and "__MACOSX" not in entry.filename
    ]
    unpacker = _Unpacker(archive, limits)
    intake = Intake()
    _shapefiles(files, scratch, unpacker, intake)
    _geodatabases(files, scratch, unpacker, intake)
    _loose(files, scratch, unpacker, intake, {"gpkg"})
    if not intake.candidates:
        _loose(files, scratch, unpacker, intake, set(LOOSE) - {"gpkg"})
    nested = [str(name) for name, _entry in files if name.suffix[1:].lower() in ARCHIVES]
    if not intake.candidates:
        raise Unreadable(_nothing(nested, [str(name) for name, _entry in files]))
    sentence = _("压缩包内还有压缩包 %(name)s，未读取。")
    intake.remarks += [Remark("nested_archive", sentence % {"name": name}, WARNING) for name in nested]
    return intake


def _nothing(nested: list[str], names: list[str]) -> str:
    if nested:
        return _("压缩包里还是压缩包（%(name)s）：请解开后把数据直接打成一个 zip。") % {"name": nested[0]}
    if "[Content_Types].xml" in names:
        return _("文件是 Office 文档，不含可导入的图形数据。")
    return _("压缩包里没有 SHP、FileGDB、GPKG、GeoJSON、DXF 或 TXT 数据。")


Files = Iterable[tuple[PurePosixPath, zipfile.ZipInfo]]


def _shapefiles(files: Files, scratch: Path, unpacker: _Unpacker, intake: Intake) -> None:
    sets: dict[tuple[str, str], dict[str, zipfile.ZipInfo]] = defaultdict(dict)
    stems: dict[tuple[str, str], str] = {}
    for name, entry in files:
        suffix = name.suffix[1:].lower()
        if suffix in SHAPEFILE_PARTS:
            key = (str(name.parent), name.stem.lower())
            sets[key][suffix] = entry
            if suffix == "shp":
                stems[key] = name.stem
    for number, (key, stem) in enumerate(stems.items()):
        folder = scratch / f"shp{number}"
        for suffix, entry in sets[key].items():
            unpacker.write(entry, folder / f"data.{suffix}")
        if sniff(folder / "data.shp") != SHP:
            raise Unreadable(_("%(name)s.shp 的内容不是 Shapefile：请重新导出。") % {"name": stem})
        intake.candidates.append(Candidate(SHP, folder / "data.shp", stem))
        intake.remarks += _missing_parts(set(sets[key]), stem)


def _geodatabases(files: Files, scratch: Path, unpacker: _Unpacker, intake: Intake) -> None:
    folders: dict[PurePosixPath, list[tuple[str, zipfile.ZipInfo]]] = defaultdict(list)
    for name, entry in files:
        folders[name.parent].append((name.name, entry))
    number = 0
    for parent, members in folders.items():
        if not any(name.lower().endswith(".gdbtable") for name, _entry in members):
            continue
        folder = scratch / f"gdb{number}" / "data.gdb"
        for member, entry in members:
            # The driver's own names are plain; whatever else lies there is none of its business.
            if re.fullmatch(r"[A-Za-z0-9_.]{1,64}", member):
                unpacker.write(entry, folder / member)
        intake.candidates.append(Candidate(GDB, folder, parent.stem or _("数据库")))
        number += 1


def _loose(files: Files, scratch: Path, unpacker: _Unpacker, intake: Intake, suffixes: set[str]) -> None:
    strangers: list[Unreadable] = []
    for number, (name, entry) in enumerate(files):
        suffix = name.suffix[1:].lower()
        if suffix not in suffixes:
            continue
        target = scratch / f"file{number}" / f"data.{suffix}"
        unpacker.write(entry, target)
        try:
            kind = sniff(target)
        except Unreadable as stranger:
            # A note beside the data is no reason to refuse the data.
            strangers.append(stranger)
            continue
        if kind == GPKG:
            _no_virtual_tables(target)
        if kind not in {ZIP, SHP}:
            intake.candidates.append(Candidate(kind, target, name.stem))
    if strangers and not intake.candidates:
        raise strangers[0]


class _Unpacker:
    """Writes entries of one archive, counting what really comes out: a directory's sizes can lie."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self.archive = archive
        self.left = limits.unpacked_bytes

    def write(self, entry: zipfile.ZipInfo, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.archive.open(entry) as source, target.open("xb") as sink:
            while chunk := source.read(CHUNK):
                self.left -= len(chunk)
                if self.left < 0:
                    raise Unreadable(_("压缩包解开后超过大小上限：请拆分后分别导入。"))
                sink.write(chunk)
