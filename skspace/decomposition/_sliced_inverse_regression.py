"""Sliced inverse regression: directions in which the means of slices differ."""

from __future__ import annotations

from .._rank import constraints
from ..linalg._inverse_moments import (
    inverse_regression_factor,
    leading_directions_of_factor,
)
from ._docs import shared_docs
from ._moment_sdr import MomentSDR


@shared_docs(
    most="one fewer than there are slices",
    chi2=""";
    - "chi2": sequential tests at level 0.05 of further directions""",
)
class SlicedInverseRegression(MomentSDR):
    """Sliced inverse regression (SIR).

    The samples are sliced by their response, and directions are kept along which the
    means of the slices differ most, relative to the spread of the data. The fastest
    of the family and the surest for monotone relations; with classes it is linear
    discriminant analysis.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    DirectionalRegression : Sees symmetric relations too.
    SlicedAverageVarianceEstimation : Looks at variances in place of means.

    Notes
    -----
    Kernel matrix: B = Σ p_h m_h m_hᵀ of the whitened slice means m_h with shares p_h;
    it is never formed, a thin singular value decomposition of its factor does. The
    directions lie in the central subspace where the features, given those
    directions, have linear means (as elliptical distributions do).

    *Blind spot.* A relation symmetric about the centre, such as y = u² + noise,
    leaves all slice means equal: SIR finds nothing there.

    Cost O(n p²) for one pass over the rows, O(p³) beyond.
    {notes}

    References
    ----------
    K.-C. Li, "Sliced inverse regression for dimension reduction", Journal of the
    American Statistical Association 86 (1991).
    :doi:`10.1080/01621459.1991.10475035`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import SlicedInverseRegression
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((500, 4))
    >>> y = np.exp(X[:, 0] + X[:, 1]) + 0.1 * rng.standard_normal(500)
    >>> sir = SlicedInverseRegression(n_components=1).fit(X, y)
    >>> sir.components_.round(1) + 0.0
    array([[0.7, 0.7, 0. , 0. ]])
    >>> sir.transform(X).shape
    (500, 1)
    """

    _parameter_constraints: dict = {
        **MomentSDR._parameter_constraints,
        "n_components": constraints("gap", "chi2", "bic", "ladle"),
    }
    _second_order = False

    def _directions(self, moments, whitening):
        return leading_directions_of_factor(
            inverse_regression_factor(moments), whitening
        )

    def _most_directions(self, rank, n_slices):
        return min(rank, n_slices - 1)
