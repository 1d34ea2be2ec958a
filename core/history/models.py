"""What history keeps of rows that come by the million."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.history import refuse_truncate


class Insertion(models.Model):
    """成批写入: one statement that added rows to a table followed from each row's first change on.

    The rows themselves stand in the table with keys from ``first_key`` to ``last_key``, in history as they were once
    one changes; here stands who added them and when. Statements at the same moment may take keys from one range.
    """

    at = models.DateTimeField(_("时间"))
    table_name = models.CharField(_("数据表"), max_length=63)
    rows = models.PositiveBigIntegerField(_("行数"))
    first_key = models.BigIntegerField(_("首个主键"))
    last_key = models.BigIntegerField(_("末个主键"))
    pgh_context = models.ForeignKey(
        "pghistory.Context", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, verbose_name=_("操作")
    )

    class Meta:
        verbose_name = _("成批写入")
        verbose_name_plural = _("成批写入")
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            refuse_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.first_key}–{self.last_key}"
