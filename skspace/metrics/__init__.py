"""Scores: of clusterings and subspaces against a truth, of dependence, of fairness."""

from ._clustering import clustering_accuracy, subspace_recovery_error
from ._coding import coding_length, coding_rate, rate_reduction
from ._distance_correlation import distance_correlation
from ._fairness import (
    demographic_parity_difference,
    equalized_odds_difference,
    kolmogorov_smirnov_difference,
)

__all__ = [
    "clustering_accuracy",
    "coding_length",
    "coding_rate",
    "demographic_parity_difference",
    "distance_correlation",
    "equalized_odds_difference",
    "kolmogorov_smirnov_difference",
    "rate_reduction",
    "subspace_recovery_error",
]
