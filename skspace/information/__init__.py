"""Mutual information: estimates with their error, and what speaks against them."""

from ._diffusion import diffusion_spectral_entropy, diffusion_spectral_mutual_info
from ._gaussian import GaussianCopulaMutualInfo, GaussianMutualInfo
from ._neural import NeuralMutualInfo
from ._reliable import ReliableMutualInfo
from ._result import MIResult

__all__ = [
    "GaussianCopulaMutualInfo",
    "GaussianMutualInfo",
    "MIResult",
    "NeuralMutualInfo",
    "ReliableMutualInfo",
    "diffusion_spectral_entropy",
    "diffusion_spectral_mutual_info",
]
