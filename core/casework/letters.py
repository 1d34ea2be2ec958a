"""Letters to applicants, as PDF in the manner of an official document (GB/T 9704—2012: A4, red head, number, date).

What a letter says stands in the case, frozen: the same case gives the same letter. Nothing
is loaded while it is drawn; fonts are the system's.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import pdfs
from core.accounts.models import Role
from core.casework import offices
from core.casework.models import Case, TimelineEntry
from core.casework.states import Procedure, State
from core.policy.models import CITY_CODE, Jurisdiction

PRODUCT_DEFAULTS = "MC-DEFAULT"
"""The document that stands for the product's own defaults: no basis a letter could name."""


class NoLetter(LookupError):
    """The case stands where there is nothing to tell by letter."""


class Letter(NamedTuple):
    """One sort of letter: its title, the template of what it says, and the move whose day and words it bears."""

    title: Any
    template: str
    move: str


APPROVAL = Letter(gettext_lazy("批准决定书"), "casework/letter/approval.html", "approve")
REFUSAL = Letter(gettext_lazy("不予批准决定书"), "casework/letter/refusal.html", "refuse")
DECLINED = Letter(gettext_lazy("不予受理决定书"), "casework/letter/declined.html", "decline")
RETURNED = Letter(gettext_lazy("退回通知书"), "casework/letter/returned.html", "return_to_applicant")
CORRECTION = Letter(gettext_lazy("一次性告知补正通知书"), "casework/letter/correction.html", "ask_correction")
NOTICE = Letter(gettext_lazy("限期整改通知书"), "casework/letter/notice.html", "issued")
PASSED = Letter(gettext_lazy("整改复核意见书"), "casework/letter/passed.html", "pass_check")
SANCTION = Letter(gettext_lazy("处理决定书"), "casework/letter/sanction.html", "impose")
CANCELLED = Letter(gettext_lazy("撤销整改通知书"), "casework/letter/cancelled.html", "cancel")
UPHELD = Letter(gettext_lazy("复核决定书"), "casework/letter/upheld.html", "uphold")
LAPSED = Letter(gettext_lazy("逾期未补正办结告知书"), "casework/letter/lapsed.html", "lapse")

_BY_STATE = {
    State.NOTICE: APPROVAL,
    State.EFFECTIVE: APPROVAL,
    State.REFUSED: REFUSAL,
    State.NOT_ACCEPTED: DECLINED,
    State.RETURNED: RETURNED,
    State.CORRECTION: CORRECTION,
    State.UPHELD: UPHELD,
    **dict.fromkeys((State.ISSUED, State.PLANNED, State.RECTIFYING, State.CHECKING, State.SANCTION), NOTICE),
    State.RECTIFIED: PASSED,
    State.IMPOSED: SANCTION,
    State.SETTLED: SANCTION,
    State.CANCELLED: CANCELLED,
}


def letter_of(case: Case) -> Letter | None:
    """The letter a case calls for as it stands; during an appeal still the decision appealed against."""
    if case.state == State.APPEAL and case.procedure == Procedure.SUPERVISION:
        return SANCTION
    if case.state == State.APPEAL:
        return REFUSAL if case.accepted_at else DECLINED
    if case.state == State.WITHDRAWN:
        return LAPSED if case.timeline.filter(act=LAPSED.move).exists() else None
    return _BY_STATE.get(State(case.state))


def title_of(case: Case) -> str:
    """What the letter of a case is called, e.g. 批准决定书; "" when there is none."""
    letter = letter_of(case)
    return str(_named(case, letter)) if letter else ""


def _named(case: Case, letter: Letter) -> Any:
    """The title of a letter; a kind may call it otherwise."""
    return case.kind_of.letter_titles.get(letter.move, letter.title)


def decision_letter(case: Case) -> bytes:
    """The letter of a case as PDF, in Chinese whoever reads it. Raises NoLetter."""
    with translation.override(settings.LANGUAGE_CODE):
        held = context(case)
    return pdfs.drawn("casework/letter/letter.html", "casework/letter/letter.css", {**held, "demo": case.is_demo})


def context(case: Case) -> dict[str, Any]:
    """What the template of the letter is drawn from. Raises NoLetter."""
    letter = letter_of(case)
    if letter is None:
        raise NoLetter(case.state)
    entry = case.timeline.filter(act=letter.move).order_by("-at", "-pk").first()
    kind = case.kind_of
    evidence = case.evidence if letter in (DECLINED, CORRECTION, NOTICE) else case.decision_evidence or case.evidence
    findings = (evidence or {}).get("findings", [])
    titles = dict.fromkeys(title for title in map(_title, findings) if title)
    documents = {title: number for number, title in enumerate(titles, start=1)}
    reviewed = case.reviews.filter(round=case.round, given_at__isnull=False)
    return {
        **kind.letter(case),
        "case": case,
        "kind": kind,
        "letter": letter,
        "title": title(case, letter),
        "body": letter.template,
        "facts": kind.facts(case),
        "issuer": _issuer(case, letter, entry),
        "number": case.decision_number
        if letter in (APPROVAL, REFUSAL, SANCTION) and case.decision_number
        else case.number,
        "submitted": _day(case.submitted_at),
        "accepted": _day(case.accepted_at),
        "decided": _day(case.decided_at),
        "signed": _day(entry.at if entry else case.changed_at),
        "notice_from": _day(case.notice_from),
        "notice_until": _day(case.notice_until),
        "effective": _day(case.effective_at),
        "due": _day(case.due_on),
        "text": _words(case, letter, entry),
        "offices": offices.titles(reviewed.values_list("office", flat=True)),
        "basis": _basis(findings),
        "findings": [finding | {"document": documents.get(_title(finding))} for finding in findings],
        "documents": documents,
        "findings_on": _day(dt.date.fromisoformat(evidence["on"])) if evidence else "",
    }


def title(case: Case, letter: Letter) -> str:
    """The heading of a letter: what was applied for, or what is supervised, and what the letter is."""
    named = _named(case, letter)
    if case.procedure == Procedure.SUPERVISION:
        return str(named)
    return _("%(kind)s申请%(title)s") % {"kind": case.kind_of.title, "title": named}


def _issuer(case: Case, letter: Letter, entry: TimelineEntry | None) -> str:
    """Who signs: the office that decides, or conducts where nothing is decided, of the district or of the city."""
    by = entry.by if entry else None
    of_city = by is not None and by.sees_city and case.district_id not in by.place_codes
    place = Jurisdiction.objects.get(pk=CITY_CODE).name if of_city else case.district.name
    if letter is UPHELD:
        return _("%(district)s复核机关") % {"district": place}
    kind = case.kind_of
    role: Role = kind.officer if letter in (DECLINED, CORRECTION, NOTICE, PASSED, CANCELLED, LAPSED) else kind.decider
    return f"{place}{offices.title(role)}"


def _words(case: Case, letter: Letter, entry: TimelineEntry | None) -> list[str]:
    """The lines an office wrote: the reasons, the conditions, what is missing."""
    said = entry.text if entry else ""
    text = {
        CORRECTION: case.correction_text,
        **dict.fromkeys((UPHELD, NOTICE, PASSED, CANCELLED, LAPSED), said),
    }.get(letter, case.decision_text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _title(finding: dict[str, Any]) -> str:
    """The title of the document a finding rests on, "" for none."""
    return finding["source"]["title"] if finding.get("source") else ""


def _basis(findings: list[dict[str, Any]]) -> str:
    """The articles the findings rest on, each document once: 《…》第一条、第二条. Defaults of the product are none."""
    articles: dict[str, list[str]] = {}
    for finding in findings:
        source = finding.get("source")
        if not source or source["document"] == PRODUCT_DEFAULTS or source["status"] == "reference":
            continue
        known = articles.setdefault(source["title"], [])
        if source["article"] and source["article"] not in known:
            known.append(source["article"])
    return _("、").join(f"《{title}》{_('、').join(known)}" for title, known in articles.items())


def _day(when: dt.datetime | dt.date | None) -> str:
    """A day as letters write it: 2026年3月31日, of the place's own time; "" for none."""
    if when is None:
        return ""
    return date_format(timezone.localdate(when) if isinstance(when, dt.datetime) else when, "Y年n月j日")
