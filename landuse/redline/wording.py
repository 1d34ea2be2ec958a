"""The answer of the compliance pages in a sentence: never rounded into compliance."""

from __future__ import annotations

from django.utils.translation import gettext as _

from core.geodata.area import M2_PER_KM2
from core.web.figures import area_text
from landuse.redline.compliance import Compliance, Standing

#: Below this (m²) a surplus is spoken of in m²: in km² it would be a row of zeros.
SMALL_M2 = 5_000
THIN = "\u2009"


def amount(area_m2: float) -> str:
    """An area without sign: 0.62 km²（930.40 亩）, or 0.01 m²（0.000015 亩） when small."""
    text = area_text(abs(area_m2))
    main = f"{text.m2}{THIN}m²" if abs(area_m2) < SMALL_M2 else f"{text.km2}{THIN}km²"
    return f"{main}（{text.mu}{THIN}亩）"


def floor_text(floor_m2: float) -> str:
    """A floor in km² as the documents write it: 190 km²."""
    return f"{floor_m2 / M2_PER_KM2:g}{THIN}km²"


def distance(standing: Standing) -> str:
    """How far a place stands from its floor: 高出下限 …, 低于下限 …, or exactly at it."""
    if standing.surplus_m2 > 0:
        return _("高出下限 %(amount)s") % {"amount": amount(standing.surplus_m2)}
    if standing.surplus_m2 < 0:
        return _("低于下限 %(amount)s") % {"amount": amount(standing.surplus_m2)}
    return _("恰好等于下限，没有余量")


def district_sentence(standing: Standing) -> str:
    """南海区守住工业用地红线，高出下限 0.62 km²（930.40 亩）."""
    values = {"name": standing.name, "distance": distance(standing)}
    if standing.met:
        return _("%(name)s守住工业用地红线，%(distance)s") % values
    return _("%(name)s未守住工业用地红线，%(distance)s") % values


def city_sentence(compliance: Compliance) -> str:
    """The city's answer: its own floor, and the district that decides it."""
    short = [district for district in compliance.districts if not district.met]
    if short:
        names = "、".join(district.name for district in short)
        if len(short) == 1:
            return _("全市未守住工业用地红线：%(name)s%(distance)s") % {
                "name": names,
                "distance": distance(short[0]),
            }
        return _("全市未守住工业用地红线：%(names)s共 %(count)s 个区低于下限") % {
            "names": names,
            "count": len(short),
        }
    if not compliance.city.met:
        return _("全市未守住工业用地红线，%(distance)s") % {"distance": distance(compliance.city)}
    return _("全市守住工业用地红线，%(distance)s") % {"distance": distance(compliance.city)}


def city_detail(compliance: Compliance) -> str:
    """The line below the city's answer: the district with least room, and the zones."""
    weakest = compliance.weakest
    parts = [
        _("余量最小的是%(name)s：%(distance)s。") % {"name": weakest.name, "distance": distance(weakest)}
        if weakest.met
        else _("缺口最大的是%(name)s：%(distance)s。") % {"name": weakest.name, "distance": distance(weakest)}
    ]
    return "".join([*parts, zones_sentence(compliance)])


def zones_sentence(compliance: Compliance) -> str:
    """万亩 zones against the count and the size asked of them."""
    count, required = len(compliance.large_zones), compliance.zones_required
    failing = len(compliance.zones_not_over)
    values = {"count": count, "required": required, "failing": failing, "short": abs(required - count)}
    if failing:
        return _("万亩集聚区 %(count)s/%(required)s 个，其中 %(failing)s 个未超过万亩。") % values
    if count < required:
        return _("万亩集聚区 %(count)s/%(required)s 个，尚缺 %(short)s 个。") % values
    if count > required:
        return _("万亩集聚区 %(count)s/%(required)s 个，多出 %(short)s 个。") % values
    return _("万亩集聚区 %(count)s/%(required)s 个，均超过万亩。") % values
