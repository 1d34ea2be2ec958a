"""An agreement binds only when it is whole: by service, form, JSON and raw SQL; and by another person."""

import json
import threading

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from core.refusals import NotAllowed, Refused, Stale
from efficiency.agreements import perms
from efficiency.agreements.models import AgreedIndicator, Agreement, AgreementState
from efficiency.agreements.services import binding, drafting
from tests.efficiency.agreements import deals

LACKS = {
    "signed_on": {"signed_on": None},
    "start_by": {"start_by": None},
    "completion_by": {"completion_by": None},
    "production_by": {"production_by": None},
    "tax": {"indicators": deals.promised()[1:]},
    "output and investment": {"indicators": deals.promised()[:1]},
    "every promise": {"indicators": []},
}


@pytest.fixture
def parties(db: None) -> deals.Deal:
    return deals.deal()


def state_of(agreement: Agreement) -> str:
    return str(Agreement.objects.get(pk=agreement.pk).state)


@pytest.mark.parametrize("lack", LACKS)
def test_what_is_not_whole_does_not_bind_by_service_form_json_or_raw_sql(parties, lack):
    agreement = deals.drawn(parties, **LACKS[lack])
    assert binding.missing(agreement)
    with pytest.raises(Refused, match="还缺"):
        binding.bind(agreement_id=agreement.pk, by=parties.monitor)
    client = Client()
    client.force_login(parties.monitor)
    answer = client.post(reverse("agreements:act", args=[agreement.pk, "bind"]), {"revision": agreement.revision})
    assert answer.status_code == 422
    assert "还缺" in answer.content.decode()
    answer = client.post(reverse("agreements:bind_json", args=[agreement.pk]))
    assert answer.status_code == 422
    assert "还缺" in answer.json()["sentence"]
    for sql in (
        "UPDATE agreements_agreement SET state = 'in_force', in_force_from = now() WHERE id = %s",
        "UPDATE agreements_agreement SET state = 'in_force', in_force_from = now(), revision = 9 WHERE id = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [agreement.pk])
    assert state_of(agreement) == AgreementState.DRAFT


def test_raw_sql_cannot_insert_one_that_binds_nor_skip_its_draft(parties):
    agreement = deals.drawn(parties)
    columns = ", ".join(
        f'"{field.column}"'
        for field in Agreement._meta.concrete_fields
        if field.name not in ("id", "state", "number", "in_force_from")
    )
    sql = f"""
        INSERT INTO agreements_agreement (state, number, in_force_from, {columns})
        SELECT 'in_force', 'X-1', now(), {columns} FROM agreements_agreement WHERE id = %s
    """
    with pytest.raises(DatabaseError, match="不能从"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [agreement.pk])
    with pytest.raises(DatabaseError, match="不能由"), transaction.atomic():
        Agreement.objects.filter(pk=agreement.pk).update(state="fulfilled", ended_on=deals.TODAY, end_reason="完")


def test_once_it_binds_neither_terms_nor_promises_change(parties):
    agreement = deals.bound(parties)
    for sql in (
        "UPDATE agreements_agreement SET start_by = start_by + 1 WHERE id = %s",
        "UPDATE agreements_agreement SET state = 'draft' WHERE id = %s",
        "UPDATE agreements_agreedindicator SET at_least = 1 WHERE agreement_id = %s",
        "DELETE FROM agreements_agreedindicator WHERE agreement_id = %s",
        "DELETE FROM agreements_agreement WHERE id = %s",
        "INSERT INTO agreements_agreedindicator (agreement_id, promise, year, at_least) VALUES (%s, 'tax', 2040, 1)",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [agreement.pk])
    with pytest.raises(NotAllowed, match="解除后另签"):
        drafting.save(
            agreement_id=agreement.pk, by=parties.parks, revision=agreement.revision, terms=deals.terms(), indicators=[]
        )
    with pytest.raises(NotAllowed):
        drafting.discard(agreement_id=agreement.pk, by=parties.parks)
    assert agreement.indicators.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["delete", "bind"])
def test_a_promise_deleted_at_the_same_moment_leaves_no_agreement_that_binds_without_it(first):
    """Whoever comes second waits for the first and sees what it did."""
    parties = deals.deal()
    agreement = deals.drawn(parties)
    began, outcome = threading.Event(), {}

    def second() -> None:
        began.wait(10)
        try:
            if first == "delete":
                binding.bind(agreement_id=agreement.pk, by=parties.monitor)
            else:
                AgreedIndicator.objects.filter(agreement=agreement, promise="tax").delete()
            outcome["second"] = "done"
        except (Refused, DatabaseError) as error:
            outcome["second"] = str(error)
        finally:
            connection.close()

    waiting = threading.Thread(target=second)
    waiting.start()
    with transaction.atomic():
        if first == "delete":
            AgreedIndicator.objects.filter(agreement=agreement, promise="tax").delete()
        else:
            binding.bind(agreement_id=agreement.pk, by=parties.monitor)
        began.set()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join(20)
    assert ("还缺" if first == "delete" else "不可修改") in outcome["second"]
    bound = Agreement.objects.filter(pk=agreement.pk, state="in_force").exists()
    assert bound == (first == "bind")
    assert AgreedIndicator.objects.filter(agreement=agreement, promise="tax").exists() == bound


def test_who_drew_it_up_or_wrote_it_last_does_not_put_it_in_force(parties):
    agreement = deals.drawn(parties)
    with pytest.raises(NotAllowed, match="拟定人不得"):
        binding.bind(agreement_id=agreement.pk, by=parties.parks)
    changed = drafting.save(
        agreement_id=agreement.pk,
        by=parties.monitor,
        revision=agreement.revision,
        terms=deals.terms(),
        indicators=deals.promised(),
    )
    with pytest.raises(NotAllowed, match="拟定人不得"):
        binding.bind(agreement_id=agreement.pk, by=parties.monitor)
    with pytest.raises(Refused, match="又有修改"):
        binding.bind(agreement_id=agreement.pk, by=parties.parks, revision=agreement.revision)
    assert binding.bind(agreement_id=agreement.pk, by=parties.parks, revision=changed.revision).state == "in_force"


@pytest.mark.parametrize("state", list(AgreementState))
def test_who_may_do_what_by_role_place_and_state(parties, state):
    agreement = deals.drawn(parties) if state == "draft" else deals.bound(parties)
    if state == "fulfilled":
        binding.fulfil(agreement_id=agreement.pk, by=parties.parks, on=deals.TODAY, text="已履行")
    elif state == "terminated":
        binding.terminate(agreement_id=agreement.pk, by=parties.parks, on=deals.TODAY, text="双方同意")
    agreement = Agreement.objects.get(pk=agreement.pk)
    assert agreement.state == state
    for name, user in deals.everybody(parties).items():
        role, place = name.split()
        reaches = place in ("here", "city")
        keeper = role in ("monitor", "parks") and reaches
        sees = (reaches and role not in ("sysadmin", "enterprise")) or (name == "enterprise here" and state != "draft")
        assert Agreement.objects.visible_to(user).filter(pk=agreement.pk).exists() == sees, name
        assert perms.edits(user, agreement) == (keeper and state == "draft"), name
        binder = (keeper or (role == "planner" and reaches)) and user != parties.parks
        assert perms.binds(user, agreement) == (binder and state == "draft"), name
        assert perms.follows(user, agreement) == (keeper and state == "in_force"), name
        assert perms.opens_breach(user, agreement) == (role == "monitor" and reaches and state == "in_force"), name
        client = Client()
        client.force_login(user)
        status = client.get(agreement.get_absolute_url()).status_code
        # A closed account is not signed in; system administrators read no agreements.
        assert status == {"monitor closed": 302, "sysadmin city": 403}.get(name, 200 if sees else 404), name


def test_two_who_write_a_draft_do_not_overwrite_each_other(parties):
    agreement = deals.drawn(parties)
    saved = {"agreement_id": agreement.pk, "revision": agreement.revision, "terms": deals.terms(), "indicators": []}
    drafting.save(by=parties.monitor, **saved)
    with pytest.raises(Stale):
        drafting.save(by=parties.parks, **saved)


def test_json_draws_up_saves_names_faults_and_binds(parties):
    client = Client()
    client.force_login(parties.parks)
    body = {
        "revision": "0",
        "terms": {
            "number": "示例监管〔2025〕9 号",
            "plot": parties.plot.plot_id,
            "uscc": parties.enterprise.uscc,
            "area_m2": "6666.67",
            "signed_on": "2025-01-02",
        },
        "indicators": [{"promise": "tax", "year": "2025", "at_least": "x"}],
    }

    def post(url: str, body: object) -> tuple[int, dict]:
        answer = client.post(url, json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    new = reverse("agreements:new_json")
    status, said = post(new, body)
    assert (status, list(said["faults"])) == (422, ["indicators.0.at_least"])
    for wrong in ([], {"terms": 1}, {"terms": {}, "indicators": [1]}):
        assert post(new, wrong)[0] == 400
    assert client.post(new, "{", content_type="application/json").status_code == 400
    body["indicators"] = [{"promise": "tax", "year": "2025", "at_least": "30"}]
    status, said = post(new, body)
    assert status == 200
    assert len(said["missing"]) == 4
    assert post(said["url"] + "draft.json", body)[0] == 409
    body["revision"] = said["revision"]
    body["terms"] |= {"start_by": "2026-01-01", "completion_by": "2027-01-01", "production_by": "2027-06-01"}
    body["indicators"].append({"promise": "investment", "year": 2025, "at_least": 400})
    status, again = post(said["url"] + "draft.json", body)
    assert (status, again["missing"]) == (200, [])
    assert post(said["url"] + "bind.json", {})[0] == 403
    client.force_login(parties.planner)
    assert post(said["url"] + "bind.json", {})[1]["state"] == "in_force"
    assert post(said["url"] + "draft.json", body)[0] == 403


def test_one_agreement_of_a_plot_and_enterprise_binds_at_a_time(parties):
    deals.bound(parties)
    second = deals.drawn(parties, number="示例监管〔2025〕2 号")
    with pytest.raises(Refused, match="已有生效"):
        binding.bind(agreement_id=second.pk, by=parties.monitor)
    with pytest.raises(DatabaseError, match="agreements_one_in_force"), transaction.atomic():
        Agreement.objects.filter(pk=second.pk).update(state="in_force", in_force_from=deals.TODAY)
    with pytest.raises(Refused, match="已有，请改用"):
        deals.drawn(parties, number="示例监管〔2025〕2 号")
