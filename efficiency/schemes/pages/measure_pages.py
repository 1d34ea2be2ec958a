"""``/schemes/measures/``: what each class gets and loses, and the form of one measure."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts.scope import reader
from core.refusals import Refused
from efficiency.schemes import perms
from efficiency.schemes.models import ClassMeasure, Grade
from efficiency.schemes.pages.acts import status_of
from efficiency.schemes.services import measures as services


class MeasureForm(forms.ModelForm):
    """One measure; the service has the last word on every field."""

    revision = forms.IntegerField(widget=forms.HiddenInput, initial=0, min_value=0)

    class Meta:
        model = ClassMeasure
        fields = ["grade", "field", "text", "source", "status", "order"]
        widgets = {"text": forms.Textarea(attrs={"rows": 2}), "source": forms.Textarea(attrs={"rows": 2})}
        help_texts = {
            "field": gettext_lazy("例如用地、用电、用水、财政。"),
            "source": gettext_lazy("文号和条款。没有文件依据的，效力选“样例”。"),
            "order": gettext_lazy("同一类别内由小到大排列。"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["grade"].choices = Grade.choices  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"


@require_safe
@login_required
def measures(request: HttpRequest) -> HttpResponse:
    """What every class gets and loses, best class first."""
    user = reader(request)
    rows = list(ClassMeasure.objects.visible_to(user))
    binding = sum(row.status == "binding" for row in rows)
    return render(
        request,
        "schemes/measures.html",
        {
            "heading": _("%s 条差别化政策有效") % binding if binding else _("还没有有效的差别化政策"),
            "grades": [(grade, [row for row in rows if row.grade == grade]) for grade in Grade],
            "keeps": perms.keeps_measures(user),
            "binding": binding,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def measure(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Add a measure or change one."""
    user = reader(request)
    if not perms.keeps_measures(user):
        raise PermissionDenied(_("差别化政策由市级工信园区人员维护。"))
    found = _measure(request, number) if number is not None else None
    refusal, status = "", 200
    if request.method == "POST":
        # The form reads what was sent; writing it is the service's.
        form = MeasureForm(request.POST)
        status = 422
        if form.is_valid():
            try:
                kept = services.save_measure(by=user, measure_id=number, **form.cleaned_data)
                messages.success(request, _("已保存 %s的措施。") % kept.get_grade_display())
                return redirect("schemes:measures")
            except Refused as refused:
                refusal, status = refused.sentence, status_of(refused)
    else:
        form = MeasureForm(instance=found, initial={"revision": found.revision if found else 0})
    return render(request, "schemes/measure.html", {"form": form, "measure": found, "refusal": refusal}, status=status)


@require_POST
@login_required
def remove(request: HttpRequest, number: int) -> HttpResponse:
    """Take a measure off the list."""
    user = reader(request)
    if not perms.keeps_measures(user):
        raise PermissionDenied(_("差别化政策由市级工信园区人员维护。"))
    found = _measure(request, number)
    sent = request.POST.get("revision", "")
    try:
        services.remove_measure(by=user, measure_id=number, revision=int(sent) if sent.isdigit() else -1)
        messages.success(request, _("已删除 %s的一条措施。") % found.get_grade_display())
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("schemes:measures")


def _measure(request: HttpRequest, number: int) -> ClassMeasure:
    found: ClassMeasure | None = ClassMeasure.objects.visible_to(reader(request)).filter(pk=number).first()
    if found is None:
        raise Http404(_("没有这条措施，可能已被删除。"))
    return found
