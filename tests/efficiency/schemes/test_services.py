"""Writing and approving schemes: who may, from where, and what the database holds whoever asks."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from core.accounts.models import CITY_CODE, Role
from core.refusals import NotAllowed, Refused, Stale
from efficiency.schemes import perms
from efficiency.schemes.models import ClassCut, ClassMeasure, Indicator, Scheme, SchemeVersion, VersionState
from efficiency.schemes.rules import rules_of
from efficiency.schemes.services import approving, drafting, measures
from tests import places, races
from tests.efficiency.schemes import drafts

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> drafts.People:
    return drafts.people()


def refused(sql: str, values: list[object], match: str) -> None:
    """The database itself does not take the statement."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


# ── writing ──────────────────────────────────────────────────────────────────


def test_a_save_writes_what_changed_and_nothing_else(who):
    version = drafts.sample()
    events = Indicator.pgh_event_model.objects.filter(pgh_label="update").count()
    saved = drafts.change(version, who.monitor, weight="29.5")
    assert (saved.revision, saved.author) == (1, who.monitor)
    assert rules_of(saved).cohorts[0].weight == 99.5
    assert Indicator.pgh_event_model.objects.filter(pgh_label="update").count() == events + 1
    again = drafting.save(by=who.parks, version_id=saved.pk, revision=1, data=drafts.stated(saved))
    assert (again.version.revision, again.version.author) == (1, who.monitor)
    assert [fault.sentence for fault in again.unfinished] == ["“规上企业”的权重合计为 99.50，应为 100。"]


def test_indicators_and_cuts_can_be_added_moved_and_taken_away(who):
    version = drafts.sample()
    data = drafts.stated(version)
    first = data["cohorts"][0]
    first["indicators"] = [first["indicators"][3], first["indicators"][0], {**first["indicators"][1], "name": "新增"}]
    first["cuts"] = [{"grade": "A", "up_to_percent": "70"}, {"grade": "D", "up_to_percent": "100"}]
    data["cohorts"].append({**data["cohorts"][1], "name": "第三组"})
    rules = rules_of(drafting.save(by=who.monitor, version_id=version.pk, revision=0, data=data).version)
    assert [item.name for item in rules.cohorts[0].indicators] == ["单位排放增加值", "亩均税收", "新增"]
    assert [(cut.grade, cut.up_to_percent) for cut in rules.cohorts[0].cuts] == [("A", 70), ("D", 100)]
    assert [cohort.name for cohort in rules.cohorts] == ["规上企业", "规下企业", "第三组"]
    data["cohorts"] = data["cohorts"][2:]
    rules = rules_of(drafting.save(by=who.monitor, version_id=version.pk, revision=1, data=data).version)
    assert [cohort.name for cohort in rules.cohorts] == ["第三组"]
    assert Indicator.objects.filter(cohort__version=version).count() == 2


def test_a_field_that_will_not_do_leaves_everything_as_it_was(who):
    version = drafts.sample()
    before = rules_of(version)
    with pytest.raises(Refused, match="请填写“基准值”") as refusal:
        drafts.change(version, who.monitor, base="")
    assert refusal.value.findings[0].path == "cohorts.0.indicators.0.base"
    data = drafts.stated(version)
    data["cohorts"][0]["industries"] = [places.enterprise().industry_id, "ZZ"]
    with pytest.raises(Refused, match="没有代码“ZZ”"):
        drafting.save(by=who.monitor, version_id=version.pk, revision=0, data=data)
    assert rules_of(SchemeVersion.objects.get(pk=version.pk)) == before


def test_a_version_begins_as_a_copy_and_one_at_a_time(who):
    first = drafts.bring(drafts.sample(), who, "approved")
    second = drafting.new_version(by=who.monitor, scheme=drafts.SAMPLE, copy_of=first.pk)
    assert (second.number, second.state, second.author) == (2, "draft", who.monitor)
    assert rules_of(second) == rules_of(first)
    with pytest.raises(Refused, match="一次只编制一版"):
        drafting.new_version(by=who.parks, scheme=drafts.SAMPLE, copy_of=first.pk)
    drafting.discard(by=who.parks, version_id=second.pk)
    assert list(Scheme.objects.get(code=drafts.SAMPLE).versions.values_list("number", flat=True)) == [1]


def test_the_only_version_of_a_sample_stays_and_a_scheme_goes_with_its_only_draft(who):
    with pytest.raises(Refused, match="样例只有这一版"):
        drafting.discard(by=who.monitor, version_id=drafts.sample().pk)
    made = drafting.new_scheme(by=who.parks, name="佛山市亩均评价", copy_of=drafts.sample().pk)
    drafting.discard(by=who.monitor, version_id=made.pk)
    assert not Scheme.objects.filter(name="佛山市亩均评价").exists()


def test_a_new_scheme_is_no_sample_and_its_name_is_its_own(who):
    version = drafting.new_scheme(by=who.parks, name="佛山市亩均评价", document="S002", copy_of=drafts.sample().pk)
    assert version.scheme.is_sample is False
    assert version.scheme.code == f"scheme-{version.scheme_id}"
    assert rules_of(version) == rules_of(drafts.sample())
    with pytest.raises(Refused, match="已有名为"):
        drafting.new_scheme(by=who.parks, name="佛山市亩均评价", copy_of=drafts.sample().pk)


# ── weights, cuts, approval ──────────────────────────────────────────────────


def test_weights_of_99_are_refused_by_the_service_and_by_the_database_in_the_same_words(who):
    version = drafts.change(drafts.sample(), who.monitor, weight="29")
    with pytest.raises(Refused, match="“规上企业”的权重合计为 99.00，应为 100"):
        approving.submit(by=who.monitor, version_id=version.pk)
    sql = "UPDATE schemes_schemeversion SET state = 'submitted' WHERE id = %s"
    refused(sql, [version.pk], "“规上企业”的权重合计为 99.00，应为 100")


def test_cuts_that_stop_short_are_refused_by_the_service_and_by_the_database(who):
    version = drafts.sample()
    ClassCut.objects.filter(cohort__version=version, cohort__name="规下企业", grade="D").update(up_to_percent=99)
    with pytest.raises(Refused, match="“规下企业”的分档未到 100%"):
        approving.submit(by=who.monitor, version_id=version.pk)
    sql = "UPDATE schemes_schemeversion SET state = 'submitted' WHERE id = %s"
    refused(sql, [version.pk], "“规下企业”的分档未到 100%")


def test_a_version_without_cohorts_is_refused_by_the_database(who):
    version = drafts.sample()
    version.cohorts.all().delete()
    sql = "UPDATE schemes_schemeversion SET state = 'submitted' WHERE id = %s"
    refused(sql, [version.pk], "至少要有一个评价组")


@pytest.mark.parametrize("state", ["submitted", "approved", "retired"])
def test_nothing_of_a_submitted_or_approved_version_changes_by_raw_sql(who, state):
    version = drafts.bring(drafts.sample(), who, state)
    for sql in (
        "DELETE FROM schemes_indicator WHERE cohort_id IN (SELECT id FROM schemes_cohort WHERE version_id = %s)",
        "UPDATE schemes_indicator i SET weight = 1 FROM schemes_cohort c WHERE c.id = cohort_id AND version_id = %s",
        "DELETE FROM schemes_classcut WHERE cohort_id IN (SELECT id FROM schemes_cohort WHERE version_id = %s)",
        "UPDATE schemes_cohort SET name = '改' WHERE version_id = %s",
        'INSERT INTO schemes_cohort (version_id, "order", name, sizes, industries, not_industries, land_basis)'
        " VALUES (%s, 9, '新', '{}', '{}', '{}', 'actual')",
    ):
        refused(sql, [version.pk], "内容不可修改")
    if state != "submitted":
        sql = "UPDATE schemes_schemeversion SET objection_days = 9 WHERE id = %s"
        refused(sql, [version.pk], "已批准的评价办法不可修改")
        refused("DELETE FROM schemes_schemeversion WHERE id = %s", [version.pk], "已批准的评价办法不可修改")


def test_whoever_wrote_any_of_a_version_does_not_approve_it(who):
    version = drafts.change(drafts.sample(), who.parks, cap="2")
    version = drafts.change(version, who.monitor, cap="3")
    version = approving.submit(by=who.monitor, version_id=version.pk)
    assert not perms.decides(who.parks, version)
    with pytest.raises(NotAllowed, match="未参与编制"):
        approving.approve(by=who.parks, version_id=version.pk, approval="示例〔2026〕1 号")
    sql = "UPDATE schemes_schemeversion SET state = 'approved', approved_by_id = %s, approved_at = now() WHERE id = %s"
    refused(sql, [who.parks.pk, version.pk], "编制过本版的人不得批准它")
    refused(sql, [who.monitor.pk, version.pk], "不得批准")
    approved = approving.approve(by=who.colleague, version_id=version.pk, approval="示例〔2026〕1 号")
    assert (approved.state, approved.approved_by) == ("approved", who.colleague)


def test_an_approval_names_its_document_and_a_return_its_reason(who):
    version = drafts.bring(drafts.sample(), who, "submitted")
    with pytest.raises(Refused, match="批准文号"):
        approving.approve(by=who.parks, version_id=version.pk, approval=" ")
    with pytest.raises(Refused, match="需要修改之处"):
        approving.send_back(by=who.parks, version_id=version.pk, remark="")
    assert SchemeVersion.objects.get(pk=version.pk).state == "submitted"


def test_a_version_sent_back_is_corrected_and_submitted_again(who):
    version = drafts.bring(drafts.sample(), who, "returned")
    version = drafts.change(version, who.monitor, cap="1.5")
    version = approving.submit(by=who.monitor, version_id=version.pk)
    assert approving.take_back(by=who.monitor, version_id=version.pk).state == "draft"


def test_submitting_what_was_changed_after_it_was_read_is_refused(who):
    version = drafts.change(drafts.sample(), who.monitor, cap="1.5")
    with pytest.raises(Stale):
        approving.submit(by=who.monitor, version_id=version.pk, revision=0)


# ── who × state ──────────────────────────────────────────────────────────────

ROLES = [(role, place) for role in Role for place in (CITY_CODE, places.NANHAI) if role != Role.ENTERPRISE]
WRITERS = {(Role.MONITOR, CITY_CODE), (Role.PARKS, CITY_CODE)}
DECIDERS = {(Role.PARKS, CITY_CODE)}
ACTS = {
    "save": ({"draft", "returned"}, WRITERS),
    "submit": ({"draft", "returned"}, WRITERS),
    "discard": ({"draft", "returned"}, WRITERS),
    "approve": ({"submitted"}, DECIDERS),
    "send_back": ({"submitted"}, DECIDERS),
    "retire": ({"approved"}, DECIDERS),
    "take_back": (set(), set()),  # only who submitted it
}


def act(name: str, version: SchemeVersion, by) -> None:
    extra = {
        "save": {"revision": version.revision, "data": drafts.stated(version)},
        "approve": {"approval": "示例〔2026〕1 号"},
        "send_back": {"remark": "补充说明"},
    }.get(name, {})
    getattr(drafting if name in ("save", "discard") else approving, name)(by=by, version_id=version.pk, **extra)


@pytest.mark.parametrize("state", list(VersionState))
def test_every_role_place_and_state_is_let_through_only_where_the_rule_says(who, state):
    Scheme.objects.update(is_sample=False)
    version = drafts.bring(drafts.sample(), who, state)
    accounts = {
        (role, place): who.colleague if (role, place) == (Role.PARKS, CITY_CODE) else places.account(role, place)
        for role, place in ROLES
        if (role, place) != (Role.MONITOR, CITY_CODE)
    }
    accounts[Role.MONITOR, CITY_CODE] = who.monitor
    accounts[Role.ENTERPRISE, ""] = places.account(Role.ENTERPRISE)
    for name, (states, allowed) in ACTS.items():
        for (role, place), account in accounts.items():
            may = state in states and (role, place) in allowed
            if name == "take_back":
                may = state == "submitted" and account == who.monitor
            with transaction.atomic():
                if may:
                    act(name, version, account)
                else:
                    with pytest.raises(NotAllowed):
                        act(name, version, account)
                transaction.set_rollback(True)


def test_versions_under_way_are_read_by_land_roles_alone(who):
    version = drafts.sample()
    firm = places.account(Role.ENTERPRISE)
    rows = SchemeVersion.objects
    assert not rows.visible_to(firm).exists()
    assert not rows.visible_to(places.account(Role.SYSADMIN, CITY_CODE)).exists()
    assert rows.visible_to(places.account(Role.HEAD, places.NANHAI)).filter(pk=version.pk).exists()
    drafts.bring(version, who, "approved")
    assert list(rows.visible_to(firm)) == [version]


# ── measures ─────────────────────────────────────────────────────────────────

MEASURE = {"grade": "A", "field": "用电", "text": "示例措施", "source": "产品样例", "status": "sample", "order": 9}


def test_measures_are_kept_by_park_officers_of_the_city(who):
    for account in (who.monitor, places.account(Role.PARKS, places.NANHAI), places.account(Role.ENTERPRISE)):
        with pytest.raises(NotAllowed):
            measures.save_measure(by=account, **MEASURE)
    kept = measures.save_measure(by=who.parks, **MEASURE)
    with pytest.raises(Refused, match="已有同样的措施"):
        measures.save_measure(by=who.parks, **MEASURE)
    changed = measures.save_measure(by=who.parks, measure_id=kept.pk, revision=1, **{**MEASURE, "grade": "B"})
    with pytest.raises(Stale):
        measures.save_measure(by=who.colleague, measure_id=kept.pk, revision=1, **MEASURE)
    with pytest.raises(Stale):
        measures.remove_measure(by=who.colleague, measure_id=kept.pk, revision=1)
    measures.remove_measure(by=who.colleague, measure_id=kept.pk, revision=changed.revision)
    for field in ("field", "text", "source"):
        with pytest.raises(Refused):
            measures.save_measure(by=who.parks, **{**MEASURE, field: " "})
    with pytest.raises(Refused):
        measures.save_measure(by=who.parks, **{**MEASURE, "status": "adopted"})


def test_a_measure_without_a_source_is_refused_by_the_database():
    refused("UPDATE schemes_classmeasure SET source = ''", [], "says_what_and_where")


def test_a_sample_measure_that_was_removed_does_not_come_back(who):
    from django.core.management import call_command

    first, second = ClassMeasure.objects.all()[:2]
    measures.remove_measure(by=who.parks, measure_id=first.pk, revision=0)
    ClassMeasure.objects.filter(pk=second.pk).update(source="改写", revision=1)
    count = ClassMeasure.objects.count()
    call_command("load_fixtures", verbosity=0)
    assert ClassMeasure.objects.count() == count
    assert ClassMeasure.objects.get(pk=second.pk).source == "改写"


# ── at once ──────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told_to_look_again():
    who, version = drafts.people(), drafts.sample()
    data = drafts.stated(version)

    def saving(by, cap):
        stated = drafts.stated(version)
        stated["cohorts"][0]["indicators"][0]["cap"] = cap
        return lambda: drafting.save(by=by, version_id=version.pk, revision=0, data=stated)

    results = races.at_once([saving(who.monitor, "1.5"), saving(who.parks, "2")])
    assert [isinstance(result, Stale) for result in results].count(True) == 1
    kept = SchemeVersion.objects.get(pk=version.pk)
    assert kept.revision == 1
    assert rules_of(kept).cohorts[0].indicators[0].cap == (1.5 if kept.author == who.monitor else 2)
    assert data["cohorts"][0]["indicators"][0]["cap"] is None


@pytest.mark.django_db(transaction=True)
def test_an_approval_and_a_return_at_once_do_not_both_happen():
    who = drafts.people()
    version = drafts.bring(drafts.sample(), who, "submitted")
    results = races.at_once(
        [
            lambda: approving.approve(by=who.parks, version_id=version.pk, approval="示例〔2026〕1 号"),
            lambda: approving.send_back(by=who.colleague, version_id=version.pk, remark="再核"),
        ]
    )
    assert [isinstance(result, NotAllowed) for result in results].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_new_versions_at_once_one_is_refused():
    who = drafts.people()
    version = drafts.bring(drafts.sample(), who, "approved")
    results = races.at_once(
        [
            lambda: drafting.new_version(by=who.monitor, scheme=drafts.SAMPLE, copy_of=version.pk),
            lambda: drafting.new_version(by=who.parks, scheme=drafts.SAMPLE, copy_of=version.pk),
        ]
    )
    assert [isinstance(result, Refused) for result in results].count(True) == 1
