"""Displays: affinities, spectra, embeddings, angles, influence (matplotlib)."""

from ._affinity import AffinityDisplay
from ._embedding import EmbeddingDisplay
from ._fairness_path import FairnessUtilityPathDisplay
from ._influence import InfluenceDisplay
from ._principal_angles import PrincipalAnglesDisplay
from ._spectrum import SpectrumDisplay
from ._subspace_clustering import SubspaceClusteringDisplay
from ._subspace_decomposition import SubspaceDecompositionDisplay

__all__ = [
    "AffinityDisplay",
    "EmbeddingDisplay",
    "FairnessUtilityPathDisplay",
    "InfluenceDisplay",
    "PrincipalAnglesDisplay",
    "SpectrumDisplay",
    "SubspaceClusteringDisplay",
    "SubspaceDecompositionDisplay",
]
