"""The tables of casework."""

from core.casework.models.calendar import Absence, Holiday
from core.casework.models.cases import Case, Pause, TimelineEntry
from core.casework.models.notices import Alert, Delivery, Notification, SavedFilter
from core.casework.models.papers import CasePaper
from core.casework.models.reviews import Remark, Review

__all__ = [
    "Absence",
    "Alert",
    "Case",
    "CasePaper",
    "Delivery",
    "Holiday",
    "Notification",
    "Pause",
    "Remark",
    "Review",
    "SavedFilter",
    "TimelineEntry",
]
