"""Where an evaluation is computed: in this process, or in parts by Dask. The results are the same to the last byte."""

from __future__ import annotations

from django.utils.translation import gettext as _

from core.refusals import Refused
from efficiency.evaluation.columns import Columns
from efficiency.evaluation.scoring import Results, evaluate_columns
from efficiency.schemes.rules import Rules

POSTGRES, DASK = "postgres", "dask"
ENGINES = (POSTGRES, DASK)


def evaluate(engine: str, columns: Columns, rules: Rules, *, scheduler: str = "") -> Results:
    """The results of the columns under the rules, by an engine of :data:`ENGINES`. Raises Refused for another one."""
    if engine == POSTGRES:
        return evaluate_columns(columns, rules)
    if engine == DASK:
        # Here, because loading Dask takes a second that only its runs should pay.
        import efficiency.evaluation.engines.parts as parts

        return parts.evaluate(columns, rules, scheduler=scheduler)
    raise Refused(_("没有“%(engine)s”这个计算引擎，可用的有 postgres 和 dask。") % {"engine": engine})
