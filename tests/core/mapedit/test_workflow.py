"""The way of a change set: what each move asks, records and refuses."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from core.accounts.models import Role
from core.mapedit import history
from core.mapedit.models import ChangeSet, Opinion
from core.mapedit.services import papers, workflow
from core.mapedit.states import State
from core.policy.models import Parameter
from core.refusals import NotAllowed, Refused
from tests import places
from tests.core.mapedit import drafts, proposals

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> proposals.People:
    return proposals.people()


def notice_days(layer: str, days: int) -> None:
    assert Parameter.objects.filter(key=f"{layer}.notice_days").update(value=days) == 1


def faulty(who: proposals.People) -> ChangeSet:
    places.zone("FS-NH-01", places.square(113.00, 23.05))
    change_set = proposals.draft(who.planner)
    drafts.add(change_set, "FS-NH-91", places.square(113.001, 23.05))
    return proposals.placed(change_set)


def test_a_set_without_errors_is_checked_and_one_with_an_error_stays_a_draft(who):
    clean, broken = proposals.with_new_zone(who.planner, lon=113.03), faulty(who)
    assert not [f for f in workflow.run_checks(change_set_id=clean.pk, by=who.planner) if f.is_error]
    assert [f for f in workflow.run_checks(change_set_id=broken.pk, by=who.planner) if f.is_error]
    assert ChangeSet.objects.get(pk=clean.pk).state == State.CHECKED
    assert ChangeSet.objects.get(pk=broken.pk).state == State.DRAFT


def test_a_checked_set_that_somebody_elses_publication_broke_is_a_draft_again(who):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.CHECKED)
    places.zone("FS-NH-01", places.square(113.001, 23.05))
    workflow.run_checks(change_set_id=change_set.pk, by=who.planner)
    assert ChangeSet.objects.get(pk=change_set.pk).state == State.DRAFT


def test_an_error_stops_the_submission_with_its_findings_and_changes_nothing(who):
    change_set = faulty(who)
    with pytest.raises(Refused) as refused:
        workflow.submit(change_set_id=change_set.pk, by=who.planner)
    assert "重叠" in refused.value.sentence
    assert refused.value.findings
    after = ChangeSet.objects.get(pk=change_set.pk)
    assert (after.state, after.evidence, after.submitted_at) == (State.DRAFT, None, None)


def test_an_empty_set_is_not_submitted(who):
    with pytest.raises(Refused, match="还没有改动"):
        workflow.submit(change_set_id=proposals.draft(who.planner).pk, by=who.planner)


def test_a_submission_freezes_what_was_found_with_its_parameters_and_areas(who):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.SUBMITTED)
    evidence = change_set.evidence
    assert evidence["errors"] == 0
    assert evidence["on"] == timezone.localdate().isoformat()
    assert evidence["counts"] == {"add": 1, "modify": 0, "remove": 0, "all": 1}
    [area] = evidence["areas"]
    assert area["before_m2"] is None
    assert area["after_m2"] == pytest.approx(181_900, rel=0.01)
    assert evidence["places"][0]["in_m2"] == pytest.approx(area["after_m2"], abs=1e-6)
    assert {"geometry.overlap_tolerance_m2"} <= {row["key"] for row in evidence["parameters"]}
    assert change_set.submitted_by == who.planner


def test_the_notice_waits_for_every_office_and_stops_at_an_objection(who):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.OPINIONS)
    with pytest.raises(Refused, match="还没有收到工信园区人员的意见"):
        workflow.give_notice(change_set_id=change_set.pk, by=who.reviewer)
    workflow.give_opinion(change_set_id=change_set.pk, by=who.parks, verdict="disagree", text="与园区规划不符")
    with pytest.raises(Refused, match="与园区规划不符"):
        workflow.give_notice(change_set_id=change_set.pk, by=who.reviewer)
    workflow.give_opinion(change_set_id=change_set.pk, by=who.parks, verdict="conditional", text="保留消防通道")
    assert workflow.give_notice(change_set_id=change_set.pk, by=who.reviewer).state == State.NOTICE
    assert Opinion.objects.get(change_set=change_set).verdict == "conditional"


@pytest.mark.parametrize("verdict", ["conditional", "disagree"])
def test_reservations_are_explained(who, verdict):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.OPINIONS)
    with pytest.raises(Refused, match="写明理由"):
        workflow.give_opinion(change_set_id=change_set.pk, by=who.parks, verdict=verdict, text=" ")
    with pytest.raises(Refused, match="请选择意见"):
        workflow.give_opinion(change_set_id=change_set.pk, by=who.parks, verdict="maybe")


def test_a_notice_of_days_is_waited_for_to_its_last_day(who):
    notice_days("zones", 7)
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.NOTICE)
    today = timezone.localdate()
    assert (change_set.notice_from, change_set.notice_until) == (today, today + dt.timedelta(days=7))
    for until in (today + dt.timedelta(days=7), today):
        ChangeSet.objects.filter(pk=change_set.pk).update(notice_from=until - dt.timedelta(days=7), notice_until=until)
        with pytest.raises(Refused, match="期满后才能批准"):
            workflow.approve(change_set_id=change_set.pk, by=who.reviewer)
    yesterday = today - dt.timedelta(days=1)
    ChangeSet.objects.filter(pk=change_set.pk).update(
        notice_from=yesterday - dt.timedelta(days=7), notice_until=yesterday
    )
    assert workflow.approve(change_set_id=change_set.pk, by=who.reviewer).state == State.APPROVED


def test_a_layer_without_offices_and_notice_is_approved_in_one_act_with_every_step_recorded(who):
    change_set = proposals.draft(who.planner, layer="plots")
    drafts.add(change_set, "440605001001GB00901", places.square(113.00, 23.05))
    proposals.placed(change_set)
    workflow.submit(change_set_id=change_set.pk, by=who.planner)
    workflow.approve(change_set_id=change_set.pk, by=who.reviewer, document_number="佛自然资〔2026〕2 号")
    after = ChangeSet.objects.get(pk=change_set.pk)
    assert (after.state, after.document_number) == (State.APPROVED, "佛自然资〔2026〕2 号")
    whats = [event.what for event in reversed(history.time_line(after))]
    assert whats == ["新建变更", "检查通过", "提交变更", "征求部门意见", "进入公示", "批准"]


def test_a_layer_with_offices_is_not_approved_before_they_are_asked(who):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.SUBMITTED)
    with pytest.raises(Refused, match="还没有征求部门意见"):
        workflow.approve(change_set_id=change_set.pk, by=who.reviewer)
    assert ChangeSet.objects.get(pk=change_set.pk).state == State.SUBMITTED


def test_a_plot_change_with_a_notice_is_not_approved_past_it(who):
    notice_days("plots", 3)
    change_set = proposals.draft(who.planner, layer="plots")
    drafts.add(change_set, "440605001001GB00901", places.square(113.00, 23.05))
    proposals.placed(change_set)
    workflow.submit(change_set_id=change_set.pk, by=who.planner)
    with pytest.raises(Refused, match="期满后才能批准"):
        workflow.approve(change_set_id=change_set.pk, by=who.reviewer)
    assert ChangeSet.objects.get(pk=change_set.pk).state == State.SUBMITTED


@pytest.mark.parametrize("state", [State.SUBMITTED, State.OPINIONS, State.NOTICE, State.APPROVED])
def test_a_returned_set_carries_its_reason_and_comes_back_with_fresh_opinions(who, state):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)
    with pytest.raises(Refused, match="退回意见"):
        workflow.return_for_revision(change_set_id=change_set.pk, by=who.reviewer, reason=" ")
    workflow.return_for_revision(change_set_id=change_set.pk, by=who.reviewer, reason="补充批复文号")
    returned = ChangeSet.objects.get(pk=change_set.pk)
    assert (returned.state, returned.return_reason, returned.approved_by) == (State.RETURNED, "补充批复文号", None)
    again = proposals.bring(returned, who, State.SUBMITTED)
    assert not again.opinions.exists()
    assert again.return_reason == ""


def test_only_the_author_withdraws(who):
    change_set = proposals.with_new_zone(who.planner)
    colleague = places.account(Role.PLANNER, places.NANHAI)
    with pytest.raises(NotAllowed, match="编制人撤回"):
        workflow.withdraw(change_set_id=change_set.pk, by=colleague)
    assert workflow.withdraw(change_set_id=change_set.pk, by=who.planner).state == State.WITHDRAWN


def test_the_time_line_names_who_did_what(who):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.PUBLISHED)
    lines = [(event.what, event.who) for event in reversed(history.time_line(change_set))]
    planner, reviewer, parks = str(who.planner), str(who.reviewer), str(who.parks)
    assert lines == [
        ("新建变更", planner),
        ("检查通过", planner),
        ("提交变更", planner),
        ("征求部门意见", reviewer),
        ("进入公示", reviewer),
        ("批准", reviewer),
        ("发布", reviewer),
        # All of a test happens in one transaction, at one time; then opinions come behind moves.
        ("工信园区人员：同意", parks),
    ]


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("批复.pdf", b"%PDF-1.7 x"),
        ("现场.JPG", b"\xff\xd8\xff\xe0 x"),
        ("图.png", b"\x89PNG\r\n\x1a\n x"),
        ("纪要.docx", zipped("word/document.xml")),
        ("清单.xlsx", zipped("xl/workbook.xml")),
        ("材料.zip", zipped("a.txt")),
    ],
)
def test_papers_are_known_by_their_content(who, name, content):
    change_set = proposals.with_new_zone(who.planner)
    paper = papers.attach_paper(change_set_id=change_set.pk, by=who.planner, name=name, content=ContentFile(content))
    assert (paper.name, paper.size) == (name, len(content))
    assert len(paper.sha256) == 64
    with pytest.raises(Refused, match="已经附上"):
        papers.attach_paper(change_set_id=change_set.pk, by=who.planner, name=name, content=ContentFile(content))
    papers.remove_paper(change_set_id=change_set.pk, paper_id=paper.pk, by=who.planner)
    assert not change_set.papers.exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("网页.pdf", b"<html>", "内容与文件名不符"),
        ("木马.exe", b"MZ", "内容与文件名不符"),
        ("伪装.docx", zipped("a.txt"), "内容与文件名不符"),
        ("坏.zip", b"PK\x03\x04 broken", "内容与文件名不符"),
        ("空.pdf", b"", "文件为空"),
        ("../../etc/passwd", b"%PDF-1.7", "内容与文件名不符"),
    ],
)
def test_other_files_are_refused_with_a_sentence(who, name, content, sentence):
    change_set = proposals.with_new_zone(who.planner)
    with pytest.raises(Refused, match=sentence):
        papers.attach_paper(change_set_id=change_set.pk, by=who.planner, name=name, content=ContentFile(content))
