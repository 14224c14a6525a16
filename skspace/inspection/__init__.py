"""Displays: affinities, spectra, embeddings, angles, influence (matplotlib)."""

from ._active_subspace import ActiveSubspaceDisplay
from ._affinity import AffinityDisplay
from ._dependence_matrix import DependenceMatrixDisplay
from ._eigenvalue_decay import EigenvalueDecayDisplay
from ._embedding import EmbeddingDisplay
from ._fairness_path import FairnessUtilityPathDisplay
from ._feature_importance import FeatureImportanceDisplay
from ._influence import InfluenceDisplay
from ._mutual_info import (
    MIDimensionDisplay,
    MIExtrapolationDisplay,
    MITrainingDisplay,
)
from ._principal_angles import PrincipalAnglesDisplay
from ._spectrum import SpectrumDisplay
from ._subspace_clustering import SubspaceClusteringDisplay
from ._subspace_decomposition import SubspaceDecompositionDisplay
from ._training_curves import TrainingCurvesDisplay

__all__ = [
    "ActiveSubspaceDisplay",
    "AffinityDisplay",
    "DependenceMatrixDisplay",
    "EigenvalueDecayDisplay",
    "EmbeddingDisplay",
    "FairnessUtilityPathDisplay",
    "FeatureImportanceDisplay",
    "InfluenceDisplay",
    "MIDimensionDisplay",
    "MIExtrapolationDisplay",
    "MITrainingDisplay",
    "PrincipalAnglesDisplay",
    "SpectrumDisplay",
    "SubspaceClusteringDisplay",
    "SubspaceDecompositionDisplay",
    "TrainingCurvesDisplay",
]
