"""``/flags/new/``: flag what somebody saw, with a click on the map and photographs; what lies at a point."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.gis.db.models import Extent
from django.contrib.gis.geos import Point
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from core.accounts.models import User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from core.refusals import Refused
from core.uploads import is_longer, let_pass
from efficiency.flags import perms
from efficiency.flags.models import Flag
from efficiency.flags.pages.photos import MOST_TOGETHER, too_long
from efficiency.flags.services import raising
from landuse.plots.models import Occupation, PlotVersion
from parks.enterprises.models import Enterprise


class ByHandForm(forms.Form):
    """What was seen, where, and by whom the land is used."""

    title = forms.CharField(label=gettext_lazy("看到了什么"), max_length=160)
    plot = forms.CharField(label=gettext_lazy("宗地代码"), max_length=19, required=False)
    enterprise = forms.CharField(label=gettext_lazy("企业（统一社会信用代码）"), max_length=18, required=False)
    note = forms.CharField(
        label=gettext_lazy("说明"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("确认后企业可以看到说明，看不到照片。"),
    )
    lon = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)

    def clean_plot(self) -> str:
        """The code, in capitals."""
        return str(self.cleaned_data["plot"]).strip().upper()

    def clean_enterprise(self) -> Enterprise | None:
        """The enterprise of the code."""
        code = str(self.cleaned_data["enterprise"]).strip().upper()
        if not code:
            return None
        firm: Enterprise | None = Enterprise.objects.filter(uscc=code).first()
        if firm is None:
            raise forms.ValidationError(_("没有统一社会信用代码为 %(code)s 的企业，请核对。") % {"code": code})
        return firm

    def clean(self) -> dict[str, Any]:
        """A point has both its coordinates; something is flagged."""
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not data.get("plot") and not data.get("enterprise"):
            raise forms.ValidationError(_("请在地图上点选宗地，或填写宗地代码、企业。"))
        lon, lat = data.get("lon"), data.get("lat")
        data["place"] = Point(lon, lat, srid=4490) if lon is not None and lat is not None else None
        return data


# The length is looked at before the form is read, see core.uploads.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """The form, with the map beside it; for monitors."""
    if not perms.raises_somewhere(reader(request)):
        raise PermissionDenied(_("人工标记由亩均效益监测人员办理。"))
    if request.method == "POST" and is_longer(request, MOST_TOGETHER):
        let_pass(request)
        messages.error(request, too_long())
        return redirect("flags:new")
    return _new(request)


@csrf_protect
def _new(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    given = {key: request.GET[key] for key in ("plot", "enterprise") if key in request.GET}
    form = ByHandForm(request.POST) if request.method == "POST" else ByHandForm(initial=given)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            flag = _add(form.cleaned_data, request, user)
            messages.success(request, _("已标记，请核实后确认或按不成立处理。"))
            return redirect("flags:flag", pk=flag.pk)
        except Refused as refused:
            refusal = refused.sentence
    return render(
        request,
        "flags/new.html",
        {"form": form, "refusal": refusal, "config": _config(user, str(form["plot"].value() or ""))},
        status=422 if request.method == "POST" else 200,
    )


def _add(data: dict[str, Any], request: HttpRequest, user: User) -> Flag:
    return raising.add_by_hand(
        by=user,
        title=data["title"],
        note=data["note"],
        plot=data["plot"],
        enterprise=data["enterprise"].pk if data["enterprise"] else None,
        place=data["place"],
        photos=[
            raising.Picture(name=picture.name or "", content=picture) for picture in request.FILES.getlist("photo")
        ],
    )


def _config(user: User, plot: str) -> dict[str, Any]:
    """What the script of the map stands on: the plots' tiles, where to begin, and its sentences.

    The map begins at ``plot``, else at the reader's places.
    """
    begin = PlotVersion.objects.visible_to(user).in_force_on(timezone.localdate()).filter(plot=plot)
    districts = Jurisdiction.objects.districts().order_by()
    if not user.sees_city:
        districts = districts.filter(code__in=user.place_codes)
    box = begin.aggregate(box=Extent("geom"))["box"] or districts.aggregate(box=Extent("geom"))["box"]
    return {
        "layers": [
            {"name": name, "tiles": f"/tiles/{name}/", "themes": []} for name in ("districts", "plots", "zones")
        ],
        "home": list(box) if box else settings.LEAFLET_CONFIG["SPATIAL_EXTENT"],
        "at": reverse("flags:at"),
        "texts": {
            "zoomIn": _("放大"),
            "zoomOut": _("缩小"),
            "nothing": _("此处没有宗地，只记下位置。"),
            "failed": _("未能查到此处的宗地：网络或服务器没有应答。请重试，或直接填写宗地代码。"),
            "picked": _("已选宗地 {plot}"),
            "several": _("已选宗地 {plot}，由 {n} 家企业使用，请选择一家或留空"),
        },
    }


@require_safe
@login_required
def at(request: HttpRequest) -> JsonResponse:
    """The plot at a point of the map (EPSG:4490) and who uses it today, as far as the reader may see them."""
    user = reader(request)
    if not perms.raises_somewhere(user):
        raise PermissionDenied(_("人工标记由亩均效益监测人员办理。"))
    try:
        point = Point(float(request.GET["lon"]), float(request.GET["lat"]), srid=4490)
    except (KeyError, ValueError):
        return JsonResponse({"sentence": _("没有坐标，请在地图上点选。")}, status=400)
    today = timezone.localdate()
    plots = PlotVersion.objects.visible_to(user).in_force_on(today)
    plot = plots.filter(geom__intersects=point).values_list("plot_id", flat=True).first()
    return JsonResponse({"plot": plot or "", "enterprises": _users(user, plot, today) if plot else []})


def _users(user: User, plot: str, on: dt.date) -> list[dict[str, str]]:
    rows = Occupation.objects.visible_to(user).in_force_on(on).filter(plot=plot).order_by("-share", "pk")
    return [{"code": code, "name": name} for code, name in rows.values_list("enterprise__uscc", "enterprise__name")]
