"""Clustering by subspaces."""

from ._affinity import subspace_affinity
from ._least_squares import (
    LeastSquaresSubspaceClustering,
    least_squares_self_representation,
)
from ._omp import omp_self_representation
from ._thresholding import ThresholdingSubspaceClustering

__all__ = [
    "LeastSquaresSubspaceClustering",
    "ThresholdingSubspaceClustering",
    "least_squares_self_representation",
    "omp_self_representation",
    "subspace_affinity",
]
