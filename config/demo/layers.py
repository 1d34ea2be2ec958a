"""Loads the layers of the demo city: publications, zones, tracts, plots."""

from __future__ import annotations

import datetime as dt

import numpy as np
from django.utils.translation import gettext as _

from config.demo import settings
from config.demo.city import City, Say, town_names
from config.demo.copying import NULL, copy_lines, joined, multipolygon_hex, restart_ids
from config.demo.occupation import Land
from core.accounts.models import User
from core.mapedit.models import Layer, Publication
from core.policy.models import Document, Jurisdiction
from landuse.plots.models import Plot, PlotVersion
from landuse.redline.models import Tract, TractVersion
from parks.enterprises.models import Industry
from parks.zones.models import Zone, ZoneVersion

FOSHAN_TIME = dt.timezone(dt.timedelta(hours=8))
NUMERALS = "一二三四五六七八九十"
# Day of the year on which the plots supplied in it are published.
PLOT_UPDATE = (12, 28)


def town_codes(drawn: City) -> list[list[tuple[str, str]]]:
    """(code, name) of each town by district, as the indexes of the city count them."""
    known = {
        (town.parent_id, town.short_name): (town.code, town.name) for town in Jurisdiction.objects.filter(level="town")
    }
    return [
        [known.get((code, name), ("", name)) for name in names]
        for code, names in zip(drawn.codes, town_names(), strict=True)
    ]


def _publish(
    layer: str, number: int, on: dt.date, title: str, reason: str, paper: str, by: User, document: str | None = None
) -> Publication:
    layer_row, _created = Layer.objects.get_or_create(name=layer)
    known = document if document and Document.objects.filter(code=document).exists() else None
    return Publication.objects.create(
        layer=layer_row,
        number=number,
        title=title,
        reason=reason,
        document_id=known,
        document_number=paper,
        published_by=by,
        published_at=dt.datetime(on.year, on.month, on.day, 9, tzinfo=FOSHAN_TIME),
        effective_on=on,
        is_demo=True,
    )


def _numeral(number: int) -> str:
    if number <= 10:
        return NUMERALS[number - 1]
    tens, ones = divmod(number, 10)
    return (NUMERALS[tens - 1] if tens > 1 else "") + "十" + (NUMERALS[ones - 1] if ones else "")


def load_zones(drawn: City, by: User) -> list[str]:
    """Zones and their versions. Returns their names, in the order of the city."""
    conf = settings.load("city")
    prefix = conf["zones"]["prefix"]
    first = conf["redline"]["publications"][0]
    publication = _publish(
        "zones", 1, dt.date.fromisoformat(first["on"]), first["title"],
        "示例数据：按“54 个超万亩工业集聚区”虚构划定", "示例集聚区〔2022〕1号", by, "S002",
    )  # fmt: skip
    industries = settings.load("enterprises")["industries"]["rows"]
    trades = dict(Industry.objects.values_list("code", "name"))
    names: list[str] = []
    codes: list[str] = []
    rows: list[tuple[str, ...]] = []
    in_town: dict[tuple[int, int], int] = {}
    in_district: dict[int, int] = {}
    shapes = multipolygon_hex(np.array([zone.geom for zone in drawn.zones], dtype=object))
    for zone, lead, shape in zip(drawn.zones, drawn.leading, shapes, strict=True):
        town = town_names()[zone.district][zone.town]
        number = in_town[zone.district, zone.town] = in_town.get((zone.district, zone.town), 0) + 1
        order = in_district[zone.district] = in_district.get(zone.district, 0) + 1
        district = drawn.codes[zone.district]
        codes.append(f"FS-{prefix[district]}-{order:02d}")
        names.append(f"{town}示例集聚区{_numeral(number)}")
        trade = trades[industries[lead][0]]
        rows.append((
            str(len(codes)), shape, first["on"], NULL, str(publication.pk), codes[-1], names[-1],
            "wanmu", f"{{{district}}}", trade, f"{town}示例集聚区管理办公室",
        ))  # fmt: skip
    copy_lines(Zone, ["code"], (code + "\n" for code in codes))
    copy_lines(
        ZoneVersion,
        ["id", "geom", "valid_from", "valid_to", "publication_id", "zone_id", "name",
         "zone_class", "district_codes", "leading_industry", "managing_body"],
        joined(rows),
    )  # fmt: skip
    restart_ids(ZoneVersion)
    return names


def load_tracts(drawn: City, zone_names: list[str], by: User) -> int:
    """The red line with all its publications. Returns how many tracts there are."""
    conf = settings.load("city")
    steps = conf["redline"]["publications"]
    prefix = conf["zones"]["prefix"]
    papers = [
        _publish("redline", number, dt.date.fromisoformat(step["on"]), step["title"],
                 step["reason"], step["number"], by, "S002")
        for number, step in enumerate(steps, start=1)
    ]  # fmt: skip
    code_of: dict[int, str] = {}
    name_of: dict[int, str] = {}
    in_district: dict[int, int] = {}
    in_zone: dict[int, int] = {}
    rows: list[tuple[str, ...]] = []
    shapes = multipolygon_hex(np.array([tract.geom for tract in drawn.tracts], dtype=object))
    for tract, shape in zip(drawn.tracts, shapes, strict=True):
        district = drawn.codes[tract.district]
        if tract.tract not in code_of:
            number = in_district[tract.district] = in_district.get(tract.district, 0) + 1
            code_of[tract.tract] = f"RL-{prefix[district]}-{number:04d}"
            if tract.zone is None:
                town = town_names()[tract.district][int(drawn.blocks.town[tract.superblock])]
                name_of[tract.tract] = f"{town}示例图斑{number:04d}"
            else:
                at = in_zone[tract.zone] = in_zone.get(tract.zone, 0) + 1
                name_of[tract.tract] = f"{zone_names[tract.zone]} {at:02d}号图斑"
        rows.append((
            str(len(rows) + 1), shape, steps[tract.opened]["on"],
            NULL if tract.closed is None else steps[tract.closed]["on"],
            str(papers[tract.opened].pk), code_of[tract.tract], district, "ungraded",
            name_of[tract.tract],
        ))  # fmt: skip
    copy_lines(Tract, ["code"], (code + "\n" for code in code_of.values()))
    copy_lines(
        TractVersion,
        ["id", "geom", "valid_from", "valid_to", "publication_id", "tract_id", "district_id",
         "control_level", "name"],
        joined(rows),
    )  # fmt: skip
    restart_ids(TractVersion)
    return len(code_of)


def _plot_publications(years: list[int], by: User) -> tuple[list[Publication], list[int]]:
    """Yearly publications of plots and the last year of supply each takes in."""
    opening = [years[0] - 1, *years]
    made = [
        _publish(
            "plots", number, dt.date(year, *PLOT_UPDATE),
            f"示例宗地 {year} 年度更新" if number > 1 else "示例宗地底数入库",
            "示例数据：当年供应的宗地入库", f"示例宗地〔{year}〕1号", by,
        )
        for number, year in enumerate(opening, start=1)
    ]  # fmt: skip
    return made, opening


PLOT_COLUMNS = [
    "id", "geom", "valid_from", "valid_to", "publication_id", "plot_id", "district_id", "town_id",
    "location", "use_code", "is_m0", "plot_ratio_planned", "plot_ratio_built", "density_planned",
    "green_ratio_planned", "height_limit_m", "supply_mode", "term_years", "term_from", "term_to",
    "registered_area_m2",
]  # fmt: skip


def load_plots(
    drawn: City, towns: list[list[tuple[str, str]]], years: list[int], by: User, say: Say
) -> tuple[Land, list[str]]:
    """All plots, batch by batch. Returns what later stages need of them, and their codes."""
    publications, opening = _plot_publications(years, by)
    opened_on = [p.effective_on.isoformat() for p in publications]
    paper = [str(p.pk) for p in publications]
    names = {j.code: j.name for j in Jurisdiction.objects.filter(code__in=drawn.codes)}
    places = [
        [f"佛山市{names[code]}{town}" for _code, town in towns[number]] for number, code in enumerate(drawn.codes)
    ]
    district_of = [drawn.codes[d] for d in drawn.blocks.district.tolist()]
    town_of = [
        towns[d][t][0] or NULL for d, t in zip(drawn.blocks.district.tolist(), drawn.blocks.town.tolist(), strict=True)
    ]
    codes: list[str] = []
    parts: list[tuple[np.ndarray, ...]] = []
    for batch in drawn.plots(places, opening):
        start = len(codes) + 1
        shapes = multipolygon_hex(batch.geom)
        columns = zip(shapes, batch.opened.tolist(), batch.code, batch.superblock.tolist(), batch.rows, strict=True)
        copy_lines(Plot, ["code"], (code + "\n" for code in batch.code))
        copy_lines(
            PlotVersion,
            PLOT_COLUMNS,
            joined(
                (str(start + at), shape, opened_on[when], NULL, paper[when], code,
                 district_of[block], town_of[block], *facts)
                for at, (shape, when, code, block, facts) in enumerate(columns)
            ),
        )  # fmt: skip
        codes += batch.code
        parts.append((batch.area_m2, batch.superblock, batch.supplied, batch.empty, batch.multi_let, batch.ratio_built))
        say(_("宗地 %(count)d 宗") % {"count": len(codes)})
    restart_ids(PlotVersion)
    return Land(*(np.concatenate(column) for column in zip(*parts, strict=True))), codes
