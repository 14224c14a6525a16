"""Registration of point clouds that names what it cannot see."""

from ._blocks import analyze_blocks
from ._icp import PointToPlaneICP
from ._report import DegeneracyReport
from ._target import TargetIndex

__all__ = ["DegeneracyReport", "PointToPlaneICP", "TargetIndex", "analyze_blocks"]
