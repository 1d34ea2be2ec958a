"""From the submission to the plot's new planning conditions, and everything that may come in between."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.urls import reverse
from django.utils import timezone, translation

from core.accounts.models import Role
from core.casework.models import Case
from core.casework.services import assessing, deciding, filing
from core.casework.states import State
from core.mapedit.models import Layer, Publication
from core.mapedit.services import reverting
from core.mapedit.states import State as ChangeState
from core.policy.models import Parameter
from core.refusals import Refused, Stale
from landuse.applications.models import PlotRatioApplication, PremiumRoute
from landuse.plots.models import Occupation, PlotVersion
from parks.programmes.models import Membership
from tests import places
from tests.core.casework.cases import bring, fill_papers, set_today
from tests.core.mapedit import drafts, proposals
from tests.landuse.applications import asking
from tests.landuse.applications.asking import World, submitted
from tests.landuse.applications.test_conditions import adopt

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def nanhai() -> World:
    return asking.world()


def merge_away(of: World) -> PlotVersion:
    """The plot's neighbour takes it up, by a published change set; the neighbour's version."""
    lon, lat = places.CORNER[places.NANHAI]
    neighbour = places.plot(500, places.square(lon + 0.005, lat))
    planner, reviewer = (places.account(role, "440600") for role in (Role.PLANNER, Role.REVIEWER))
    merge = proposals.draft(planner, layer="plots", title="合并宗地")
    whole = Polygon.from_bbox((lon + 0.003, lat, lon + 0.007, lat + 0.002))
    drafts.modify(merge, neighbour, MultiPolygon(whole, srid=4490))
    change = merge.changes.get()
    change.origins = [neighbour.plot_id, of.plot.plot_id]
    change.save(update_fields=["origins"])
    drafts.remove(merge, of.plot)
    people = proposals.People(planner, reviewer, of.who.parks)
    proposals.bring(proposals.placed(merge), people, ChangeState.PUBLISHED)
    return neighbour


def publish_location(plot: PlotVersion) -> None:
    """Another publication changes the plot meanwhile."""
    planner, reviewer = (places.account(role, "440600") for role in (Role.PLANNER, Role.REVIEWER))
    change = proposals.draft(planner, layer="plots", title="更正坐落")
    drafts.modify(change, plot, location="示例路 2 号")
    people = proposals.People(planner, reviewer, places.account(Role.PARKS, "440600"))
    proposals.bring(proposals.placed(change), people, ChangeState.PUBLISHED)


class TestRecord:
    def test_a_submission_writes_its_typed_rows(self, nanhai):
        case = submitted(nanhai)
        row = PlotRatioApplication.objects.get(case=case)
        assert (row.plot_id, row.base_version, row.membership) == (
            nanhai.plot.plot_id,
            nanhai.plot,
            nanhai.membership,
        )
        assert (row.plot_ratio, row.density, row.green_ratio, row.height_limit_m) == (Decimal("2.5"), 50, 15, 50)
        assert (row.use_after, row.changes_use) == ("100102", False)
        assert row.premium_route == PremiumRoute.NONE
        assert row.premium_parameter is not None
        assert row.premium_parameter.document_id == "S000"
        assert {area.function for area in row.floor_areas.all()} == {"production", "office", "living"}
        assert (case.number or "").startswith("RJ-")
        assert case.subject_codes == [nanhai.plot.plot_id]
        assert case.title == "容积率调整：示例路 1 号 1.8 → 2.5"

    def test_elsewhere_the_ordinary_route_is_recorded(self):
        sanshui = asking.world(places.SANSHUI)
        row = PlotRatioApplication.objects.get(case=submitted(sanshui))
        assert (row.premium_route, row.premium_parameter) == (PremiumRoute.PRICING, None)

    def test_the_approval_judges_the_premium_anew(self):
        sanshui = asking.world(places.SANSHUI)
        case = bring(asking.draft(sanshui), sanshui.who, State.DECISION)
        adopted = adopt("plot_ratio.premium_supplement_percent", on=TODAY())
        deciding.approve(case_id=case.pk, by=sanshui.who.reviewer, number="三容审〔2026〕1 号")
        row = PlotRatioApplication.objects.get(case=case)
        assert (row.premium_route, row.premium_parameter) == (PremiumRoute.NONE, adopted)

    def test_a_correction_writes_them_anew(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.CORRECTION)
        data = asking.form_values(nanhai, "2.2", height_limit_m="45")
        filing.save_draft(case_id=case.pk, by=nanhai.who.applicant, revision=case.revision, data=data)
        filing.correct(case_id=case.pk, by=nanhai.who.applicant)
        row = PlotRatioApplication.objects.get(case=case)
        assert (row.plot_ratio, row.height_limit_m) == (Decimal("2.2"), 45)
        assert row.floor_areas.count() == 3

    def test_staff_file_on_an_enterprises_behalf(self, nanhai):
        case = asking.draft(nanhai, by=nanhai.who.parks)
        assert case.on_behalf
        case = bring(case, nanhai.who, State.SUBMITTED, by=nanhai.who.parks)
        assert PlotRatioApplication.objects.filter(case=case).exists()

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"plot_ratio": "0"}, "容积率须大于 0"),
            ({"plot_ratio": "-1"}, "容积率须大于 0"),
            ({"plot_ratio": "20.001"}, "容积率不得超过 20"),
            ({"plot_ratio": "1000000000"}, "容积率不得超过 20"),
            ({"plot_ratio": "1e9"}, "不是数字"),
            ({"plot_ratio": "2.5001"}, "最多 3 位小数"),
            ({"density": "101"}, "建筑密度不得超过 100 %"),
            ({"height_limit_m": "1000000000"}, "建筑限高不得超过 500 m"),
            ({"green_ratio": "-1"}, "绿地率不得为负"),
            ({"floor_office_after": "-0.01"}, "不得为负"),
            ({"floor_office_after": "1000000000"}, "不得超过 10,000,000 m²"),
            ({"plot": ""}, "请选择宗地"),
            ({"plot": "440605001001GB99999"}, "所选宗地不在册，或不是本企业自有"),
            ({"use_after": "0101"}, "没有这种土地用途"),
            ({"reason": " "}, "请填写项目说明"),
        ],
    )
    def test_bad_input_is_told_in_a_sentence_and_nothing_is_recorded(self, nanhai, given, sentence):
        case = asking.draft(nanhai, **given)
        fill_papers(case, nanhai.who.applicant)
        with pytest.raises(Refused, match=sentence):
            filing.submit(case_id=case.pk, by=nanhai.who.applicant)
        assert not PlotRatioApplication.objects.exists()

    def test_full_width_digits_and_separators_are_numbers(self, nanhai):
        total = Decimal("2.5") * Decimal(str(nanhai.plot.area_m2))
        given = {"floor_office_after": "", "floor_living_after": "", "floor_production_after": f"{total:,.2f}"}
        case = submitted(nanhai, **given, plot_ratio="２．５")
        row = PlotRatioApplication.objects.get(case=case)
        assert (row.plot_ratio, row.floor_areas.get().after_m2) == (Decimal("2.5"), round(total, 2))

    def test_another_enterprises_plot_is_not_asked_for(self, nanhai):
        other = places.plot(2)
        asking.own(other, places.enterprise(2))
        case = asking.draft(nanhai, plot=other.plot_id)
        fill_papers(case, nanhai.who.applicant)
        with pytest.raises(Refused, match="不是本企业自有"):
            filing.submit(case_id=case.pk, by=nanhai.who.applicant)

    def test_a_plot_code_nobody_knows_leaves_the_case_where_it_is(self, nanhai):
        case = asking.draft(nanhai, plot="999999001001GB00001")
        assert (case.district_id, case.subject_codes) == (places.NANHAI, [])

    def test_an_expired_membership_is_not_submitted(self, nanhai):
        case = asking.draft(nanhai)
        fill_papers(case, nanhai.who.applicant)
        Membership.objects.update(valid_to=TODAY())
        with pytest.raises(Refused, match="所选成员资格已失效"):
            filing.submit(case_id=case.pk, by=nanhai.who.applicant)

    def test_too_much_ancillary_floor_area_is_not_submitted_once_the_cap_is_adopted(self, nanhai):
        given = asking.floors(nanhai.plot, office="15.01")
        case = asking.draft(nanhai, floor_living_after="", **given)
        fill_papers(case, nanhai.who.applicant)
        adopt("plot_ratio.ancillary_max_percent")
        with pytest.raises(Refused, match="超过 15 %"):
            filing.submit(case_id=case.pk, by=nanhai.who.applicant)

    def test_a_second_case_on_the_plot_is_not_submitted(self, nanhai):
        first, second = submitted(nanhai), asking.draft(nanhai)
        fill_papers(second, nanhai.who.applicant)
        with pytest.raises(Refused, match=first.number or "RJ"):
            filing.submit(case_id=second.pk, by=nanhai.who.applicant)


class TestEffect:
    def test_the_decision_becomes_the_plots_planning_conditions(self, nanhai):
        before = Layer.objects.get(name="plots").revision
        case = bring(asking.draft(nanhai), nanhai.who, State.EFFECTIVE)
        now = PlotVersion.objects.get(plot=nanhai.plot.plot_id, valid_to=None)
        assert (now.plot_ratio_planned, now.density_planned, now.green_ratio_planned, now.height_limit_m) == (
            Decimal("2.5"),
            50,
            15,
            50,
        )
        assert (now.use_code, now.plot_ratio_built, now.location) == ("100102", Decimal("1.2"), "示例路 1 号")
        assert now.geom.equals_exact(nanhai.plot.geom)
        publication = now.publication
        assert (publication.document_number, publication.title) == ("示例〔2026〕1 号", "容积率调整：示例路 1 号")
        assert case.number in publication.reason
        assert publication.published_by == nanhai.who.reviewer
        row = PlotRatioApplication.objects.get(case=case)
        assert row.publication == publication
        assert Layer.objects.get(name="plots").revision > before
        # Yesterday's map still shows what held yesterday.
        old = PlotVersion.objects.in_force_on(TODAY() - dt.timedelta(days=1)).get(plot=nanhai.plot.plot_id)
        assert old.plot_ratio_planned == Decimal("1.8")

    def test_a_changed_use_becomes_the_plots_use(self, nanhai):
        bring(asking.draft(nanhai, use_after="100101"), nanhai.who, State.EFFECTIVE)
        assert PlotVersion.objects.get(plot=nanhai.plot.plot_id, valid_to=None).use_code == "100101"

    def test_the_history_of_the_plot_shows_the_decision(self, nanhai, client):
        bring(asking.draft(nanhai), nanhai.who, State.EFFECTIVE)
        client.force_login(nanhai.who.planner)
        page = client.get(reverse("mapedit:feature_history", args=["plots", nanhai.plot.plot_id])).content.decode()
        assert "示例〔2026〕1 号" in page
        assert "容积率调整：示例路 1 号" in page

    def test_tiles_of_the_plots_are_drawn_anew(self, nanhai, client):
        client.force_login(nanhai.who.planner)
        url = "/tiles/plots/14/13334/7113.mvt"
        tag = client.get(url).headers["ETag"]
        assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
        bring(asking.draft(nanhai), nanhai.who, State.EFFECTIVE)
        assert client.get(url, headers={"If-None-Match": tag}).status_code == 200

    def test_without_a_decision_number_the_cases_own_stands(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.DECISION)
        deciding.approve(case_id=case.pk, by=nanhai.who.reviewer)
        deciding.take_effect(case_id=case.pk, by=nanhai.who.reviewer)
        assert Publication.objects.order_by("-pk")[0].document_number == case.number

    def test_what_a_decision_published_is_taken_back_by_a_decision_only(self, nanhai):
        bring(asking.draft(nanhai), nanhai.who, State.EFFECTIVE)
        publication = PlotRatioApplication.objects.get().publication
        assert publication is not None
        with pytest.raises(Refused, match="办件决定"):
            reverting.revert(publication_id=publication.pk, by=nanhai.who.planner)

    def test_a_plot_changed_after_the_approval_is_not_overwritten(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.NOTICE)
        publish_location(nanhai.plot)
        with pytest.raises(Stale, match="已由另一次发布改变"):
            deciding.take_effect(case_id=case.pk, by=nanhai.who.reviewer)
        case = Case.objects.get(pk=case.pk)
        assert case.state == State.NOTICE
        now = PlotVersion.objects.get(plot=nanhai.plot.plot_id, valid_to=None)
        assert (now.location, now.plot_ratio_planned) == ("示例路 2 号", Decimal("1.8"))

    def test_the_way_out_is_to_decide_again_and_return_it(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.NOTICE)
        publish_location(nanhai.plot)
        reviewer, applicant = nanhai.who.reviewer, nanhai.who.applicant
        deciding.reconsider(case_id=case.pk, by=reviewer, text="宗地版本已变")
        with pytest.raises(Refused, match="更正坐落"):
            deciding.approve(case_id=case.pk, by=reviewer)
        deciding.return_to_applicant(case_id=case.pk, by=reviewer, text="请按现行版本重新提交")
        filing.submit(case_id=case.pk, by=applicant)
        case = Case.objects.get(pk=case.pk)
        assert PlotRatioApplication.objects.get(case=case).base_version.location == "示例路 2 号"

    def test_a_plot_merged_away_says_into_which_plot(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.NOTICE)
        neighbour = merge_away(nanhai)
        with pytest.raises(Stale, match=f"现为 {neighbour.plot_id}"):
            deciding.take_effect(case_id=case.pk, by=nanhai.who.reviewer)
        assert Case.objects.get(pk=case.pk).state == State.NOTICE

    def test_a_plot_merged_away_before_the_decision_is_not_approved(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.DECISION)
        neighbour = merge_away(nanhai)
        with pytest.raises(Refused, match=f"已不在册，现为 {neighbour.plot_id}") as refused:
            deciding.approve(case_id=case.pk, by=nanhai.who.reviewer)
        assert refused.value.findings

    def test_a_plot_merged_away_while_the_form_is_written(self, nanhai):
        case = asking.draft(nanhai)
        neighbour = merge_away(nanhai)
        row = next(row for row in assessing.assess(case) if row.rule == "PR-1.plot")
        assert row.blocks
        assert neighbour.plot_id in row.message

    def test_an_ended_membership_stops_the_approval(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.DECISION)
        Membership.objects.update(valid_to=TODAY())
        with pytest.raises(Refused, match="终止"):
            deciding.approve(case_id=case.pk, by=nanhai.who.reviewer)

    def test_a_case_withdrawn_during_the_notice_changes_nothing(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.NOTICE)
        count = Publication.objects.count()
        filing.withdraw(case_id=case.pk, by=nanhai.who.applicant)
        assert Publication.objects.count() == count
        # The plot is free for another application.
        assert submitted(nanhai).number

    def test_a_sold_plot_is_not_approved(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.DECISION)
        Occupation.objects.update(valid_to=TODAY())
        with pytest.raises(Refused, match="不是本企业自有"):
            deciding.approve(case_id=case.pk, by=nanhai.who.reviewer)


class TestReplay:
    def test_a_fresh_submission_replays_to_the_same(self, nanhai):
        assert assessing.replay(submitted(nanhai)).same

    def test_a_reader_of_english_replays_the_same(self, nanhai):
        case = submitted(nanhai)
        with translation.override("en"):
            assert assessing.replay(case).same

    def test_what_is_kept_is_in_the_citys_language_whoever_submits_and_decides(self, nanhai):
        with translation.override("en"):
            case = bring(asking.draft(nanhai), nanhai.who, State.EFFECTIVE)
        kept = [row["message"] for row in (*case.evidence["findings"], *case.decision_evidence["findings"])]
        publication = PlotRatioApplication.objects.get(case=case).publication
        kept += [case.title, publication.title, publication.reason, *case.notifications.values_list("text", flat=True)]
        assert [text for text in kept if not re.search("[\u4e00-\u9fff]", text)] == []

    def test_parameters_adopted_and_ended_later_change_nothing_of_the_past(self, nanhai):
        case = submitted(nanhai, **asking.floors(nanhai.plot, office=40), floor_living_after="")
        # Everything below is in force from tomorrow on; the replay is of the day of the submission.
        tomorrow = TODAY() + dt.timedelta(days=1)
        for key in ("plot_ratio.ancillary_max_percent", "plot_ratio.science_compatible_max_percent"):
            adopt(key, on=tomorrow)
        Parameter.objects.filter(key__startswith="plot_ratio.", status="binding").update(valid_to=tomorrow)
        replay = assessing.replay(case)
        assert replay.same
        # The parameters did change: the next day's answer is another one.
        later = {row.rule: row.state for row in assessing.assess(case, tomorrow)}
        assert (later["PR-5.ancillary"], later["PR-1.premium"]) == ("unmet", "noted")

    def test_an_effect_on_the_same_day_changes_nothing_of_it(self, nanhai):
        assert assessing.replay(bring(asking.draft(nanhai), nanhai.who, State.EFFECTIVE)).same

    def test_another_case_opened_and_closed_later_changes_nothing(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.REFUSED)
        bring(asking.draft(nanhai), nanhai.who, State.SUBMITTED)
        assert assessing.replay(case).same

    def test_a_case_that_was_refused_before_and_appealed_since_was_closed_then(self, nanhai):
        first = bring(asking.draft(nanhai), nanhai.who, State.REFUSED)
        second = submitted(nanhai)
        filing.appeal(case_id=first.pk, by=nanhai.who.applicant, text="测算有误")
        assert assessing.replay(second).same

    def test_a_plot_merged_the_day_after_changes_nothing_of_the_day_before(self, nanhai, monkeypatch):
        case = submitted(nanhai)
        set_today(monkeypatch, TODAY() + dt.timedelta(days=1))
        merge_away(nanhai)
        assert assessing.replay(case).same
        assert next(row for row in assessing.assess(case) if row.rule == "PR-1.plot").state == "unmet"
