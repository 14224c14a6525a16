"""Sliced average variance estimation: where the covariances of slices differ."""

from __future__ import annotations

from ..linalg._inverse_moments import average_variance_kernel, leading_directions
from ._docs import shared_docs
from ._moment_sdr import MomentSDR


@shared_docs(most="as many as there are independent features", chi2="")
class SlicedAverageVarianceEstimation(MomentSDR):
    """Sliced average variance estimation (SAVE).

    The samples are sliced by their response, and directions are kept along which the
    covariance of the slices differs from that of all samples. Finds symmetric
    relations such as y = u² + noise, where the means of slices say nothing.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    DirectionalRegression : As general, and better with few samples.
    SlicedInverseRegression : Surer for monotone relations.

    Notes
    -----
    Kernel matrix: Σ p_h (I - V_h)² with the whitened slice covariances V_h. Under a
    shrunken covariance the identity gives way to the covariance of all samples in
    the whitened coordinates.

    *Blind spot.* Covariances need more samples than means: with few samples a
    monotone relation is found worse than by sliced inverse regression. Fewer slices
    help.

    Cost O(n p²) for one pass over the rows, O(n_slices p³) beyond; memory for one
    p x p matrix per slice.
    {notes}

    References
    ----------
    R. D. Cook and S. Weisberg, "Sliced inverse regression for dimension reduction:
    comment", Journal of the American Statistical Association 86 (1991).
    :doi:`10.1080/01621459.1991.10475036`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import SlicedAverageVarianceEstimation
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((2000, 4))
    >>> y = (X[:, 0] + X[:, 1]) ** 2 + 0.1 * rng.standard_normal(2000)
    >>> save = SlicedAverageVarianceEstimation(n_components=1).fit(X, y)
    >>> save.components_.round(1) + 0.0
    array([[0.7, 0.7, 0. , 0. ]])
    """

    def _directions(self, moments, whitening):
        return leading_directions(average_variance_kernel(moments), whitening)
