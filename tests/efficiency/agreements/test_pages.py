"""The pages of agreements: list, page, form, and what a refused act gives back."""

from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from efficiency.agreements import panels
from efficiency.agreements.models import Agreement, Check, MilestoneFact
from efficiency.agreements.services import breaching
from tests import places
from tests.efficiency.agreements import deals


@pytest.fixture
def parties(db: None) -> deals.Deal:
    return deals.deal()


def act(client, agreement, name, **data):
    return client.post(reverse("agreements:act", args=[agreement.pk, name]), data)


def test_the_list_finds_narrows_sorts_and_exports(client, parties):
    deals.returned(parties.enterprise)
    short = deals.bound(parties)
    second = deals.deal_beside(parties, 2)
    deals.drawn(second, number="示例监管〔2025〕7 号")
    client.force_login(parties.monitor)
    page = client.get("/agreements/")
    assert "1 份监管协议生效，1 份有未履行的约定" in page.content.decode()
    for query, count in {
        "": 2,
        "q=7 号": 1,
        "state=draft": 1,
        "standing=broken": 1,
        "standing=case": 0,
        "q=%00": 2,
    }.items():
        assert len(client.get(f"/agreements/?{query}").context["page"].object_list) == count, query
    for sort in ("changed", "number", "production", "broken", "nonsense"):
        assert client.get(f"/agreements/?sort={sort}").status_code == 200
    book = openpyxl.load_workbook(BytesIO(b"".join(client.get("/agreements/export.xlsx").streaming_content)))
    rows = list(book.active.iter_rows(values_only=True))
    assert sum(row[0] == short.number for row in rows) == 5
    client.force_login(places.account(places.Role.MONITOR, places.SANSHUI))
    assert "没有生效的监管协议" in client.get("/agreements/").content.decode()


def test_an_enterprise_reads_its_own_once_it_binds(client, parties):
    draft = deals.drawn(parties)
    client.force_login(parties.applicant)
    assert client.get(draft.get_absolute_url()).status_code == 404
    assert "没有监管协议" in client.get("/agreements/").content.decode()
    Agreement.objects.filter(pk=draft.pk).delete()
    bound = deals.bound(parties)
    page = client.get(bound.get_absolute_url())
    assert page.status_code == 200
    assert "data-act" not in page.content.decode()
    assert parties.parks.display_name not in page.content.decode().split("<main")[-1]
    assert act(client, bound, "verify").status_code == 403
    assert client.get("/agreements/new/").status_code == 403


def test_the_form_draws_up_keeps_what_was_typed_and_edits(client, parties):
    client.force_login(parties.parks)
    assert client.get("/agreements/new/").status_code == 200
    data = {
        "number": "示例监管〔2025〕3 号",
        "plot": parties.plot.plot_id,
        "uscc": "x",
        "area_m2": "6666.67",
        "start_by": "2026-03-01",
        "completion_by": "2026-02-01",
        "promise": ["tax", "output", "tax"],
        "year": ["2025", "", "2026"],
        "at_least": ["30", "", "bad"],
        "revision": "0",
    }
    page = client.post("/agreements/new/", data)
    assert page.status_code == 422
    text = page.content.decode()
    assert all(part in text for part in ("竣工须晚于动工", "没有统一社会信用代码为", 'value="bad"'))
    data |= {"uscc": parties.enterprise.uscc, "completion_by": "2027-02-01", "at_least": ["30", "", "40"]}
    page = client.post("/agreements/new/", data, follow=True)
    made = Agreement.objects.get()
    assert page.redirect_chain[-1][0] == made.get_absolute_url()
    assert "还缺" in page.content.decode()
    assert [(row.promise, row.year) for row in made.indicators.all()] == [("tax", 2025), ("tax", 2026)]
    assert 'value="40.0000"' in client.get(f"{made.get_absolute_url()}edit/").content.decode()
    assert client.post(f"{made.get_absolute_url()}edit/", data | {"revision": "0"}).status_code == 409
    assert (
        client.post(f"{made.get_absolute_url()}edit/", data | {"revision": "1", "year": ["2025"] * 3}).status_code
        == 422
    )
    elsewhere = places.plot(3, district=places.SANSHUI)
    moved = data | {"revision": "1", "plot": elsewhere.plot_id}
    assert client.post(f"{made.get_absolute_url()}edit/", moved).status_code == 403
    assert act(client, made, "discard").status_code == 302
    assert not Agreement.objects.exists()


def test_acts_on_the_page(client, parties):
    deals.returned(parties.enterprise)
    agreement = deals.drawn(parties)
    client.force_login(parties.parks)
    assert act(client, agreement, "bind", revision=agreement.revision).status_code == 403
    client.force_login(parties.monitor)
    assert act(client, agreement, "bind").status_code == 422
    assert act(client, agreement, "bind", revision=agreement.revision).status_code == 302
    assert act(client, agreement, "bind", revision=agreement.revision).status_code == 403
    page = client.get(agreement.get_absolute_url())
    assert "2 项约定未履行" in page.content.decode()
    assert act(client, agreement, "nonsense").status_code == 404
    fact = {"milestone": "start", "on": deals.TODAY.isoformat(), "evidence": "开工报告"}
    pdf = SimpleUploadedFile("开工.pdf", b"%PDF-1.4\n%%EOF\n")
    assert act(client, agreement, "fact", **fact, file=pdf).status_code == 302
    kept = MilestoneFact.objects.get()
    file = client.get(reverse("agreements:fact_file", args=[agreement.pk, kept.pk]))
    assert b"".join(file.streaming_content).startswith(b"%PDF")
    fake = SimpleUploadedFile("开工.pdf", b"MZ")
    refused = act(client, agreement, "fact", **fact, file=fake)
    assert refused.status_code == 422
    assert "开工报告" in refused.content.decode()
    assert act(client, agreement, "breach", checks=[], demand="补足").status_code == 422
    broken = Check.objects.filter(agreement=agreement).latest_of_each().filter(verdict__in=breaching.BROKEN)
    done = act(client, agreement, "breach", checks=[check.pk for check in broken], demand="补足")
    case = breaching.open_case(agreement)
    assert done.url == case.get_absolute_url()
    assert case.number in client.get(agreement.get_absolute_url()).content.decode()
    page = client.get(case.get_absolute_url())
    assert agreement.get_absolute_url() in page.content.decode()
    ended = act(client, agreement, "end", how="terminate", on=deals.TODAY.isoformat(), text="双方同意")
    assert ended.status_code == 422
    assert "尚未办结" in ended.content.decode()


def test_home_search_and_the_map_card_know_of_agreements(client, parties):
    deals.returned(parties.enterprise)
    bound = deals.bound(parties)
    deals.drawn(deals.deal_beside(parties, 2), number="示例监管〔2025〕8 号")
    client.force_login(parties.monitor)
    home = client.get("/").content.decode()
    assert bound.number in home
    assert "1 份由他人拟定" in home
    assert bound.get_absolute_url() in client.get("/search/?q=监管").content.decode()
    client.force_login(parties.applicant)
    assert bound.number in client.get("/").content.decode()
    request = type("Request", (), {"user": parties.monitor})()
    assert panels.of_plot(request, parties.plot, deals.TODAY)["agreements"] == [bound]
    client.force_login(parties.head)
    assert bound.number not in client.get("/").content.decode()


def test_somebody_elses_file_is_not_found(client, parties):
    agreement = deals.bound(parties)
    fact = MilestoneFact.objects.create(
        agreement=agreement, milestone="start", on=deals.TODAY, evidence="x", by=parties.monitor
    )
    client.force_login(places.account(places.Role.ENTERPRISE, enterprise=places.enterprise(9)))
    for url in (agreement.get_absolute_url(), reverse("agreements:fact_file", args=[agreement.pk, fact.pk])):
        assert client.get(url).status_code == 404
