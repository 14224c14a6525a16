"""Fair decomposition: what of X tells of a target, of an attribute, of both."""

from ._fair_pca import FairPCA
from ._fair_sdr import FairSDR
from ._influence import fairness_influence
from ._path import fairness_utility_path

__all__ = ["FairPCA", "FairSDR", "fairness_influence", "fairness_utility_path"]
