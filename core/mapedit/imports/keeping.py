"""What a stage of an import computed, kept beside the file: the next stage, or a second try, starts from there."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather

from core.geodata.exchange.formats import Detected, Reading, Remark
from core.geodata.exchange.shapes import Shapes
from core.mapedit import layers
from core.mapedit.findings import Finding, Source, as_json
from core.mapedit.imports.examined import Examined
from core.mapedit.imports.matching import Incoming, Matched
from core.mapedit.imports.remarks import Remarks

READ, EXAMINED = "read", "examined"
_GEOMETRY = "geometry"


def keep_reading(folder: Path, reading: Reading, *, options: dict[str, Any]) -> None:
    """Keep a file as it was read under ``options``."""
    table = reading.attributes.append_column(_GEOMETRY_OF_FILE, reading.geometry.wkb)
    described = {
        "options": options,
        "detected": asdict(reading.detected),
        "remarks": [asdict(remark) for remark in reading.remarks],
    }
    _keep(folder, READ, table, described)


_GEOMETRY_OF_FILE = "\x00geometry"
"""No file names a column so."""


def kept_reading(folder: Path, *, options: dict[str, Any]) -> Reading | None:
    """The file as it was read under the same options, None when it was not."""
    described = _described(folder, READ)
    if described is None or described["options"] != options:
        return None
    table = _table(folder, READ)
    return Reading(
        detected=Detected.from_json(described["detected"]),
        geometry=Shapes(table.column(_GEOMETRY_OF_FILE)),
        attributes=table.drop_columns([_GEOMETRY_OF_FILE]),
        numbers=np.arange(1, table.num_rows + 1),
        remarks=[Remark(**remark) for remark in described["remarks"]],
    )


def keep_examined(folder: Path, examined: Examined, *, options: dict[str, Any]) -> None:
    """Keep how a file stands to the layer, and what is wrong with it, as examined under ``options``."""
    incoming, matched, remarks = examined.incoming, examined.matched, examined.remarks
    columns: dict[str, Any] = {
        "codes": incoming.codes,
        "names": incoming.names,
        _GEOMETRY: incoming.geometry.wkb,
        "numbers": incoming.numbers,
        "kind": matched.kind,
        "versions": matched.versions,
        "refused": remarks.refused,
        **{f"file:{name}": held for name, held in incoming.values.items()},
        **{f"base:{name}": held for name, held in matched.base.items()},
    }
    described = {
        "options": options,
        "layer": examined.layer.name,
        "detected": asdict(examined.detected),
        "columns": examined.columns,
        "revision": examined.revision,
        "missing": matched.missing,
        "findings": [as_json(finding) for finding in remarks.findings],
        "rows": remarks.rows,
        "told": remarks.told,
        "held_back": [[*key, count] for key, count in remarks.held_back.items()],
    }
    _keep(folder, EXAMINED, pa.table(columns), described)


def kept_examined(folder: Path, *, options: dict[str, Any], revision: int) -> Examined | None:
    """The file as it was examined under the same options against the same layer, None when it was not."""
    described = _described(folder, EXAMINED)
    if described is None or described["options"] != options or described["revision"] != revision:
        return None
    table = _table(folder, EXAMINED)

    def column(name: str) -> Any:
        return table.column(name).unify_dictionaries().combine_chunks()

    def named(prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): column(name) for name in table.column_names if name.startswith(prefix)}

    detected = Detected.from_json(described["detected"])
    incoming = Incoming(
        codes=column("codes"),
        names=column("names"),
        geometry=Shapes(table.column(_GEOMETRY), multi=True),
        values=named("file:"),
        numbers=column("numbers").to_numpy(),
        file_format=detected.format,
        encoding=detected.encoding,
    )
    matched = Matched(
        kind=column("kind").to_numpy().copy(),
        versions=column("versions").to_numpy(),
        base=named("base:"),
        missing=described["missing"],
    )
    remarks = Remarks(
        count=table.num_rows,
        findings=[_finding(each) for each in described["findings"]],
        rows=described["rows"],
        refused=column("refused").to_numpy(zero_copy_only=False).copy(),
        told=Counter(described["told"]),
        held_back=Counter({(rule, severity): count for rule, severity, count in described["held_back"]}),
    )
    return Examined(
        layers.editable(described["layer"]),
        detected,
        described["columns"],
        incoming,
        matched,
        remarks,
        described["revision"],
    )


def kept_findings(folder: Path) -> list[dict[str, Any]]:
    """Findings of the last examination as JSON, in the order of the file; none when there was none."""
    described = _described(folder, EXAMINED)
    return described["findings"] if described else []


def kept_shapes(folder: Path) -> Any:
    """Columns codes, geometry (WKB, EPSG:4490), kind and refused of the last examination; None when there was none."""
    if not (folder / f"{EXAMINED}.json").exists():
        return None
    return feather.read_table(folder / f"{EXAMINED}.arrow", columns=["names", _GEOMETRY, "kind", "refused"])


def _finding(content: dict[str, Any]) -> Finding:
    source = Source(**content["source"]) if content["source"] else None
    return Finding(**{**content, "source": source, "repairs": tuple(content["repairs"])})


def _keep(folder: Path, name: str, table: pa.Table, described: dict[str, Any]) -> None:
    """Write the table, then what describes it: a stage cut short leaves no description and counts as not done."""
    (folder / f"{name}.json").unlink(missing_ok=True)
    feather.write_feather(table, folder / f"{name}.arrow", compression="lz4")
    draft = folder / f"{name}.json.draft"
    draft.write_text(json.dumps(described, ensure_ascii=False))
    draft.rename(folder / f"{name}.json")


def _described(folder: Path, name: str) -> dict[str, Any] | None:
    file = folder / f"{name}.json"
    if not file.exists():
        return None
    described: dict[str, Any] = json.loads(file.read_text())
    return described


def _table(folder: Path, name: str) -> pa.Table:
    return feather.read_table(folder / f"{name}.arrow")
