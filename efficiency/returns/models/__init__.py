"""Returns and what derives from them."""

from efficiency.returns.models.filing import BatchState, ReportState, ReturnBatch, SelfReport
from efficiency.returns.models.land import LandCorrection, LandOfYear
from efficiency.returns.models.yearly import Figures, PlotFigure, ReturnStatus, YearlyReturn

__all__ = [
    "BatchState",
    "Figures",
    "LandCorrection",
    "LandOfYear",
    "PlotFigure",
    "ReportState",
    "ReturnBatch",
    "ReturnStatus",
    "SelfReport",
    "YearlyReturn",
]
