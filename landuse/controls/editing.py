"""Control areas as map editing knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.mapedit import layers
from core.mapedit.codes import district_letters, next_number
from landuse.controls.models import ControlKind, ControlVersion


def next_code(attributes: Mapping[str, Any], taken: Iterable[str]) -> str:
    """The next free code of the area's district: KZ-NH-0002 after KZ-NH-0001."""
    return next_number(f"KZ-{district_letters(attributes.get('district_id') or '')}-", taken, digits=4)


def register() -> None:
    """Make the layer editable."""
    layers.register(
        layers.EditableLayer(
            name="controls",
            title=_("控制线"),
            measure_word=_("块"),
            version=ControlVersion,
            feature="control",
            code_label=_("控制线编号"),
            code_pattern=r"[A-Z0-9]+(-[A-Z0-9]+)*",
            code_hint=_("编号只用大写字母、数字和连字符，例如 KZ-NH-0001。"),
            code_dbf="KZXBH",
            code_aliases=("code", "编号", "控制线编号", "control_id"),
            place="district_id",
            label="name",
            order=50,
            notice_parameter="controls.notice_days",
            next_code=next_code,
            attributes=(
                layers.Attribute(
                    "district_id",
                    _("所在区"),
                    "text",
                    kind="place",
                    dbf="SZQ",
                    aliases=("所在区", "district"),
                    required=True,
                ),
                layers.Attribute(
                    "kind",
                    _("类型"),
                    "text",
                    kind="choice",
                    dbf="KZXLX",
                    aliases=("类型", "控制线类型"),
                    required=True,
                    choices=tuple(ControlKind.choices),
                ),
                layers.Attribute("name", _("名称"), "text", dbf="MC", aliases=("名称",), max_length=60, default=""),
            ),
        )
    )
