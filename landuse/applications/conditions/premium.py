"""The land premium of the added floor area (rules PR-1, PR-2): none where a rule says so and its conditions hold."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding
from landuse.applications import rules
from landuse.applications.conditions.subject import Subject

RULE = "PR-1.premium"

CONDITIONS = (
    "PR-1.plot",
    "PR-1.membership",
    "PR-1.farmland",
    "PR-1.ecology",
    "PR-1.urban",
    "PR-1.use",
    "PR-5.ancillary",
)
"""What has to hold: 成员企业、符合规划、不改变土地用途, and ancillary floor area that keeps the use industrial."""


def supplement(subject: Subject, findings: Iterable[Finding]) -> Finding:
    """Which way the premium is settled, and why; ``findings`` are those of the other conditions.

    MET: nothing is added. NOTED: the ordinary route, since no rule here says otherwise or a
    condition of it does not hold. A condition that cannot be judged yet is left to the
    offices, who confirm it before anything is approved.
    """
    title = _("土地价款")
    rule = rules.in_force(rules.PREMIUM, subject.place, subject.on)
    if rule is None or rule.value is None:
        peer = rules.reference(rules.PREMIUM, subject.on)
        message = _("所在区没有不加收土地出让金的现行规定，按一般程序核定土地价款。")
        if peer is not None:
            message += _("%(place)s规定不再增收，属参照，未采用。") % {"place": peer.citation.document.issuing_body}
        return Finding(RULE, title, NOTED, message, source=rules.cited(peer))
    conditions = [finding for finding in findings if finding.rule in CONDITIONS]
    unmet = [str(finding.title) for finding in conditions if finding.state == UNMET]
    if rule.value != 0 or unmet:
        message = (
            _("下列条件不成立，不适用不加收的规定：%(unmet)s。按一般程序核定土地价款。")
            % {"unmet": _("、").join(unmet)}
            if unmet
            else _("现行规定加收 %(percent)s %%，按一般程序核定土地价款。") % {"percent": f"{rule.value.normalize():f}"}
        )
        return Finding(RULE, title, NOTED, message, source=rules.cited(rule))
    unsure = [str(finding.title) for finding in conditions if finding.state == UNKNOWN]
    message = _("条件成立，不加收土地出让金。")
    if unsure:
        message = _("不加收土地出让金，以部门核实下列各项为准：%(unsure)s。") % {"unsure": _("、").join(unsure)}
    return Finding(RULE, title, MET, message, source=rules.cited(rule))
