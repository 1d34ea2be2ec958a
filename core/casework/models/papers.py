"""Papers of a case: one checklist line may hold several versions; the newest counts."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.casework.models.cases import Case
from core.casework.queries import CasePaperQuerySet
from core.history import tracked


@tracked()
class CasePaper(models.Model):
    """材料: one version of the file under a line of the checklist, kept with the digest of its content.

    ``slot`` is a key of the kind's checklist, or "" for a supplement. A newer version
    does not replace an older one, it stands before it; ``removed_at`` takes a version
    out of the count and leaves it readable to staff.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="papers", verbose_name=_("办件"))
    slot = models.CharField(_("清单项"), max_length=40, blank=True)
    version = models.PositiveSmallIntegerField(_("版本"))
    name = models.CharField(_("文件名"), max_length=200)
    file = models.FileField(_("文件"), upload_to="casework/papers/%Y/%m")
    content_type = models.CharField(_("类型"), max_length=100)
    size = models.PositiveBigIntegerField(_("字节数"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    internal = models.BooleanField(_("仅内部可见"), default=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人"))
    added_at = models.DateTimeField(_("上传时间"), auto_now_add=True)
    removed_at = models.DateTimeField(_("移除时间"), null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("移除人")
    )

    objects = CasePaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("办件材料")
        verbose_name_plural = _("办件材料")
        ordering = ["slot", "-version", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "slot", "version"], name="casework_paper_version_once"),
            models.UniqueConstraint(
                fields=["case", "slot", "internal", "sha256"],
                condition=Q(removed_at__isnull=True),
                name="casework_paper_content_once",
                violation_error_message=_("这份文件已经上传，内容相同。"),
            ),
            models.CheckConstraint(name="casework_paper_not_empty", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="casework_paper_removed_by_somebody",
                condition=Q(removed_at__isnull=True, removed_by__isnull=True)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="content_stands",
                fields=["case", "slot", "version", "name", "file", "content_type", "size", "sha256", "added_by"],
            ),
        ]

    def __str__(self) -> str:
        return self.name
