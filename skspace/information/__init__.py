"""Mutual information: estimates with their error, and what speaks against them."""

from ._canonical import CanonicalMutualInfo
from ._conditional import conditional_mutual_info, multi_information
from ._diffusion import diffusion_spectral_entropy, diffusion_spectral_mutual_info
from ._entropy import differential_entropy
from ._gaussian import GaussianCopulaMutualInfo, GaussianMutualInfo
from ._independence import IndependenceTestResult, independence_test
from ._ksg import KSGMutualInfo
from ._mutual_info import mutual_info
from ._neural import NeuralMutualInfo
from ._reliable import ReliableMutualInfo
from ._result import MIResult
from ._screening import mutual_info_classif, mutual_info_regression
from ._selection import MinRedundancyMaxRelevance

__all__ = [
    "CanonicalMutualInfo",
    "GaussianCopulaMutualInfo",
    "GaussianMutualInfo",
    "IndependenceTestResult",
    "KSGMutualInfo",
    "MIResult",
    "MinRedundancyMaxRelevance",
    "NeuralMutualInfo",
    "ReliableMutualInfo",
    "conditional_mutual_info",
    "differential_entropy",
    "diffusion_spectral_entropy",
    "diffusion_spectral_mutual_info",
    "independence_test",
    "multi_information",
    "mutual_info",
    "mutual_info_classif",
    "mutual_info_regression",
]
