"""Active subspaces: the directions along which a prediction changes."""

from ._active_subspace import ActiveSubspace
from ._rbf_classifier import GaussianRBFClassifier
from ._rbf_regressor import GaussianRBFRegressor

__all__ = ["ActiveSubspace", "GaussianRBFClassifier", "GaussianRBFRegressor"]
