"""The form that begins a run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import CITY_CODE, User
from core.policy.models import Jurisdiction
from efficiency.evaluation.models import Run
from efficiency.returns.models import YearlyReturn
from efficiency.schemes.models import SchemeVersion


class RunForm(forms.Form):
    """Which year, by which edition of a scheme, for which place, and what it takes the place of."""

    year = forms.TypedChoiceField(label=gettext_lazy("年度"), coerce=int)
    version = forms.ModelChoiceField(SchemeVersion.objects.none(), label=gettext_lazy("评价办法"))
    place = forms.ModelChoiceField(Jurisdiction.objects.none(), label=gettext_lazy("范围"))
    supersedes = forms.ModelChoiceField(
        Run.objects.none(),
        label=gettext_lazy("替代"),
        required=False,
        help_text=gettext_lazy("更正数据后重算时选择；原结果保留备查。"),
    )
    reason = forms.CharField(label=gettext_lazy("重算原因"), required=False, max_length=500)

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        years = YearlyReturn.objects.current().order_by("-year").values_list("year", flat=True).distinct()
        self.fields["year"].choices = [(year, _("%(year)s 年") % {"year": year}) for year in years]  # type: ignore[attr-defined]
        places = [CITY_CODE, *user.district_codes] if user.sees_city else user.place_codes
        self.fields["place"].queryset = Jurisdiction.objects.filter(code__in=places).order_by("code")  # type: ignore[attr-defined]
        self.fields["place"].empty_label = None  # type: ignore[attr-defined]
        versions = SchemeVersion.objects.visible_to(user).exclude(state="retired").select_related("scheme")
        self.fields["version"].queryset = versions.order_by("state", "scheme__code", "-number")  # type: ignore[attr-defined]
        self.fields["version"].label_from_instance = _edition  # type: ignore[attr-defined]
        runs = Run.objects.visible_to(user).current().filter(place__in=places, superseded_by=None)
        self.fields["supersedes"].queryset = runs  # type: ignore[attr-defined]
        self.fields["supersedes"].empty_label = _("不替代")  # type: ignore[attr-defined]
        self.initial.setdefault("year", timezone.localdate().year - 1)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        before = data.get("supersedes")
        if before and (before.year, before.place_id) != (data.get("year"), getattr(data.get("place"), "pk", None)):
            self.add_error("supersedes", _("只能替代同一年度、同一范围的评价。"))
        if before and not data.get("reason"):
            self.add_error("reason", _("请写明重算的原因，例如更正了哪些数据。"))
        return data


def _edition(version: SchemeVersion) -> str:
    return _("%(scheme)s（%(state)s）") % {"scheme": version, "state": version.get_state_display()}
