"""Directional regression: means and covariances of slices in one kernel matrix."""

from __future__ import annotations

from ..linalg._inverse_moments import directional_kernel, leading_directions
from ._docs import shared_docs
from ._moment_sdr import MomentSDR


@shared_docs(most="as many as there are independent features", chi2="")
class DirectionalRegression(MomentSDR):
    """Directional regression (DR).

    The samples are sliced by their response, and directions are kept along which
    differences between samples of two slices are not what they are between any two
    samples. It finds monotone and symmetric relations alike.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    SlicedInverseRegression : Surer and faster where relations are monotone.
    SlicedAverageVarianceEstimation : Looks at covariances alone.

    Notes
    -----
    Kernel matrix: 2 Σ p_h (U_h - I)² + 2 B² + 2 tr(B) B, with the whitened second
    moments U_h and B = Σ p_h m_h m_hᵀ of the means of the slices. Under a shrunken
    covariance the identity gives way to the covariance of all samples in the
    whitened coordinates.

    *Where it is weaker.* Second moments cost precision: on a cubic relation with
    2000 samples of 20 features the error is half as large again as that of sliced
    inverse regression. With many rare classes their noisy second moments may come
    before the differences of means.

    Cost O(n p²) for one pass over the rows, O(n_slices p³) beyond; memory for one
    p x p matrix per slice.
    {notes}

    References
    ----------
    B. Li and S. Wang, "On directional regression for dimension reduction", Journal
    of the American Statistical Association 102 (2007).
    :doi:`10.1198/016214507000000536`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import DirectionalRegression
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((2000, 4))
    >>> y = X[:, 0] + X[:, 1] ** 2 + 0.1 * rng.standard_normal(2000)
    >>> dr = DirectionalRegression(n_components="bic").fit(X, y)
    >>> dr.n_components_
    2
    >>> from skspace.linalg import subspace_distance
    >>> subspace_distance(dr, np.eye(4)[:, :2]) < 0.1
    True
    """

    def _directions(self, moments, whitening):
        return leading_directions(directional_kernel(moments), whitening)
