"""What raises a flag: one statement a rule, over the whole city.

Every rule finds causes; :func:`raise_by` writes those that are not flagged yet and lets the constraints of
:class:`~efficiency.flags.models.Flag` leave out the others, so that two runs at one moment write each cause once.

Confidence is a product: 1, times a factor for each doubt about the facts. The factors are parameters
(``flag.confidence_…``), the doubts are kept with the evidence.

=============== ==========================================================================================
``provisional`` a figure it rests on is provisional (快报数)
``shared``      several enterprises use the plot, so that figures of it are split by area
``reported``    a figure is the enterprise's own, confirmed by an office
``unpublished`` the evaluation is still in its objection window
=============== ==========================================================================================
"""

from __future__ import annotations

from efficiency.flags.rules.below_promise import BELOW_PROMISE
from efficiency.flags.rules.below_quartile import BELOW_QUARTILE
from efficiency.flags.rules.class_d import CLASS_D
from efficiency.flags.rules.finding import Asked, CannotTell, Finder, raise_by
from efficiency.flags.rules.idle_falling import IDLE_FALLING
from efficiency.flags.rules.no_return import NO_RETURN

FINDERS = (CLASS_D, BELOW_PROMISE, BELOW_QUARTILE, IDLE_FALLING, NO_RETURN)
"""The rules in the order they are asked; always the same, so that two that run at once wait and never lock up."""

__all__ = ["FINDERS", "Asked", "CannotTell", "Finder", "raise_by"]
