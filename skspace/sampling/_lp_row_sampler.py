"""Draw rows that preserve ℓp norms of all linear combinations of columns."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._array import array_namespace, asarray_like, device, to_numpy
from .._estimator import Estimator
from .._loop import run
from .._rows import take_rows
from .._sklearn import Interval, StrOptions, fit_context, partial_fit_context
from .._validation import validate_X
from ..linalg._moments import merge_moments, table_moments
from ..linalg._row_scores import (
    draw_fixed_size,
    inclusion_probabilities,
    lewis_passes,
    row_coordinates,
    squared_lengths,
)
from ._draw import draw_in_rounds, round_sizes, sample_size, too_many
from ._frames import Frame, check_squares, columns_of, double, frame_of
from ._row_blocks import RowBlocks
from ._scores import bounding_scores, coordinates_of

METHODS = {
    "lewis",
    "leverage",
    "root_leverage",
    "l2_augmented",
    "sensitivity",
    "uniform",
}

LEWIS_TOL = 1e-2
"""Factor (less one) by which Lewis weights may be off: scores need not be exact."""

MAX_PASSES = 100


def _one_of(methods, what):
    """Condition of a method that only some ways of scoring have."""

    def check(self):
        if self.method in methods:
            return True
        raise AttributeError(
            f"method={self.method!r} has no {what}; {', '.join(methods)} have."
        )

    return check


class LpRowSampler(RowBlocks, Estimator):
    """Draw weighted rows that stand in for all rows in an ℓp norm.

    With the sample S and its weights, ``Σ_S weight |xᵀb - c|^p`` is near
    ``Σ |xᵀb - c|^p`` for all coefficients b and constants c at once, so that a
    regression on S with ``sample_weight_`` is near that on all rows.

    Parameters
    ----------
    p : float in [1, 32], default=1
        Exponent of the norm.
    method : {"lewis", "leverage", "root_leverage", "l2_augmented", "sensitivity", \
"uniform"}, default="lewis"
        Scores by which rows are drawn: Lewis weights w; leverage τ; τ^(p/2), in
        rounds (p <= 2); ``s + τ + 1/n`` with s = min(w, τ^(p/2)) as a bound on
        sensitivities (p <= 2); exact sensitivities, one regression a row, for up to
        5,000 rows; or nothing.
    n_samples : int, default=None
        Rows to draw; exactly so many come. None derives the number from `eps`.
    eps : float in (0, 1), default=0.2
        Relative error of norms to aim for where `n_samples` is None: then
        ``4 d log(2 d) / eps² max(1, d^(p/2-1))`` rows are drawn, or all, d being the
        dimension of the span of the columns.
    n_rounds : int or "auto", default="auto"
        Rounds of "root_leverage", each on the rows left by the one before. "auto"
        takes the least number after which theory has O(d) rows left.
    fit_intercept : bool, default=True
        Whether constants belong to the combinations of columns, as in models with an
        intercept: then a column of ones is scored along.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw. Draws are made on the host, so that one seed gives one sample
        on every array library.

    Attributes
    ----------
    scores_ : array of shape (n_rows,)
        Score of every row; of the first round for "root_leverage".
    total_ : float
        Sum of the scores.
    probabilities_ : array of shape (n_rows,)
        Probability with which each row was drawn: min(1, c score), summing to
        `n_samples`. With several rounds, the product over those the row was there for.
    indices_ : array of shape (n_samples,)
        Rows drawn, rising.
    sample_weight_ : array of shape (n_samples,)
        Their weights, one over the probability: weights of ``|residual|^p``.
    rank_ : int
        Dimension of the span of the columns (and of the constant).
    n_iter_ : int
        Passes that Lewis weights took, besides the one for orthonormal coordinates;
        rounds of "root_leverage"; else 1.
    n_samples_seen_ : int
        Rows seen by `fit`, or by all calls of `partial_fit`.
    n_features_in_ : int
        Number of features of X in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has names.

    See Also
    --------
    draw_rows : The draw, for other scores.
    skspace.linear_model.LpRegression : The regression to use the rows with.

    Notes
    -----
    *Which method.* Lewis weights need the fewest rows in theory for every p, cost a
    handful of passes, and were never far from the best in what we measured. Leverage
    fails at p = 1 where few rows with gross entries hide others of their columns.

    *What y is for.* y is passed through. Sample sizes hold for the residuals of all
    b up to a constant; to preserve the norms of residuals themselves, gross errors in
    y included, fit on X with y as a further column and take ``indices_``.

    *Blocks of rows.* The Gram matrix of blocks is a sum, so leverage and root leverage
    can be had in two passes over a table that does not fit in memory: `partial_fit` on
    each block, then `score_samples` on each, and :func:`draw_rows` of the scores. Lewis
    weights take a pass over all blocks for each of theirs, which
    :func:`skspace.distributed.fit` does; sensitivities have no such summary. Digits
    lost in the Gram matrix are lost: directions below 1e-14 times the largest
    eigenvalue of correlations are dropped.

    Cost O(n d²) for each pass, memory O(n d).

    References
    ----------
    M. B. Cohen and R. Peng, "Lp row sampling by Lewis weights", STOC (2015).
    :doi:`10.1145/2746539.2746567`

    D. P. Woodruff and T. Yasuda, "Sharper bounds for ℓp sensitivity sampling", ICML
    (2023). :doi:`10.48550/arXiv.2306.00732` (root leverage)

    A. Munteanu and S. Omlor, "Optimal bounds for ℓp sensitivity sampling via ℓ2
    augmentation", ICML (2024). :doi:`10.48550/arXiv.2406.00328`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linear_model import LpRegression
    >>> from skspace.sampling import LpRowSampler
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_t(2, size=(20000, 3))
    >>> y = X @ [1, 2, 3] + rng.standard_t(2, size=20000)
    >>> sampler = LpRowSampler(p=1, n_samples=400, random_state=0)
    >>> X_s, y_s = sampler.fit_resample(X, y)
    >>> X_s.shape
    (400, 3)
    >>> LpRegression(p=1).fit(X_s, y_s, sampler.sample_weight_).coef_.round(1)
    array([1., 2., 3.])
    """

    _parameter_constraints: dict = {
        "p": [Interval(Real, 1, 32, closed="both")],
        "method": [StrOptions(METHODS)],
        "n_samples": [Interval(Integral, 1, None, closed="left"), None],
        "eps": [Interval(Real, 0, 1, closed="neither")],
        "n_rounds": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "fit_intercept": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        p=1,
        *,
        method="lewis",
        n_samples=None,
        eps=0.2,
        n_rounds="auto",
        fit_intercept=True,
        random_state=None,
    ):
        self.p = p
        self.method = method
        self.n_samples = n_samples
        self.eps = eps
        self.n_rounds = n_rounds
        self.fit_intercept = fit_intercept
        self.random_state = random_state

    @fit_context
    def fit(self, X, y=None):
        """Score all rows and draw some.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            All rows.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._check_method()
        X, xp = validate_X(self, X)
        self._moments = None
        n_rows = X.shape[0]
        centre = self._centre(X)
        coordinates = coordinates_of(columns_of(X, centre))
        self.rank_ = coordinates.forward.shape[1]
        n_samples = self._sample_size(n_rows, self.rank_)
        rng = check_random_state(self.random_state)
        self.n_iter_ = 1
        scores, turn = self._scores(coordinates, X)
        if turn is not None:
            self._frame = Frame(centre, coordinates.forward @ turn)

        def lengths(kept, scale):
            part = xp.take(coordinates.rows, asarray_like(kept, X), axis=0)
            part = part * asarray_like(scale, part)[:, None]
            return to_numpy(squared_lengths(row_coordinates(part).rows))

        drawn = self._draw(to_numpy(scores), lengths, n_samples, rng)
        self._keep(X, scores, *drawn)
        return self

    def fit_resample(self, X, y=None):
        """Score all rows, draw some, and return these.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            All rows.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), default=None
            What belongs to them, of any kind.

        Returns
        -------
        X_resampled : array or frame of shape (n_samples, n_features)
            Rows ``indices_`` of X; their weights are ``sample_weight_``.
        y_resampled : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Rows ``indices_`` of y; only where y is given.
        """
        if y is None:
            return take_rows(X, self.fit(X).indices_)
        check_consistent_length(X, y)
        kept = self.fit(X).indices_
        return take_rows(X, kept), take_rows(y, kept)

    @available_if(_one_of(("leverage", "root_leverage"), "sums over blocks of rows"))
    @partial_fit_context
    def partial_fit(self, X, y=None):
        """Add a block of rows to the Gram matrix; draw nothing.

        Afterwards :meth:`score_samples` scores any row as if all blocks were one
        table; "root_leverage" has a single round. Blocks count from the last `fit` on,
        whose own rows do not.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            More rows.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._check_method()
        before = getattr(self, "_moments", None)
        X, _ = validate_X(self, X, reset=before is None)
        check_squares(X)
        moments = table_moments(X)
        if before is not None:
            moments = merge_moments(before, moments)
        self._moments = moments
        self.n_samples_seen_ = moments.n_rows
        self._frame = frame_of(moments, self.fit_intercept)
        self.rank_ = self._frame.forward.shape[1]
        return self

    @available_if(
        _one_of(("lewis", "leverage", "root_leverage"), "scores of single rows")
    )
    def score_samples(self, X):
        """Score rows by what `fit` or `partial_fit` found.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows, those of the fit or others.

        Returns
        -------
        scores : array of shape (n_rows,)
            For rows of the fit, their ``scores_`` (Lewis weights to the last change).
            A row that was not there may score above 1.
        """
        check_is_fitted(self, "_frame")
        X, xp = validate_X(
            self,
            X,
            reset=False,
            fitted=self._frame.forward,
            method="score_samples",
        )
        rows = columns_of(X, self._frame.centre) @ self._frame.forward
        scores = squared_lengths(rows) ** (self._power() / 2)
        return xp.astype(scores, X.dtype)

    def _check_method(self):
        if self.method in {"root_leverage", "l2_augmented"} and self.p > 2:
            raise ValueError(
                f"method={self.method!r} preserves norms for p <= 2, got p={self.p}; "
                "choose 'lewis'."
            )

    def _power(self):
        """Power of the length of a row in coordinates that is its score."""
        return 2 if self.method == "leverage" else self.p

    def _sample_size(self, n_rows, rank):
        """Rows to draw."""
        if self.n_samples is None:
            return min(sample_size(rank, self.p, self.eps), n_rows)
        if self.n_samples > n_rows:
            raise ValueError(too_many(self.n_samples, n_rows))
        return self.n_samples

    def _centre(self, X):
        if not self.fit_intercept:
            return None
        return array_namespace(X).mean(double(X), axis=0)

    def _scores(self, coordinates, X):
        """Scores, and what turns coordinates into those of these lengths, or None."""
        rows, p = coordinates.rows, self.p
        if self.method in {"sensitivity", "l2_augmented", "uniform"}:
            return bounding_scores(self.method, rows, p), None
        if self.method == "lewis" and p != 2:
            state = self._run_lewis(lewis_passes(rows, p), X)
            return state.weights, state.forward
        xp = array_namespace(X)
        identity = xp.eye(rows.shape[1], dtype=xp.float64, device=device(X))
        return squared_lengths(rows) ** (self._power() / 2), identity

    def _run_lewis(self, passes, X):
        outcome = run(
            self,
            passes,
            X=X,
            max_iter=MAX_PASSES,
            tol=LEWIS_TOL,
            remedy="scores are rough; scale the columns to like size",
        )
        self.n_iter_ = outcome.n_iter
        return outcome.state

    def _draw(self, scores, lengths, n_samples, rng):
        """Draw by scores, or in rounds: see :func:`draw_in_rounds`."""
        if self.method != "root_leverage":
            probabilities = inclusion_probabilities(scores, n_samples)
            return draw_fixed_size(probabilities, n_samples, rng), probabilities
        n_rows = len(scores)
        sizes = round_sizes(n_rows, n_samples, self.rank_, self.p, self.n_rounds)
        self.n_iter_ = len(sizes)
        return draw_in_rounds(lengths, n_rows, sizes, self.p, rng)

    def _keep(self, X, scores, kept, probabilities):
        xp = array_namespace(scores)
        self.scores_ = xp.astype(scores, X.dtype)
        self.total_ = float(xp.sum(scores))
        self.probabilities_ = asarray_like(probabilities, X)
        self.indices_ = asarray_like(kept, X)
        self.sample_weight_ = asarray_like(1 / probabilities[kept], X)
        self.n_samples_seen_ = len(probabilities)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
