"""`manage.py evaluate` as outside checks call it."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from efficiency.evaluation.models import Run
from efficiency.evaluation.services.evaluating import evaluate
from efficiency.schemes.models import SchemeVersion, VersionState
from tests.efficiency.evaluation.firms import YEAR, firm, version
from tests.places import account

pytestmark = pytest.mark.django_db


def said(*words, **options):
    out = StringIO()
    call_command("evaluate", *words, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def firms():
    return [firm(number, tax_cny=number * 100_000, electricity_kwh=500_000) for number in range(1, 5)]


def approve(draft: SchemeVersion) -> None:
    approver = account(Role.PARKS, CITY_CODE)
    for state in (VersionState.SUBMITTED, VersionState.APPROVED):
        draft.state = state
        if state == VersionState.APPROVED:
            draft.approved_by, draft.approved_at = approver, timezone.now()
        draft.save()


def test_a_sample_named_is_a_trial_in_one_json_document(firms):
    found = json.loads(said(str(YEAR), "--scheme", "huangyan-2022", "--format", "json"))
    run = Run.objects.get()
    assert found == {
        "run": run.pk, "year": YEAR, "scheme": "huangyan-2022", "engine": "postgres", "enterprises": 4, "plots": 4,
        "classes": {"A": 1, "B": 1, "C": 1, "D": 1, "N": 0}, "digest": run.digest, "seconds": run.seconds,
        "scheme_version": 1, "trial": True,
    }  # fmt: skip


def test_in_words_a_trial_says_so(firms):
    assert "结果只供试算" in said(str(YEAR), "--scheme", "huangyan-2022")


def test_the_approved_scheme_is_taken_unasked(firms):
    approve(version("s002-plain"))
    found = json.loads(said(str(YEAR), "--format", "json"))
    assert (found["scheme"], found["trial"]) == ("s002-plain", False)


def test_another_moment_gives_the_figures_believed_then(firms):
    then = (timezone.now() - timedelta(days=60)).isoformat()
    found = json.loads(said(str(YEAR), "--scheme", "huangyan-2022", "--as-of", then, "--format", "json"))
    assert found["enterprises"] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((str(YEAR),), "没有已批准的评价办法.*--scheme"),
        ((str(YEAR), "--scheme", "nowhere"), "没有适用于 2024 年的评价办法“nowhere”"),
        (("2003", "--scheme", "huangyan-2022"), "2003 年没有可评价的企业"),
        ((str(YEAR), "--scheme", "huangyan-2022", "--as-of", "gestern"), "不是时间"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_a_sentence(firms, words, sentence):
    with pytest.raises(CommandError, match=sentence) as refused:
        said(*words)
    assert refused.value.returncode == 2


def test_two_runs_of_a_year_wait_for_each_other(firms):
    draft = version()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT pg_advisory_xact_lock(hashtextextended('evaluation {YEAR} 440600', 0))")
            with connection.cursor() as mine:
                mine.execute("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
                evaluate(year=YEAR, version=draft)
            with connection.cursor() as mine:
                mine.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert evaluate(year=YEAR, version=draft).number == 1
