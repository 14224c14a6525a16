"""Fair decomposition: what of X tells of a target, of an attribute, of both."""

from ._fair_pca import FairPCA
from ._fair_sdr import FairSDR

__all__ = ["FairPCA", "FairSDR"]
