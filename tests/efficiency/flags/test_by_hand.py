"""Flags by hand with photographs and a place, visits, and what is sent that is no photograph."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.gis.geos import Point
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import Role
from core.refusals import NotAllowed, Refused
from core.uploads import FORM_BYTES, is_longer
from efficiency.flags.models import Flag, FlagPhoto, Visit
from efficiency.flags.pages import by_hand, photos
from efficiency.flags.services import deciding, visiting
from efficiency.flags.services.raising import Picture, add_by_hand, add_photo
from tests import places
from tests.efficiency.flags import ground

pytestmark = pytest.mark.django_db

JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 200
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 200
EXE = b"MZ\x90\0" + b"\0" * 200


@pytest.fixture
def who(db: None) -> ground.People:
    return ground.people()


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(name: str = "现场.jpg", content: bytes = JPEG) -> Picture:
    return Picture(name=name, content=ContentFile(content))


def test_a_plot_used_by_one_enterprise_brings_it_along(who):
    plot = places.plot(1)
    ground.occupy(who.enterprise, plot)
    flag = add_by_hand(
        by=who.monitor, title="厂房空置", note="大门锁闭", plot=plot.plot_id, place=Point(113.0, 23.05, srid=4490),
        photos=[picture(), picture("二.png", PNG)],
    )  # fmt: skip
    assert (flag.enterprise, flag.district_code, flag.raised_by) == (who.enterprise, places.NANHAI, who.monitor)
    assert flag.photos.count() == 2
    assert flag.place.srid == 4490


def test_the_same_place_may_be_flagged_by_hand_again(who):
    plot = places.plot(1)
    for _time in range(2):
        add_by_hand(by=who.monitor, title="厂房空置", note="", plot=plot.plot_id)
    assert Flag.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("病毒.jpg", EXE, "不是 JPG 或 PNG"),
        ("说明.pdf", b"%PDF-1.4\n", "不是 JPG 或 PNG"),
        ("改名.exe", JPEG, "内容与文件名不符"),
        ("空.jpg", b"", "文件为空"),
    ],
)
def test_what_is_no_photograph_is_refused_with_the_flag(who, name, content, sentence):
    plot = places.plot(1)
    with pytest.raises(Refused, match=sentence):
        add_by_hand(by=who.monitor, title="空置", note="", plot=plot.plot_id, photos=[picture(name, content)])
    assert Flag.objects.count() == FlagPhoto.objects.count() == 0


def test_a_photograph_is_kept_once_and_stands(who):
    flag = ground.flag(who)
    kept = add_photo(flag=flag.pk, by=who.monitor, photo=picture())
    with pytest.raises(Refused, match="内容相同"):
        add_photo(flag=flag.pk, by=who.monitor, photo=picture("又.jpg"))
    with pytest.raises(NotAllowed):
        add_photo(flag=flag.pk, by=who.parks, photo=picture("三.jpg", JPEG + b"3"))
    with pytest.raises(Exception, match="flags_flagphoto"), transaction.atomic():
        FlagPhoto.objects.filter(pk=kept.pk).update(name="别的.jpg")


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "请选择宗地或企业"),
        ({"plot": "440605001001GB99999"}, "没有宗地"),
        ({"enterprise": 10**9}, "没有这家企业"),
        ({"plot": "here", "title": " "}, "看到了什么"),
    ],
)
def test_a_flag_by_hand_is_about_something(who, facts, sentence):
    code = places.plot(1).plot_id
    asked = {"title": "空置", "note": "", **facts}
    if asked.get("plot") == "here":
        asked["plot"] = code
    with pytest.raises(Refused, match=sentence):
        add_by_hand(by=who.monitor, **asked)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.MONITOR])
def test_nobody_but_monitors_flags_by_hand(who, role):
    plot = places.plot(1)
    user = who.applicant if role == Role.ENTERPRISE else places.account(role, places.NANHAI, places.SANSHUI)
    with pytest.raises(NotAllowed):
        add_by_hand(by=user, title="空置", note="", plot=plot.plot_id)


def test_a_monitor_flags_within_its_places(who):
    away = places.account(Role.MONITOR, places.SANSHUI)
    with pytest.raises(NotAllowed):
        add_by_hand(by=away, title="空置", note="", plot=places.plot(1).plot_id)


def test_visits_are_noted_and_stand(who):
    flag = ground.flag(who)
    today = timezone.localdate()
    visit = visiting.add_visit(by=who.parks, on=today, text="设备停用", flag=flag.pk)
    assert (visit.enterprise, visit.district_code) == (who.enterprise, places.NANHAI)
    with pytest.raises(Refused, match="今天之后"):
        visiting.add_visit(by=who.parks, on=today + dt.timedelta(days=1), text="设备停用", flag=flag.pk)
    with pytest.raises(Refused, match="情况"):
        visiting.add_visit(by=who.parks, on=today, text=" ", flag=flag.pk)
    with pytest.raises(NotAllowed):
        visiting.add_visit(by=who.head, on=today, text="设备停用", flag=flag.pk)
    with pytest.raises(Exception, match="flags_visit"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(text="别的")


def test_what_is_too_long_is_refused_before_it_is_read(client, who, monkeypatch):
    flag = ground.flag(who)
    client.force_login(who.monitor)
    for page in (photos, by_hand):
        monkeypatch.setattr(page, "MOST_TOGETHER", 1000)
    long = SimpleUploadedFile("一.jpg", JPEG + b"\0" * FORM_BYTES * 2, "image/jpeg")
    answer = client.post(reverse("flags:add_photos", args=[flag.pk]), {"photo": long}, follow=True)
    assert "没有上传" in answer.content.decode()
    long.seek(0)
    answer = client.post(reverse("flags:new"), {"title": "空置", "photo": long}, follow=True)
    assert "没有上传" in answer.content.decode()
    assert (FlagPhoto.objects.count(), Flag.objects.count()) == (0, 1)


def test_300_mb_are_longer_than_may_be_kept(rf):
    request = rf.post("/", CONTENT_LENGTH=str(300 << 20))
    assert is_longer(request, photos.MOST_TOGETHER)
    assert not is_longer(rf.post("/", CONTENT_LENGTH=str(20 << 20)), photos.MOST_TOGETHER)


def test_photographs_are_sent_through_the_page_and_shown(client, who):
    flag = ground.flag(who)
    client.force_login(who.monitor)
    files = [SimpleUploadedFile("一.jpg", JPEG, "image/jpeg"), SimpleUploadedFile("二.jpg", EXE, "image/jpeg")]
    answer = client.post(reverse("flags:add_photos", args=[flag.pk]), {"photo": files}, follow=True)
    text = answer.content.decode()
    assert "已上传 1 张照片" in text
    assert "不是 JPG 或 PNG" in text
    shown = client.get(reverse("flags:photo", args=[flag.pk, flag.photos.get().pk]))
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert "sandbox" in shown["Content-Security-Policy"]
    client.force_login(who.head)
    assert client.get(reverse("flags:photo", args=[flag.pk, flag.photos.get().pk])).status_code == 200
    deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")
    client.force_login(who.applicant)
    assert client.get(reverse("flags:flag", args=[flag.pk])).status_code == 200
    assert client.get(reverse("flags:photo", args=[flag.pk, flag.photos.get().pk])).status_code == 404
