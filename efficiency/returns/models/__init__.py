"""Returns and what derives from them."""

from efficiency.returns.models.filing import EDITABLE, UNDER_WAY, BatchState, ReportState, ReturnBatch, SelfReport
from efficiency.returns.models.land import LandBasis, LandCorrection, LandOfYear
from efficiency.returns.models.yearly import Figures, FiguresDue, PlotFigure, ReturnStatus, YearlyReturn

__all__ = [
    "EDITABLE",
    "UNDER_WAY",
    "BatchState",
    "Figures",
    "FiguresDue",
    "LandBasis",
    "LandCorrection",
    "LandOfYear",
    "PlotFigure",
    "ReportState",
    "ReturnBatch",
    "ReturnStatus",
    "SelfReport",
    "YearlyReturn",
]
