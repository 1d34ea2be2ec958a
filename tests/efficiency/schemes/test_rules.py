"""Rules: the same whether they come from rows, a file or a form, and never half read."""

from __future__ import annotations

import copy
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.policy.fixture_files import FixtureError
from core.refusals import Refused
from efficiency.schemes import checks, fixtures, reading
from efficiency.schemes.models import Indicator, Scheme, SchemeVersion, VersionState
from efficiency.schemes.rules import CohortRules, Cut, IndicatorRules, Rules, rules_of
from efficiency.schemes.writing import write

FILES = sorted((Path(settings.BASE_DIR) / "fixtures/schemes").glob("*.json"))


def data(code: str) -> dict:
    return json.loads((Path(settings.BASE_DIR) / f"fixtures/schemes/{code}.json").read_text())["version"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sample_is_whole_and_survives_its_own_data(path):
    rules = Rules.from_data(data(path.stem))
    assert checks.faults(rules) == []
    again = Rules.from_data(json.loads(json.dumps(rules.as_data())))
    assert again == rules
    assert again.digest == rules.digest


@pytest.mark.django_db
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_stored_rules_are_those_of_the_file_in_four_queries(path, django_assert_num_queries):
    with django_assert_num_queries(4):
        version = SchemeVersion.objects.whole().get(scheme__code=path.stem)
        rules = rules_of(version)
    assert rules == Rules.from_data(data(path.stem))
    assert rules.digest == Rules.from_data(data(path.stem)).digest
    with django_assert_num_queries(4):
        assert rules_of(SchemeVersion.objects.get(scheme__code=path.stem)) == rules


def test_the_digest_tells_rules_apart_and_not_how_a_number_is_written():
    stated = data("huangyan-2022")
    same, other = copy.deepcopy(stated), copy.deepcopy(stated)
    same["cohorts"][0]["indicators"][0]["base"] = 24.0970
    other["cohorts"][0]["indicators"][0]["base"] = "24.098"
    assert Rules.from_data(same).digest == Rules.from_data(stated).digest
    assert Rules.from_data(other).digest != Rules.from_data(stated).digest


@pytest.mark.django_db
def test_samples_come_as_drafts_of_nobody_and_loading_again_changes_nothing():
    before = list(SchemeVersion.objects.order_by("pk").values())
    assert {row["state"] for row in before} == {VersionState.DRAFT}
    assert {row["author_id"] for row in before} == {None}
    call_command("load_fixtures", verbosity=0)
    assert list(SchemeVersion.objects.order_by("pk").values()) == before
    assert Scheme.objects.filter(is_sample=True).count() == len(FILES)


@pytest.mark.django_db
def test_a_sample_somebody_has_saved_is_left_alone_by_the_file():
    Indicator.objects.filter(cohort__version__scheme__code="huangyan-2022", name="亩均税收").update(cap=2)
    call_command("load_fixtures", verbosity=0)
    assert not Indicator.objects.filter(cap=2).exists()
    Indicator.objects.filter(cohort__version__scheme__code="huangyan-2022", name="亩均税收").update(cap=2)
    SchemeVersion.objects.filter(scheme__code="huangyan-2022").update(revision=1)
    call_command("load_fixtures", verbosity=0)
    assert Indicator.objects.filter(cap=2).count() == 2


BAD = {
    "no name": (("cohorts", 0, "name"), " ", "请填写“评价组名称”。"),
    "weight zero": (("cohorts", 0, "indicators", 0, "weight"), "0", "“权重”须大于 0。"),
    "weight above": (("cohorts", 0, "indicators", 0, "weight"), "100.01", "“权重”不得大于 100。"),
    "weight in words": (("cohorts", 0, "indicators", 0, "weight"), "三十", "“权重”应为数字，实为“三十”。"),
    "weight finer than kept": (("cohorts", 0, "indicators", 0, "weight"), "30.001", "“权重”最多 2 位小数。"),
    "weight nan": (("cohorts", 0, "indicators", 0, "weight"), "nan", "“权重”应为数字，实为“nan”。"),
    "weight endless": (("cohorts", 0, "indicators", 0, "weight"), "1e999999", "“权重”的数字过大。"),
    "no base": (("cohorts", 0, "indicators", 0, "base"), "", "请填写“基准值”。"),
    "base zero": (("cohorts", 0, "indicators", 0, "base"), 0, "“基准值”须大于 0。"),
    "cap under one": (("cohorts", 0, "indicators", 0, "cap"), "0.5", "“得分上限”不得小于 1。"),
    "unknown figure": (("cohorts", 0, "indicators", 0, "numerator"), "profit", "请选择“分子”。"),
    "itself": (("cohorts", 0, "indicators", 4, "numerator"), "staff", "分子与分母不能是同一项数据。"),
    "cuts crossed": (("cohorts", 0, "cuts", 1, "up_to_percent"), "20", "“规上企业”的 B 类至 20%，应大于 A 类。"),
    "cuts equal": (("cohorts", 0, "cuts", 1, "up_to_percent"), "25", "“规上企业”的 B 类至 25%，应大于 A 类。"),
    "class twice": (("cohorts", 0, "cuts", 1, "grade"), "A", "“规上企业”的分档中 A 类出现了两次。"),
    "unknown requirement": (("requires",), [["profit"]], "“要求的数据”中没有“profit”这一项。"),
    "parts are no list": (("cohorts",), "many", "内容不完整，请刷新页面后重试。"),
    "too many": (("cohorts",), [{}] * 11, "最多 10 项，现有 11 项。"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_field_that_will_not_do_is_named_with_its_place(case):
    path, value, sentence = BAD[case]
    stated = data("huangyan-2022")
    inner = stated
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    rules, faults = reading.read(stated)
    assert rules is None
    assert sentence in [fault.sentence for fault in faults]
    with pytest.raises(Refused, match=sentence[:6]):
        Rules.from_data(stated)


def test_weights_of_99_and_cuts_that_stop_short_are_said_as_the_database_says_them():
    stated = data("huangyan-2022")
    stated["cohorts"][0]["indicators"][0]["weight"] = "29"
    del stated["cohorts"][1]["cuts"][3]
    assert [fault.sentence for fault in checks.faults(Rules.from_data(stated))] == [
        "“规上企业”的权重合计为 99.00，应为 100。",
        "“规下企业”的分档未到 100%。",
    ]


def test_a_cohort_behind_one_that_takes_everybody_is_pointed_out():
    stated = data("huangyan-2022")
    stated["cohorts"][0]["above_scale"] = None
    found = checks.faults(Rules.from_data(stated))
    assert [fault.path for fault in found] == ["cohorts.1"]


def test_a_base_left_from_before_means_nothing_once_the_base_is_the_average():
    stated = data("huangyan-2022")
    stated["cohorts"][0]["indicators"][0] |= {"base_kind": "cohort"}
    assert Rules.from_data(stated).cohorts[0].indicators[0].base is None
    assert Rules.from_data(stated).cohorts[0].weight == Decimal(100)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@hypothesis_settings(deadline=None, max_examples=60)
@given(JSON, st.sampled_from(["cohorts", "requires", "merge_tenants", "title", "year_from"]))
def test_whatever_is_sent_is_answered_with_sentences_and_never_with_an_error(anything, key):
    for stated in (anything, {key: anything}, {"cohorts": [{"indicators": [anything], "cuts": [anything]}, anything]}):
        rules, faults = reading.read(stated)
        assert rules is not None or faults
        reading.read_frame(stated)


# ── writing and files ────────────────────────────────────────────────────────


def _decimal(places: int, least: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda number: Decimal(number).scaleb(-places))


INDICATORS = st.builds(
    IndicatorRules,
    name=st.text("亩均税收产值能耗", min_size=1, max_size=8),
    numerator=st.sampled_from(["tax_cny", "output_cny", "added_value_cny"]),
    denominator=st.sampled_from(["land_mu", "energy_tce", "staff"]),
    unit=st.just("万元/亩"),
    weight=_decimal(2, 1, 10_000),
    scale=_decimal(6, 1, 10**12),
    direction=st.sampled_from(["more", "less"]),
    base_kind=st.just("fixed"),
    base=_decimal(6, 1, 10**12),
    cap=st.none() | _decimal(2, 100, 99_999),
    missing=st.sampled_from(["zero", "average", "spread", "unrated"]),
)
CUTS = st.lists(_decimal(2, 1, 9_999), min_size=3, max_size=3, unique=True).map(
    lambda bounds: tuple(
        Cut(grade, bound) for grade, bound in zip("ABCD", [*sorted(bounds), Decimal(100)], strict=True)
    )
)
COHORTS = st.builds(
    CohortRules,
    name=st.text("规上下企业组", min_size=1, max_size=10),
    indicators=st.lists(INDICATORS, max_size=4).map(tuple),
    cuts=CUTS,
    above_scale=st.sampled_from([None, True, False]),
    sizes=st.lists(st.sampled_from(["large", "medium", "small"]), unique=True).map(tuple),
    industries=st.just(()),
    not_industries=st.just(("13",)),
    least_land_mu=st.none() | _decimal(2, 0, 99_999),
    least_age_years=st.none() | st.integers(0, 50),
    land_basis=st.sampled_from(["registered", "actual", "converted"]),
)
EDITIONS = st.builds(
    Rules,
    cohorts=st.lists(COHORTS, max_size=3).map(tuple),
    requires=st.lists(
        st.lists(st.sampled_from(["tax_cny", "staff"]), min_size=1, unique=True).map(tuple), max_size=4
    ).map(tuple),
    merge_tenants=st.booleans(),
)


@pytest.mark.django_db
@hypothesis_settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EDITIONS, min_size=1, max_size=3))
def test_any_edition_laid_over_any_other_is_read_back_as_it_was_written(editions):
    version = SchemeVersion.objects.get(scheme__code="s002-plain")
    for rules in editions:
        write(version, rules)
        version.save()
        stored = rules_of(SchemeVersion.objects.get(pk=version.pk))
        assert stored == rules
        assert stored.digest == rules.digest == Rules.from_data(rules.as_data()).digest


def spoiled(tmp_path, change):
    """A copy of the fixtures with one scheme changed."""
    shutil.copytree(Path(settings.BASE_DIR) / "fixtures/schemes", tmp_path / "schemes")
    path = tmp_path / "schemes/huangyan-2022.json"
    item = json.loads(path.read_text())
    change(item)
    path.write_text(json.dumps(item))
    return tmp_path


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda item: item["version"]["cohorts"][0]["indicators"][0].update(weight="29"), "权重合计为 99.00"),
        (lambda item: item["version"]["cohorts"][1]["cuts"].pop(), "分档未到 100%"),
        (lambda item: item["version"]["cohorts"][0]["indicators"][0].update(numerator="profit"), "请选择“分子”"),
        (lambda item: item.update(place="999999"), "没有代码为“999999”的地区"),
        (lambda item: item.update(document="S999"), "没有文件“S999”"),
        (lambda item: item.pop("source"), "应恰有"),
        (lambda item: item.update(name="名" * 81), "超过 80 字"),
    ],
)
def test_a_file_that_will_not_do_is_refused_with_its_name_and_writes_nothing(tmp_path, change, said):
    before = list(Scheme.objects.values())
    with pytest.raises(FixtureError, match=said) as refusal:
        fixtures.load_schemes(spoiled(tmp_path, change))
    assert "schemes/huangyan-2022.json" in str(refusal.value)
    assert list(Scheme.objects.values()) == before


@pytest.mark.django_db
def test_a_corrected_file_reaches_a_sample_nobody_has_touched(tmp_path):
    def correct(item):
        item["name"] = "改名的样例"
        item["version"]["cohorts"][0]["indicators"][0]["base"] = "24.1"
        item["version"]["objection_days"] = 5

    assert fixtures.load_schemes(spoiled(tmp_path, correct)).updated == 1
    version = SchemeVersion.objects.get(scheme__code="huangyan-2022")
    assert (version.scheme.name, version.objection_days) == ("改名的样例", 5)
    assert rules_of(version).cohorts[0].indicators[0].base == Decimal("24.1")
