"""评价办法: how a year's figures become points and classes, as versioned data."""

from efficiency.schemes.models.measures import ClassMeasure
from efficiency.schemes.models.parts import (
    BaseKind,
    ClassCut,
    Cohort,
    Denominator,
    Direction,
    Grade,
    Indicator,
    Missing,
)
from efficiency.schemes.models.schemes import EDITABLE, Scheme, SchemeVersion, VersionState

__all__ = [
    "EDITABLE",
    "BaseKind",
    "ClassCut",
    "ClassMeasure",
    "Cohort",
    "Denominator",
    "Direction",
    "Grade",
    "Indicator",
    "Missing",
    "Scheme",
    "SchemeVersion",
    "VersionState",
]
