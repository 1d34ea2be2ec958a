"""Zones as map editing knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.accounts.models import Role
from core.mapedit import layers
from core.mapedit.codes import district_letters, next_number
from parks.zones.models import ZoneClass, ZoneVersion


def next_code(attributes: Mapping[str, Any], taken: Iterable[str]) -> str:
    """The next free code of the zone's first district: FS-NH-20 after FS-NH-19."""
    districts = attributes.get("district_codes") or []
    return next_number(f"FS-{district_letters(districts[0] if districts else '')}-", taken, digits=2)


def register() -> None:
    """Make the layer editable."""
    layers.register(
        layers.EditableLayer(
            name="zones",
            title=_("工业集聚区"),
            measure_word=_("个"),
            version=ZoneVersion,
            feature="zone",
            code_label=_("集聚区编号"),
            code_pattern=r"[A-Z0-9]+(-[A-Z0-9]+)*",
            code_hint=_("编号只用大写字母、数字和连字符，例如 FS-NH-20。"),
            code_dbf="JJQBH",
            code_aliases=("code", "编号", "集聚区编号", "zone_id"),
            place="district_codes",
            label="name",
            order=20,
            offices=(Role.PARKS,),
            notice_parameter="zones.notice_days",
            next_code=next_code,
            attributes=(
                layers.Attribute(
                    "name", _("名称"), "text", dbf="JJQMC", aliases=("名称",), required=True, max_length=60
                ),
                layers.Attribute(
                    "zone_class",
                    _("级别"),
                    "text",
                    kind="choice",
                    dbf="JB",
                    aliases=("级别",),
                    required=True,
                    choices=tuple(ZoneClass.choices),
                    default=ZoneClass.WANMU.value,
                ),
                layers.Attribute(
                    "district_codes",
                    _("所在区"),
                    "text[]",
                    kind="places",
                    dbf="SZQ",
                    aliases=("所在区", "districts"),
                    required=True,
                ),
                layers.Attribute(
                    "leading_industry",
                    _("主导产业"),
                    "text",
                    dbf="ZDCY",
                    aliases=("主导产业",),
                    max_length=40,
                    default="",
                ),
                layers.Attribute(
                    "managing_body",
                    _("管理机构"),
                    "text",
                    dbf="GLJG",
                    aliases=("管理机构",),
                    max_length=60,
                    default="",
                ),
            ),
        )
    )
