"""Pages of schemes: who reads what, acts and refusals, comparison, measures, the preview."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from core.accounts.models import CITY_CODE, Role
from efficiency.schemes.models import ClassMeasure, SchemeVersion
from efficiency.schemes.services import approving, drafting
from tests import places
from tests.efficiency.schemes import drafts

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> drafts.People:
    return drafts.people()


def page(client, user, url, **sent):
    client.force_login(user)
    return client.post(url, sent) if sent else client.get(url)


def act(client, user, version, name, **sent):
    url = reverse("schemes:act", args=[version.scheme.code, version.number, name])
    client.force_login(user)
    return client.post(url, sent, follow=True)


def test_a_version_says_its_formula_weights_cuts_and_source(client, who):
    html = page(client, places.account(Role.AUDITOR, CITY_CODE), drafts.sample().get_absolute_url()).content.decode()
    for words in (
        "“黄岩 2022（样例）”第 1 版：草稿",
        "亩均税收 ÷ 24.097 × 30",
        "工业增加值 ÷ 主要污染物排放当量，单位 万元/吨",
        "A 类：前 25%",
        "D 类：95% 至 100%",
        "按本组平均得分",
        "须有实缴税收；缺少的不定等级",
        "chacewang.com",
        "不约束任何企业",
    ):
        assert words in html


def test_the_list_and_an_approved_version_are_open_to_everybody_and_drafts_are_not(client, who):
    firm = places.account(Role.ENTERPRISE)
    version = drafts.sample()
    listed = page(client, firm, reverse("schemes:schemes")).content.decode()
    assert "还没有批准的评价办法" in listed
    assert version.get_absolute_url() not in listed
    assert page(client, firm, version.get_absolute_url()).status_code == 404
    assert page(client, firm, reverse("schemes:scheme", args=[drafts.SAMPLE])).status_code == 404
    drafts.bring(version, who, "approved")
    assert page(client, firm, version.get_absolute_url()).status_code == 200
    assert "1 个评价办法可用于评价" in page(client, firm, reverse("schemes:schemes")).content.decode()
    client.logout()
    assert client.get(version.get_absolute_url()).status_code == 302


def test_a_version_walks_from_draft_to_use_and_out_of_it_by_its_pages(client, who):
    version = drafts.sample()
    said = act(client, who.monitor, version, "submit", revision="0").content.decode()
    assert "已提交" in said
    assert "等待未参与编制的" in said
    assert act(client, who.monitor, version, "approve", approval="示例〔2026〕1 号").status_code == 403
    refused = act(client, who.parks, version, "approve", approval="")
    assert (refused.status_code, "批准文号" in refused.content.decode()) == (422, True)
    assert act(client, who.parks, version, "send-back", remark="补来源").status_code == 200
    assert "退回修改：补来源" in page(client, who.monitor, version.get_absolute_url()).content.decode()
    act(client, who.monitor, version, "submit")
    act(client, who.monitor, version, "take-back")
    act(client, who.monitor, version, "submit")
    act(client, who.parks, version, "approve", approval="示例〔2026〕1 号")
    assert SchemeVersion.objects.get(pk=version.pk).state == "approved"
    act(client, who.parks, version, "retire")
    assert SchemeVersion.objects.get(pk=version.pk).state == "retired"
    assert act(client, who.parks, version, "anything").status_code == 404


def test_a_new_version_and_a_new_scheme_open_in_the_editor(client, who):
    version = drafts.bring(drafts.sample(), who, "approved")
    answer = page(client, who.monitor, reverse("schemes:new_version", args=[drafts.SAMPLE]), copy_of=str(version.pk))
    assert answer.url == reverse("schemes:edit", args=[drafts.SAMPLE, 2])
    assert client.get(answer.url).status_code == 200
    answer = page(client, who.monitor, reverse("schemes:new_version", args=[drafts.SAMPLE]), copy_of=str(version.pk))
    assert (answer.status_code, "一次只编制一版" in answer.content.decode()) == (422, True)
    sent = {"name": "本市办法", "copy_of": str(version.pk), "document": "S002", "source": "示例"}
    answer = page(client, who.parks, reverse("schemes:new_scheme"), **sent)
    assert client.get(answer.url).status_code == 200
    assert page(client, who.parks, reverse("schemes:new_scheme"), **sent).status_code == 422
    assert page(client, places.account(Role.PARKS, places.NANHAI), reverse("schemes:new_scheme")).status_code == 403


def test_the_editor_is_closed_to_others_and_for_what_is_not_a_draft(client, who):
    version = drafts.sample()
    url = reverse("schemes:edit", args=[drafts.SAMPLE, 1])
    assert page(client, who.monitor, url).status_code == 200
    assert page(client, places.account(Role.PLANNER, CITY_CODE), url).status_code == 403
    drafts.bring(version, who, "submitted")
    assert page(client, who.monitor, url).url == version.get_absolute_url()


def test_saving_answers_with_revision_faults_and_what_is_unfinished(client, who):
    version = drafts.sample()
    url = reverse("schemes:save", args=[drafts.SAMPLE, 1])
    data = drafts.stated(version)
    data["cohorts"][0]["indicators"][0]["weight"] = "29"
    client.force_login(who.monitor)

    def post(body):
        return client.post(url, json.dumps(body), content_type="application/json")

    answer = post({"revision": 0, "data": data})
    assert answer.status_code == 200
    assert answer.json()["revision"] == 1
    assert [fault["sentence"] for fault in answer.json()["unfinished"]] == ["“规上企业”的权重合计为 99.00，应为 100。"]
    stale = post({"revision": 0, "data": data})
    assert (stale.status_code, "保存过本版" in stale.json()["sentence"]) == (409, True)
    data["cohorts"][0]["name"] = ""
    assert post({"revision": 1, "data": data}).json()["faults"][0]["path"] == "cohorts.0.name"
    assert post({"revision": "1", "data": data}).status_code == 422
    assert client.post(url, "{", content_type="application/json").status_code == 422
    client.force_login(places.account(Role.AUDITOR, CITY_CODE))
    assert post({"revision": 1, "data": drafts.stated(version)}).status_code == 403


def test_two_versions_are_compared_in_words(client, who):
    first = drafts.bring(drafts.sample(), who, "approved")
    second = drafting.new_version(by=who.monitor, scheme=drafts.SAMPLE, copy_of=first.pk)
    url = reverse("schemes:compare")
    client.force_login(who.monitor)
    assert "规则相同" in client.get(url, {"a": first.pk, "b": second.pk}).content.decode()
    data = drafts.stated(second)
    data["cohorts"][0]["indicators"][0] |= {"weight": "25", "cap": "1.5"}
    data["cohorts"][0]["indicators"].append(
        {**data["cohorts"][1]["indicators"][1], "name": "单位用水税收", "denominator": "water_m3", "weight": "5"}
    )
    data["objection_days"] = 5
    drafting.save(by=who.monitor, version_id=second.pk, revision=0, data=data)
    html = client.get(url, {"a": first.pk, "b": second.pk}).content.decode()
    for words in ("亩均税收 · 权重", "最高 37.5 分（权重的 1.5 倍）", "单位用水税收", "异议期（工作日）"):
        assert words in html
    assert client.get(url, {"a": "x", "b": second.pk}).status_code == 404
    client.force_login(places.account(Role.ENTERPRISE))
    assert client.get(url, {"a": first.pk, "b": second.pk}).status_code == 404


def test_measures_are_read_by_everybody_and_kept_by_park_officers_of_the_city(client, who):
    html = page(client, places.account(Role.ENTERPRISE), reverse("schemes:measures")).content.decode()
    assert "还没有有效的差别化政策" in html
    assert "浙政发〔2018〕5号" in html
    assert reverse("schemes:new_measure") not in html
    assert page(client, who.monitor, reverse("schemes:new_measure")).status_code == 403
    sent = {
        "grade": "A",
        "field": "用电",
        "text": "示例措施",
        "source": "示例文件",
        "status": "binding",
        "order": "5",
        "revision": "0",
    }
    assert page(client, who.parks, reverse("schemes:new_measure"), **sent).status_code == 302
    kept = ClassMeasure.objects.get(field="用电")
    url = reverse("schemes:measure", args=[kept.pk])
    assert "示例措施" in page(client, who.parks, url).content.decode()
    assert page(client, who.parks, url, **{**sent, "revision": "1", "text": "改后的措施"}).status_code == 302
    assert page(client, who.parks, url, **{**sent, "revision": "1"}).status_code == 409
    assert page(client, who.parks, url, **{**sent, "revision": "2", "source": ""}).status_code == 422
    assert "1 条差别化政策有效" in page(client, who.parks, reverse("schemes:measures")).content.decode()
    page(client, who.parks, reverse("schemes:remove_measure", args=[kept.pk]), revision="2")
    assert not ClassMeasure.objects.filter(pk=kept.pk).exists()
    assert page(client, who.parks, url).status_code == 404


def test_what_waits_for_somebody_is_on_their_home_page_and_schemes_are_found(client, who):
    version = drafts.bring(drafts.sample(), who, "submitted")
    assert version.get_absolute_url() in page(client, who.parks, "/").content.decode()
    assert version.get_absolute_url() not in page(client, who.monitor, "/").content.decode()
    approving.send_back(by=who.parks, version_id=version.pk, remark="补来源")
    assert "补来源" in page(client, who.monitor, "/").content.decode()
    found = page(client, who.monitor, "/search/?q=黄岩").content.decode()
    assert version.scheme.get_absolute_url() in found
    assert (
        version.scheme.get_absolute_url()
        not in page(client, places.account(Role.ENTERPRISE), "/search/?q=黄岩").content.decode()
    )
