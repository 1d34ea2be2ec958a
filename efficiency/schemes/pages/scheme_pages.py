"""``/schemes/``: the schemes, one version in words, and what two versions say differently."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from core import policy
from core.accounts.models import User
from core.accounts.scope import reader
from efficiency.schemes import checks, comparing, perms, words
from efficiency.schemes.models import Scheme, SchemeVersion, VersionState
from efficiency.schemes.rules import Rules, rules_of
from parks.enterprises.models import Industry

TONES = {
    VersionState.APPROVED: "met",
    VersionState.SUBMITTED: "risk",
    VersionState.RETURNED: "unmet",
}
UNDER_WAY = (VersionState.DRAFT, VersionState.SUBMITTED, VersionState.RETURNED)
REQUIRED = "efficiency.required_indicators"


@require_safe
@login_required
def schemes(request: HttpRequest) -> HttpResponse:
    """Every scheme with the version in use and the one under way."""
    user = reader(request)
    versions: dict[int, list[SchemeVersion]] = {}
    for row in SchemeVersion.objects.visible_to(user).select_related("scheme").order_by("-number"):
        versions.setdefault(row.scheme_id, []).append(row)
    rows = []
    # A scheme of which nothing may be read yet is nothing to the reader.
    readable = Scheme.objects.visible_to(user).filter(pk__in=versions)
    for scheme in readable.select_related("document", "place").defer("place__geom"):
        under_way = _first(versions[scheme.pk], UNDER_WAY)
        rows.append(
            {
                "scheme": scheme,
                "in_use": _first(versions[scheme.pk], (VersionState.APPROVED,)),
                "under_way": under_way,
                "newest": versions[scheme.pk][0],
                "tone": TONES.get(VersionState(under_way.state), "") if under_way else "",
            }
        )
    usable = sum(row["in_use"] is not None for row in rows)
    return render(
        request,
        "schemes/schemes.html",
        {
            "rows": rows,
            "heading": ngettext("%(n)s 个评价办法可用于评价", "%(n)s 个评价办法可用于评价", usable) % {"n": usable}
            if usable
            else _("还没有批准的评价办法"),
            "drafts": perms.drafts(user),
        },
    )


@require_safe
@login_required
def scheme(request: HttpRequest, code: str) -> HttpResponse:
    """The version of a scheme that counts: the newest in use, else the newest one may read."""
    rows = SchemeVersion.objects.visible_to(reader(request)).filter(scheme__code=code).order_by("-number")
    found = rows.filter(state=VersionState.APPROVED).first() or rows.first()
    if found is None:
        raise Http404(_("没有代码为“%s”的评价办法，或尚未批准。") % code)
    return redirect(found.get_absolute_url())


@require_safe
@login_required
def version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """One version in words."""
    return version_page(request, version_or_404(reader(request), code, number))


def version_or_404(user: User, code: str, number: int) -> SchemeVersion:
    """The version named in an address, whole; raises Http404 where there is none or the account may not read it."""
    found: SchemeVersion | None = (
        SchemeVersion.objects.visible_to(user)
        .whole()
        .select_related("author", "approved_by")
        .filter(scheme__code=code, number=number)
        .first()
    )
    if found is None:
        raise Http404(_("没有这一版评价办法，或尚未批准。"))
    return found


def version_page(request: HttpRequest, found: SchemeVersion, refusal: str = "", status: int = 200) -> HttpResponse:
    """The page of a version, with why an act was refused."""
    user = reader(request)
    rules = rules_of(found)
    siblings = SchemeVersion.objects.visible_to(user).filter(scheme=found.scheme).order_by("-number")
    others = SchemeVersion.objects.visible_to(user).select_related("scheme").exclude(pk=found.pk)
    return render(
        request,
        "schemes/version.html",
        {
            "version": found,
            "tone": TONES.get(VersionState(found.state), ""),
            "groups": words.groups(rules, _industries(rules)),
            "requirement": words.requirement(rules),
            "required": _required(),
            "citation": _citation(found.scheme),
            "unfinished": checks.faults(rules) if found.is_editable and user.reads_land else [],
            "siblings": siblings,
            "others": others.order_by("scheme__name", "-number"),
            "may": {
                "edit": perms.edits(user, found),
                "discard": perms.discards(user, found),
                "take_back": perms.takes_back(user, found),
                "decide": perms.decides(user, found),
                "retire": perms.retires(user, found),
                "copy": perms.drafts(user),
            },
            "under_way": siblings.under_way().exists(),
            "trial": _trial(user, found, rules),
            "refusal": refusal,
        },
        status=status,
    )


@require_safe
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    """What two versions say differently; the address names their ids as ``a`` and ``b``."""
    user = reader(request)
    whole = SchemeVersion.objects.visible_to(user).whole()
    found: list[SchemeVersion] = []
    for name in ("a", "b"):
        asked = request.GET.get(name, "")
        row = whole.filter(pk=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
        if row is None:
            raise Http404(_("没有要比较的版本，或尚未批准。"))
        found.append(row)
    rules = [rules_of(row) for row in found]
    return render(
        request,
        "schemes/compare.html",
        {
            "before": found[0],
            "after": found[1],
            "rows": comparing.differences((found[0], rules[0]), (found[1], rules[1]), _industries(*rules)),
        },
    )


def _trial(user: User, found: SchemeVersion, rules: Rules) -> dict[str, Any] | None:
    """What the page asks the preview with: only of a version under way, where its effect is still a question."""
    if found.state in (VersionState.APPROVED, VersionState.RETIRED) or not perms.previews(user):
        return None
    return {"version": found.pk, "preview": reverse("evaluation:preview"), "data": rules.as_data()}


def _industries(*editions: Any) -> dict[str, str]:
    """Names of the industries editions mention; no query where they mention none."""
    codes = words.industry_codes(*editions)
    return dict(Industry.objects.filter(code__in=codes).values_list("code", "name")) if codes else {}


def _required() -> policy.Value | None:
    """What S002 demands of per-亩 monitoring (PM-1)."""
    try:
        return policy.value(REQUIRED)
    except policy.ParameterMissing:
        return None


def _citation(scheme: Scheme) -> dict[str, Any] | None:
    if scheme.document is None:
        return None
    return {"document": scheme.document, "article": "", "clause_id": "", "parameter_id": None}


def _first(rows: list[SchemeVersion], states: tuple[VersionState, ...]) -> SchemeVersion | None:
    return next((row for row in rows if row.state in states), None)
