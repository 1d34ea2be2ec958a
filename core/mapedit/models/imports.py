"""Uploaded files on their way into a change set."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.accounts.scope import Viewer
from core.history import tracked
from core.jobs.models import Job
from core.mapedit.models.changes import ChangeSet
from core.mapedit.models.versions import Layer


class ImportState(models.TextChoices):
    """How far an uploaded file has come."""

    UPLOADED = "uploaded", _("已上传")
    EXAMINED = "examined", _("已检查")
    WRITTEN = "written", _("已写入变更")
    UNCHANGED = "unchanged", _("与现行一致")
    CANCELLED = "cancelled", _("已取消")


class ImportQuerySet(models.QuerySet["Import"]):
    """Uploaded files."""

    def visible_to(self, user: Viewer) -> ImportQuerySet:
        """One's own; a draft of a file is nobody else's business until it is a change set."""
        return self.filter(uploaded_by=user) if user.is_authenticated and user.is_active else self.none()


# What the checks found is computed from the file again whenever it is asked for.
@tracked(exclude=["summary"])
class Import(models.Model):
    """导入文件: an uploaded file, what a person chose for it, and what became of it.

    The file and what was computed from it lie in ``folder`` until it is cancelled or written. ``summary`` is what the
    preview page shows; findings one by one lie beside the file. ``into`` is the change set that shall take it, none
    for a new one; ``change_set`` the one that took it.
    """

    key = models.UUIDField(_("存放编号"), default=uuid.uuid4, unique=True, editable=False)
    layer = models.ForeignKey(Layer, models.PROTECT, verbose_name=_("图层"))
    name = models.CharField(_("文件名"), max_length=200)
    size = models.PositiveBigIntegerField(_("字节数"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    options = models.JSONField(_("选项"), default=dict, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    summary = models.JSONField(_("检查概要"), null=True, blank=True)
    into = models.ForeignKey(
        ChangeSet, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("写入的变更")
    )
    change_set = models.ForeignKey(
        ChangeSet, models.SET_NULL, null=True, blank=True, related_name="imports", verbose_name=_("所成变更")
    )
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("后台任务"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人")
    )
    uploaded_at = models.DateTimeField(_("上传时间"), auto_now_add=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("导入文件")
        verbose_name_plural = _("导入文件")
        ordering = ["-uploaded_at"]
        constraints = [
            models.CheckConstraint(
                name="mapedit_import_state_known", condition=models.Q(state__in=[state.value for state in ImportState])
            ),
            models.CheckConstraint(
                name="mapedit_import_written_into_something",
                condition=~models.Q(change_set__isnull=False) | models.Q(state="written"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        """Where the file and what was computed from it lie."""
        return Path(settings.MEDIA_ROOT) / "imports" / str(self.key)

    @property
    def path(self) -> Path:
        """The file itself, under a name of ours: what an uploader calls a file never becomes a path."""
        return self.folder / "upload"

    @property
    def is_open(self) -> bool:
        """Whether it can still be written or cancelled."""
        return self.state in {ImportState.UPLOADED, ImportState.EXAMINED}

    def clear(self) -> None:
        """Remove the file and what was computed from it."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
