"""Who may have a higher plot ratio, and why not: every condition met, unmet and unknown, with its source."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding
from core.casework.models import Case
from core.casework.services import assessing, filing
from core.casework.states import State
from core.policy.models import Parameter
from core.policy.services import adopt_parameter
from landuse.applications import KIND, standing
from landuse.controls.models import Control, ControlVersion
from landuse.plots.models import Occupation
from parks.programmes.models import Membership
from tests import places
from tests.core.casework.cases import bring
from tests.landuse.applications import asking
from tests.landuse.applications.asking import World

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def nanhai() -> World:
    return asking.world()


def found(case: Case, rule: str, on: dt.date | None = None) -> Finding:
    """The finding of a rule."""
    (row,) = [row for row in assessing.assess(case, on) if row.rule == rule]
    return row


def adopt(key: str, **given: Any) -> Parameter:
    """Put the peer city's figure in force in the whole city since 2023."""
    return adopt_parameter(
        reference=Parameter.objects.get(key=key, status="reference"),
        by=User.objects.filter(username=f"planner-{CITY_CODE}").first() or places.account(Role.PLANNER, CITY_CODE),
        decision="示例纪要〔2023〕1 号",
        **{"on": asking.SINCE, **given},
    )


def control(kind: str, geom: Any) -> None:
    ControlVersion.objects.create(
        control=Control.objects.create(code=f"KZ-{kind.upper()}"),
        kind=kind,
        name=f"示例{kind}",
        district_id=places.NANHAI,
        geom=geom,
        valid_from=places.START,
        publication=places.publication("controls"),
    )


def test_an_applicant_in_order_has_nothing_in_its_way(nanhai):
    findings = assessing.assess(asking.draft(nanhai))
    assert [row for row in findings if row.blocks] == []
    assert {row.rule for row in findings if row.state == UNMET} == set()
    assert len({row.rule for row in findings}) == len(findings)


def test_an_empty_form_is_unknown_and_never_fails(nanhai):
    case = filing.open_case(kind=KIND, by=nanhai.who.applicant)
    findings = assessing.assess(case)
    assert {row.state for row in findings} <= {UNKNOWN, NOTED, MET}
    assert found(case, "PR-1.plot").blocks


@pytest.mark.parametrize(
    "data",
    [
        {"plot": "x" * 5000},
        {"plot_ratio": "NaN", "density": "Infinity", "height_limit_m": "1e9"},
        {"membership": "99999999999999999999999"},
        {"floor_office_after": "-5", "floor_living_after": "一百"},
        {"plot": ["440605001001GB00001"], "plot_ratio": {"a": 1}},
    ],
)
def test_nonsense_is_judged_without_an_error(nanhai, data):
    case = asking.draft(nanhai, **data)
    assert assessing.assess(case)


class TestPlot:
    def test_its_own_plot_in_force(self, nanhai):
        assert found(asking.draft(nanhai), "PR-1.plot").state == MET

    def test_a_tenant_does_not_own(self, nanhai):
        Occupation.objects.update(kind="tenant")
        row = found(asking.draft(nanhai), "PR-1.plot")
        assert (row.state, row.blocks) == (UNMET, True)
        assert "不是本企业自有" in row.message

    def test_an_ended_ownership_counts_until_its_last_day(self, nanhai):
        case = asking.draft(nanhai)
        Occupation.objects.update(valid_to=TODAY())
        assert found(case, "PR-1.plot").state == UNMET
        assert found(case, "PR-1.plot", TODAY() - dt.timedelta(days=1)).state == MET

    def test_another_open_case_on_the_plot(self, nanhai):
        first = bring(asking.draft(nanhai), nanhai.who, State.SUBMITTED)
        second = asking.draft(nanhai)
        row = found(second, "PR-1.other_case")
        assert (row.state, row.blocks) == (UNMET, True)
        assert first.number in row.message
        # The first is not stopped by who came later, and nothing is once it is closed.
        assert found(first, "PR-1.other_case").state == MET
        filing.withdraw(case_id=first.pk, by=nanhai.who.applicant)
        assert found(second, "PR-1.other_case").state == MET


class TestMembership:
    def test_in_force_today(self, nanhai):
        row = found(asking.draft(nanhai), "PR-1.membership")
        assert row.state == MET
        assert "专精特新" in row.message
        assert row.source is not None
        assert row.source.document == "S000"

    def test_expired(self, nanhai):
        case = asking.draft(nanhai)
        Membership.objects.update(valid_to=TODAY())
        row = found(case, "PR-1.membership")
        assert (row.state, row.blocks) == (UNMET, True)
        assert f"已于 {TODAY().isoformat()} 终止" in row.message
        assert "工信部门" in row.advice
        # The day before it still was one.
        assert found(case, "PR-1.membership", TODAY() - dt.timedelta(days=1)).state == MET

    def test_not_yet(self, nanhai):
        Membership.objects.update(valid_to=TODAY())
        coming = asking.member(nanhai.enterprise, valid_from=TODAY() + dt.timedelta(days=1))
        assert "才有效" in found(asking.draft(nanhai, membership=str(coming.pk)), "PR-1.membership").message

    def test_of_another_enterprise(self, nanhai):
        other = asking.member(places.enterprise(9))
        row = found(asking.draft(nanhai, membership=str(other.pk)), "PR-1.membership")
        assert (row.state, row.message) == (UNMET, "所选成员资格不属于本企业。")

    def test_none_chosen_and_none_there(self, nanhai):
        case = asking.draft(nanhai, membership="")
        assert found(case, "PR-1.membership").state == UNKNOWN
        Membership.objects.update(valid_to=TODAY())
        row = found(case, "PR-1.membership")
        assert (row.state, row.message) == (UNMET, "本企业今天不是任何培育计划的成员。")


class TestPlans:
    def test_a_line_nobody_imported_is_not_judged(self, nanhai):
        case = asking.draft(nanhai)
        for rule in ("PR-1.farmland", "PR-1.ecology", "PR-1.urban"):
            row = found(case, rule)
            assert (row.state, row.blocks) == (UNKNOWN, False)
            assert "尚未导入" in row.message

    def test_farmland_taken_up(self, nanhai):
        control("farmland", places.square(113.004, 23.05, 0.002))
        row = found(asking.draft(nanhai), "PR-1.farmland")
        assert (row.state, row.blocks) == (UNMET, True)
        assert row.measured is not None
        assert row.measured == pytest.approx(Decimal(str(nanhai.plot.area_m2)) / 2, rel=Decimal("0.01"))

    def test_farmland_elsewhere(self, nanhai):
        control("farmland", places.square(113.05, 23.06))
        assert found(asking.draft(nanhai), "PR-1.farmland").state == MET

    def test_what_touches_does_not_overlap(self, nanhai):
        control("ecology", places.square(113.005, 23.05))
        assert found(asking.draft(nanhai), "PR-1.ecology").state == MET

    def test_inside_and_outside_the_boundary(self, nanhai):
        control("urban", places.square(112.99, 23.04, 0.03))
        assert found(asking.draft(nanhai), "PR-1.urban").state == MET
        ControlVersion.objects.update(valid_to=TODAY())
        assert found(asking.draft(nanhai), "PR-1.urban").state == UNKNOWN

    def test_wholly_outside_a_boundary_drawn_elsewhere(self, nanhai):
        control("urban", places.square(113.05, 23.06))
        row = found(asking.draft(nanhai), "PR-1.urban")
        assert row.state == UNMET
        assert row.measured == pytest.approx(Decimal(str(nanhai.plot.area_m2)))

    def test_red_line_and_zone_are_told_not_judged(self, nanhai):
        places.tract("NH-1", places.square(113.002, 23.049, 0.002))
        places.zone("FS-NH-01", places.square(112.99, 23.04, 0.03))
        row = found(asking.draft(nanhai), "RL-6.place")
        assert row.state == NOTED
        assert "FS-NH-01 示例集聚区" in row.message


class TestUse:
    def test_unchanged(self, nanhai):
        assert found(asking.draft(nanhai), "PR-1.use").state == MET
        assert found(asking.draft(nanhai, use_after="100102"), "PR-1.use").state == MET

    def test_changed_goes_on_by_the_ordinary_route(self, nanhai):
        case = asking.draft(nanhai, use_after="110102")
        row = found(case, "PR-1.use")
        assert (row.state, row.blocks) == (UNMET, False)
        assert found(case, "PR-1.premium").state == NOTED


class TestStanding:
    @pytest.fixture
    def registers(self, monkeypatch):
        for name in ("_breaches", "_idle"):
            monkeypatch.setattr(standing, name, {})
        return standing

    def test_with_no_register_it_says_that_none_was_asked(self, nanhai, registers):
        row = found(asking.draft(nanhai), "PR-1.breach")
        assert (row.state, row.blocks) == (UNKNOWN, False)
        assert "尚未接入" in row.message

    def test_an_open_breach_and_an_idle_finding_stand_in_the_way(self, nanhai, registers):
        asked: list[tuple[str, str, dt.date]] = []

        def open_on(*key: Any) -> list[standing.Record]:
            asked.append(key)
            return [standing.Record("JG-1", "未按期竣工")]

        registers.register_breaches(standing.Register("agreements", "履约监管台账", open_on))
        registers.register_idle_land(standing.Register("idle", "闲置土地台账", lambda *key: []))
        case = asking.draft(nanhai)
        row = found(case, "PR-1.breach")
        assert (row.state, row.blocks) == (UNMET, True)
        assert "履约监管台账 JG-1 未按期竣工" in row.message
        assert asked == [(nanhai.plot.plot_id, nanhai.enterprise.uscc, TODAY())]
        idle = found(case, "PR-1.idle")
        assert (idle.state, idle.message) == (MET, "无记录。已查：闲置土地台账。")

    def test_a_register_has_one_name(self, registers):
        one = standing.Register("x", "甲", lambda *key: [])
        registers.register_breaches(one)
        registers.register_breaches(one)
        with pytest.raises(ValueError, match="twice"):
            registers.register_breaches(standing.Register("x", "乙", lambda *key: []))


class TestFigures:
    @pytest.mark.parametrize(("ratio", "state"), [("1.799", UNMET), ("1.8", MET), ("1.801", MET)])
    def test_the_ratio_is_not_below_the_planned_one(self, nanhai, ratio, state):
        row = found(asking.draft(nanhai, ratio=ratio), "PR-1.ratio")
        assert row.state == state
        assert (row.measured, row.required) == (Decimal(ratio), Decimal("1.8"))

    def test_without_a_planned_ratio_the_built_one_counts(self):
        bare = asking.world(plot_ratio_planned=None)
        assert found(asking.draft(bare, ratio="1.1"), "PR-1.ratio").state == UNMET
        assert found(asking.draft(bare, ratio="1.2"), "PR-1.ratio").state == MET

    def test_without_either_there_is_nothing_to_compare(self):
        bare = asking.world(plot_ratio_planned=None, plot_ratio_built=None)
        assert found(asking.draft(bare), "PR-1.ratio").state == NOTED

    def test_what_is_relaxed_and_what_gets_stricter_is_listed(self, nanhai):
        message = found(asking.draft(nanhai, height_limit_m="20"), "PR-1.relaxed").message
        assert "放宽：容积率 1.8 → 2.5、建筑密度 40 → 50 %、绿地率 20 → 15 %" in message
        assert "收紧：建筑限高 24 → 20 m" in message

    def test_asking_for_what_holds_already_is_nothing_to_ask(self, nanhai):
        case = asking.draft(nanhai, ratio="1.8", density="40", green_ratio="20", height_limit_m="24.00")
        row = found(case, "PR-1.relaxed")
        assert (row.state, row.blocks) == (UNMET, True)


class TestSchedule:
    @pytest.mark.parametrize(
        ("share", "state"),
        # 0.5 % of the floor area the ratio makes, in thousandths of it.
        [("0.9949", UNMET), ("0.9951", MET), ("1", MET), ("1.0049", MET), ("1.0051", UNMET)],
    )
    def test_it_adds_up_within_the_tolerance(self, nanhai, share, state):
        total = Decimal("2.5") * Decimal(str(nanhai.plot.area_m2)) * Decimal(share)
        given = {"floor_office_after": "", "floor_living_after": "", "floor_production_after": f"{total:.2f}"}
        row = found(asking.draft(nanhai, **given), "PR-5.sum")
        assert row.state == state
        assert row.blocks == (state == UNMET)
        assert row.source is not None

    def test_without_a_tolerance_in_force_it_adds_up_exactly(self, nanhai):
        Parameter.objects.filter(key="plot_ratio.floor_area_tolerance_percent").delete()
        assert found(asking.draft(nanhai), "PR-5.sum").state == UNMET

    @pytest.mark.parametrize(
        ("rule", "key", "function"),
        [
            ("PR-5.ancillary", "plot_ratio.ancillary_max_percent", "office"),
            ("PR-5.science", "plot_ratio.science_compatible_max_percent", "science"),
        ],
    )
    class TestShare:
        """15 %, of 10,000 m² and to the last square centimetre the form takes."""

        def case(self, nanhai: World, function: str, area: str) -> Case:
            empty = dict.fromkeys(("floor_office_after", "floor_living_after"), "")
            rest = Decimal(10_000) - Decimal(area)
            given = {**empty, "floor_production_after": str(rest), f"floor_{function}_after": area}
            return asking.draft(nanhai, **given)

        @pytest.mark.parametrize("area", ["1499.99", "1500", "1500.01", "9000"])
        def test_off_it_is_told_with_the_peer_citys_figure(self, nanhai, rule, key, function, area):
            row = found(self.case(nanhai, function, area), rule)
            assert (row.state, row.blocks) == (NOTED, False)
            assert "参照值 15 % 未采用" in row.message
            assert row.source is not None
            assert (row.source.document, row.source.status) == ("S001", "reference")
            assert row.required is None

        @pytest.mark.parametrize(
            ("area", "state"), [("1499.99", MET), ("1500", MET), ("1500.00", MET), ("1500.01", UNMET)]
        )
        def test_adopted_it_binds(self, nanhai, rule, key, function, area, state):
            adopt(key)
            row = found(self.case(nanhai, function, area), rule)
            assert row.state == state
            assert row.blocks == (state == UNMET)
            assert row.required == 15
            assert row.measured == Decimal(area) / 100
            assert row.source is not None
            assert row.source.status == "adopted"
            # The sentence never rounds the share onto its cap.
            assert ("15.0001 %" in row.message) == (area == "1500.01")
            assert ("14.9999 %" in row.message) == (area == "1499.99")

        def test_adopted_in_one_district_it_binds_there_alone(self, nanhai, rule, key, function):
            adopt(key, place=places.SANSHUI)
            assert found(self.case(nanhai, function, "9000"), rule).state == NOTED

        def test_adopted_it_binds_from_its_day(self, nanhai, rule, key, function):
            adopt(key, on=TODAY())
            case = self.case(nanhai, function, "9000")
            assert found(case, rule).state == UNMET
            assert found(case, rule, TODAY() - dt.timedelta(days=1)).state == NOTED

    def test_what_is_ancillary(self, nanhai):
        adopt("plot_ratio.ancillary_max_percent")
        given = {"floor_production_after": "85", "floor_service_after": "5", "floor_office_after": "5"}
        case = asking.draft(nanhai, **given, floor_living_after="5", floor_research_after="", floor_science_after="")
        assert found(case, "PR-5.ancillary").measured == 15
        more = asking.draft(nanhai, **given, floor_living_after="5", floor_research_after="100")
        assert found(more, "PR-5.ancillary").measured == Decimal("7.5")


class TestPremium:
    def test_none_in_nanhai_by_its_own_rule(self, nanhai):
        row = found(asking.draft(nanhai), "PR-1.premium")
        assert row.state == MET
        assert "不加收土地出让金" in row.message
        assert row.source is not None
        assert (row.source.document, row.source.status) == ("S000", "binding")
        # No control line is imported here: the offices have to confirm conformity.
        assert "在城镇开发边界以内" in row.message

    @pytest.mark.parametrize("wrong", ["use", "membership", "farmland"])
    def test_a_condition_that_does_not_hold_leads_to_pricing(self, nanhai, wrong):
        given = {"use_after": "110102"} if wrong == "use" else {}
        if wrong == "membership":
            Membership.objects.update(valid_to=TODAY())
        if wrong == "farmland":
            control("farmland", places.square(113.004, 23.05))
        row = found(asking.draft(nanhai, **given), "PR-1.premium")
        assert row.state == NOTED
        assert "按一般程序核定土地价款" in row.message
        assert "条件不成立" in row.message

    def test_elsewhere_the_peer_citys_rule_is_only_a_reference(self):
        sanshui = asking.world(places.SANSHUI)
        case = asking.draft(sanshui)
        row = found(case, "PR-1.premium")
        assert row.state == NOTED
        assert "参照，未采用" in row.message
        assert row.source is not None
        assert (row.source.document, row.source.status) == ("S001", "reference")
        assert found(case, "PR-1.basis").state == NOTED

    def test_elsewhere_once_adopted_it_holds(self):
        sanshui = asking.world(places.SANSHUI)
        adopted = adopt("plot_ratio.premium_supplement_percent", on=TODAY())
        case = asking.draft(sanshui)
        row = found(case, "PR-1.premium")
        assert row.state == MET
        assert row.source is not None
        assert row.source.parameter == adopted.pk
        assert found(case, "PR-1.premium", TODAY() - dt.timedelta(days=1)).state == NOTED

    def test_the_adopted_figure_of_the_city_does_not_change_nanhais_own(self, nanhai):
        adopt("plot_ratio.premium_supplement_percent")
        row = found(asking.draft(nanhai), "PR-1.premium")
        assert row.source is not None
        assert row.source.document == "S000"

    def test_a_supplement_of_more_than_nothing_is_no_exemption(self, nanhai):
        Parameter.objects.filter(key="plot_ratio.premium_supplement_percent", jurisdiction=places.NANHAI).update(
            value=Decimal("0.000001")
        )
        row = found(asking.draft(nanhai), "PR-1.premium")
        assert row.state == NOTED
        assert "现行规定加收 0.000001 %" in row.message
