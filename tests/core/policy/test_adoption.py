"""Putting a peer city's figure in force."""

import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from core import policy
from core.policy import perms
from core.policy.models import Parameter
from core.policy.services import AdoptionError, adopt_parameter

ON = datetime.date(2026, 7, 1)


def test_an_adopted_reference_answers_from_its_day_and_cites_the_peer_document(
    city_planner: Any, reference: Parameter
) -> None:
    adopt_parameter(reference=reference, by=city_planner, decision="佛府办会〔2026〕示例号", on=ON)
    answer = policy.value("quota.annual_share_percent", "440605", on=ON)
    assert answer.value == 20
    assert (answer.citation.document.code, answer.citation.article) == ("S001", "三(十)")
    assert answer.citation.status == "adopted"
    with pytest.raises(policy.ParameterMissing):
        policy.value("quota.annual_share_percent", "440605", on=ON - datetime.timedelta(days=1))


def test_adopting_keeps_the_reference_and_notes_the_decision(city_planner: Any, reference: Parameter) -> None:
    adopted = adopt_parameter(reference=reference, by=city_planner, decision="示例纪要", on=ON, place="440605")
    reference.refresh_from_db()
    assert reference.status == "reference"
    assert adopted.note.startswith("采用依据：示例纪要；参照（东莞）")
    with pytest.raises(policy.ParameterMissing):
        policy.value("quota.annual_share_percent", "440606", on=ON)


def test_history_knows_who_adopted(city_planner: Any, reference: Parameter) -> None:
    adopted = adopt_parameter(reference=reference, by=city_planner, decision="示例纪要", on=ON)
    event = adopted.events.get()
    assert (event.pgh_label, event.pgh_context.metadata["user"]) == ("insert", city_planner.pk)


def test_a_figure_in_force_is_not_overwritten(city_planner: Any, reference: Parameter) -> None:
    adopt_parameter(reference=reference, by=city_planner, decision="一", on=ON, until=datetime.date(2027, 7, 1))
    with pytest.raises(AdoptionError, match="已有生效的取值"):
        adopt_parameter(reference=reference, by=city_planner, decision="二", on=datetime.date(2027, 6, 30))
    adopt_parameter(reference=reference, by=city_planner, decision="二", on=datetime.date(2027, 7, 1))
    assert Parameter.objects.filter(key=reference.key, status="adopted").count() == 2


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"decision": "  "}, "采用依据"),
        ({"decision": "长" * 300}, "过长"),
        ({"until": ON}, "失效日"),
        ({"place": "440699"}, "440699"),
    ],
)
def test_an_incomplete_adoption_is_refused(
    city_planner: Any, reference: Parameter, given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(AdoptionError, match=complaint):
        adopt_parameter(**{"reference": reference, "by": city_planner, "decision": "示例纪要", "on": ON, **given})


def test_only_a_reference_is_adopted(city_planner: Any) -> None:
    binding = Parameter.objects.get(key="zone.count")
    with pytest.raises(AdoptionError, match="不是参照参数"):
        adopt_parameter(reference=binding, by=city_planner, decision="示例纪要", on=ON)


ROLES = ["planner", "reviewer", "monitor", "head", "parks", "auditor", "sysadmin", "enterprise"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("place", ["440600", "440605"])
def test_only_a_planner_of_the_whole_city_adopts_and_everybody_reads(
    django_user_model: Any, reference: Parameter, role: str, place: str
) -> None:
    places = [] if role == "enterprise" else [place]
    user = django_user_model.objects.create_user("someone", role=role, display_name="某人", place_codes=places)
    allowed = role == "planner" and place == "440600"
    assert perms.adopts_parameters(user) is allowed
    assert perms.reads_parameters(user) is True
    if not allowed:
        with pytest.raises(PermissionDenied):
            adopt_parameter(reference=reference, by=user, decision="示例纪要", on=ON)


def test_an_account_that_was_closed_neither_reads_nor_adopts(city_planner: Any) -> None:
    city_planner.is_active = False
    assert not perms.reads_parameters(city_planner)
    assert not perms.adopts_parameters(city_planner)
