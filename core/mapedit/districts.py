"""District boundaries as map editing knows them: compared and corrected, never versioned by us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.mapedit import layers
from core.policy.models import Jurisdiction


class DistrictsAreGiven(ValueError):
    """Districts are neither founded nor dissolved here."""


def next_code(attributes: Mapping[str, Any], taken: Iterable[str]) -> str:
    """Refuse: a district's code is given by the state."""
    raise DistrictsAreGiven


def register() -> None:
    """Make the layer known."""
    layers.register(
        layers.EditableLayer(
            name="districts",
            title=_("行政区"),
            measure_word=_("个"),
            version=Jurisdiction,
            feature="code",
            code_label=_("行政区划代码"),
            code_pattern=r"[0-9]{6}",
            code_hint=_("行政区划代码为 6 位数字。"),
            code_dbf="XZQDM",
            code_aliases=("code", "编号", "adcode", "行政区划代码"),
            place="",
            label="name",
            order=10,
            versioned=False,
            notice_parameter="districts.notice_days",
            next_code=next_code,
            attributes=(
                layers.Attribute(
                    "name", _("名称"), "text", dbf="XZQMC", aliases=("名称",), required=True, max_length=60
                ),
            ),
        )
    )
