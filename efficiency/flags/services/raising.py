"""Flags come to be: by the rules over the whole city, or by somebody who saw something."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.gis.geos import Point
from django.core.files import File
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import Role, User
from core.casework.services import notifying
from core.papers import checked, type_of
from core.refusals import NotAllowed, Refused
from efficiency.evaluation.models import Run, RunState
from efficiency.evaluation.queries import SHOWN
from efficiency.flags import perms
from efficiency.flags.models import Flag, FlagPhoto, FlagState, Rule
from efficiency.flags.rules import FINDERS, Asked, CannotTell, raise_by
from efficiency.flags.services.acting import acting, locked, words
from efficiency.returns.services import following
from efficiency.returns.services.deriving import refresh_land
from landuse.plots.models import Occupation, Plot
from parks.enterprises.models import Enterprise

MOST_PHOTOS = 30
"""Of one flag."""

PICTURES = {"image/jpeg", "image/png"}


@dataclass(frozen=True)
class Raised:
    """What the rules found: new flags by rule, and why a rule had nothing to judge by."""

    year: int
    run: Run | None
    counts: dict[str, int] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """New flags of all rules."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Picture:
    """A file somebody sent: its name and content."""

    name: str
    content: File


def raise_all(*, year: int, run: Run | None = None, by: User | None = None, on: dt.date | None = None) -> Raised:
    """Ask every rule about ``year`` and write what is not flagged yet, in one transaction.

    ``run`` is the evaluation the year was judged by; without one the published one or, where somebody asks, the one
    still in its objection window. In the name of a
    monitor the rules speak of the monitor's places; without ``by`` (the schedule) of the whole city. Raises
    NotAllowed, and Refused for a run that was shown to nobody or no longer counts.
    """
    if by is not None and not perms.raises_somewhere(by):
        raise NotAllowed(_("预警由亩均效益监测人员标记。"))
    run = run or _counting(year, (RunState.FINAL.value,) if by is None else SHOWN)
    if run is not None and (run.year != year or run.state not in SHOWN):
        raise Refused(
            _("%(run)s现为“%(state)s”，不能据以标记预警。请选择 %(year)s 年公示中或已公布的评价。")
            % {"run": run, "state": run.get_state_display(), "year": year}
        )
    asked = Asked(year=year, run=run, on=on or timezone.localdate())
    districts = None if by is None or by.sees_city else by.place_codes
    found = Raised(year=year, run=run)
    with acting(by):
        for each in (year - 1, year):
            following.catch_up(year=each)
        newest = Flag.objects.aggregate(newest=Max("pk"))["newest"] or 0
        for finder in FINDERS:
            try:
                found.counts[finder.rule.value] = raise_by(finder, asked, by=by.pk if by else None, districts=districts)
            except CannotTell as silence:
                found.silent[finder.rule.value] = silence.sentence
            except policy.ParameterMissing as missing:
                found.silent[finder.rule.value] = str(missing)
        if found.total:
            _tell_monitors(newest, by)
    return found


def raise_nightly(day: dt.date) -> list[Raised]:
    """What the schedule does: ask the rules about the last two years, with the land of the year derived anew."""
    found = []
    for year in (day.year - 2, day.year - 1):
        refresh_land(year=year)
        found.append(raise_all(year=year, on=day))
    return found


def add_by_hand(
    *,
    by: User,
    title: str,
    note: str,
    plot: str = "",
    enterprise: int | None = None,
    place: Point | None = None,
    year: int | None = None,
    photos: Iterable[Picture] = (),
) -> Flag:
    """Flag what somebody saw: a plot, an enterprise or both, with a point on the map and photographs.

    ``plot`` is a code, ``enterprise`` a number; a plot used by one enterprise alone brings it along. Raises
    NotAllowed and Refused.
    """
    with acting(by):
        about = Plot.objects.filter(code=plot).first() if plot else None
        if plot and about is None:
            raise Refused(_("没有宗地 %(code)s。请在地图上点选宗地，或核对代码。") % {"code": plot[:40]})
        firm = Enterprise.objects.visible_to(by).filter(pk=enterprise).first() if enterprise else None
        if enterprise and firm is None:
            raise Refused(_("没有这家企业，或不在本账号的辖区内。"))
        district = about.district_code if about else firm.district_id if firm else ""
        if not district:
            raise Refused(_("请选择宗地或企业。"))
        if not perms.raises(by, district):
            raise NotAllowed(_("人工标记由辖区覆盖该地的亩均效益监测人员办理。"))
        today = timezone.localdate()
        flag = Flag.objects.create(
            rule=Rule.BY_HAND,
            year=year or today.year,
            plot=about,
            enterprise=firm or _only_occupant(about, today),
            district_code=district,
            title=words(title, _("请用一句话写明看到了什么。"))[:160],
            note=words(note),
            evidence={},
            confidence=Decimal(1),
            place=place,
            raised_by=by,
        )
        for photo in photos:
            _keep(flag, photo, by)
        return flag


def add_photo(*, flag: int, by: User, photo: Picture) -> FlagPhoto:
    """Keep one more photograph of a flag. Raises NotAllowed and Refused."""
    with acting(by):
        (row,) = locked([flag], by)
        if not perms.adds_photos(by, row):
            raise NotAllowed(_("照片由辖区内的亩均效益监测人员在预警了结前上传。"))
        return _keep(row, photo, by)


def _keep(flag: Flag, photo: Picture, by: User) -> FlagPhoto:
    # Looked at before the whole file is read: what is no picture need not be.
    if photo.content.size and type_of(photo.content) not in PICTURES:
        raise Refused(_("“%(name)s”不是 JPG 或 PNG 照片。请用手机或相机拍摄的原图。") % {"name": photo.name[:80]})
    file = checked(name=photo.name, content=photo.content)
    if flag.photos.count() >= MOST_PHOTOS:
        raise Refused(_("一条预警最多保留 %(most)s 张照片。") % {"most": MOST_PHOTOS})
    if flag.photos.filter(sha256=file.sha256).exists():
        raise Refused(_("“%(name)s”已经上传，内容相同。") % {"name": file.name})
    row = FlagPhoto(
        flag=flag, name=file.name, content_type=file.content_type, size=file.size, sha256=file.sha256, by=by
    )
    row.file.save(file.stored_name, photo.content, save=False)
    row.save()
    return row


def _only_occupant(plot: Plot | None, on: dt.date) -> Enterprise | None:
    if plot is None:
        return None
    occupants = list(Occupation.objects.in_force_on(on).filter(plot=plot).select_related("enterprise")[:2])
    return occupants[0].enterprise if len(occupants) == 1 else None


def _counting(year: int, states: Iterable[str]) -> Run | None:
    """The evaluation of the city that counts for ``year`` among those in ``states``; a published one comes first."""
    run: Run | None = Run.objects.by_weight().filter(year=year, state__in=states).first()
    return run


def _tell_monitors(newest: int, by: User | None) -> None:
    """Tell the monitors of every district how many new flags wait for them there, besides who raised them."""
    new: dict[str, int] = {}
    for district in Flag.objects.filter(pk__gt=newest, state=FlagState.RAISED).values_list("district_code", flat=True):
        new[district] = new.get(district, 0) + 1
    address = reverse("flags:flags")
    for district, count in sorted(new.items()):
        rows = User.objects.filter(role=Role.MONITOR, is_active=True, place_codes__contains=[district])
        monitors = [user for user in rows if by is None or user.pk != by.pk]
        text = _("新增 %(count)s 条待核实的低效预警。") % {"count": count}
        notifying.tell(users=monitors, act="flags_raised", text=text, url=address, outside=False)
