"""Scores: of clusterings and representations against known truth, of dependence."""

from ._clustering import clustering_accuracy, subspace_recovery_error
from ._distance_correlation import distance_correlation

__all__ = ["clustering_accuracy", "distance_correlation", "subspace_recovery_error"]
