"""Writing a scheme: a new one, a new version of one, saving what was typed, discarding a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import CITY_CODE, User
from core.casework.services.acting import acting, words
from core.policy.models import Document
from core.refusals import NotAllowed, Refused, Stale
from efficiency.schemes import checks, perms, reading
from efficiency.schemes.models import Scheme, SchemeVersion
from efficiency.schemes.reading import Fault
from efficiency.schemes.rules import Rules, rules_of
from efficiency.schemes.writing import write
from parks.enterprises.models import Industry

LONGEST_NAME = 80


@dataclass(frozen=True)
class Saved:
    """A version after a save, and what still keeps it from being submitted."""

    version: SchemeVersion
    unfinished: list[Fault]


def new_scheme(*, by: User, name: str, source: str = "", document: str = "", copy_of: int) -> SchemeVersion:
    """Begin a scheme of the city with a first draft that says what the version ``copy_of`` says.

    ``document`` is the code of the policy document it rests on, ``source`` what else there is to say of it. Raises
    NotAllowed, and Refused when the name is missing, taken or too long or the document is unknown.
    """
    with acting(by):
        _refuse_others(by)
        name = words(name, _("请填写办法名称。"))
        if len(name) > LONGEST_NAME:
            raise Refused(_("办法名称超过 %s 字。") % LONGEST_NAME)
        if Scheme.objects.filter(name=name).exists():
            raise Refused(_("已有名为“%s”的办法。请另取名称，或在该办法下编制新版。") % name)
        if document and not Document.objects.filter(code=document).exists():
            raise Refused(_("没有文件“%s”。") % document)
        model = _readable(copy_of, by)
        number = _next_number()
        scheme = Scheme.objects.create(
            pk=number,
            code=f"scheme-{number}",
            name=name,
            place_id=CITY_CODE,
            document_id=document or None,
            source=words(source),
        )
        return _draft(scheme, model, by)


def new_version(*, by: User, scheme: str, copy_of: int) -> SchemeVersion:
    """Begin the next version of a scheme, named by its code, as a copy of any version one may read.

    Raises NotAllowed, and Refused while another version of it is under way.
    """
    with acting(by):
        _refuse_others(by)
        found = Scheme.objects.visible_to(by).select_for_update().filter(code=scheme).first()
        if found is None:
            raise Refused(_("没有代码为“%s”的评价办法。") % scheme)
        under_way = found.versions.under_way().first()
        if under_way is not None:
            raise Refused(
                _("“%(name)s”第 %(number)s 版%(state)s，同一办法一次只编制一版。请先办结或删除该版。")
                % {"name": found.name, "number": under_way.number, "state": under_way.get_state_display()}
            )
        return _draft(found, _readable(copy_of, by), by)


def save(*, by: User, version_id: int, revision: int, data: Any) -> Saved:
    """Make a draft say what ``data`` says; whoever saves becomes its author. What says the same is not written.

    Raises NotAllowed, Stale when somebody saved since ``revision``, and Refused with a finding for every field that
    will not do.
    """
    frame, of_frame = reading.read_frame(data)
    rules, of_rules = reading.read(data)
    faults = of_frame + of_rules + (unknown_industries(rules) if rules else [])
    with acting(by):
        version = editable(version_id, by)
        if version.revision != revision:
            raise Stale(
                _("%(who)s于 %(when)s 保存过本版，本次未保存。请刷新页面，在新内容上修改。")
                % {
                    "who": version.author or _("其他人"),
                    "when": timezone.localtime(version.changed_at).strftime("%H:%M:%S"),
                }
            )
        if frame is None or rules is None or faults:
            raise Refused(faults[0].sentence, faults)
        same = rules_of(version) == rules and all(getattr(version, key) == value for key, value in vars(frame).items())
        if not same:
            for key, value in vars(frame).items():
                setattr(version, key, value)
            version.author, version.revision = by, revision + 1
            write(version, rules)
            version.save()
        return Saved(version, checks.faults(rules))


def discard(*, by: User, version_id: int) -> Scheme:
    """Delete a draft, and with its only version the scheme; their rows stay in the history.

    Raises NotAllowed, and Refused once it was computed with, or when it is all there is of a sample.
    """
    with acting(by):
        version = editable(version_id, by)
        if version.runs.exists():
            raise Refused(_("已用本版作过试算，不能删除。可修改后提交。"))
        if not perms.discards(by, version):
            raise Refused(_("样例只有这一版，不能删除。不需要的可不提交。"))
        version.delete()
        scheme: Scheme = version.scheme
        if not scheme.versions.exists():
            scheme.delete()
        return scheme


def editable(version_id: int, by: User) -> SchemeVersion:
    """The version, locked, if ``by`` may write it now. Raises NotAllowed."""
    version = locked(version_id, by)
    if not perms.drafts(by):
        _refuse_others(by)
    if not perms.edits(by, version):
        raise NotAllowed(
            _("%(version)s目前为“%(state)s”，不能修改。已批准的另编新版；待批准的由提交人撤回后修改。")
            % {"version": version, "state": version.get_state_display()}
        )
    return version


def locked(version_id: int, by: User) -> SchemeVersion:
    """The version, locked, if ``by`` may read it. Raises NotAllowed."""
    rows = SchemeVersion.objects.visible_to(by).select_related("scheme", "author")
    version: SchemeVersion | None = rows.select_for_update(of=("self",)).filter(pk=version_id).first()
    if version is None:
        raise NotAllowed(_("没有这一版评价办法，或本账号无权查看。"))
    return version


def unknown_industries(rules: Rules) -> list[Fault]:
    """Codes of industries the tree of GB/T 4754 does not have."""
    named = {
        f"cohorts.{index}.{field}": set(getattr(cohort, field))
        for index, cohort in enumerate(rules.cohorts)
        for field in ("industries", "not_industries")
    }
    wanted: set[str] = set().union(*named.values())
    unknown = wanted - set(Industry.objects.filter(code__in=wanted).values_list("code", flat=True)) if wanted else set()
    return [
        Fault(path, _("国民经济行业分类中没有代码“%s”。") % sorted(codes & unknown)[0])
        for path, codes in named.items()
        if codes & unknown
    ]


def _refuse_others(by: User) -> None:
    if not perms.drafts(by):
        raise NotAllowed(_("评价办法由市级的亩均效益监测人员或工信园区人员编制。"))


def _readable(version_id: int, by: User) -> SchemeVersion:
    version: SchemeVersion | None = SchemeVersion.objects.visible_to(by).whole().filter(pk=version_id).first()
    if version is None:
        raise Refused(_("没有这一版评价办法，无法复制。"))
    return version


def _next_number() -> int:
    """The number of the next scheme, so that its address can name it: nobody has to think of one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('schemes_scheme', 'id'))")
        return int(cursor.fetchone()[0])


def _draft(scheme: Scheme, model: SchemeVersion, by: User) -> SchemeVersion:
    last = scheme.versions.aggregate(last=Max("number"))["last"] or 0
    version = SchemeVersion.objects.create(
        scheme=scheme,
        number=last + 1,
        title="",
        year_from=model.year_from,
        year_to=model.year_to,
        objection_days=model.objection_days,
        author=by,
    )
    write(version, rules_of(model))
    version.save()
    return version
