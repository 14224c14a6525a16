"""Displays: pictures of affinities, spectra, embeddings and angles (matplotlib)."""

from ._affinity import AffinityDisplay
from ._embedding import EmbeddingDisplay
from ._principal_angles import PrincipalAnglesDisplay
from ._spectrum import SpectrumDisplay
from ._subspace_clustering import SubspaceClusteringDisplay

__all__ = [
    "AffinityDisplay",
    "EmbeddingDisplay",
    "PrincipalAnglesDisplay",
    "SpectrumDisplay",
    "SubspaceClusteringDisplay",
]
