"""Pages of evaluations: who opens what, what a result's page says, and files that reopen."""

from __future__ import annotations

import io

import openpyxl
import pypdf
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from core.jobs import tracking
from core.jobs.models import Job
from efficiency.evaluation.models import Objection, Run
from efficiency.evaluation.services import showing
from efficiency.returns.models import YearlyReturn
from tests.efficiency.evaluation.firms import YEAR
from tests.efficiency.evaluation.test_showing import World, people, world
from tests.places import NANHAI, account

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> World:
    return world()


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def opens(user: User, address: str) -> int:
    return as_user(user).get(address).status_code


def test_every_address_by_role_and_place(city):
    showing.open_objections(run=city.run.pk, by=city.who.monitor)
    own, other = (reverse("evaluation:result", args=[city.run.pk, city.firms[number].uscc]) for number in (0, 2))
    addresses = [
        reverse("evaluation:runs"),
        reverse("evaluation:run", args=[city.run.pk]),
        reverse("evaluation:export", args=[city.run.pk]),
        reverse("evaluation:objections"),
        own,
        other,
    ]
    found = {name: [opens(user, address) for address in addresses] for name, user in people(city).items()}
    whole, nobody = [200] * 6, [403, 403, 403, 403, 404, 404]
    assert found == {
        "monitor.city": whole,
        "monitor.nanhai": [200, 200, 200, 200, 200, 404],
        "parks.city": whole,
        "parks.sanshui": [200, 200, 200, 200, 404, 200],
        "planner.city": whole,
        "reviewer.city": whole,
        "head.nanhai": [200, 200, 200, 200, 200, 404],
        "auditor": whole,
        "sysadmin": nobody,
        # An enterprise is led to its own page, and finds nobody else's.
        "enterprise": [302, 403, 403, 403, 200, 404],
        "other enterprise": [302, 403, 403, 403, 404, 200],
    }


def test_an_enterprise_finds_nothing_before_its_run_is_shown(city):
    client = as_user(city.applicant)
    assert client.get(reverse("evaluation:result", args=[city.run.pk, city.firms[0].uscc])).status_code == 404
    assert "还没有本企业的评价结果" in client.get(reverse("evaluation:mine")).content.decode()


def test_a_result_shows_its_working(city):
    showing.open_objections(run=city.run.pk, by=city.who.monitor)
    page = as_user(city.applicant).get(reverse("evaluation:mine")).content.decode()
    score = city.run.scores.get(enterprise=city.firms[0])
    assert f"{score.total:.4f}" in page
    # Tax of 90 万元 over the power used, 100 万 kWh, against 0.2352.
    assert "实缴税收 90 万元 ÷ 用电量 100 万 kWh" in page
    assert "0.9 <" in page.replace("0.9<", "0.9 <")
    assert "191.3265" in page
    assert "提出异议" in page


def test_a_corrected_return_leaves_the_result_as_it_was_and_says_so(city):
    showing.open_objections(run=city.run.pk, by=city.who.monitor)
    before = YearlyReturn.objects.get(enterprise=city.firms[0])
    now = timezone.now()
    YearlyReturn.objects.filter(pk=before.pk).update(valid_to=now)
    YearlyReturn.objects.create(
        enterprise=city.firms[0], year=YEAR, tax_cny=1, electricity_kwh=1_000_000, valid_from=now
    )
    page = as_user(city.applicant).get(reverse("evaluation:mine")).content.decode()
    assert "仍按评价当时的数据" in page
    assert "实缴税收 90 万元" in page


def test_the_ranking_is_searched_and_filtered(city):
    client = as_user(city.who.monitor)
    address = reverse("evaluation:run", args=[city.run.pk])
    assert city.firms[1].uscc in client.get(address, {"q": city.firms[1].uscc}).content.decode()
    only = client.get(address, {"district": NANHAI}).content.decode()
    assert city.firms[0].uscc in only
    assert city.firms[2].uscc not in only
    assert "没有符合条件的企业" in client.get(address, {"q": "没有这样的企业"}).content.decode()


@pytest.mark.parametrize("tab", ["firms", "industry", "zone", "town", "district", "inputs", "what"])
def test_every_tab_opens(city, tab):
    assert as_user(city.who.monitor).get(reverse("evaluation:run", args=[city.run.pk]), {"tab": tab}).status_code == 200


def test_senseless_addresses_are_taken_as_nothing_asked(city):
    client = as_user(city.who.monitor)
    senseless = {"grade": "Z", "cohort": "x", "sort": "'", "q": "\0", "page": "-1", "industry": "C' OR 1=1"}
    assert client.get(reverse("evaluation:run", args=[city.run.pk]), senseless).status_code == 200


def test_the_workbook_reopens_with_every_indicator(city):
    answer = as_user(city.who.monitor).get(reverse("evaluation:export", args=[city.run.pk]))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    rows = list(book.active.iter_rows(values_only=True))
    assert len(rows) == 4
    by_code = {row[1]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    best = by_code[city.firms[0].uscc]
    score = city.run.scores.get(enterprise=city.firms[0])
    assert best["总分"] == score.total
    assert best["单位用电税收得分"] == score.points[1]


def test_the_list_reopens_as_pdf_and_says_that_it_is_not_shown_yet(city):
    answer = as_user(city.who.monitor).get(reverse("evaluation:list_pdf", args=[city.run.pk]))
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    assert "未公示" in text
    assert city.firms[0].uscc in text


def test_a_run_is_begun_computed_by_the_worker_and_led_to(city):
    client = as_user(city.who.monitor)
    answer = client.post(
        reverse("evaluation:begin"),
        {
            "year": YEAR,
            "version": city.version.pk,
            "place": CITY_CODE,
            "supersedes": city.run.pk,
            "reason": "更正用电量",
        },
    )
    job = Job.objects.get()
    assert answer.url == reverse("evaluation:job", args=[job.pk])
    assert client.get(answer.url).status_code == 200
    tracking.run(number=job.pk)
    again = Run.objects.exclude(pk=city.run.pk).get()
    assert client.get(answer.url).url == reverse("evaluation:run", args=[again.pk])
    assert (again.supersedes, again.reason) == (city.run, "更正用电量")
    # Somebody else's job is nobody's business.
    assert as_user(account(Role.MONITOR, NANHAI)).get(answer.url).status_code == 404


def test_a_recalculation_says_why(city):
    answer = as_user(city.who.monitor).post(
        reverse("evaluation:begin"),
        {"year": YEAR, "version": city.version.pk, "place": CITY_CODE, "supersedes": city.run.pk},
    )
    assert answer.status_code == 422
    assert "写明重算的原因" in answer.content.decode()


def test_only_a_monitor_begins_a_run(city):
    for name, user in people(city).items():
        if not name.startswith("monitor"):
            answer = as_user(user).post(reverse("evaluation:begin"), {"year": YEAR})
            assert answer.status_code == 403, name


def test_an_objection_goes_through_the_pages(city):
    showing.open_objections(run=city.run.pk, by=city.who.monitor)
    applicant, monitor = as_user(city.applicant), as_user(city.who.monitor)
    contest = reverse("evaluation:contest", args=[city.run.pk])
    assert applicant.post(contest, {"text": " "}).status_code == 422
    assert applicant.post(contest, {"text": "<script>税收少计</script>"}).status_code == 302
    page = monitor.get(reverse("evaluation:objections")).content.decode()
    assert "&lt;script&gt;" in page
    objection = Objection.objects.get()
    answer = reverse("evaluation:answer", args=[objection.pk])
    assert as_user(account(Role.MONITOR, "440607")).post(answer, {"text": "不归我"}).status_code == 404
    monitor.post(answer, {"text": "属实", "verdict": "accepted", "back": "https://elsewhere.example/"})
    objection.refresh_from_db()
    assert objection.state == "accepted"
    assert "属实" in applicant.get(reverse("evaluation:mine")).content.decode()


def test_the_queries_of_the_ranking_do_not_grow_with_the_rows(city, django_assert_max_num_queries):
    client = as_user(city.who.monitor)
    with django_assert_max_num_queries(30):
        client.get(reverse("evaluation:run", args=[city.run.pk]))
