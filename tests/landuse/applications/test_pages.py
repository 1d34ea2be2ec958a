"""What people see of an application: its form, its page with the blocks, its letter, and the editor's warning."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import Role
from core.casework import letters
from core.casework.models import Case
from core.casework.services import filing
from core.casework.states import State
from core.mapedit.checks import check_change, check_change_set
from core.policy.models import Parameter
from landuse.applications import KIND, kind
from landuse.applications.massing import Conditions, massing
from landuse.plots.models import PlotVersion
from tests import places
from tests.core.casework.cases import bring
from tests.core.mapedit import drafts, proposals
from tests.landuse.applications import asking
from tests.landuse.applications.asking import World
from tests.landuse.applications.test_conditions import adopt

pytestmark = pytest.mark.django_db

STOREY = Decimal("4.5")
BEFORE = Conditions(Decimal("1.8"), Decimal(40), Decimal(20), Decimal(24))
AFTER = Conditions(Decimal("2.5"), Decimal(50), Decimal(15), Decimal(50))


@pytest.fixture
def nanhai() -> World:
    return asking.world()


class TestForm:
    def test_it_offers_own_plots_and_memberships_in_force_and_nothing_else(self, nanhai):
        tenant, other = places.plot(2), places.plot(3)
        asking.own(tenant, nanhai.enterprise, kind="tenant")
        asking.own(other, places.enterprise(5))
        form = kind.PlotRatioForm(case=asking.draft(nanhai))
        assert [value for value, _ in form.fields["plot"].choices] == ["", nanhai.plot.plot_id]
        assert [value for value, _ in form.fields["membership"].choices] == ["", str(nanhai.membership.pk)]

    def test_the_page_shows_what_holds_today_beside_what_is_asked(self, nanhai, client):
        case = asking.draft(nanhai)
        client.force_login(nanhai.who.applicant)
        page = client.get(reverse("casework:edit", args=[case.pk])).content.decode()
        assert re.search(r'data-live="current-plot_ratio">\s*1.8\s*<', page)
        assert re.search(r'data-live="share-ancillary">\s*12.00\d*\s*<', page)
        assert 'name="floor_office_after"' in page
        assert nanhai.plot.location in page

    def test_an_empty_form_and_one_full_of_faults_are_shown(self, nanhai, client):
        client.force_login(nanhai.who.applicant)
        empty = filing.open_case(kind=KIND, by=nanhai.who.applicant)
        assert client.get(reverse("casework:edit", args=[empty.pk])).status_code == 200
        wrong = asking.draft(nanhai, plot_ratio="1e9", density="200", floor_office_after="x", plot="没有")
        page = client.get(reverse("casework:edit", args=[wrong.pk])).content.decode()
        assert "不得超过 100 %" in page
        assert 'aria-invalid="true"' in page

    def test_an_enterprise_without_a_plot_is_told_so(self, client):
        firm = places.enterprise(7)
        user = places.account(Role.ENTERPRISE, enterprise=firm)
        client.force_login(user)
        case = filing.open_case(kind=KIND, by=user)
        assert "没有自有的在册宗地" in client.get(reverse("casework:edit", args=[case.pk])).content.decode()

    def test_it_is_saved_field_by_field_from_a_plain_post(self, nanhai, client):
        case = filing.open_case(kind=KIND, by=nanhai.who.applicant)
        client.force_login(nanhai.who.applicant)
        data = asking.form_values(nanhai)
        client.post(reverse("casework:edit", args=[case.pk]), {**data, "revision": 0, "act": "save"})
        case = Case.objects.get(pk=case.pk)
        assert {name: case.data[name] for name in data} == data
        assert case.subject_codes == [nanhai.plot.plot_id]


class TestCasePage:
    @pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED, State.EFFECTIVE])
    def test_limits_floors_and_blocks_are_shown(self, nanhai, client, state):
        case = bring(asking.draft(nanhai), nanhai.who, state)
        for user in (nanhai.who.applicant, nanhai.who.planner):
            client.force_login(user)
            answer = client.get(case.get_absolute_url())
            if state == State.DRAFT and user == nanhai.who.planner:
                assert answer.status_code == 404
                continue
            page = answer.content.decode()
            assert 'class="massing-after"' in page
            assert "计容建筑面积" in page
            assert "行政办公" in page
            assert ("新的规划条件自" in page) == (state == State.EFFECTIVE)
            assert ("宗地沿革" in page) == (user == nanhai.who.planner)

    def test_a_block_higher_than_the_limit_is_pointed_out(self, nanhai, client):
        case = bring(asking.draft(nanhai, height_limit_m="22"), nanhai.who, State.SUBMITTED)
        client.force_login(nanhai.who.planner)
        assert "超过申请的建筑限高" in client.get(case.get_absolute_url()).content.decode()

    def test_without_a_storey_height_nothing_is_drawn(self, nanhai, client):
        Parameter.objects.filter(key="plot_ratio.storey_height_m").delete()
        case = bring(asking.draft(nanhai), nanhai.who, State.SUBMITTED)
        client.force_login(nanhai.who.planner)
        page = client.get(case.get_absolute_url()).content.decode()
        assert "massing-after" not in page
        assert "没有生效的层高参数" in page

    def test_a_plot_without_planned_figures_has_no_block_before(self, client):
        bare = asking.world(plot_ratio_planned=None, density_planned=None)
        case = bring(asking.draft(bare), bare.who, State.SUBMITTED)
        client.force_login(bare.who.planner)
        page = client.get(case.get_absolute_url()).content.decode()
        assert "没有登记现行密度或容积率，未绘" in page
        assert 'class="massing-after"' in page


class TestLetter:
    def test_the_decision_says_what_is_granted_and_on_what_the_premium_rests(self, nanhai):
        case = bring(asking.draft(nanhai), nanhai.who, State.NOTICE)
        told = letters.context(case)
        ratio = told["limits"][0]
        assert (ratio.label, ratio.before, ratio.after) == ("容积率", "1.8", "2.5")
        assert told["premium"] == "不加收土地出让金"
        assert "二(三)7" in told["premium_basis"]
        assert told["division"] == ""
        assert letters.decision_letter(case).startswith(b"%PDF")

    def test_division_is_forbidden_once_the_rule_is_adopted(self, nanhai):
        adopt("division.compatible_use")
        case = bring(asking.draft(nanhai), nanhai.who, State.NOTICE)
        assert "不得分割转让" in letters.context(case)["division"]

    def test_a_refusal_grants_nothing(self, nanhai):
        told = letters.context(bring(asking.draft(nanhai), nanhai.who, State.REFUSED))
        assert told["granted"] is False


class TestWarning:
    def change(self, of: World, action: str) -> list[str]:
        """What a change set that removes or changes the plot is told."""
        planner = places.account(Role.PLANNER, "440600")
        change_set = proposals.draft(planner, layer="plots")
        if action == "remove":
            drafts.remove(change_set, of.plot)
        else:
            drafts.modify(change_set, of.plot, location="另一处")
        on = timezone.localdate()
        complete = [
            finding.message
            for finding in check_change_set(proposals.placed(change_set), on=on)
            if finding.rule == "applications.open_case"
        ]
        live = [
            finding.message
            for finding in check_change(change_set.changes.get(), on=on)
            if finding.rule == "applications.open_case"
        ]
        assert complete == live
        return complete

    @pytest.mark.parametrize("action", ["remove", "modify"])
    def test_whoever_changes_a_plot_is_told_of_its_open_case(self, nanhai, action):
        case = bring(asking.draft(nanhai), nanhai.who, State.REVIEW)
        (message,) = self.change(nanhai, action)
        assert case.number in message
        assert nanhai.enterprise.name in message
        assert ("移除后" in message) == (action == "remove")

    @pytest.mark.parametrize("state", [State.DRAFT, State.EFFECTIVE, State.WITHDRAWN, State.REFUSED])
    def test_drafts_and_closed_cases_are_nobodys_concern(self, nanhai, state):
        bring(asking.draft(nanhai), nanhai.who, state)
        nanhai = World(nanhai.who, PlotVersion.objects.get(plot=nanhai.plot.plot_id, valid_to=None), nanhai.membership)
        assert self.change(nanhai, "remove") == []


class TestMassing:
    """The blocks of a square of about 205 × 222 m."""

    def test_storeys_and_heights(self):
        assert (BEFORE.storeys, BEFORE.height_m(STOREY)) == (Decimal("4.5"), Decimal("22.5"))
        assert (AFTER.storeys, AFTER.height_m(STOREY)) == (5, Decimal("22.5"))
        assert not AFTER.exceeds_limit(STOREY)
        assert Conditions(Decimal(4), Decimal(20), None, Decimal(80)).exceeds_limit(STOREY)
        assert Conditions(None, None, None, None).height_m(STOREY) is None

    def test_both_blocks_stand_in_one_view(self):
        drawn = massing(places.plot(1), BEFORE, AFTER, STOREY)
        assert drawn.before is not None
        assert drawn.after is not None
        assert [side for side, _ in drawn.after.walls] == ["side", "front"]
        left, top, width, height = map(float, drawn.view_box.split())
        for path in (drawn.ground, drawn.after.roof, drawn.before.roof):
            for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path):
                assert left <= float(x) <= left + width
                assert top <= float(y) <= top + height

    def test_the_footprint_covers_the_density(self):
        import shapely

        from landuse.applications.massing import _drawn_in, _local

        plot = places.plot(1)
        west, south, east, north = plot.geom.extent
        ground = _local(plot.geom, ((west + east) / 2, (south + north) / 2))
        for share in (0.05, 0.4, 0.999, 1.0):
            assert _drawn_in(ground, share).area == pytest.approx(share * ground.area, rel=0.001)
        # A U keeps inside itself however little is built.
        u = shapely.MultiPolygon(
            [shapely.Polygon([(0, 0), (90, 0), (90, 90), (60, 90), (60, 30), (30, 30), (30, 90), (0, 90)])]
        )
        assert u.covers(_drawn_in(u, 0.3))

    def test_a_plot_with_a_hole_in_two_parts_is_drawn(self):
        from django.contrib.gis.geos import MultiPolygon, Polygon

        lon, lat = places.CORNER[places.NANHAI]
        ring = ((lon, lat), (lon, lat + 0.002), (lon + 0.002, lat + 0.002), (lon + 0.002, lat), (lon, lat))
        hole = tuple((x * 0.5 + (lon + 0.001) * 0.5, y * 0.5 + (lat + 0.001) * 0.5) for x, y in ring)
        other = Polygon.from_bbox((lon + 0.003, lat, lon + 0.004, lat + 0.001))
        plot = places.plot(1, MultiPolygon(Polygon(ring, hole), other, srid=4490))
        drawn = massing(plot, BEFORE, AFTER, STOREY, [places.square(lon + 0.005, lat)])
        assert drawn.after is not None
        assert drawn.ground.count("M") == 3
        assert len(drawn.neighbours) == 1


def test_the_case_is_found_with_its_plot_on_any_day(nanhai):
    case = asking.draft(nanhai)
    assert kind.PLOT_RATIO.subject(case) is not None
    assert kind.PLOT_RATIO.assess(case, timezone.localdate() - dt.timedelta(days=4000))
