"""Clustering by subspaces: who represents whom, and what lies near which subspace."""

from ._affinity import subspace_affinity
from ._deep import DeepSubspaceClustering
from ._k_subspaces import KSubspaces
from ._least_squares import (
    LeastSquaresSubspaceClustering,
    least_squares_self_representation,
)
from ._low_rank import LowRankSubspaceClustering, low_rank_self_representation
from ._mcr2 import MCR2Clustering
from ._omp import OMPSubspaceClustering, omp_self_representation
from ._s2cag import S2CAG
from ._sparse import SparseSubspaceClustering, sparse_self_representation
from ._thresholding import ThresholdingSubspaceClustering

__all__ = [
    "S2CAG",
    "DeepSubspaceClustering",
    "KSubspaces",
    "LeastSquaresSubspaceClustering",
    "LowRankSubspaceClustering",
    "MCR2Clustering",
    "OMPSubspaceClustering",
    "SparseSubspaceClustering",
    "ThresholdingSubspaceClustering",
    "least_squares_self_representation",
    "low_rank_self_representation",
    "omp_self_representation",
    "sparse_self_representation",
    "subspace_affinity",
]
