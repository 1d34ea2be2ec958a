"""Putting the city's own figure in place of a default of the product."""

import datetime
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import policy
from core.policy.loading import load
from core.policy.models import Parameter
from core.policy.services import DefaultError, change_default

KEY = "geometry.overlap_tolerance_m2"


@pytest.fixture
def default(db: None) -> Parameter:
    return Parameter.objects.get(key=KEY)


def change(parameter: Parameter, by: Any, wanted: str = "2.5", **given: Any) -> Parameter:
    given = {"decision": "示例纪要第2号", "on": timezone.localdate(), **given}
    return change_default(parameter=parameter, by=by, wanted=wanted, **given)


def test_the_citys_own_figure_answers_from_its_day_the_default_before(city_planner: Any, default: Parameter) -> None:
    today = timezone.localdate()
    changed = change(default, city_planner)
    assert policy.value(KEY).value == changed.value == policy.value(KEY, "440605").value
    assert str(changed.value) == "2.5"
    assert policy.value(KEY, on=today - datetime.timedelta(days=1)).value == 1
    assert (changed.status, changed.valid_to, changed.unit) == ("adopted", None, default.unit)
    assert changed.note == "本市自定：示例纪要第2号；原为 ≤ 1 m²"


def test_history_knows_who_changed_it(city_planner: Any, default: Parameter) -> None:
    changed = change(default, city_planner)
    for row, label in ((changed, "insert"), (default, "update")):
        event = row.events.get(pgh_label=label)
        assert event.pgh_context.metadata["user"] == city_planner.pk


def test_a_release_leaves_the_citys_figure_alone(city_planner: Any, default: Parameter) -> None:
    later = timezone.localdate() + datetime.timedelta(days=30)
    changed = change(change(default, city_planner), city_planner, "3", on=later)
    counts = load(folder=settings.BASE_DIR / "fixtures")["parameters"]
    assert (counts.created, counts.updated) == (0, 0)
    assert policy.value(KEY).value == pytest.approx(2.5)
    assert policy.value(KEY, on=later).citation.parameter_id == changed.pk


def test_a_day_of_the_year_may_be_changed_too(city_planner: Any) -> None:
    due = Parameter.objects.get(key="returns.due_month_day")
    assert change(due, city_planner, "06-30").text_value == "06-30"
    with pytest.raises(DefaultError, match="07-01"):
        change(Parameter.objects.get(key="title.warn_if_none_by"), city_planner, "6月30日")


@pytest.mark.parametrize(
    ("key", "wanted", "given", "complaint"),
    [
        (KEY, "一", {}, "应为数字"),
        (KEY, "-1", {}, "不小于 0"),
        (KEY, "NaN", {}, "不小于 0"),
        (KEY, "1", {}, "与现行取值相同"),
        (KEY, "2", {"decision": "  "}, "修改依据"),
        (KEY, "2", {"decision": "长" * 300}, "过长"),
        (KEY, "2", {"on": datetime.date(2020, 1, 1)}, "不能早于今天"),
        ("case.due_soon_days", "2.5", {}, "应为整数"),
        ("flag.idle_built_divisor", "0", {}, "不能为 0"),
        ("zone.area_basis", "net", {}, "不是现行的产品默认值"),
        ("zone.count", "55", {}, "不是现行的产品默认值"),
    ],
)
def test_what_will_not_do_is_refused_and_changes_nothing(
    city_planner: Any, key: str, wanted: str, given: dict[str, Any], complaint: str
) -> None:
    before = Parameter.objects.count()
    with pytest.raises(DefaultError, match=complaint):
        change(Parameter.objects.get(key=key), city_planner, wanted, **given)
    assert Parameter.objects.count() == before
    assert not Parameter.objects.filter(key=key).exclude(valid_to=None).exists()


def test_the_city_speaks_of_a_default_only_once_a_day_and_never_of_an_ended_one(
    city_planner: Any, default: Parameter
) -> None:
    changed = change(default, city_planner)
    with pytest.raises(DefaultError, match="须晚于现行取值的生效日"):
        change(changed, city_planner, "4")
    with pytest.raises(DefaultError, match="不是现行的产品默认值"):
        change(Parameter.objects.get(pk=default.pk), city_planner, "4", on=datetime.date(2099, 1, 1))


def test_only_a_planner_of_the_whole_city_changes_a_default(reader: Any, default: Parameter) -> None:
    with pytest.raises(PermissionDenied):
        change(default, reader)
    client = Client()
    client.force_login(reader)
    address = reverse("policy:change", args=[default.pk])
    assert client.post(address, {"wanted": "2", "on": "2099-01-01", "decision": "一"}).status_code == 403
    page = client.get(default.get_absolute_url()).content.decode()
    assert "修改取值" not in page
    assert "由市级自然资源编制人员" in page


def test_it_is_changed_from_the_page_and_a_wrong_figure_is_explained_there(
    city_planner: Any, default: Parameter
) -> None:
    client = Client()
    client.force_login(city_planner)
    assert "修改取值" in client.get(default.get_absolute_url()).content.decode()
    address = reverse("policy:change", args=[default.pk])
    typed = {"wanted": "二", "on": timezone.localdate().isoformat(), "decision": "示例纪要第2号"}
    refused = client.post(address, typed)
    assert refused.status_code == 422
    assert "应为数字" in refused.content.decode()
    assert typed["decision"] in refused.content.decode()
    done = client.post(address, {**typed, "wanted": "2"}, follow=True).content.decode()
    assert "已修改" in done
    assert "本市自定" in done
    # A figure the city has set may be set again; an ended one may not.
    assert "修改取值" in done
    assert "修改取值" not in client.get(default.get_absolute_url()).content.decode()
