"""What others did meanwhile: another open change set on the same feature, or a publication in between."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.mapedit.checks.thresholds import own_rule
from core.mapedit.findings import ERROR, WARNING, Finding, Source
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Action, Change


def rival_finding(feature: str, number: int, title: str, author: str) -> Finding:
    """Another open change set changes the same feature; whichever is published later has to be merged."""
    source = own_rule(_("版本核对"))
    return Finding(
        feature=feature,
        rule="change.also_elsewhere",
        severity=WARNING,
        message=_("%(author)s的变更 #%(number)s“%(title)s”也在改此要素。先发布者生效，后发布者须对照合并。")
        % {"author": author, "number": number, "title": title},
        source=Source(source.label, url=reverse("mapedit:change_set", args=[number])),
        other=f"#{number}",
    )


def stale_finding(layer: EditableLayer, change: Change, open_version: int | None) -> Finding | None:
    """The version the change was made from is no longer the one in force, or a new code is taken."""
    return version_finding(layer, change.feature, change.action, change.base_version, open_version)


def version_finding(
    layer: EditableLayer, feature: str, action: str, base_version: int | None, open_version: int | None
) -> Finding | None:
    """As :func:`stale_finding`, from plain values."""
    if base_version == open_version:
        return None
    values = {"label": layer.code_label, "code": feature}
    if action == Action.ADD:
        rule, message = "code.taken", _("%(label)s“%(code)s”已被现行要素使用。请改用新的编号。") % values
    elif open_version is None:
        rule, message = "change.stale", _("“%(code)s”已由另一次发布移除。请放弃此项修改，或改为新增。") % values
    else:
        rule, message = "change.stale", _("“%(code)s”在编制之后已由另一次发布改变。请对照现行版本合并。") % values
    return Finding(feature=feature, rule=rule, severity=ERROR, message=message, source=own_rule(_("版本核对")))
