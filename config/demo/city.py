"""Draws the whole city from a seed: everything that is geometry, nothing of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from config.demo import settings
from config.demo.blocks import Blocks, develop
from config.demo.character import Character, characters, lead_zones
from config.demo.ground import Ground
from config.demo.plots import PlotBatch, batches
from config.demo.redline import RedLine, TractShape
from config.demo.streets import Superblocks, lay_streets
from config.demo.zoning import ZoneOutline, draw_zones

Say = Callable[[str], None]


def silent(message: str) -> None:
    """Say nothing."""


@dataclass
class City:
    """A drawn city; ``codes`` are its district codes, in the order all indexes refer to."""

    seed: int
    codes: list[str]
    ground: Ground
    blocks: Superblocks
    zones: list[ZoneOutline]
    tracts: list[TractShape]
    built: Blocks
    character: Character
    leading: list[int]
    """Leading industry of each zone, an index into the industries of the settings."""

    def plots(self, place_names: list[list[str]], opening_years: list[int]) -> Iterator[PlotBatch]:
        """Every plot, in batches; see ``config.demo.plots.batches``."""
        return batches(
            self.seed, self.blocks, self.built, self.character, self.ground, self.codes,
            place_names, opening_years,
        )  # fmt: skip


def district_codes() -> list[str]:
    """Codes of the districts in the order of the settings."""
    return list(settings.load("city")["zones"]["floor_km2"])


def town_names() -> list[list[str]]:
    """Short names of the towns of each district, in the order of the settings."""
    towns = settings.load("city")["towns"]
    return [[town[0] for town in towns[code]] for code in district_codes()]


def draw(districts: dict[str, shapely.Geometry], *, seed: int, plots: int, say: Say = silent) -> City:
    """Draw the city on the given district boundaries (CGCS2000, by code).

    Raises NoRoom with a sentence when the seed leaves no room for what is asked.
    """
    conf = settings.load("city")
    codes = district_codes()
    towns = [conf["towns"][code] for code in codes]
    shapes = np.array([districts[code] for code in codes], dtype=object)
    ground = Ground(conf["warp"]["waves"], settings.rng(seed, "ground"))
    blocks = lay_streets(shapes, towns, conf, ground, settings.rng(seed, "streets"))
    say(_("路网：%(count)d 个街区") % {"count": len(blocks)})
    zones = draw_zones(blocks, towns, codes, conf["zones"], ground, settings.rng(seed, "zones"))
    line = RedLine(blocks, ground, codes, settings.rng(seed, "redline"))
    tracts = line.draw(zones, conf["redline"], conf["zones"]["floor_km2"])
    say(
        _("集聚区 %(zones)d 个，红线图斑 %(tracts)d 个（%(versions)d 个版本）")
        % {"zones": len(zones), "tracts": line.tracts, "versions": len(tracts)}
    )
    built = develop(blocks, zones, tracts, plots, conf["streets"], settings.rng(seed, "blocks"))
    in_zone = _flags(len(blocks), [row for zone in zones for row in zone.members])
    on_line = _flags(len(blocks), [tract.superblock for tract in tracts])
    rng = settings.rng(seed, "character")
    character = characters(blocks, in_zone, on_line, codes, settings.load("enterprises"), rng)
    leading = lead_zones(character, zones, codes, settings.load("enterprises"), rng)
    return City(seed, codes, ground, blocks, zones, tracts, built, character, leading)


def _flags(size: int, rows: list[int]) -> NDArray[np.bool_]:
    flags = np.zeros(size, bool)
    flags[rows] = True
    return flags
