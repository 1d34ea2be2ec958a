"""The export page of a layer, and a change set as a file."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from core.accounts.models import User
from core.accounts.scope import reader
from core.geodata.exchange.formats import DXF, GDB, GEOJSON, GPKG, SHP, TXT
from core.geodata.exchange.writing import Unwritable
from core.mapedit import layers
from core.mapedit.layers import EditableLayer, LayerUnknown
from core.mapedit.models import ChangeSet, Publication
from core.mapedit.services import exporting
from core.policy.models import Jurisdiction

FORMATS = (
    (SHP, "Shapefile（.zip）"),
    (GPKG, "GeoPackage"),
    (GEOJSON, "GeoJSON"),
    (GDB, "FileGDB（.gdb.zip）"),
    (DXF, "DXF"),
    (TXT, gettext_lazy("国土界址点 TXT")),
)
ENCODINGS = (("utf-8", "UTF-8"), ("gbk", "GBK"))
SYSTEMS = (
    ("", gettext_lazy("按格式惯例")),
    (4490, gettext_lazy("CGCS2000 经纬度（4490）")),
    (4526, gettext_lazy("CGCS2000 三度带 38 带（4526）")),
    (4525, gettext_lazy("CGCS2000 三度带 37 带（4525）")),
    (4547, gettext_lazy("CGCS2000 中央经线 114°E（4547）")),
    (4546, gettext_lazy("CGCS2000 中央经线 111°E（4546）")),
    (4326, gettext_lazy("WGS84 经纬度（4326）")),
)


class ExportForm(forms.Form):
    """Which features of a layer, and in which form."""

    as_ = forms.ChoiceField(label=gettext_lazy("格式"), choices=FORMATS, initial=SHP)
    srid = forms.TypedChoiceField(
        label=gettext_lazy("坐标系"), choices=SYSTEMS, coerce=int, empty_value=None, required=False
    )
    encoding = forms.ChoiceField(label=gettext_lazy("文字编码"), choices=ENCODINGS, initial="gbk", required=False)
    on = forms.DateField(
        label=gettext_lazy("截至"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    district = forms.ChoiceField(label=gettext_lazy("范围"), required=False)
    codes = forms.CharField(
        label=gettext_lazy("只导出这些编号"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("以空格、逗号或换行分隔；空白为全部。"),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        districts = Jurisdiction.objects.districts().values_list("code", "name")
        within = [(code, name) for code, name in districts if user.sees_city or code in user.place_codes]
        self.fields["district"].choices = [("", _("辖区全部")), *within]  # type: ignore[attr-defined]

    def clean_codes(self) -> tuple[str, ...]:
        """Codes as typed, apart."""
        text = self.cleaned_data["codes"]
        for mark in "，、；,;":
            text = text.replace(mark, " ")
        return tuple(dict.fromkeys(text.split()))


@login_required
@require_GET
def export(request: HttpRequest, layer: str) -> HttpResponseBase:
    """The form; with ``as_`` in the address, the file."""
    user = reader(request)
    try:
        editable = layers.editable(layer)
    except LayerUnknown as error:
        raise Http404 from error
    if not user.reads_land and user.role != "enterprise":
        raise PermissionDenied
    asked = "as_" in request.GET
    form = ExportForm(request.GET if asked else None, user=user, initial={"on": timezone.localdate()})
    status = 200
    if asked and form.is_valid():
        try:
            return _file(request, editable, form.cleaned_data)
        except Unwritable as error:
            form.add_error(None, error.sentence)
            status = 422
    elif asked:
        status = 422
    context = {"layer": editable, "form": form, "layers": layers.all_layers()}
    return render(request, "mapedit/export.html", context, status=status)


def _file(request: HttpRequest, layer: EditableLayer, wanted: dict[str, Any]) -> HttpResponseBase:
    on: dt.date = wanted["on"] or timezone.localdate()
    scope = ""
    if wanted["district"]:
        scope = Jurisdiction.objects.values_list("name", flat=True).get(code=wanted["district"])
    with tempfile.TemporaryDirectory(prefix="muchan-export-") as folder:
        path = Path(folder) / "export"
        exporting.export_layer(
            path,
            layer=layer.name,
            file_format=wanted["as_"],
            by=reader(request),
            on=on,
            selection=exporting.Selection(wanted["codes"], wanted["district"]),
            srid=wanted["srid"],
            encoding=wanted["encoding"] or "utf-8",
        )
        name = exporting.file_name(layer, file_format=wanted["as_"], on=on, scope=scope, demo=_is_demo(layer))
        return _handed_out(path, name)


@login_required
@require_GET
def export_change_set(request: HttpRequest, number: int) -> HttpResponseBase:
    """What a change set would have in force, as a file: ``as_`` and ``encoding`` as on the export page."""
    change_set = get_object_or_404(ChangeSet.objects.visible_to(reader(request)), pk=number)
    file_format = request.GET.get("as_", GPKG)
    if file_format not in dict(FORMATS):
        raise Http404
    layer = layers.editable(change_set.layer_id)
    with tempfile.TemporaryDirectory(prefix="muchan-export-") as folder:
        path = Path(folder) / "export"
        try:
            exporting.export_change_set(
                path,
                change_set=change_set,
                file_format=file_format,
                encoding="gbk" if request.GET.get("encoding") == "gbk" else "utf-8",
            )
        except Unwritable as error:
            return HttpResponse(error.sentence, status=422, content_type="text/plain; charset=utf-8")
        scope = _("变更%(number)s") % {"number": number}
        today = timezone.localdate()
        return _handed_out(
            path, exporting.file_name(layer, file_format=file_format, on=today, scope=scope, demo=_is_demo(layer))
        )


def _handed_out(path: Path, name: str) -> FileResponse:
    # Open before its folder goes: the content outlives the name.
    response = FileResponse(path.open("rb"), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = exporting.disposition(name)
    response.headers["Content-Length"] = str(path.stat().st_size)
    return response


def _is_demo(layer: EditableLayer) -> bool:
    """Whether any of the layer comes from the demo city; a file of it says so in its name."""
    return Publication.objects.filter(layer_id=layer.name, is_demo=True).exists()
