"""``/flags/``: the work list of monitors; for an enterprise the flags about it that were confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import sheets
from core.accounts.models import User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from core.refusals import Refused
from efficiency.evaluation.models import Run
from efficiency.flags import perms, wording
from efficiency.flags.models import Flag, FlagState, Rule
from efficiency.flags.pages import asking
from efficiency.flags.services import deciding, raising

PER_PAGE = 50

OUTCOMES = "flags_bulk"
"""Where what became of a bulk act waits for the page that tells of it."""

TONES = {
    FlagState.RAISED: "accent",
    FlagState.CONFIRMED: "risk",
    FlagState.ESCALATED: "unmet",
    FlagState.CLOSED: "met",
    FlagState.DISMISSED: "",
}

ACTS: dict[str, dict[str, Any]] = {
    "waiting": {"confirm": gettext_lazy("确认并通知整改"), "dismiss": gettext_lazy("不成立")},
    "dismissed": {"undo": gettext_lazy("撤回“不成立”")},
}
"""What may be done to the flags of a tab together."""


def readers_only(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for roles that read no flags."""
    user = reader(request)
    if not perms.reads(user):
        raise PermissionDenied(_("低效预警由办理部门和有关企业查看；本账号的角色不查看。"))
    return user


@never_cache
@require_safe
@login_required
def flags(request: HttpRequest) -> HttpResponse:
    """The list under its tabs."""
    user = readers_only(request)
    asked = asking.Asked.of(request.GET, user)
    counts = asking.counts(user, asked)
    page = Paginator(asking.rows_of(user, asked), PER_PAGE).get_page(request.GET.get("page"))
    names = dict(Jurisdiction.objects.districts().values_list("code", "name"))
    monitors, inside = perms.raises_somewhere(user), perms.reads_inside(user)
    return render(
        request,
        "flags/list.html",
        {
            "asked": asked,
            "inside": inside,
            "monitors": monitors,
            "visits": perms.visits_somewhere(user),
            "heading": heading(user, counts),
            "tabs": [
                {"key": key, "label": asking.TABS[key][0], "count": counts[key], "current": key == asked.tab}
                for key in asking.tabs_of(user)
            ],
            "page": page,
            "rows": [
                {
                    "flag": row,
                    "district": names.get(row.district_code, ""),
                    "sentence": wording.sentence(row) if inside else wording.outside(row).sentence,
                    "tone": TONES[FlagState(row.state)],
                }
                for row in page
            ],
            "rules": Rule.choices,
            "districts": [(code, names[code]) for code in user.district_codes if code in names],
            "years": Flag.objects.visible_to(user).order_by("-year").values_list("year", flat=True).distinct(),
            "sorts": asking.SORTS.items(),
            "acts": ACTS.get(asked.tab, {}) if monitors else {},
            "most": deciding.MOST,
            "leasts": ("1", "0.9", "0.8", "0.7"),
            "runs": _runs() if monitors else [],
            "outcomes": request.session.pop(OUTCOMES, None),
        },
    )


def heading(user: User, counts: dict[str, int]) -> str:
    """The answer of the list."""
    if not perms.reads_inside(user):
        if counts["followed"]:
            return _("%(count)s 项待整改") % {"count": counts["followed"]}
        return _("没有需要本企业整改的预警")
    if counts["waiting"]:
        return _("%(waiting)s 条待核实，%(followed)s 条整改中") % counts
    if counts["followed"]:
        return _("没有待核实的预警，%(followed)s 条整改中") % counts
    return _("没有待核实的预警")


@never_cache
@require_safe
@login_required
def export(request: HttpRequest) -> FileResponse:
    """What the list shows, all pages of it, as a workbook."""
    user = readers_only(request)
    asked = asking.Asked.of(request.GET, user)
    inside = perms.reads_inside(user)
    columns = [
        (_("编号"), 10), (_("规则"), 28), (_("年度"), 8), (_("企业"), 34), (_("统一社会信用代码"), 22),
        (_("宗地代码"), 24), (_("所在区"), 10), (_("状态"), 16), (_("依据"), 70), (_("标记时间"), 18),
        (_("核实时间"), 18), (_("核实意见"), 40), (_("整改办件"), 18), (_("了结时间"), 18),
        *([(_("把握"), 8), (_("核实人"), 16), (_("评价"), 20)] if inside else []),
    ]  # fmt: skip
    file = sheets.workbook(_("低效预警"), columns, _lines(user, asked, inside))
    return sheets.response(file, _("低效预警 %(day)s") % {"day": timezone.localdate().isoformat()})


def _lines(user: User, asked: asking.Asked, inside: bool) -> Iterator[list[Any]]:
    names = dict(Jurisdiction.objects.districts().values_list("code", "name"))
    rows = asking.rows_of(user, asked).select_related("enterprise", "case", "decided_by", "run")
    for flag in rows.iterator(chunk_size=500):
        yield [
            flag.pk, str(flag.get_rule_display()), flag.year, flag.enterprise.name if flag.enterprise else "",
            flag.enterprise.uscc if flag.enterprise else "", flag.plot_id or "", names.get(flag.district_code, ""),
            str(flag.get_state_display()),
            wording.sentence(flag) if inside else wording.outside(flag).sentence,
            flag.raised_at, flag.decided_at, flag.reason,
            flag.case.number if flag.case else "", flag.closed_at,
            *(
                [float(flag.confidence), str(flag.decided_by or ""), str(flag.run or "")] if inside else []
            ),
        ]  # fmt: skip


@require_POST
@login_required
def decide(request: HttpRequest) -> HttpResponse:
    """Judge the flags chosen, and go back to the list, which tells what became of each."""
    user = readers_only(request)
    act = request.POST.get("act", "")
    if act not in {"confirm", "dismiss", "undo"} or not perms.raises_somewhere(user):
        raise Http404
    ids = [number(text) for text in request.POST.getlist("flag")]
    back = f"{reverse('flags:flags')}?{asking.Asked.of_query(request.POST.get('back', ''), user).query}"
    try:
        outcomes = deciding.in_bulk(act=act, flags=ids, by=user, text=request.POST.get("text", ""))
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect(back)
    labels = ACTS["waiting"] | ACTS["dismissed"]
    request.session[OUTCOMES] = {
        "label": str(labels[act]),
        "done": sum(outcome.done for outcome in outcomes),
        "refused": [asdict(outcome) for outcome in outcomes if not outcome.done],
    }
    return redirect(back)


@require_POST
@login_required
def ask_rules(request: HttpRequest) -> HttpResponse:
    """Ask every rule about a year now, by the evaluation chosen."""
    user = readers_only(request)
    run = Run.objects.visible_to(user).filter(pk=number(request.POST.get("run", ""))).first()
    if run is None:
        messages.error(request, _("请选择据以标记的评价。"))
        return redirect("flags:flags")
    try:
        found = raising.raise_all(year=run.year, run=run, by=user)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("flags:flags")
    labels = dict(Rule.choices)
    new = "、".join(f"{labels[rule]} {count} 条" for rule, count in found.counts.items() if count)
    said = _("%(year)s 年新增预警 %(count)s 条。") % {"year": found.year, "count": found.total}
    messages.success(request, said + (f"{new}。" if new else ""))
    for rule, why in found.silent.items():
        messages.info(request, f"“{labels[rule]}”未检查：{why.rstrip('。')}。")
    return redirect("flags:flags")


def number(text: str) -> int:
    """A number of a row from an address or a form; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _runs() -> list[Run]:
    """The evaluations rules may be asked by: of every year the one that counts, newest first."""
    return list(Run.objects.shown().of_years().values())
