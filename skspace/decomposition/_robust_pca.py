"""PCA of tables with gross errors: low rank plus sparse, by batch or by stream."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like
from .._sklearn import Interval, fit_context, partial_fit_context
from .._validation import (
    check_memory,
    check_range,
    refuses_overflow,
    validate_scores,
    validate_X,
)
from ..exceptions import DegenerateDataWarning
from ..linalg._basis import fix_signs
from ..linalg._low_rank_plus_sparse import (
    HUBER,
    LowRankSummary,
    column_medians,
    extend,
    fit_rows,
    principal_part,
    residual_scale,
)
from ..linalg._principal_axes import check_squares
from ._pca_base import NUMBERS, PrincipalComponents, check_number, fewest
from ._pursuit import pursue

N_TABLES = 10
"""Tables of the size of X in double precision that a fit holds at once."""

N_SCALE_ROWS = 500
"""Rows that tell the size of ordinary residuals."""


class RobustPCA(PrincipalComponents):
    r"""Principal component analysis that gross errors do not move.

    Takes the place of :class:`sklearn.decomposition.PCA`. The table is split in a part
    of low rank and a sparse part, which may hold errors of any size in unknown places
    (dead pixels, typing errors, people crossing a fixed camera's view), and the
    components are those of the low-rank part (principal component pursuit).

    .. math:: \min_{L, S} \|L\|_* + \alpha \|S\|_1
              \quad\text{with}\quad L + S = X - \text{column medians}

    Parameters
    ----------
    n_components : int, float in (0, 1) or None, default=None
        Components to keep. None: the rank of the low-rank part. int: at most that
        many. float: the fewest that hold more than this share of the variance of the
        low-rank part.
    alpha : float, default=None
        Price of an error against nuclear norm; independent of the units of X. Larger
        means fewer errors and higher rank. None takes 1 / √max(n_samples,
        n_features), for which [1]_ proves exact recovery, and a quarter more as long
        as over half of the entries count as errors, which are not sparse then.
    whiten : bool, default=False
        Scale the columns of ``transform`` to unit variance on the low-rank part.
    max_iter : int, default=1000
        Iterations at most.
    tol : float, default=1e-7
        Stop when the misfit of L + S and the last change of S are at most this share
        of L, and that step this share of the multipliers, in Frobenius norm. For
        float32 at least 1.2e-5.
    verbose : int, default=0
        Print every iteration if not 0.

    Attributes
    ----------
    components_ : array of shape (n_components_, n_features)
        Orthonormal principal axes of the low-rank part, by falling variance.
    explained_variance_ : array of shape (n_components_,)
        Variance of the low-rank part along each axis.
    explained_variance_ratio_ : array of shape (n_components_,)
        The same as a share of the variance of the low-rank part.
    singular_values_ : array of shape (n_components_,)
        Singular values of the centred low-rank part.
    mean_ : array of shape (n_features,)
        Mean of the low-rank part, which errors do not move.
    n_components_ : int
        Number of components.
    alpha_ : float
        Price used.
    error_threshold_ : float
        Residual beyond which ``transform`` takes an entry for an error, in units of X.
    objective_ : float
        :math:`\|L\|_* + \alpha \|S\|_1`, in units of X.
    n_samples_seen_ : int
        Number of rows seen, by ``fit`` or all calls of ``partial_fit``.
    n_iter_ : int
        Iterations made, in the last call.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has them.

    Warns
    -----
    ConvergenceWarning
        When `max_iter` is reached before `tol`.
    DegenerateDataWarning
        When the low-rank part does not vary. One component is kept, the leading one
        of X, so that later steps of a pipeline run.

    See Also
    --------
    SpikedPCA : For noise in all entries in place of gross errors in few.
    sklearn.decomposition.PCA : The fit that one large error can turn.

    Notes
    -----
    *What is low-rank, what is sparse.* ``L = pca.inverse_transform(pca.transform(X))``
    holds rows without errors, also of new data, and ``X - L`` the errors. Neither is
    stored; each is as large as X.

    *New rows.* Errors cannot be told from signal by projection, which smears them over
    all coordinates. ``transform`` solves, for each row x by itself,

    .. math:: \min_{z, s} \tfrac12 \|x - \mu - z V - s\|^2 + \delta \|s\|_1

    where :math:`\delta` is ``error_threshold_``; that is Huber's regression on the
    components. It is 1.345 times the standard deviation of ordinary residuals, from
    their median magnitude. Where more than half of the entries of the training data
    are met exactly it is 0, and errors in a minority of entries leave no trace.

    *Centring.* Medians take the place of a mean at first. The mean of the low-rank part
    is subtracted afterwards, so it need not lie where the medians are.

    *Streams.* ``partial_fit`` solves the problem for its rows with the low-rank part of
    all earlier rows held fixed. The latter enters by a factor with as many rows as it
    has rank and the same singular values, so the nuclear norm is that of all rows, at
    a memory that does not grow with their number. [3]_ reaches the same problem by
    stochastic gradients, one row at a time, with the rank given; here the rank is
    found, and a new direction needs a batch in which several rows show it. Medians
    are those of the first batch, which should have a hundred rows or so.

    *Differences from* [2]_. Its inexact augmented Lagrangian raises the penalty without
    bound and stops where that freezes the iterates. Here the penalty balances both
    residuals and changes ever more rarely, steps are over-relaxed, and the multipliers
    tell when the minimiser is reached. float64 inside.

    Cost O(n d min(n, d)) an iteration, some hundred of them; O(n d k²) an iteration of
    ``transform``, some tens. Memory ten times X in float64. Runs on NumPy, CuPy and
    PyTorch arrays under scikit-learn's array API dispatch.

    References
    ----------
    .. [1] Candès, Li, Ma & Wright (2011). Robust principal component analysis? Journal
       of the ACM 58(3). :doi:`10.1145/1970392.1970395`
    .. [2] Lin, Chen & Ma (2010). The augmented Lagrange multiplier method for exact
       recovery of corrupted low-rank matrices. :doi:`10.48550/arXiv.1009.5055`
    .. [3] Feng, Xu & Yan (2013). Online robust PCA via stochastic optimization.
       Advances in Neural Information Processing Systems 26.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import RobustPCA
    >>> rng = np.random.RandomState(0)
    >>> clean = rng.standard_normal((200, 2)) @ rng.standard_normal((2, 50))
    >>> wrong = rng.uniform(size=clean.shape) < 0.1
    >>> X = clean + 10 * wrong * rng.standard_normal(clean.shape)
    >>> pca = RobustPCA().fit(X)
    >>> pca.n_components_
    2
    >>> low_rank = pca.inverse_transform(pca.transform(X))
    >>> bool(np.max(np.abs(low_rank - clean)) < 1e-5)
    True
    """

    _parameter_constraints: dict = {
        "n_components": NUMBERS,
        "alpha": [Interval(Real, 0, None, closed="neither"), None],
        "whiten": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_components=None,
        *,
        alpha=None,
        whiten=False,
        max_iter=1000,
        tol=1e-7,
        verbose=0,
    ):
        self.n_components = n_components
        self.alpha = alpha
        self.whiten = whiten
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose

    @fit_context
    def fit(self, X, y=None):
        """Split the table and find the components of its low-rank part.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data, at least two samples.
        y : Ignored
            Not used, present for scikit-learn's conventions.

        Returns
        -------
        self : RobustPCA
            The fitted estimator.

        Raises
        ------
        ValueError
            If `n_components` exceeds min(n_samples, n_features), the parts would not
            fit in memory, or squares of X leave the range of float64.
        """
        X, _ = validate_X(self, X, ensure_min_samples=2)
        return self._learn(X, None)

    @partial_fit_context
    def partial_fit(self, X, y=None):
        """Learn from a batch of rows, with all earlier ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the width seen before; at least two, and better a hundred, in the
            first call.
        y : Ignored
            Not used, present for scikit-learn's conventions.

        Returns
        -------
        self : RobustPCA
            The estimator fitted to all rows so far.

        Raises
        ------
        ValueError
            As in ``fit``.
        """
        if not hasattr(self, "components_"):
            X, _ = validate_X(self, X, ensure_min_samples=2)
            return self._learn(X, None)
        X, _ = validate_X(
            self, X, reset=False, fitted=self.components_, method="partial_fit"
        )
        return self._learn(X, self._summary)

    @refuses_overflow
    def transform(self, X):
        """Find the coordinates of the rows along the components, errors left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New data, with errors in a minority of the entries of a row.

        Returns
        -------
        X_new : array of shape (n_samples, n_components_)
            Coordinates of X minus ``mean_``, divided by their standard deviation on
            the low-rank part under ``whiten``.
        """
        check_is_fitted(self)
        X, xp = validate_X(
            self, X, reset=False, fitted=self.components_, method="transform"
        )
        centered = xp.astype(X, xp.float64) - xp.astype(self.mean_, xp.float64)
        V = xp.astype(self.components_, xp.float64)
        if self.n_components_ == X.shape[1]:  # nothing could be an error
            coordinates = centered @ V.T
        else:
            coordinates = fit_rows(centered, V, self.error_threshold_)
        coordinates = xp.astype(coordinates, X.dtype)
        if self.whiten:
            coordinates = coordinates / self._scale(self.n_samples_seen_)
        return coordinates

    @refuses_overflow
    def inverse_transform(self, X):
        """Return rows without errors, from their coordinates.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components_)
            Coordinates as ``transform`` gives them.

        Returns
        -------
        X_original : array of shape (n_samples, n_features)
            The low-rank part.
        """
        X = validate_scores(self, X)
        if self.whiten:
            X = X * self._scale(self.n_samples_seen_)
        return X @ self.components_ + self.mean_

    def _learn(self, X, summary):
        """Add the rows X to the summary of earlier ones and set all attributes."""
        xp = array_namespace(X)
        n_samples, n_features = X.shape
        n_seen = n_samples + (summary.n_samples if summary else 0)
        check_number(self.n_components, n_seen, n_features)
        check_memory(
            8 * N_TABLES * n_samples * n_features,
            what=f"Splitting {n_samples} samples of {n_features} features",
            remedy="pass the rows in batches to partial_fit",
        )
        rows = xp.astype(X, xp.float64)
        if summary is None:
            zero = xp.zeros_like(rows[0, :])
            summary = LowRankSummary(rows[:0, :], zero, 0, column_medians(rows))
        table = xp.concat([summary.rows, rows - summary.location], axis=0)
        check_squares(table, table.dtype)  # what a gross error may reach
        n_exact = summary.rows.shape[0]
        tol = max(self.tol, 100 * float(xp.finfo(X.dtype).eps))  # the digits of X
        outcome, self.alpha_ = pursue(self, table, n_exact, n_seen, X=X, tol=tol)
        if outcome is None:
            low_rank = xp.zeros_like(rows)
            self.n_iter_, self.objective_ = 0, 0.0
        else:
            low_rank = outcome.state.low_rank[n_exact:, :]
            self.n_iter_, self.objective_ = outcome.n_iter, outcome.state.objective

        negligible = min(100 * tol, 1e-3)  # and an error of the solution
        summary = extend(summary, low_rank, negligible)
        values, axes, mean = principal_part(summary, negligible)
        total = float(np.sum(values**2))
        if total == 0.0:
            warnings.warn(
                "The low-rank part does not vary: X is constant but for sparse "
                "errors. One component is kept, the leading one of X; a larger alpha "
                f"than {self.alpha_:.3g} takes less for errors.",
                DegenerateDataWarning,
                stacklevel=2,
            )
            values = values[:1] * 0.0
            axes = fix_signs(xp.linalg.svd(rows - mean, full_matrices=False)[2][:1, :])
        n_kept = self._rank(values)
        values, axes = values[:n_kept], axes[:n_kept, :]
        scale = residual_scale(rows[:: -(-n_samples // N_SCALE_ROWS), :] - mean, axes)

        self.components_ = xp.astype(axes, X.dtype)
        self.mean_ = xp.astype(mean, X.dtype)
        self.singular_values_ = asarray_like(values, X)
        variance = values**2 / (n_seen - 1)
        check_range(np.sum(variance), X.dtype, "The variance")
        self.explained_variance_ = asarray_like(variance, X)
        self.explained_variance_ratio_ = asarray_like(values**2 / (total or 1.0), X)
        self.n_components_ = n_kept
        self.error_threshold_ = HUBER * scale
        self.n_samples_seen_ = n_seen
        self._summary = summary
        return self

    def _rank(self, values):
        """Apply ``n_components`` to singular values."""
        if self.n_components is None or len(values) == 1:
            return len(values)
        if isinstance(self.n_components, Integral):
            return min(int(self.n_components), len(values))
        return fewest(values**2, np.sum(values**2), self.n_components)
