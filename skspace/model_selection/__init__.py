"""Choosing clusterings without labels, and labels for new samples."""

from ._inductive import InductiveClusterer
from ._prediction_strength import PredictionStrengthScorer, prediction_strength

__all__ = ["InductiveClusterer", "PredictionStrengthScorer", "prediction_strength"]
