"""Files into change sets: read, match, check, write. Nothing is ever published from here.

`examine` takes a file through the first three and writes nothing; `write` puts what may go in into a change set, all
or nothing unless the valid part is asked for.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import shapely
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.geodata.exchange import reading
from core.geodata.exchange.formats import NOTE, Detected, Reading
from core.geodata.exchange.gcj02 import gcj02_likeness
from core.mapedit import layers
from core.mapedit.checks import bulk, registry
from core.mapedit.checks.declared import declared_area_findings
from core.mapedit.checks.thresholds import Thresholds, own_rule
from core.mapedit.findings import WARNING, Finding
from core.mapedit.imports import columns as naming
from core.mapedit.imports import copying, features, inforce
from core.mapedit.imports.matching import CHANGED, NEW, UNCHANGED, Incoming, Matched, count, match
from core.mapedit.imports.remarks import Remarks
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet, Layer
from core.mapedit.services import drafting, writing
from core.refusals import Refused, sentence_of

GUESSED_CRS = "crs_guessed"

Progress = Callable[[str, int, int], None]
"""Called with the stage ("read", "match", "check", "write"), what is done of it and its total."""


@dataclass(frozen=True)
class Options:
    """What a person chose instead of what the file says; None and empty leave it to the file.

    ``columns`` maps attributes (or "code") to columns of the file, "" to none.
    """

    source_layer: str | None = None
    srid: int | None = None
    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Overlaps:
    """The overlaps of the ``rows`` (row numbers) of a file, still to be looked for."""

    search: bulk.OverlapSearch
    rows: np.ndarray

    def note(self, remarks: Remarks, faults: bulk.Pairs) -> None:
        """Add what ``faults`` come to."""
        for at, finding in self.search.findings(faults):
            remarks.add(finding, int(self.rows[at]))


@dataclass
class Examined:
    """A file against the layer: what it is, how its features stand to those in force, and what is wrong with them."""

    layer: EditableLayer
    detected: Detected
    columns: dict[str, str]
    incoming: Incoming
    matched: Matched
    remarks: Remarks
    revision: int
    overlaps_left: Overlaps | None = None

    def settle(self, faults: bulk.Pairs | None = None) -> None:
        """Look for the overlaps that were left for later, unless ``faults`` are those found meanwhile."""
        left, self.overlaps_left = self.overlaps_left, None
        if left is not None:
            left.note(self.remarks, left.search.faults() if faults is None else faults)

    @property
    def counts(self) -> dict[str, int]:
        """read, new, changed, unchanged, missing, refused; a refused feature counts as nothing else."""
        kind, refused = self.matched.kind, self.remarks.refused
        return {
            "read": len(self.incoming),
            "new": count(kind, refused, NEW),
            "changed": count(kind, refused, CHANGED),
            "unchanged": count(kind, refused, UNCHANGED),
            "missing": len(self.matched.missing),
            "refused": int(refused.sum()),
        }

    @property
    def writable(self) -> np.ndarray:
        """Row numbers that a change set would take."""
        return np.flatnonzero((self.matched.kind != UNCHANGED) & ~self.remarks.refused)


def examine(
    path: str | os.PathLike[str],
    *,
    layer: str,
    options: Options = Options(),
    by: User | None = None,
    on: dt.date | None = None,
    progress: Progress | None = None,
    leave_overlaps: bool = False,
) -> Examined:
    """Read file ``path`` for ``layer``, match it with what is in force and check what would change.

    ``by`` is whose places count, None for all; ``on`` the day whose rules apply, today when not given. With
    ``leave_overlaps`` the longest check is left to :func:`write`, which makes it beside the writing. Raises
    geodata.exchange.Unreadable, Refused for columns that do not exist, LayerUnknown.
    """
    editable = layers.editable(layer)
    source = read(path, options=options, progress=progress)
    examined = compare(
        editable, source, options=options, by=by, on=on, progress=progress, leave_overlaps=leave_overlaps
    )
    return examined


def read(path: str | os.PathLike[str], *, options: Options, progress: Progress | None = None) -> Reading:
    """The first stage: the file's features as they are. Raises Unreadable."""
    return reading.read(
        path,
        layer=options.source_layer,
        srid=options.srid,
        encoding=options.encoding,
        progress=(lambda done, total: progress("read", done, total)) if progress else None,
    )


def compare(
    layer: EditableLayer,
    source: Reading,
    *,
    options: Options,
    by: User | None = None,
    on: dt.date | None = None,
    progress: Progress | None = None,
    leave_overlaps: bool = False,
) -> Examined:
    """The second and third stage: features against those in force, and what is wrong with those that differ."""
    say = progress or (lambda stage, done, total: None)
    names = source.attributes.column_names
    columns = naming.choose(
        layer, naming.propose(layer, names, file_format=source.detected.format), options.columns, names
    )
    remarks = Remarks(len(source.numbers))
    total = len(source.numbers)
    say("match", 0, total)
    revision = revision_of(layer)
    incoming = features.understand(layer, source, columns, remarks)
    matched = match(layer, incoming)
    say("check", 0, total)
    examined = Examined(layer, source.detected, columns, incoming, matched, remarks, revision)
    _check(examined, by=by, on=on or timezone.localdate(), say=say)
    if not leave_overlaps:
        examined.settle()
    say("check", total, total)
    return examined


def revision_of(layer: EditableLayer) -> int:
    """How often the layer has been written; features matched at another count may have moved on."""
    return Layer.objects.filter(name=layer.name).values_list("revision", flat=True).first() or 0


def _check(examined: Examined, *, by: User | None, on: dt.date, say: Progress) -> None:
    layer, incoming, matched, remarks = examined.layer, examined.incoming, examined.matched, examined.remarks
    districts = bulk.Districts()
    features.complete(layer, incoming, matched, districts)
    features.judge_values(layer, incoming, matched, remarks, reached=features.reach_of(by))
    _note_offset(matched, remarks)
    if (matched.kind == UNCHANGED).any():
        # Features that lie exactly where they lie in force prove a guessed coordinate system right.
        remarks.forget(f"file.{GUESSED_CRS}")
    rows = np.flatnonzero((matched.kind != UNCHANGED) & ~shapely.is_missing(incoming.geometry))
    if not len(rows):
        return
    thresholds = Thresholds.in_force(on)
    at = rows.tolist() if len(rows) < len(incoming) else None
    subset = bulk.Features(
        incoming.names.take(rows), copying.value_of(layer.label, incoming, matched, rows), incoming.geometry[rows]
    )
    total = len(rows)

    def note(found: bulk.Found) -> None:
        for row, finding in found:
            remarks.add(finding, at[row] if at is not None else row)

    found, usable = bulk.shapes(subset, thresholds)
    note(found)
    say("check", total // 3, total)
    if layer.place:
        places = copying.value_of(layer.place, incoming, matched, rows)
        note(districts.outside(subset, places, usable, thresholds))
    if incoming.declared_m2 is not None:
        declared = incoming.declared_m2[rows]
        note(declared_area_findings(subset.names, subset.geometry, declared, usable, thresholds))
    say("check", total // 2, total)
    search = bulk.OverlapSearch(layer, subset, usable, _staying(examined, rows), thresholds)
    examined.overlaps_left = Overlaps(search, rows)


def _note_offset(matched: Matched, remarks: Remarks) -> None:
    """Warn when the features lie off their known places just as maps in GCJ-02 do."""
    if not matched.moved:
        return
    ours, theirs = (np.array(side, dtype=object) for side in zip(*matched.moved, strict=True))
    remark = gcj02_likeness(ours, theirs)
    if remark is not None and remark.severity != NOTE:
        remarks.add(
            Finding(
                "",
                f"file.{remark.kind}",
                remark.severity,
                remark.message,
                lon=remark.lon,
                lat=remark.lat,
                measured=remark.measured,
                required=remark.required,
                unit="m",
                source=own_rule(_("文件读取")),
            )
        )


def _staying(examined: Examined, rows: np.ndarray) -> bulk.Features:
    """Features in force near ``rows`` that the file does not replace."""
    layer, geometry = examined.layer, examined.incoming.geometry[rows]
    bounds = shapely.total_bounds(geometry)
    replaced = set(features_named(examined.incoming, rows[examined.matched.kind[rows] == CHANGED]))
    kept: list[inforce.Block] = []
    if np.isfinite(bounds).all():
        tree = shapely.STRtree(geometry)

        def take(block: inforce.Block) -> None:
            near = np.unique(tree.query(block.geometry)[0])
            near = near[[block.codes[int(k)].as_py() not in replaced for k in near]] if len(near) else near
            if len(near):
                kept.append(block.only(near))

        inforce.each_block(layer, take, within=tuple(bounds.tolist()), attributes=(layer.label,))
    return inforce.as_features(kept, layer.label)


def features_named(incoming: Incoming, rows: np.ndarray) -> list[str]:
    """Codes of ``rows``."""
    return [code for code in incoming.codes.take(rows).to_pylist() if code]


@dataclass
class Outcome:
    """What became of a file: the change set written, None when nothing was, and every finding."""

    examined: Examined
    change_set: ChangeSet | None
    findings: list[Finding]

    @property
    def counts(self) -> dict[str, int]:
        """As ``Examined.counts``, with what the rules of the domain refused."""
        return self.examined.counts


class _TakenBack(Exception):
    """Ends the transaction of a trial."""


def write(
    examined: Examined,
    *,
    by: User,
    change_set_id: int | None = None,
    title: str = "",
    accept_valid: bool = False,
    remove_missing: bool = False,
    dry_run: bool = False,
    on: dt.date | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Put the new and changed features into a change set: ``change_set_id``, or a new one called ``title``.

    Nothing is written when a feature was refused, unless ``accept_valid``; when the rules of the domain (floors,
    control lines) object to the whole; when nothing differs; or with ``dry_run``, which only finds. Features in force
    that the file does not name stay, unless ``remove_missing``. Raises NotAllowed, and Refused when the layer was
    published meanwhile or the database objects.
    """
    on = on or timezone.localdate()
    if revision_of(examined.layer) != examined.revision:
        raise Refused(_("检查之后该图层又有发布，现行要素已变。请重新检查这份文件。"))
    wanted = bool(len(examined.writable)) or bool(remove_missing and examined.matched.missing)
    trial = dry_run or (examined.remarks.has_errors and not accept_valid) or bool(examined.remarks.file_errors)
    if trial or not wanted:
        examined.settle()
    if not wanted or (trial and not registry.checks_of(examined.layer.name)):
        return Outcome(examined, None, examined.remarks.all())
    written: ChangeSet | None = None
    try:
        with transaction.atomic():
            written = _write(examined, by, change_set_id, title, remove_missing, on, progress)
            refused = written is None or (examined.remarks.has_errors and not accept_valid)
            if trial or refused or examined.remarks.file_errors:
                raise _TakenBack
    except _TakenBack:
        written = None
    except (IntegrityError, OperationalError) as error:
        raise Refused(sentence_of(error)) from error
    return Outcome(examined, written, examined.remarks.all())


def _write(
    examined: Examined,
    by: User,
    change_set_id: int | None,
    title: str,
    remove_missing: bool,
    on: dt.date,
    progress: Progress | None,
) -> ChangeSet | None:
    if change_set_id is None:
        change_set_id = drafting.create_change_set(layer=examined.layer.name, title=title, author=by).pk
    draft = writing.take(change_set_id=change_set_id, by=by)
    if draft.layer != examined.layer:
        raise Refused(_("变更 #%(number)s 不属于这个图层。") % {"number": change_set_id})
    rows = examined.writable
    _make_way(draft, examined, rows)
    with ThreadPoolExecutor(1) as beside:
        left = examined.overlaps_left
        looking = beside.submit(left.search.faults) if left else None
        copying.copy_rows(
            draft.change_set,
            draft.layer,
            examined.incoming,
            examined.matched,
            rows,
            progress=(lambda done: progress("write", done, len(rows))) if progress else None,
        )
        if looking is not None:
            examined.settle(looking.result())
    if remove_missing:
        copying.remove_missing(draft.change_set, draft.layer, examined.matched, by=by)
    told: set[tuple[str, str, str]] = set()
    rows = _without_refused(draft, examined, rows)
    while draft.change_set.changes.exists():
        _judge_domain(draft, examined, on, told)
        if examined.remarks.file_errors:
            return None
        judged, rows = rows, _without_refused(draft, examined, rows)
        if len(rows) == len(judged):
            return writing.finish(draft)
    return None


def _without_refused(draft: writing.Draft, examined: Examined, rows: np.ndarray) -> np.ndarray:
    """Those of the written ``rows`` that are not refused; the others are taken out of the set again.

    What is left is another proposal: a tract that was to be brought in and is refused takes its balance along.
    """
    still = examined.writable
    if len(still) < len(rows):
        copying.drop(draft.change_set, features_named(examined.incoming, np.setdiff1d(rows, still)))
    return still


def _make_way(draft: writing.Draft, examined: Examined, rows: np.ndarray) -> None:
    """Take out changes of the set that the file replaces, and say so."""
    if not draft.change_set.revision:
        return
    replaced = copying.drop(draft.change_set, features_named(examined.incoming, rows))
    if replaced:
        examined.remarks.add(
            Finding(
                "",
                "change.replaced",
                WARNING,
                _("变更中原有 %(count)s 处要素的修改，由文件内容替换。") % {"count": replaced},
                measured=replaced,
                source=own_rule(_("导入")),
            )
        )


def _judge_domain(draft: writing.Draft, examined: Examined, on: dt.date, told: set[tuple[str, str, str]]) -> None:
    """What the rules of the domain say of the set as it would now be: floors, sizes, control lines.

    ``told`` collects what was said already, when the set is judged again without a refused feature.
    """
    row_of: dict[str, int] | None = None
    for check in registry.checks_of(draft.layer.name):
        for finding in check.find(draft.change_set, on, None):
            if row_of is None:
                rows = examined.writable
                row_of = dict(zip(features_named(examined.incoming, rows), rows.tolist(), strict=True))
            if (said := (finding.feature, finding.rule, finding.message)) not in told:
                told.add(said)
                examined.remarks.add(finding, row_of.get(finding.feature, -1))
