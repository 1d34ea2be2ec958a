"""Loads enterprises, what land they occupy, and their yearly returns."""

from __future__ import annotations

import csv
import datetime as dt
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from config.demo import settings
from config.demo.accounts import ENTERPRISE_ACCOUNTS
from config.demo.city import City, Say
from config.demo.copying import NULL, copy_lines, joined, restart_ids
from config.demo.enterprises import Firms, found
from config.demo.occupation import Land, Occupations, occupy
from config.demo.returns import COLUMNS, YearOfReturns, play, sizes
from core.accounts.models import User
from core.policy.models import Jurisdiction
from efficiency.returns.models import YearlyReturn
from landuse.plots.models import Occupation
from parks.enterprises.models import Enterprise, EnterpriseMember, Industry

# The demo's enterprise accounts sit in these districts, in this order.
ACCOUNT_DISTRICTS = ["440605", "440606", "440604", "440607", "440608"]

# Small enough for its owner to see at a glance, large enough to be worth a look.
ACCOUNT_PLOTS = range(2, 7)


def load_industries() -> None:
    """Classes of GB/T 4754-2017 that the demo uses, where they are missing."""
    with (settings.FIXTURES / "industries.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = set(Industry.objects.values_list("code", flat=True))
    Industry.objects.bulk_create(
        Industry(code=row["code"], name=row["name"], parent_id=row["parent"] or None)
        for row in sorted(rows, key=lambda row: (len(row["code"].lstrip("CG")), row["code"]))
        if row["code"] not in known
    )


def load_firms(
    drawn: City,
    land: Land,
    plot_codes: list[str],
    towns: list[list[tuple[str, str]]],
    years: list[int],
    accounts: dict[str, User],
    say: Say,
) -> tuple[int, int]:
    """Enterprises, occupations, returns, and the accounts' enterprises; how many of the first and third."""
    conf = settings.load("enterprises")
    names = {j.code: j.name for j in Jurisdiction.objects.filter(code__in=drawn.codes)}
    occupations = occupy(land, settings.rng(drawn.seed, "occupation"))
    firms = found(
        land, occupations, drawn.blocks, drawn.character, drawn.codes,
        [names[code] for code in drawn.codes], conf, settings.rng(drawn.seed, "enterprises"),
    )  # fmt: skip
    # The size class follows the last year, so the years are played once before they are loaded.
    last = deque(_played(drawn.seed, firms, years, conf), maxlen=1)[0]
    _copy_firms(drawn, firms, last, towns, conf["industries"]["rows"])
    say(_("企业 %(count)d 家") % {"count": len(firms)})
    _copy_occupations(occupations, plot_codes)
    say(_("占用 %(count)d 条") % {"count": len(occupations.plot)})
    filed = 0
    for figures in _played(drawn.seed, firms, years, conf):
        copy_lines(YearlyReturn, COLUMNS, figures.lines(1))
        filed += int(figures.filed.sum())
        say(_("%(year)d 年报表 %(count)d 份") % {"year": figures.year, "count": int(figures.filed.sum())})
    _give_accounts(drawn, firms, occupations, last, accounts)
    return len(firms), filed


def _played(seed: int, firms: Firms, years: list[int], conf: dict[str, Any]) -> Iterator[YearOfReturns]:
    return play(firms, years, conf, settings.rng(seed, "returns"), settings.rng(seed, "figures"))


def _copy_firms(
    drawn: City, firms: Firms, last: YearOfReturns, towns: list[list[tuple[str, str]]], industries: list[list[object]]
) -> None:
    size, above = sizes(last)
    copy_lines(
        Enterprise,
        ["id", "uscc", "name", "short_name", "industry_id", "district_id", "town_id", "size",
         "above_scale", "established_on", "legal_representative", "is_demo"],
        joined(
            (str(number), uscc, name, short, str(industries[industry][0]), drawn.codes[district],
             towns[district][town][0] or NULL, scale, "t" if big else "f", since.isoformat(),
             person, "t")
            for number, (uscc, name, short, industry, district, town, scale, big, since, person)
            in enumerate(
                zip(firms.uscc, firms.name, firms.short_name, firms.industry.tolist(),
                    firms.district.tolist(), firms.town.tolist(), size, above.tolist(),
                    firms.established, firms.representative, strict=True),
                start=1,
            )
        ),
    )  # fmt: skip
    restart_ids(Enterprise)


def _copy_occupations(occupations: Occupations, plot_codes: list[str]) -> None:
    def date(year: int, day: int) -> str:
        return (dt.date(year, 1, 1) + dt.timedelta(days=day)).isoformat()

    columns = (
        occupations.plot, occupations.enterprise, occupations.owner, occupations.share,
        occupations.floor_m2, occupations.year, occupations.day, occupations.end_year, occupations.end_day,
    )  # fmt: skip
    # In slices, so that a province's worth does not stand in memory as text.
    edges = np.append(np.arange(0, len(occupations.plot), 100_000), len(occupations.plot))
    # A plot's rows stay in one statement, so that its shares are summed once.
    edges[1:-1] = np.searchsorted(occupations.plot, occupations.plot[edges[1:-1]])
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        copy_lines(
            Occupation,
            ["plot_id", "enterprise_id", "kind", "share", "leased_floor_m2", "valid_from", "valid_to"],
            joined(
                (plot_codes[plot], str(firm + 1), "owner" if owner else "tenant", f"{share:.6f}",
                 f"{floor:.2f}" if floor else NULL, date(year, day), date(end, end_day) if end else NULL)
                for plot, firm, owner, share, floor, year, day, end, end_day
                in zip(*(column[low:high].tolist() for column in columns), strict=True)
            ),
        )  # fmt: skip


def _give_accounts(
    drawn: City, firms: Firms, occupations: Occupations, last: YearOfReturns, accounts: dict[str, User]
) -> None:
    """Give each enterprise account a firm with a few plots and a return, one a district."""
    held = np.bincount(occupations.enterprise[(occupations.end_year == 0) & occupations.owner], minlength=len(firms))
    chosen: list[int] = []
    for number in range(1, ENTERPRISE_ACCOUNTS + 1):
        district = drawn.codes.index(ACCOUNT_DISTRICTS[(number - 1) % len(ACCOUNT_DISTRICTS)])
        fits = np.where(np.isin(held, list(ACCOUNT_PLOTS)), 4, 0) + np.where(last.filed & (last.tax > 0), 2, 0)
        fits = np.where(firms.district == district, fits, -1)
        fits[chosen] = -2
        chosen.append(int(fits.argmax()))
    EnterpriseMember.objects.bulk_create(
        EnterpriseMember(user=accounts[f"ent.{number}"], enterprise_id=firm + 1)
        for number, firm in enumerate(chosen, start=1)
    )
