"""What planners fill in to open plans and pools and to book; what may be is said by the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import User
from core.policy.models import CITY_CODE, Jurisdiction
from landuse.quotas import perms
from landuse.quotas.forms import pool_title
from landuse.quotas.models import Category, QuotaPool
from parks.programmes.models import Programme


def _amount() -> forms.DecimalField:
    return forms.DecimalField(
        label=gettext_lazy("面积（亩）"),
        error_messages={
            "required": gettext_lazy("请填写面积，单位为亩。"),
            "invalid": gettext_lazy("请填写数字，单位为亩，例如 37.5。"),
        },
    )


def _line(label: Any, required: Any = "", length: int = 300) -> forms.CharField:
    """A line of text; ``required`` is the sentence that asks for it."""
    return forms.CharField(
        label=label,
        max_length=length,
        required=bool(required),
        error_messages={
            "required": required,
            "max_length": gettext_lazy("不超过 %(limit_value)s 个字。"),
        },
    )


class PlanForm(forms.Form):
    """Open the plan of a place, year and category."""

    year = forms.IntegerField(
        label=gettext_lazy("年度"), error_messages={"required": gettext_lazy("请填写年度，例如 2026。")}
    )
    place = forms.ChoiceField(
        label=gettext_lazy("适用地区"),
        error_messages={"invalid_choice": gettext_lazy("本账号不登记该地区的计划。")},
    )
    category = forms.ChoiceField(label=gettext_lazy("类别"), choices=Category.choices)
    document = _line(gettext_lazy("下达文件"), gettext_lazy("请写明下达文件。"), 120)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = Jurisdiction.objects.filter(level__in=["city", "district"]).order_by("code").defer("geom")
        field: Any = self.fields["place"]
        field.choices = [(place.code, place.name) for place in places if perms.books(user, place.code)]
        self.fields["year"].initial = timezone.localdate().year


class PoolForm(forms.Form):
    """Open another pool of a plan."""

    name = _line(gettext_lazy("名称"), gettext_lazy("请填写指标池名称。"), 60)
    programme = forms.ModelChoiceField(
        label=gettext_lazy("面向的计划成员"),
        queryset=Programme.objects.none(),
        required=False,
        empty_label=gettext_lazy("不限"),
        error_messages={"invalid_choice": gettext_lazy("没有这项培育计划。请重新选择。")},
    )

    def __init__(self, *args: Any, pool: QuotaPool, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        programmes: Any = self.fields["programme"]
        rows = Programme.objects.visible_to(user).in_force_on(timezone.localdate())
        programmes.queryset = rows.filter(place__in=[pool.plan.place_id, CITY_CODE]).order_by("name")


class GrantForm(forms.Form):
    """Put quota into the pool."""

    amount_mu = _amount()
    document_number = _line(gettext_lazy("下达文号"), gettext_lazy("请填写下达文号。"), 80)
    text = _line(gettext_lazy("说明"))

    def __init__(self, *args: Any, pool: QuotaPool, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class TransferForm(forms.Form):
    """Move quota from the pool to another."""

    to_pool = forms.ChoiceField(
        label=gettext_lazy("调入的指标池"),
        error_messages={
            "required": gettext_lazy("请选择调入的指标池。"),
            "invalid_choice": gettext_lazy("没有这个指标池，或本账号不登记该地区的计划。"),
        },
    )
    amount_mu = _amount()
    document_number = _line(gettext_lazy("批准文号"), length=80)
    text = _line(gettext_lazy("说明"))

    def __init__(self, *args: Any, pool: QuotaPool, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = QuotaPool.objects.visible_to(user).filter(plan__year=pool.plan.year).exclude(pk=pool.pk)
        field: Any = self.fields["to_pool"]
        field.choices = [
            ("", _("请选择")),
            *(
                (str(other.pk), pool_title(other))
                for other in others.select_related("plan__place").order_by("plan__place", "plan", "pk")
                if perms.books(user, other.plan.place_id)
            ),
        ]


class ReturnForm(forms.Form):
    """Take used quota of a case back into the pool, or give the pool's own quota back to who issued it."""

    case = forms.ChoiceField(
        label=gettext_lazy("退回什么"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("该办件在本池没有已用的指标。请重新选择。")},
    )
    amount_mu = _amount()
    document_number = _line(gettext_lazy("文号"), length=80)
    text = _line(gettext_lazy("原因"), gettext_lazy("请写明原因。"))

    def __init__(self, *args: Any, pool: QuotaPool, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from core.casework.models import Case

        committed = pool.entries.filter(kind="commit").values("case")
        cases = Case.objects.visible_to(user).filter(pk__in=committed).order_by("number")
        field: Any = self.fields["case"]
        field.choices = [
            ("", _("池内余量，交回上级")),
            *((str(case.pk), _("%s 已用的指标，收回池内") % case) for case in cases),
        ]
