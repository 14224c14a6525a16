"""Displays: affinities, spectra, embeddings, angles, influence (matplotlib)."""

from ._affinity import AffinityDisplay
from ._embedding import EmbeddingDisplay
from ._influence import InfluenceDisplay
from ._principal_angles import PrincipalAnglesDisplay
from ._spectrum import SpectrumDisplay
from ._subspace_clustering import SubspaceClusteringDisplay

__all__ = [
    "AffinityDisplay",
    "EmbeddingDisplay",
    "InfluenceDisplay",
    "PrincipalAnglesDisplay",
    "SpectrumDisplay",
    "SubspaceClusteringDisplay",
]
