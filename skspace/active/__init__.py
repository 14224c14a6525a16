"""Active subspaces: the directions along which a prediction changes."""

from ._active_subspace import ActiveSubspace
from ._rbf_classifier import GaussianRBFClassifier
from ._rbf_regressor import GaussianRBFRegressor
from ._rfm_classifier import RecursiveFeatureMachineClassifier
from ._rfm_regressor import RecursiveFeatureMachineRegressor

__all__ = [
    "ActiveSubspace",
    "GaussianRBFClassifier",
    "GaussianRBFRegressor",
    "RecursiveFeatureMachineClassifier",
    "RecursiveFeatureMachineRegressor",
]
