"""Dimension reduction: by what a target depends on, and in the place of PCA."""

from ._directional_regression import DirectionalRegression
from ._fitted_components import PrincipalFittedComponents
from ._influence import sdr_influence
from ._outer_product_gradients import OuterProductGradients
from ._principal_hessian import PrincipalHessianDirections
from ._robust_pca import RobustPCA
from ._sliced_average_variance import SlicedAverageVarianceEstimation
from ._sliced_inverse_regression import SlicedInverseRegression
from ._spiked_pca import SpikedPCA
from ._uncertainty import sdr_bootstrap

__all__ = [
    "DirectionalRegression",
    "OuterProductGradients",
    "PrincipalFittedComponents",
    "PrincipalHessianDirections",
    "RobustPCA",
    "SlicedAverageVarianceEstimation",
    "SlicedInverseRegression",
    "SpikedPCA",
    "sdr_bootstrap",
    "sdr_influence",
]
