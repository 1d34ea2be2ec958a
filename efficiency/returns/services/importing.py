"""A file of returns from its arrival to the versions it becomes: received, read, written or given up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pghistory
from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.confined import Unreadable
from core.jobs import tracking
from core.jobs.models import Job
from core.jobs.progress import Failure, Progress
from core.refusals import NotAllowed, Refused, Stale
from efficiency.returns import perms
from efficiency.returns.imports import report
from efficiency.returns.imports.examining import Examined, Options, examine
from efficiency.returns.imports.limits import LIMITS, MIB
from efficiency.returns.models import BatchState, ReturnBatch
from efficiency.returns.services.recording import Columns, Recorded, record

READ, APPLY = "returns.import.read", "returns.import.apply"

BIG_BYTES = MIB
"""A bigger file is worked on in the background."""

Say = Callable[[str, int, int], None]


def receive(*, uploaded: File, year: int, office: str, status: str, place: str, by: User) -> ReturnBatch:
    """Keep an uploaded file of ``year`` from ``office`` for ``place`` (the city's or a district's code).

    Raises NotAllowed unless ``by`` keeps the returns of that place, Refused when the file is empty or too big.
    """
    if not perms.monitors(by, place):
        raise NotAllowed(_("只有该范围的亩均效益监测人员可以导入年报。"))
    size = uploaded.size or 0
    if not size:
        raise Refused(_("文件是空的：请检查后重新上传。"))
    if size > LIMITS.bytes:
        raise Refused(_("文件超过 %(limit)d MB 的上限：请拆分后分别导入。") % {"limit": LIMITS.bytes // MIB})
    with transaction.atomic(), pghistory.context(user=by.pk):
        return _keep(uploaded, Options(year, office, status, (place,)), by)


def _keep(content: File, options: Options, by: User | None) -> ReturnBatch:
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    suffix = ".xlsx" if content.read(4) == b"PK\x03\x04" else ".csv"
    content.seek(0)
    batch = ReturnBatch(
        year=options.year,
        place_id=options.places[0],
        office=options.office,
        status=options.status,
        name="".join(letter for letter in Path(content.name or "").name if letter.isprintable())[:200] or suffix,
        size=content.size,
        sha256=digest.hexdigest(),
        by=by,
    )
    # No name of a user reaches the disk.
    batch.file.save(f"{batch.sha256}{suffix}", content, save=False)
    batch.save()
    return batch


def read(*, batch: ReturnBatch, by: User, units_checked: bool = False) -> None:
    """Read and judge the file, now or in the background when it is big; what was found stands in ``batch.report``.

    A file that cannot be read at all is given up, with the reason in ``batch.error``. Raises NotAllowed, and Refused
    once it was written or given up.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        held = _take(batch, by)
        held.state, held.report = BatchState.READING, {"units_checked": units_checked}
        if held.size > BIG_BYTES:
            held.job = tracking.start(
                kind=READ,
                title=_("核对 %(name)s") % {"name": held.name},
                owner=by,
                payload={"batch": held.pk, "units_checked": units_checked},
                unit=_("行"),
            )
        held.save()
    if held.size <= BIG_BYTES:
        _read(held, units_checked, by, None)
    batch.refresh_from_db()


def _take(batch: ReturnBatch, by: User) -> ReturnBatch:
    """The batch under its row lock, still open and nobody working on it."""
    held = ReturnBatch.objects.select_for_update(of=("self",)).select_related("job").get(pk=batch.pk)
    if not perms.monitors(by, held.place_id):
        raise NotAllowed(_("只有该范围的亩均效益监测人员可以处理这份文件。"))
    _require_open(held)
    if held.job is not None and held.job.is_open:
        raise Refused(_("“%(name)s”正在后台处理：请等它完成，或先取消。") % {"name": held.name})
    return held


def _require_open(batch: ReturnBatch) -> None:
    if batch.state not in {BatchState.READING, BatchState.PREVIEWED}:
        raise Refused(
            _("“%(name)s”目前为“%(state)s”，不能再处理。") % {"name": batch.name, "state": batch.get_state_display()}
        )


def _examine(batch: ReturnBatch, units_checked: bool, say: Say | None) -> Examined:
    options = Options(batch.year, batch.office, batch.status, (batch.place_id,), units_checked)
    # The reading process opens a file by its path; where files are kept is the storage's own affair.
    with NamedTemporaryFile(prefix="muchan-returns-") as copy, batch.file.open("rb") as kept:
        for chunk in kept.chunks():
            copy.write(chunk)
        copy.flush()
        return examine(Path(copy.name), options=options, progress=say)


def _read(batch: ReturnBatch, units_checked: bool, by: User, say: Say | None) -> None:
    try:
        examined = _examine(batch, units_checked, say)
    except Unreadable as error:
        with transaction.atomic(), pghistory.context(user=by.pk):
            batch.state, batch.error = BatchState.DISCARDED, error.sentence
            batch.save(update_fields=["state", "error"])
        return
    with transaction.atomic(), pghistory.context(user=by.pk):
        _note(batch, examined)


def _note(batch: ReturnBatch, examined: Examined) -> None:
    held = ReturnBatch.objects.select_for_update().get(pk=batch.pk)
    _require_open(held)
    batch.state, batch.report = BatchState.PREVIEWED, report.as_kept(examined)
    batch.save(update_fields=["state", "report"])


def apply(*, batch: ReturnBatch, by: User, accept_valid: bool = False) -> None:
    """Write the previewed file: every row, or with ``accept_valid`` those that were not refused.

    Nothing is written when rows are refused and that was not accepted, or when things stand otherwise than in the
    preview (Stale; the preview is then made anew). A big file is written in the background. Raises NotAllowed, Refused.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        held = _take(batch, by)
        if held.state != BatchState.PREVIEWED:
            raise Refused(_("“%(name)s”还没有核对完：请稍候。") % {"name": held.name})
        _require_fit(held.report, accept_valid)
        if held.size > BIG_BYTES:
            held.job = tracking.start(
                kind=APPLY,
                title=_("写入 %(name)s") % {"name": held.name},
                owner=by,
                payload={"batch": held.pk, "accept_valid": accept_valid},
                unit=_("行"),
            )
            held.save(update_fields=["job"])
    if held.size <= BIG_BYTES:
        _apply(held, by, accept_valid, None)
    batch.refresh_from_db()


def _require_fit(counts: dict[str, Any], accept_valid: bool) -> None:
    if counts["refused"] and not accept_valid:
        raise Refused(
            _("有 %(count)s 行不合格，什么都没有写入：请改正文件后重新上传，或只写入合格的行。")
            % {"count": f"{counts['refused']:,}"}
        )
    if not counts["new"] + counts["changed"]:
        raise Refused(_("没有要写入的行：文件与现行年报一致，或没有合格的行。"))


def _apply(batch: ReturnBatch, by: User, accept_valid: bool, say: Say | None) -> Recorded:
    examined = _examine(batch, bool(batch.report.get("units_checked")), say)
    if any(examined.counts[each] != batch.report[each] for each in ("read", "new", "changed", "refused")):
        with transaction.atomic(), pghistory.context(user=by.pk):
            _note(batch, examined)
        raise Stale(_("核对之后年报或企业名录又有变化，什么都没有写入：下面是按现状重新核对的结果，请再看一遍。"))
    _require_fit(examined.counts, accept_valid)
    if say:
        say("write", 0, len(examined.writable))
    with transaction.atomic(), pghistory.context(user=by.pk):
        held = ReturnBatch.objects.select_for_update().get(pk=batch.pk)
        _require_open(held)
        recorded = _record(examined, held, by)
        held.state, held.applied_at = BatchState.APPLIED, timezone.now()
        held.report = {**report.as_kept(examined), "written": recorded.new + recorded.changed}
        held.save()
    return recorded


def _record(examined: Examined, batch: ReturnBatch, by: User | None) -> Recorded:
    rows = examined.writable
    columns = Columns(
        examined.held.enterprise[rows],
        {key: (found.minor[rows], found.known[rows]) for key, found in examined.incoming.figures.items()},
    )
    options = examined.options
    recorded = record(rows=columns, year=options.year, office=options.office, status=options.status, by=by, batch=batch)
    counts = examined.counts
    if (recorded.new, recorded.changed) != (counts["new"], counts["changed"]):
        raise Stale(_("写入时另有人改了同一年的年报，什么都没有写入：请重新核对后再写入。"))
    return recorded


def discard(*, batch: ReturnBatch, by: User) -> None:
    """Give the file up; what works on it is asked to end. Raises NotAllowed, Refused once it was written."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        held = ReturnBatch.objects.select_for_update(of=("self",)).select_related("job").get(pk=batch.pk)
        if not perms.monitors(by, held.place_id):
            raise NotAllowed(_("只有该范围的亩均效益监测人员可以处理这份文件。"))
        _require_open(held)
        if held.job is not None and held.job.is_open:
            tracking.cancel(number=held.job.pk)
        held.state = BatchState.DISCARDED
        held.save(update_fields=["state"])


def cancel(*, batch: ReturnBatch, by: User) -> None:
    """Ask the background work on the file to end; the file stays. Raises NotAllowed."""
    if not perms.monitors(by, batch.place_id):
        raise NotAllowed(_("只有该范围的亩均效益监测人员可以处理这份文件。"))
    if batch.job is not None:
        tracking.cancel(number=batch.job.pk)


def resume(*, batch: ReturnBatch, by: User) -> None:
    """Go on with background work that was cut short. Raises NotAllowed, Refused when there is nothing to go on with."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        held = _take(batch, by)
        if held.job is None:
            raise Refused(_("“%(name)s”没有中断的后台任务。") % {"name": held.name})
        try:
            tracking.resume(number=held.job.pk)
        except tracking.NotResumable as error:
            raise Refused(str(error)) from error


def run_read(job: Job, progress: Progress) -> dict[str, Any]:
    """The job that reads a big file."""
    batch = ReturnBatch.objects.get(pk=job.payload["batch"])
    _read(batch, job.payload["units_checked"], job.owner, progress)
    return {"batch": batch.pk}


def run_apply(job: Job, progress: Progress) -> dict[str, Any]:
    """The job that writes a big file."""
    batch = ReturnBatch.objects.get(pk=job.payload["batch"])
    try:
        recorded = _apply(batch, job.owner, job.payload["accept_valid"], progress)
    except (Unreadable, Refused) as error:
        raise Failure(error.sentence) from error
    return {"new": recorded.new, "changed": recorded.changed}


@dataclass(frozen=True)
class Outcome:
    """What became of a file given to the command: how it was judged, and the batch written, None when nothing was."""

    examined: Examined
    batch: ReturnBatch | None


def import_file(
    path: Path, *, options: Options, by: User | None = None, accept_valid: bool = False, dry_run: bool = False
) -> Outcome:
    """Read, judge and write the file ``path`` in one go, as the command does; all or nothing unless ``accept_valid``.

    Raises Unreadable, Refused when the database objects.
    """
    examined = examine(path, options=options)
    counts = examined.counts
    if dry_run or (counts["refused"] and not accept_valid) or not counts["new"] + counts["changed"]:
        return Outcome(examined, None)
    with path.open("rb") as file, transaction.atomic(), pghistory.context(**({"user": by.pk} if by else {})):
        batch = _keep(File(file, name=path.name), options, by)
        _record(examined, batch, by)
        batch.state, batch.applied_at = BatchState.APPLIED, timezone.now()
        batch.report = {**report.as_kept(examined), "written": len(examined.writable)}
        batch.save()
    return Outcome(examined, batch)
