"""The evidence of a flag in words: a sentence with its figures, lines beneath, doubts, and where limits are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.policy.models import Parameter
from core.policy.services import Value
from core.web.figures import as_decimal, grouped, in_unit, round_honestly
from efficiency.agreements.models import Promise
from efficiency.flags.models import Flag, Rule

DOUBTS = {
    "provisional": gettext_lazy("含快报数"),
    "shared": gettext_lazy("宗地由几家企业共用，数据按面积分摊"),
    "reported": gettext_lazy("含企业自报数"),
    "unpublished": gettext_lazy("评价尚在异议期"),
}


LEAST_SHOWN = 5
"""Enterprises an industry has at least before its quartile is told to one of them: of fewer it would betray another."""


@dataclass(frozen=True)
class Line:
    """One figure of the evidence: what it is, how much, and a word beside it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Told:
    """A flag's evidence for people. ``sources`` are the policy values its limits come from."""

    sentence: str
    lines: list[Line]
    doubts: list[str]
    sources: list[Value]


def told(flag: Flag) -> Told:
    """The evidence of a flag in words; one query where it has limits."""
    sentence, lines = _TELL[Rule(flag.rule)](flag, flag.evidence)
    return Told(
        sentence=sentence,
        lines=lines,
        doubts=[str(DOUBTS[doubt]) for doubt in flag.evidence.get("doubts", [])],
        sources=_sources(flag),
    )


def sentence(flag: Flag) -> str:
    """The evidence in one sentence."""
    return _TELL[Rule(flag.rule)](flag, flag.evidence)[0]


def outside(flag: Flag) -> Told:
    """The evidence as its enterprise reads it: without the figures of others, and without our doubts."""
    said, told_inside = flag.evidence, told(flag)
    if flag.rule == Rule.IDLE_FALLING and "shared" in said.get("doubts", []):
        # The figures are those of the plot, and others use it too.
        text = _("%(year)s 年宗地产值下降，且部分土地闲置。") % {"year": flag.year}
        return replace(told_inside, sentence=text, lines=[], doubts=[])
    lines = told_inside.lines
    if flag.rule == Rule.BELOW_QUARTILE:
        lines = [
            line if row["rated"] >= LEAST_SHOWN else replace(line, note=row["industry_name"])
            for line, row in zip(lines, said["years"], strict=True)
        ]
    return replace(told_inside, lines=lines, doubts=[])


def wan(amount_cny: Any, limit: Any = None) -> str:
    """元 as 万元 with two digits, more where rounding would carry it onto or across ``limit`` (元)."""
    bound = as_decimal(limit) / 10_000 if limit is not None else Decimal(0)
    return grouped(round_honestly(as_decimal(amount_cny) / 10_000, bound))


def percent(share: Any) -> str:
    """A share as per cent with one digit."""
    return f"{as_decimal(share) * 100:.1f}%"


def _mu(area_m2: Any) -> str:
    return grouped(round_honestly(in_unit(as_decimal(area_m2), "mu")))


def _limit(evidence: dict[str, Any], key: str) -> str:
    return str(evidence["limits"][key]["value"])


def _sources(flag: Flag) -> list[Value]:
    ids = [limit["parameter"] for limit in flag.evidence.get("limits", {}).values()]
    rows = Parameter.objects.select_related("document").in_bulk(ids) if ids else {}
    return [Value.of(rows[pk]) for pk in ids if pk in rows]


def _class_d(flag: Flag, said: dict[str, Any]) -> tuple[str, list[Line]]:
    lines = [
        Line(_("总分"), f"{said['total']:.4f}"),
        Line(_("组内名次"), str(said["rank"])),
        Line(_("行业内名次"), f"{said['industry_rank']} / {said['industry_count']}") if said["industry_rank"] else None,
        Line(_("用地"), _("%s 亩") % _mu(said["land_m2"])),
    ]
    text = _("%(year)s 年评价总分 %(total)s，组内第 %(rank)s 名，列入 D 类。") % {
        "year": flag.year,
        "total": f"{said['total']:.2f}",
        "rank": said["rank"],
    }
    return text, [line for line in lines if line]


def _below_quartile(_flag: Flag, said: dict[str, Any]) -> tuple[str, list[Line]]:
    years = said["years"]
    lines = [
        Line(
            str(row["year"]),
            _("%s 万元/亩") % wan(row["tax_per_mu"], row["quartile"]),
            _("%(industry)s下四分位 %(quartile)s 万元/亩，参评 %(rated)s 家")
            % {"industry": row["industry_name"], "quartile": wan(row["quartile"]), "rated": row["rated"]},
        )
        for row in years
    ]
    text = _("%(years)s 连续 %(count)s 年亩均税收低于同行业的下四分位。") % {
        "years": "、".join(str(row["year"]) for row in years),
        "count": len(years),
    }
    return text, lines


def _below_promise(flag: Flag, said: dict[str, Any]) -> tuple[str, list[Line]]:
    checks = said["checks"]
    lines = [
        Line(
            str(Promise(check["subject"]).label),
            _("实际 %(actual)s 万元/亩") % {"actual": _rounded(check["actual"], check["promised"])},
            _("约定不低于 %(promised)s 万元/亩，完成 %(ratio)s，%(on)s 核查")
            % {
                "promised": _rounded(check["promised"]),
                "ratio": percent(check["ratio"]) if check["ratio"] is not None else "—",
                "on": check["on"],
            },
        )
        for check in checks
    ]
    text = _("%(year)s 年%(promises)s未达到协议 %(number)s 的约定。") % {
        "year": flag.year,
        "promises": "、".join(str(Promise(check["subject"]).label) for check in checks),
        "number": said["number"],
    }
    return text, lines


def _rounded(value: Any, limit: Any = None) -> str:
    if value is None:
        return "—"
    return grouped(round_honestly(as_decimal(value), as_decimal(limit) if limit is not None else Decimal(0)))


def _idle_falling(flag: Flag, said: dict[str, Any]) -> tuple[str, list[Line]]:
    before, now = as_decimal(said["output_before"]), as_decimal(said["output"])
    fallen = percent((before - now) / before)
    idle = 1 - as_decimal(said["used_share"])
    built, planned = said["ratio_built"], said["ratio_planned"]
    lines = [
        Line(
            _("产值"),
            _("%s 万元") % wan(now),
            _("%(year)s 年 %(before)s 万元，下降 %(fallen)s；下降 %(limit)s%% 起预警")
            % {
                "year": flag.year - 1,
                "before": wan(before),
                "fallen": fallen,
                "limit": _limit(said, "flag.output_fall_percent"),
            },
        ),
        Line(
            _("未使用的份额"),
            percent(idle),
            _("达 %(limit)s%% 为闲置") % {"limit": _limit(said, "flag.idle_share_percent")},
        ),
    ]
    if built is not None and planned is not None:
        lines.append(
            Line(
                _("现状容积率"),
                str(as_decimal(built)),
                _("规划 %(planned)s；不足其 1/%(divisor)s 为闲置")
                % {"planned": as_decimal(planned), "divisor": _limit(said, "flag.idle_built_divisor")},
            )
        )
    idle_land = []
    if idle * 100 >= as_decimal(_limit(said, "flag.idle_share_percent")):
        idle_land.append(_("%s 亩未使用") % _mu(as_decimal(said["plot_area_m2"]) * idle))
    if _is_underbuilt(said):
        idle_land.append(_("现状容积率不足规划的 1/%s") % _limit(said, "flag.idle_built_divisor"))
    text = _("%(year)s 年产值比上年下降 %(fallen)s，宗地%(idle)s。") % {
        "year": flag.year,
        "fallen": fallen,
        "idle": "、".join(idle_land),
    }
    return text, lines


def _is_underbuilt(said: dict[str, Any]) -> bool:
    """Whether the plot is built to less than the part of what was planned that the limit names."""
    built, planned = said["ratio_built"], said["ratio_planned"]
    if built is None or not planned:
        return False
    return as_decimal(built) * as_decimal(_limit(said, "flag.idle_built_divisor")) < as_decimal(planned)


def _no_return(flag: Flag, said: dict[str, Any]) -> tuple[str, list[Line]]:
    land = max(said["actual_m2"], said["registered_m2"], said["converted_m2"])
    lines = [
        Line(_("填报期限"), said["due"]),
        Line(_("年末用地"), _("%s 亩") % _mu(land), _("%s 宗") % said["plots"]),
    ]
    text = _("有用地 %(mu)s 亩，%(year)s 年年报应于 %(due)s 前填报，没有收到。") % {
        "mu": _mu(land),
        "year": flag.year,
        "due": said["due"],
    }
    return text, lines


def _by_hand(flag: Flag, _said: dict[str, Any]) -> tuple[str, list[Line]]:
    return flag.note or flag.title, []


_TELL: dict[Rule, Callable[[Flag, dict[str, Any]], tuple[str, list[Line]]]] = {
    Rule.CLASS_D: _class_d,
    Rule.BELOW_QUARTILE: _below_quartile,
    Rule.BELOW_PROMISE: _below_promise,
    Rule.IDLE_FALLING: _idle_falling,
    Rule.NO_RETURN: _no_return,
    Rule.BY_HAND: _by_hand,
}
