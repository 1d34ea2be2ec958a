"""Files into change sets: read, match, check, write. Nothing is ever published from here.

`examine` takes a file through the first three and writes nothing; `write` puts what may go in into a change set, all
or nothing unless the valid part is asked for.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.geodata.exchange import reading
from core.geodata.exchange.formats import NOTE, Reading
from core.geodata.exchange.gcj02 import gcj02_likeness
from core.mapedit import layers
from core.mapedit.checks import bulk, registry
from core.mapedit.checks.declared import declared_area_findings
from core.mapedit.checks.thresholds import Thresholds, own_rule
from core.mapedit.findings import WARNING, Finding
from core.mapedit.imports import columns as naming
from core.mapedit.imports import copying, features
from core.mapedit.imports.examined import WORKERS, Examined
from core.mapedit.imports.matching import UNCHANGED, Incoming, Matched, match
from core.mapedit.imports.remarks import Remarks
from core.mapedit.imports.screening import Screening, bounds_of
from core.mapedit.imports.surroundings import Around, Surroundings
from core.mapedit.imports.suspects import Suspects
from core.mapedit.imports.tiles import Tile, ahead, along_a_curve, tiles
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


def examine(
    path: str | os.PathLike[str],
    *,
    layer: str,
    options: Options = Options(),
    by: User | None = None,
    on: dt.date | None = None,
    progress: Progress | None = None,
    leave_surroundings: bool = False,
) -> Examined:
    """Read file ``path`` for ``layer``, match it with what is in force and check what would change.

    ``by`` is whose places count, None for all; ``on`` the day whose rules apply, today when not given. With
    ``leave_surroundings`` the longest checks are left to :func:`write`, which makes them beside the writing. Raises
    geodata.exchange.Unreadable, Refused for columns that do not exist, LayerUnknown.
    """
    editable = layers.editable(layer)
    on = on or timezone.localdate()
    screening = Screening(Thresholds.in_force(on))
    source = read(path, options=options, progress=progress, meanwhile=screening.take)
    return compare(
        editable,
        source,
        options=options,
        by=by,
        on=on,
        progress=progress,
        screening=screening,
        leave_surroundings=leave_surroundings,
    )


def read(
    path: str | os.PathLike[str],
    *,
    options: Options,
    progress: Progress | None = None,
    meanwhile: Callable[[np.ndarray], None] | None = None,
) -> Reading:
    """The first stage: the file's features as they are; ``meanwhile`` is as for reading.read. Raises Unreadable."""
    return reading.read(
        path,
        layer=options.source_layer,
        srid=options.srid,
        encoding=options.encoding,
        progress=(lambda done, total: progress("read", done, total)) if progress else None,
        meanwhile=meanwhile,
    )


def compare(
    layer: EditableLayer,
    source: Reading,
    *,
    options: Options,
    by: User | None = None,
    on: dt.date | None = None,
    progress: Progress | None = None,
    screening: Screening | None = None,
    leave_surroundings: bool = False,
) -> Examined:
    """The second and third stage: features against those in force, and what is wrong with those that differ.

    ``screening`` is that of the file on day ``on``, made anew when not given.
    """
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
    incoming.forget()
    if screening is None:
        screening = Screening.of(source.geometry, Thresholds.in_force(on or timezone.localdate()))
    examined = Examined(layer, source.detected, columns, incoming, matched, remarks, revision)
    _check(examined, screening, by=by)
    say("check", total // 3, total)
    if not leave_surroundings:
        examined.settle()
    say("check", total, total)
    return examined


def revision_of(layer: EditableLayer) -> int:
    """How often the layer has been written; features matched at another count may have moved on."""
    return Layer.objects.filter(name=layer.name).values_list("revision", flat=True).first() or 0


def _check(examined: Examined, screening: Screening, *, by: User | None) -> None:
    """What can be said of each feature by itself; what lies around it is left in ``examined.surroundings``."""
    layer, incoming, matched, remarks = examined.layer, examined.incoming, examined.matched, examined.remarks
    districts = bulk.Districts()
    features.complete(layer, incoming, matched, districts)
    features.judge_values(layer, incoming, matched, remarks, reached=features.reach_of(by))
    _note_offset(matched, remarks)
    if (matched.kind == UNCHANGED).any():
        # Features that lie exactly where they lie in force prove a guessed coordinate system right.
        remarks.forget(f"file.{GUESSED_CRS}")
    differs = (matched.kind != UNCHANGED) & ~incoming.geometry.missing
    rows, thresholds = np.flatnonzero(differs), screening.thresholds
    for row, finding in bulk.shape_findings(incoming.names, screening.faults(differs), thresholds):
        remarks.add(finding, row)
    if incoming.declared_m2 is not None:
        found = declared_area_findings(
            incoming.names.take(rows),
            incoming.geometry[rows],
            incoming.declared_m2[rows],
            screening.usable[rows],
            thresholds,
        )
        for at, finding in found:
            remarks.add(finding, int(rows[at]))
    examined.surroundings = Surroundings(
        layer, incoming, matched, rows, screening.bounds, screening.usable, districts, thresholds
    )


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
    alone = not draft.change_set.revision and not remove_missing
    suspects = _copy(draft, examined, rows, (lambda done: progress("write", done, len(rows))) if progress else None)
    if remove_missing:
        copying.remove_missing(draft.change_set, draft.layer, examined.matched, by=by)
    told: set[tuple[str, str, str]] = set()
    rows = _without_refused(draft, examined, rows)
    while draft.change_set.changes.exists():
        _judge_domain(draft, examined, on, told, suspects if alone else None)
        if examined.remarks.file_errors:
            return None
        judged, rows = rows, _without_refused(draft, examined, rows)
        if len(rows) == len(judged):
            return writing.finish(draft)
    return None


def _copy(draft: writing.Draft, examined: Examined, rows: np.ndarray, say: Callable[[int], None] | None) -> Suspects:
    """Add ``rows`` to the set, tile by tile; what is left to judge is judged beside, with geometries decoded once."""
    suspects = Suspects(draft.layer)
    incoming, left = examined.incoming, examined.surroundings
    bounds = left.bounds if left else bounds_of(incoming.geometry.blocks())
    wanted = np.zeros(len(incoming), dtype=bool)
    wanted[rows] = True
    with copying.Copying(draft.change_set, draft.layer, incoming, examined.matched, suspects) as target:

        def prepare(tile: Tile) -> Callable[[], tuple[pa.Array, Around | None]]:
            judge = left.around(tile) if left else None

            def work() -> tuple[pa.Array, Around | None]:
                geometry = incoming.geometry[tile.rows]
                order = along_a_curve(tile.rows[wanted[tile.rows]], bounds)
                block = target.block(order, geometry[np.searchsorted(tile.rows, order)])
                return block, judge(geometry) if judge else None

            return work

        for block, around in ahead(prepare, left.tiles if left else tiles(rows, bounds), workers=WORKERS):
            target.add(block)
            incoming.forget()
            if left and around:
                left.note(around, examined.remarks)
            if say:
                say(target.done)
    if left:
        examined.surroundings = None
        left.finish(examined.remarks)
    return suspects


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


def _judge_domain(
    draft: writing.Draft,
    examined: Examined,
    on: dt.date,
    told: set[tuple[str, str, str]],
    suspects: Suspects | None,
) -> None:
    """What the rules of the domain say of the set as it would now be: floors, sizes, control lines.

    ``told`` collects what was said already, when the set is judged again without a refused feature. ``suspects`` are
    those among the rows copied, None when the set holds more than these.
    """
    row_of: dict[str, int] | None = None
    analysed = False
    for check in registry.checks_of(draft.layer.name):
        suspected = suspects.of(check) if suspects else None
        only = None if suspected is None else features_named(examined.incoming, suspected)
        if only == []:
            continue
        if only is None and not analysed and len(examined.writable) > copying.MANY_ROWS:
            copying.analyse()
            analysed = True
        for finding in check.find(draft.change_set, on, only):
            if row_of is None:
                rows = examined.writable
                row_of = dict(zip(features_named(examined.incoming, rows), rows.tolist(), strict=True))
            if (said := (finding.feature, finding.rule, finding.message)) not in told:
                told.add(said)
                examined.remarks.add(finding, row_of.get(finding.feature, -1))
