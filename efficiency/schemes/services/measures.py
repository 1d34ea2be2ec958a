"""The only writers of what each class gets and loses."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.accounts.models import CITY_CODE, User
from core.casework.services.acting import acting, words
from core.refusals import NotAllowed, Refused, Stale
from efficiency.schemes import perms
from efficiency.schemes.models import ClassMeasure


def save_measure(
    *,
    by: User,
    measure_id: int | None = None,
    revision: int = 0,
    grade: str,
    field: str,
    text: str,
    source: str,
    status: str,
    order: int = 1,
) -> ClassMeasure:
    """Add a measure of the city, or change one under the ``revision`` that was read.

    Raises NotAllowed, Stale when somebody changed it since, and Refused when a field is missing or too long, or the
    class has the same measure already.
    """
    with acting(by):
        _refuse_others(by)
        measure = _locked(measure_id, revision, by) if measure_id else ClassMeasure(place_id=CITY_CODE)
        measure.grade, measure.status, measure.order = grade, status, order
        measure.field = words(field, _("请填写领域，例如用地、用电。"))
        measure.text = words(text, _("请填写措施。"))
        measure.source = words(source, _("请填写出处：文号和条款。没有文件依据的标为样例。"))
        measure.revision += 1
        twin = ClassMeasure.objects.filter(place=measure.place_id, grade=grade, field=measure.field, text=measure.text)
        if twin.exclude(pk=measure.pk).exists():
            raise Refused(
                _("%(grade)s在“%(field)s”领域已有同样的措施。")
                % {"grade": measure.get_grade_display(), "field": measure.field}
            )
        try:
            measure.full_clean(validate_unique=False)
        except ValidationError as error:
            raise Refused("".join(f"{message.rstrip('。')}。" for message in error.messages)) from error
        measure.save()
        return measure


def remove_measure(*, by: User, measure_id: int, revision: int) -> ClassMeasure:
    """Take a measure off the list; the history keeps it. Raises NotAllowed and Stale."""
    with acting(by):
        _refuse_others(by)
        measure = _locked(measure_id, revision, by)
        measure.delete()
        return measure


def _locked(measure_id: int, revision: int, by: User) -> ClassMeasure:
    measure: ClassMeasure | None = ClassMeasure.objects.visible_to(by).select_for_update().filter(pk=measure_id).first()
    if measure is None:
        raise Stale(_("这条措施已被删除。请刷新页面。"))
    if measure.revision != revision:
        raise Stale(_("这条措施在打开页面后已被他人修改，本次未保存。请刷新页面，在新内容上修改。"))
    return measure


def _refuse_others(by: User) -> None:
    if not perms.keeps_measures(by):
        raise NotAllowed(_("差别化政策由市级工信园区人员维护。"))
