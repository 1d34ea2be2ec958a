"""Red-line tracts as map editing knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.accounts.models import Role
from core.mapedit import layers
from core.mapedit.codes import district_letters, next_number
from landuse.redline.models import ControlLevel, TractVersion


def next_code(attributes: Mapping[str, Any], taken: Iterable[str]) -> str:
    """The next free code of the tract's district: RL-NH-0312 after RL-NH-0311."""
    return next_number(f"RL-{district_letters(attributes.get('district_id') or '')}-", taken, digits=4)


def register() -> None:
    """Make the layer editable."""
    layers.register(
        layers.EditableLayer(
            name="redline",
            title=_("工业用地红线"),
            measure_word=_("块"),
            version=TractVersion,
            feature="tract",
            code_label=_("图斑编号"),
            code_pattern=r"[A-Z0-9]+(-[A-Z0-9]+)*",
            code_hint=_("编号只用大写字母、数字和连字符，例如 RL-NH-0312。"),
            code_dbf="TBBH",
            code_aliases=("code", "编号", "图斑编号", "tract_id"),
            place="district_id",
            label="name",
            order=30,
            offices=(Role.PARKS,),
            notice_parameter="redline.notice_days",
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
                layers.Attribute("name", _("名称"), "text", dbf="MC", aliases=("名称",), max_length=60, default=""),
                layers.Attribute(
                    "control_level",
                    _("管控级别"),
                    "text",
                    kind="choice",
                    dbf="GKJB",
                    aliases=("管控级别",),
                    required=True,
                    choices=tuple(ControlLevel.choices),
                    default=ControlLevel.UNGRADED.value,
                ),
            ),
        )
    )
