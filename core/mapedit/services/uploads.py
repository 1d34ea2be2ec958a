"""An uploaded file from its arrival to the change set it becomes: received, examined, written or cancelled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.geodata.exchange import reading
from core.geodata.exchange.formats import LIMITS, MIB, Detected, Unreadable
from core.jobs import tracking
from core.jobs.models import Job
from core.jobs.progress import Failure, Progress
from core.mapedit import layers, perms
from core.mapedit.imports import keeping, report
from core.mapedit.imports.matching import UNCHANGED
from core.mapedit.models import ChangeSet, Import, ImportState, Layer
from core.mapedit.services import importing
from core.refusals import NotAllowed, Refused

EXAMINE, WRITE = "mapedit.import.examine", "mapedit.import.write"

BIG_BYTES, BIG_COUNT = 20 * MIB, 5_000
"""A bigger file is worked on in the background."""

TRIED_ROWS = 50_000
"""The rules of the domain are tried out in the preview of a file that changes no more features than this."""

MISSING_SHOWN = 200


def receive(*, uploaded: UploadedFile[Any], layer: str, by: User, into: ChangeSet | None = None) -> Import:
    """Keep an uploaded file for ``layer``, to become a new change set or to go into ``into``.

    Raises NotAllowed unless ``by`` may draft (and edit ``into``), Refused when it is too big or empty.
    """
    if not perms.drafts(by):
        raise NotAllowed(_("变更由自然资源编制人员拟定。"))
    if into is not None and not perms.edits(by, into):
        raise NotAllowed(_("变更 #%(number)s 不能由本账号修改，或已经提交。") % {"number": into.pk})
    layers.editable(layer)
    size = uploaded.size or 0
    if size > LIMITS.bytes:
        raise Refused(
            _("文件 %(size).1f GB，超过 %(limit)d GB 的上限。请按区或镇街拆分后分别导入。")
            % {"size": size / 1024**3, "limit": LIMITS.bytes // 1024**3}
        )
    if not size:
        raise Refused(_("文件是空的（0 字节）。请重新导出后再上传。"))
    item = Import(
        layer=Layer.objects.get_or_create(name=layer)[0],
        name=(uploaded.name or _("未命名"))[-200:],
        size=size,
        into=into,
        uploaded_by=by,
    )
    item.folder.mkdir(parents=True)
    digest = hashlib.sha256()
    with item.path.open("wb") as file:
        for chunk in uploaded.chunks():
            digest.update(chunk)
            file.write(chunk)
    item.sha256 = digest.hexdigest()
    item.save()
    return item


def choose(*, item: Import, source_layer: str, srid: int | None, encoding: str, columns: dict[str, str]) -> None:
    """Note what a person chose instead of what the file says."""
    item.options = {
        key: value
        for key, value in {
            "source_layer": source_layer,
            "srid": srid,
            "encoding": encoding,
            "columns": columns,
        }.items()
        if value
    }
    item.save(update_fields=["options"])


def examine(*, item: Import) -> None:
    """Say what the file is and examine it: at once, or as a job when it is big.

    What keeps it from being read ends up as a sentence in its summary.
    """
    _require_open(item)
    try:
        detected = reading.detect(item.path, **_reading_options(item))
    except Unreadable as error:
        _note(item, {"problem": error.sentence})
        return
    if not detected.layer or detected.srid is None:
        # A person has to say which layer, or which coordinate system.
        _note(item, {"detected": asdict(detected)})
        return
    if item.size > BIG_BYTES or detected.count > BIG_COUNT:
        _note(item, {"detected": asdict(detected)})
        _start(item, EXAMINE, _("检查 %(name)s") % {"name": item.name}, {})
        return
    try:
        _examined(item, None)
    except (Unreadable, Refused) as error:
        _note(item, {"detected": asdict(detected), "problem": error.sentence})


def write(*, item: Import, title: str, accept_valid: bool, remove_missing: bool) -> None:
    """Write an examined file into its change set: at once, or as a job when it is big. Raises Refused."""
    _require_open(item)
    if item.state != ImportState.EXAMINED:
        raise Refused(_("请先检查文件，再写入变更。"))
    wanted = {"title": title.strip(), "accept_valid": accept_valid, "remove_missing": remove_missing}
    counts = (item.summary or {}).get("counts", {})
    if item.size > BIG_BYTES or counts.get("read", 0) > BIG_COUNT:
        _start(item, WRITE, _("写入 %(name)s") % {"name": item.name}, wanted)
        return
    _write(item, wanted, None)


@transaction.atomic
def cancel(*, item: Import) -> None:
    """Give up a file that was not written: its job ends and its content is removed."""
    _require_open(item)
    if item.job is not None and item.job.is_open:
        tracking.cancel(number=item.job.pk)
    item.state = ImportState.CANCELLED
    item.save(update_fields=["state"])
    transaction.on_commit(item.clear)


def run_examine(job: Job, progress: Progress) -> dict[str, Any]:
    """The job that examines a big file."""
    item = _item_of(job)
    try:
        _examined(item, progress)
    except (Unreadable, Refused) as error:
        raise Failure(error.sentence) from error
    return (item.summary or {}).get("counts", {})


def run_write(job: Job, progress: Progress) -> dict[str, Any]:
    """The job that writes a big file."""
    item = _item_of(job)
    try:
        _write(item, job.payload, progress)
    except (Unreadable, Refused) as error:
        raise Failure(error.sentence) from error
    return {"change_set": item.change_set_id}


def _item_of(job: Job) -> Import:
    return Import.objects.select_related("into", "uploaded_by").get(pk=job.payload["import"])


def _start(item: Import, kind: str, title: str, payload: dict[str, Any]) -> None:
    with transaction.atomic():
        item.job = tracking.start(
            kind=kind, title=title, owner=item.uploaded_by, payload={"import": item.pk, **payload}, unit=_("个")
        )
        item.save(update_fields=["job"])


def _reading_options(item: Import) -> dict[str, Any]:
    options = item.options
    return {"layer": options.get("source_layer"), "srid": options.get("srid"), "encoding": options.get("encoding")}


def _examined(item: Import, progress: Callable[[str, int, int], None] | None) -> importing.Examined:
    """The file against the layer, from what an earlier stage kept where it still holds."""
    options = importing.Options(
        source_layer=item.options.get("source_layer"),
        srid=item.options.get("srid"),
        encoding=item.options.get("encoding"),
        columns=item.options.get("columns", {}),
    )
    layer = layers.editable(item.layer_id)
    kept = keeping.kept_examined(item.folder, options=item.options, revision=importing.revision_of(layer))
    if kept is not None:
        return kept
    read_as = _reading_options(item)
    source = keeping.kept_reading(item.folder, options=read_as)
    if source is None:
        source = importing.read(item.path, options=options, progress=progress)
        keeping.keep_reading(item.folder, source, options=read_as)
    examined = importing.compare(layer, source, options=options, by=item.uploaded_by, progress=progress)
    if 0 < len(examined.writable) <= TRIED_ROWS:
        importing.write(
            examined,
            by=item.uploaded_by,
            change_set_id=item.into_id,
            title=item.name,
            accept_valid=True,
            dry_run=True,
            progress=progress,
        )
    _keep(item, examined)
    return examined


def _keep(item: Import, examined: importing.Examined) -> None:
    keeping.keep_examined(item.folder, examined, options=item.options)
    item.state = ImportState.EXAMINED
    _note(item, _summary(examined))


def _summary(examined: importing.Examined) -> dict[str, Any]:
    findings = examined.remarks.all()
    return {
        "detected": asdict(examined.detected),
        "columns": examined.columns,
        "counts": examined.counts,
        "findings": report.summary(findings),
        "blocked": [finding.message for finding in examined.remarks.file_errors],
        "missing": examined.matched.missing[:MISSING_SHOWN],
        "changes": int((examined.matched.kind != UNCHANGED).sum()),
        "examined_at": timezone.now().isoformat(),
    }


def _write(item: Import, wanted: dict[str, Any], progress: Callable[[str, int, int], None] | None) -> None:
    examined = _examined(item, progress)
    outcome = importing.write(
        examined,
        by=item.uploaded_by,
        change_set_id=item.into_id,
        title=wanted["title"] or (_("导入 %(name)s") % {"name": item.name})[:120],
        accept_valid=wanted["accept_valid"],
        remove_missing=wanted["remove_missing"],
        progress=progress,
    )
    if outcome.change_set is None:
        _keep(item, examined)
        if not len(examined.writable) and not examined.remarks.has_errors:
            item.state = ImportState.UNCHANGED
            item.save(update_fields=["state"])
            return
        raise Refused(_("有要素不合格，什么都没有写入。请改正文件后重新上传，或仅写入合格的要素。"))
    item.change_set = outcome.change_set
    item.state = ImportState.WRITTEN
    item.save(update_fields=["change_set", "state"])


def _note(item: Import, summary: dict[str, Any]) -> None:
    item.summary = summary
    item.save(update_fields=["summary", "state"])


def _require_open(item: Import) -> None:
    if not item.is_open:
        raise Refused(
            _("文件“%(name)s”目前为“%(state)s”，不能再处理。") % {"name": item.name, "state": item.get_state_display()}
        )


def detected_of(item: Import) -> Detected | None:
    """What the file was found to be; None when it could not be read."""
    content = (item.summary or {}).get("detected")
    return Detected.from_json(content) if content else None
