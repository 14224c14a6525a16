"""Outer product of gradients and minimum average variance estimation."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like, to_numpy
from .._loop import close_task, open_task, run
from .._rank import Spectrum, choose_rank, constraints
from .._response import TARGET_TYPES, check_response, check_weights, response_columns
from .._sklearn import Interval, StrOptions, fit_context
from .._validation import check_memory, validate_X
from ..linalg._inverse_moments import settle_ties
from ..linalg._moments import slice_moments
from ..linalg._slices import effective_size
from ..linalg._whitening import whiten
from ._docs import shared_docs
from ._local_linear import (
    default_bandwidth,
    mave_iterations,
    n_leading,
    opg_iterations,
)
from ._sdr_base import NO_DEPENDENCE, SDRTransformer

FEW = 10
"""At most so many distinct numbers are classes where target_type is "auto"."""
FLAT = 1e-6
"""Share of the largest mean squared slope below which there is none."""
START_ITER = 20
START_TOL = 0.1
"""How far outer products are iterated where they only start the refinement."""


@shared_docs(
    omit=(
        "n_components",
        "n_slices",
        "target_type",
        "min_slice",
        "random_state",
        "n_slices_",
        "slice_edges_",
    )
)
class OuterProductGradients(SDRTransformer):
    """Directions along which a smooth regression changes: OPG, refined to MAVE.

    Around each sample the response is fitted by a plane, and the slopes of all planes
    span the directions on which the mean of the response depends. Windows shrink to
    the directions found, so that many features do no harm; the refinement then
    moves the directions until the planes leave the least variance. No assumption on
    the distribution of the features is made, and monotone, symmetric and mixed
    relations are all seen, at a higher cost than the methods that slice.

    Parameters
    ----------
    n_components : int, float, "gap" or None, default=None
        Number of directions. A float in (0, 1) takes the fewest whose eigenvalues
        hold that share of the mean squared slope, "gap" those up to the largest drop
        of the eigenvalues; both leave their evidence in ``rank_evidence_``. None
        keeps all directions, the important ones first. Windows and the refinement use
        the number given as an int, and otherwise the directions up to the largest
        **ratio** of consecutive eigenvalues, each raised by their median.
    refine : bool, default=True
        Whether to refine the directions of the outer products (OPG) by minimum
        average variance estimation (MAVE).
    bandwidth : float or "auto", default="auto"
        Standard deviation of the Gaussian weight of neighbours, in standard
        deviations of the data along the directions found. "auto" is
        ``(4 / ((d + 2) n)) ** (1 / (d + 4))`` for d directions and n samples. Windows
        with too few samples for their planes are widened.
    target_type : {"auto", "continuous", "discrete"}, default="auto"
        Whether the response holds numbers or classes. "auto" takes strings, booleans
        and at most 10 distinct numbers as classes. Classes are fitted by their
        indicators.
    max_iter : int, default=50
        Most iterations of the refinement, or of the outer products without it.
    tol : float, default=1e-4
        Stop when the sines of the angles between the subspaces of two iterations have
        at most this norm.
    max_samples : int or None, default=2000
        Most samples at which planes are fitted, drawn at random; every sample takes
        part in the fits. None fits one at each sample.
    random_state : int, RandomState instance or None, default=None
        Draws the samples at which planes are fitted, where there are more than
        `max_samples`. Otherwise nothing is random.
    verbose : int, default=0
        Above 0, a line per iteration.
    {parameters}

    Attributes
    ----------
    {attributes}
    objective_ : float
        Mean local variance of the whitened responses, summed over them, that the
        planes of the last iteration leave.
    bandwidth_ : float
        The bandwidth of the last iteration.
    n_iter_ : int
        Iterations run: of the refinement, or of the outer products without it.

    See Also
    --------
    DirectionalRegression : Sees the same relations from two moments, in one pass.
    SlicedInverseRegression : The fastest, for monotone relations.

    Notes
    -----
    *Notation.* Features are whitened to x; around a centre x_j sample i has the
    weight ``w_ij = exp(-|B'(x_i - x_j)|² / 2h²)`` for the current directions B and
    the `bandwidth` h; responses y are whitened too, so neither units nor linear
    combinations of several outputs matter.

    *OPG.* The slopes b_j of the weighted planes in **all** features give the kernel
    matrix ``mean(b_j b_j')``, whose leading eigenvectors are the next B. Windows start
    in all directions and at most halve their number per iteration.

    *MAVE.* Minimise ``Σ_j Σ_i w_ij |y_i - a_j - b_j' B'(x_i - x_j)|²``, weights of
    each j summing to one, over all a_j, b_j and B.

    *Differences from the paper.* At fixed weights B is not found by alternating
    between planes and directions, but by Gauss-Newton steps with the planes
    eliminated; they are halved until the objective, in the windows seen from the new
    directions, falls. All follow from the second moments of each window, one matrix
    product for all centres. Windows come from the outer products, not from a guess.
    In place of trimming, a centre counts by ``s / (s + u)`` for s effective samples
    and u unknowns.

    Cost: O(m n p²) time per iteration for m = min(n, `max_samples`) centres and about
    10 iterations; memory O(m p²), refused beyond 2 GiB. Lower `max_samples` for more
    features. An integer weight equals repetition, up to the draw of centres where there
    are more than `max_samples`.

    *When it fails.* It sees the mean of the response only: where y has a constant mean
    and its variance depends on X, use :class:`DirectionalRegression`. Squared errors
    follow outliers of the response, which slices do not notice: transform a
    heavy-tailed y first. With fewer than about two samples per feature windows
    hold nearly all samples, and OPG is a linear regression.

    References
    ----------
    Y. Xia, H. Tong, W. K. Li and L.-X. Zhu, "An adaptive estimation of dimension
    reduction space", Journal of the Royal Statistical Society B 64 (2002).
    :doi:`10.1111/1467-9868.03411`

    Examples
    --------
    >>> from skspace.datasets import make_sdr_regression
    >>> from skspace.decomposition import OuterProductGradients
    >>> from skspace.linalg import subspace_distance
    >>> X, y, basis = make_sdr_regression(400, random_state=0, return_basis=True)
    >>> mave = OuterProductGradients(n_components=2).fit(X, y)
    >>> mave.transform(X).shape
    (400, 2)
    >>> bool(subspace_distance(mave.components_.T, basis) < 0.1)
    True
    >>> OuterProductGradients(n_components=0.95).fit(X, y).n_components_
    2
    """

    _parameter_constraints: dict = {
        **SDRTransformer._parameter_constraints,
        "n_components": constraints("gap"),
        "refine": ["boolean"],
        "bandwidth": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "target_type": [StrOptions(TARGET_TYPES)],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_samples": [Interval(Integral, 1, None, closed="left"), None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_components=None,
        *,
        refine=True,
        bandwidth="auto",
        target_type="auto",
        max_iter=50,
        tol=1e-4,
        max_samples=2000,
        random_state=None,
        verbose=0,
        scale="raw",
        whiten_rcond=1e-6,
        shrinkage=None,
    ):
        self.n_components = n_components
        self.refine = refine
        self.bandwidth = bandwidth
        self.target_type = target_type
        self.max_iter = max_iter
        self.tol = tol
        self.max_samples = max_samples
        self.random_state = random_state
        self.verbose = verbose
        self.scale = scale
        self.whiten_rcond = whiten_rcond
        self.shrinkage = shrinkage

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Find the directions along which the mean of y changes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers, or classes of any kind.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self
        """
        X, xp = validate_X(
            self, X, y=None if y is None else "no_validation", ensure_min_samples=2
        )
        y = check_response(y, X)
        weights = check_weights(sample_weight, X)
        moments = slice_moments(
            X,
            np.zeros(X.shape[0], dtype=np.int64),
            1,
            weights=weights,
            per_slice=False,
            fourth=X.shape[1] if self.shrinkage == "auto" else 0,
        )
        whitening = self._whiten(moments)
        Y = self._responses(y, weights)
        W = (xp.astype(X, xp.float64) - whitening.mean) @ whitening.forward
        weights = np.ones(X.shape[0]) if weights is None else weights
        seen = np.flatnonzero(weights)
        if len(seen) < len(weights):
            W = xp.take(W, asarray_like(seen, W), axis=0)
            Y, weights = Y[seen], weights[seen]
        state = self._iterate(W, asarray_like(Y, W), weights, whitening.rank)
        # Directions that no slope tells apart: those of most variance come first.
        values = state.eigenvalues
        told = xp.where(values > FLAT * values[0], values, xp.zeros_like(values))
        vectors = settle_ties(told, state.basis, whitening)
        kept = self._kept(state.eigenvalues, weights)
        self._keep(X, whitening, vectors[:, :kept], state.eigenvalues)
        self.objective_ = state.objective
        self.bandwidth_ = state.bandwidth
        return self

    def _responses(self, y, weights):
        """Columns without correlation and of unit variance, on the host."""
        Y = response_columns(y, self.target_type, FEW, weights)
        seen = slice(None) if weights is None else weights > 0
        Y = Y / np.maximum(np.max(np.abs(Y), axis=0), np.finfo(float).tiny)
        if Y.shape[1] == 0 or not np.any(np.ptp(Y[seen], axis=0)):
            raise ValueError(NO_DEPENDENCE)
        mean = np.average(Y, axis=0, weights=weights)
        D = Y - mean
        w = np.ones(len(D)) if weights is None else weights
        covariance = (D * w[:, None]).T @ D / np.sum(w)
        try:
            whitening = whiten(mean, covariance, rcond=self.whiten_rcond)
        except ValueError:  # it varies by roundings only
            raise ValueError(NO_DEPENDENCE) from None
        return D @ whitening.forward

    def _iterate(self, X, Y, weights, rank):
        """Run outer products and, where asked for, the refinement."""
        xp = array_namespace(X)
        n_samples = effective_size(len(weights), np.sum(weights))
        centers = self._centers(len(weights), rank)
        weights = asarray_like(weights * (n_samples / np.sum(weights)), X)
        d = self.n_components
        if isinstance(d, Integral) and d > rank:
            raise ValueError(
                f"n_components={d} is more than the {rank} independent features of "
                f"these data; ask for at most {rank}."
            )

        def choose(eigenvalues):
            return int(d) if isinstance(d, Integral) else n_leading(eigenvalues)

        def bandwidth(d):
            given = self.bandwidth
            return default_bandwidth(n_samples, d) if given == "auto" else float(given)

        task = open_task(self, n_runs=1 + self.refine, X=X)
        limits = {"max_iter": START_ITER, "tol": START_TOL} if self.refine else {}
        start, self.n_iter_, _ = run(
            self,
            opg_iterations(X, Y, weights, asarray_like(centers, X), choose, bandwidth),
            task=task,
            name="gradients",
            warn=not self.refine,
            remedy="increase max_iter or bandwidth",
            **limits,
        )
        d = start.n_directions
        state = start
        if self.refine and d < rank:
            state, self.n_iter_, _ = run(
                self,
                mave_iterations(
                    X,
                    Y,
                    weights,
                    asarray_like(centers, X),
                    start.basis[:, :d],
                    bandwidth(d),
                ),
                task=task,
                name="refinement",
                remedy="increase max_iter or bandwidth",
            )
            # Nothing beyond the subspace is refined; it follows as it was found.
            both = xp.concat([state.basis, start.basis[:, d:]], axis=1)
            state = state._replace(
                basis=xp.linalg.qr(both, mode="reduced")[0],
                eigenvalues=xp.concat([state.eigenvalues, start.eigenvalues[d:]]),
            )
        close_task(task, self, X=X)
        return state

    def _kept(self, eigenvalues, weights):
        """Apply the rank rule of the user to the spectrum found."""
        rank = eigenvalues.shape[0]
        spectrum = Spectrum(
            eigenvalues=np.abs(to_numpy(eigenvalues)),
            rank=rank,
            most=rank,
            n_samples=effective_size(len(weights), np.sum(weights)),
            n_slices=0,
            first_order=False,
        )
        kept, evidence = choose_rank(self.n_components, spectrum)
        if evidence is not None:
            self.rank_evidence_ = evidence
        return kept

    def _centers(self, n_rows, rank):
        """Rows at which planes are fitted."""
        most = n_rows if self.max_samples is None else self.max_samples
        n_centers = min(n_rows, most)
        check_memory(
            16 * n_centers * rank**2,
            what=f"A {rank} x {rank} covariance around each of {n_centers} samples",
            remedy="lower max_samples, or reduce the features first",
        )
        if n_centers == n_rows:
            return np.arange(n_rows)
        rng = check_random_state(self.random_state)
        return np.sort(rng.choice(n_rows, n_centers, replace=False))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags
