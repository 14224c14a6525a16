"""Principal Hessian directions: where the regression curves."""

from __future__ import annotations

from functools import partial
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, asarray_like, to_numpy
from .._rank import Spectrum, constraints
from .._response import (
    TARGET_TYPES,
    check_response,
    check_weights,
    response_columns,
)
from .._rows import RowsHere
from .._sklearn import Interval, StrOptions, fit_context
from ..linalg._centred import centred_product
from ..linalg._inverse_moments import Directions, leading_directions, symmetric
from ..linalg._moments import BLOCK_BYTES, merge_moments, table_moments
from ._docs import shared_docs
from ._sdr_base import NO_DEPENDENCE, SDRTransformer, Solution

EXACT = 1e-8
"""A least-squares residual below this share of the response is rounding."""


def mixed_moments(X, E, mean):
    """Sum e (x - mean) and e (x - mean)(x - mean)ᵀ over rows, for each column of `E`.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, p)
    E : array of shape (n, q), float64
    mean : array of shape (p,), float64

    Returns
    -------
    first : array of shape (p, q)
    second : array of shape (q, p, p)

    Notes
    -----
    Cost O(n p² q), in blocks of rows. Sparse rows are centred after the products.
    """
    xp = array_namespace(E)
    n_rows, n_features = X.shape
    n_columns = E.shape[1]
    if sp.issparse(X):
        sums, first = E.sum(axis=0), X.T @ E
        second = []
        for k in range(n_columns):
            outer = np.outer(mean, first[:, k])
            product = (X.T @ sp.diags_array(E[:, k]) @ X).toarray()
            second.append(product - outer - outer.T + sums[k] * np.outer(mean, mean))
        return first - np.outer(mean, sums), np.stack(second)
    size = max(BLOCK_BYTES // (8 * n_features), 1)
    first = 0.0
    second = [0.0] * n_columns
    for start in range(0, n_rows, size):
        rows = slice(start, min(start + size, n_rows))
        D = xp.astype(X[rows, :], xp.float64) - mean
        e = E[rows, :]
        first = first + xp.matrix_transpose(D) @ e
        second = [
            S + xp.matrix_transpose(D * e[:, k : k + 1]) @ D
            for k, S in enumerate(second)
        ]
    return first, xp.stack(second)


def added(a, b):
    """Add sums over two tables."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def hessian_directions(T, whitening):
    """Eigenvectors of Aᵀ T A by falling magnitude of the eigenvalues.

    `T` of shape (q, p, p) holds one matrix for each response; of several, the
    eigenvectors of the sum of squares count, and the roots of its eigenvalues.
    """
    xp = array_namespace(T)
    A = whitening.forward
    M = symmetric(xp.matrix_transpose(A) @ T @ A)
    if M.shape[0] == 1:
        return leading_directions(M[0, :, :], whitening)
    eigenvalues, G = leading_directions(xp.sum(M @ M, axis=0), whitening)
    return Directions(xp.sqrt(xp.clip(eigenvalues, min=0.0)), G)


@shared_docs(
    most="as many as there are independent features",
    chi2="",
    omit=("min_slice", "n_slices_", "slice_edges_"),
    texts={
        "n_slices": """n_slices : int, default=10
    There are no slices: under ``target_type="auto"``, at most so many distinct
    numbers count as classes."""
    },
)
class PrincipalHessianDirections(SDRTransformer):
    """Principal Hessian directions (pHd).

    Keeps the directions in which the regression function bends most on average, up
    or down. It needs no slices and uses the numbers of the response, not only their
    order.

    Parameters
    ----------
    {parameters}
    response : {"residual", "y"}, default="residual"
        Whether to use the residuals of a linear least-squares fit, or `y` itself.
        Where the fit leaves no residual (features as many as samples, say), `y`.

    Attributes
    ----------
    {attributes}

    See Also
    --------
    SlicedAverageVarianceEstimation : Finds curvature after any transformation of y.

    Notes
    -----
    Kernel matrix: the mean of e w wᵀ over whitened samples w, where e is the residual
    or the centred response, of unit variance. Eigenvalues have signs: which way the
    regression bends. With several responses, or indicators of more than two
    classes, the eigenvectors of the sum of the squared matrices.

    *Blind spot.* Linear trends, and odd functions such as u³ that bend as much up as
    down. Heavy tails of the response hurt, since its numbers are used.

    Cost O(n p²) for each column of the response, twice. There is no `partial_fit`:
    residuals would need third moments, p³ numbers.
    {notes}

    References
    ----------
    K.-C. Li, "On principal Hessian directions for data visualization and dimension
    reduction: another application of Stein's lemma", Journal of the American
    Statistical Association 87 (1992). :doi:`10.1080/01621459.1992.10476258`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import PrincipalHessianDirections
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((2000, 4))
    >>> y = (X[:, 0] + X[:, 1]) ** 2 + X[:, 2] + 0.1 * rng.standard_normal(2000)
    >>> phd = PrincipalHessianDirections(n_components=1).fit(X, y)
    >>> phd.components_.round(1) + 0.0
    array([[0.7, 0.7, 0. , 0. ]])
    """

    _parameter_constraints: dict = {
        **SDRTransformer._parameter_constraints,
        "n_components": constraints("gap", "bic", "ladle"),
        "n_slices": [Interval(Integral, 2, None, closed="left")],
        "response": [StrOptions({"residual", "y"})],
        "target_type": [StrOptions(TARGET_TYPES)],
    }

    def __init__(
        self,
        n_components=None,
        *,
        n_slices=10,
        target_type="auto",
        scale="raw",
        whiten_rcond=1e-6,
        shrinkage=None,
        random_state=None,
        response="residual",
    ):
        self.n_components = n_components
        self.n_slices = n_slices
        self.target_type = target_type
        self.scale = scale
        self.whiten_rcond = whiten_rcond
        self.shrinkage = shrinkage
        self.random_state = random_state
        self.response = response

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Find the directions along which the regression of y on X bends.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers, or classes of any kind.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self
        """
        X, y, weights = self._validate(X, y, sample_weight)
        table = response_columns(y, self.target_type, self.n_slices, weights)
        rows = RowsHere(X)

        def resolve(counts):
            drawn = counts if weights is None else counts * weights
            return self._solve(rows, table, drawn, warn=False)

        self._conclude(X, self._solve(rows, table, weights), resolve)
        return self

    def _fit_blocks(self, rows, y, *, sample_weight=None):
        """Fit to :class:`Rows`."""
        self._check_one_pass()
        y, weights = check_response(y, rows), check_weights(sample_weight, rows)
        table = response_columns(y, self.target_type, self.n_slices, weights)
        self._conclude(rows.head, self._solve(rows, table, weights), None)

    def _solve(self, rows, table, weights, *, warn=True):
        n_rows, n_features = rows.shape[0], rows.head.shape[1]
        fourth = n_features if self.shrinkage == "auto" else 0
        summarise = partial(table_moments, fourth=fourth)
        moments = rows.reduce(summarise, merge_moments, weights)
        whitening = self._whiten(moments, warn=warn)
        share = np.ones(n_rows) if weights is None else weights
        share = asarray_like(share / np.sum(share), whitening.mean)
        E = self._unit_responses(rows, table, share, whitening, warn=warn)
        _, T = self._mixed(rows, whitening.mean, share[:, None] * E)
        directions = hessian_directions(T, whitening)
        return Solution(
            whitening,
            directions,
            Spectrum(
                np.abs(to_numpy(directions.eigenvalues)),
                whitening.rank,
                whitening.rank,
                moments.n_samples,
                0,
                False,
            ),
        )

    def _mixed(self, rows, mean, E):
        return rows.reduce(partial(mixed_moments, mean=mean), added, E)

    def _unit_responses(self, rows, table, share, whitening, *, warn):
        """Residuals, or centred responses, of unit variance; constant ones left out."""
        mean, spread = _unit(table, to_numpy(share))
        varies = spread > 64 * np.finfo(float).eps * np.abs(mean)
        if not np.any(varies):
            raise ValueError(NO_DEPENDENCE)
        E = asarray_like(
            ((table - mean) / np.where(varies, spread, 1.0))[:, varies], share
        )
        if self.response == "y":
            return E
        xp = array_namespace(E)
        slopes, _ = self._mixed(rows, whitening.mean, share[:, None] * E)
        coef = whitening.forward @ (xp.matrix_transpose(whitening.forward) @ slopes)
        fitted = partial(centred_product, mean=whitening.mean, coef=coef)
        residual = E - rows.gather(fitted)
        left = xp.sqrt(xp.sum(share[:, None] * residual**2, axis=0))
        return xp.where(left > EXACT, residual / xp.where(left > EXACT, left, 1.0), E)


def _unit(table, share):
    """Weighted mean and standard deviation of each column."""
    mean = share @ table
    mean = mean + share @ (table - mean)
    centred = table - mean
    size = np.max(np.abs(centred), axis=0)  # whose squares may overflow
    size = np.where(size > 0, size, 1.0)
    return mean, size * np.sqrt(share @ (centred / size) ** 2)
