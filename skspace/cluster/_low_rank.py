"""Low-rank self-representation (LRR) and the clusterer built on it."""

from __future__ import annotations

import warnings
from itertools import islice
from numbers import Integral, Real

from sklearn.exceptions import ConvergenceWarning

from .._array import array_namespace, to_numpy
from .._loop import run
from .._sklearn import Interval, RealNotInt, StrOptions, validate_params
from .._validation import as_table, check_memory
from ._dense_rows import (
    check_full_graph,
    collect_rows,
    number_bytes,
    sparse_rows,
    zero_own_column,
)
from ._docs import shared_docs
from ._nuclear_norm import low_rank_iterations, smallest_alpha
from ._row_space import row_space
from ._self_expressive import SelfExpressiveClusterer

RANK = [
    Interval(Integral, 1, None, closed="left"),
    Interval(RealNotInt, 0, 1, closed="neither"),
    StrOptions({"auto"}),
]
REMEDY = "increase max_iter, or choose another alpha"


@validate_params(
    {
        "X": ["array-like"],
        "alpha": [Interval(Real, 0, None, closed="neither"), None],
        "rank": RANK,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_nonzero_coefs": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def low_rank_self_representation(
    X,
    *,
    alpha=None,
    rank="auto",
    max_iter=1000,
    tol=1e-3,
    n_nonzero_coefs=None,
    n_jobs=None,
):
    r"""Write the samples as combinations of each other, jointly of lowest rank.

    .. math:: \min_{C, E} \|C\|_* + \alpha \|E\|_{2,1}
              \quad\text{with}\quad X = C X + E

    The nuclear norm asks for few independent combinations, the sum of the lengths of
    the rows of E lets a few samples be outliers.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, used as they are. Subtract column means, *then* scale rows to unit
        length.
    alpha : float, default=None
        Price of misfit, in inverse units of X. None takes X as free of outliers, and
        C has a closed form: the projection on the leading left singular vectors of
        X, as many as `rank` says.
    rank : int, float in (0, 1) or "auto", default="auto"
        Rank of the closed form: a number, the share of the energy of X to keep, or
        what stands out of the spectrum, see the notes. Unused with `alpha`, which
        decides the rank itself.
    max_iter : int, default=1000
        Iterations at most, with `alpha`.
    tol : float, default=1e-3
        Stop when the objective is proved to be this close to the minimum, relative
        to itself.
    n_nonzero_coefs : int, default=None
        Keep this many coefficients of largest magnitude per row, and none on the
        diagonal. None keeps all, the diagonal too.
    n_jobs : int, default=None
        Threads over row blocks. The result does not depend on it.

    Returns
    -------
    array of shape (n_samples, n_samples) or csr_array
        Row i rebuilds sample i. An array in the library of X where all coefficients
        are kept, else a sparse matrix on the host. ``E = X - C @ X``.

    Raises
    ------
    ValueError
        When X is zero; when all coefficients are kept and would not fit.

    Warns
    -----
    ConvergenceWarning
        When `max_iter` is reached before `tol`.

    Notes
    -----
    *Closed form.* Without noise the minimiser is the shape interaction matrix
    :math:`U U^T` of the singular value decomposition :math:`X = U S V^T`, with as
    many columns as X has rank. Noise gives X full rank and :math:`U U^T` nothing to
    say (the identity, for fewer samples than features), so the rank is cut. The rule
    "auto" keeps directions with an energy :math:`s_i^2` of at least 0.7 times
    the mean, as [2]_ does for principal components, and more where the energy
    falls tenfold from one direction to the next within twice as many (data with
    little noise show their rank). The mean leaves out the first direction,
    which can hold most of the energy.

    *With alpha.* Rows of E lie in the row space of X and C = W Uᵀ, so everything
    happens on matrices of n rows and as many columns as X has rank, r. Two blocks
    of variables alternate (ADMM) at O(n r² + r³) an iteration; the multipliers
    scaled into the dual problem give the duality gap. For
    :math:`\alpha \ge \max_i \|U_i S^{-1}\|` the minimiser is the closed form of
    full rank, with E = 0; for :math:`\alpha \le 1 / \|D^{-1} U S^2\|_2`, D the lengths
    of rows, it is C = 0. float64 inside.

    *Differences from* [1]_. Its inexact augmented Lagrangian raises the penalty
    without bound and stops where that freezes the iterates; here the penalty
    balances both residuals, the method converges to the minimiser, and stops on a
    proof. The diagonal is not penalised, in either.

    References
    ----------
    .. [1] Liu, Lin, Yan, Sun, Yu & Ma (2013). Robust recovery of subspace structures
       by low-rank representation. IEEE Transactions on Pattern Analysis and Machine
       Intelligence 35(1). :doi:`10.1109/TPAMI.2012.88`
    .. [2] Jolliffe (1972). Discarding variables in a principal component analysis I.
       Journal of the Royal Statistical Society C 21(2). :doi:`10.2307/2346488`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.cluster import low_rank_self_representation
    >>> X = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> low_rank_self_representation(X).round(3) + 0.0
    array([[0.5, 0.5, 0. , 0. ],
           [0.5, 0.5, 0. , 0. ],
           [0. , 0. , 0.5, 0.5],
           [0. , 0. , 0.5, 0.5]])
    """
    X = as_table(X)
    xp = array_namespace(X)
    if alpha is None:
        left = right = row_space(X, rank).vectors
    else:
        space = row_space(xp.astype(X, xp.float64))
        for state in islice(low_rank_iterations(space, float(alpha)), max_iter):
            if state.change <= tol:
                break
        else:
            warnings.warn(
                f"Stopped at max_iter={max_iter} with relative duality gap "
                f"{state.change:.2g} > tol={tol:g}; {REMEDY}.",
                ConvergenceWarning,
                stacklevel=2,
            )
        left = xp.astype(state.coefficients, X.dtype)
        right = xp.astype(space.vectors, X.dtype)
    if n_nonzero_coefs is not None:
        return _largest(left, right, n_nonzero_coefs, n_jobs)
    n = X.shape[0]
    check_memory(
        n * n * number_bytes(X),
        what=f"The full coefficient matrix of {n} samples",
        remedy="keep the largest coefficients of each row (n_nonzero_coefs)",
    )
    return left @ right.T


def _largest(left, right, n_keep, n_jobs):
    """Largest entries of the rows of left @ right.T, its diagonal left out."""

    def rows(start, stop):
        return zero_own_column(left[start:stop, :] @ right.T, start)

    return collect_rows(rows, left, n_keep, n_jobs)


@shared_docs(center="True", affinity="topk", omit=("representation_matrix_",))
class LowRankSubspaceClustering(SelfExpressiveClusterer):
    r"""Subspace clustering by low-rank self-representation (LRR).

    All samples are written as combinations of each other, jointly with the smallest
    nuclear norm. For clean data that is a projection on the leading singular vectors
    of the samples, where samples of independent subspaces are at right angles; the
    cosines form a graph that is cut by its leading eigenvectors. With `alpha` a few
    samples may be outliers.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of subspaces.
    alpha : float, default=None
        Price of misfit, relative to rows of unit length, as in
        :func:`low_rank_self_representation`. None takes the closed form.
    rank : int, float in (0, 1) or "auto", default="auto"
        Rank of the closed form: a number, the share of the energy to keep, or what
        stands out of the spectrum (:func:`low_rank_self_representation` says how),
        `n_clusters` at least. The sum of the dimensions of the subspaces is ideal.
        Unused with `alpha`.
    max_iter : int, default=1000
        Iterations at most, with `alpha`.
    tol : float, default=1e-3
        Relative duality gap at which iterations stop.
    {shared}

    Attributes
    ----------
    {attributes}
    representation_matrix_ : sparse matrix of shape (n_samples, n_samples)
        Cosines between samples in the row space of the coefficients C: with
        :math:`C = P \Sigma R^T`, between rows of :math:`R \Sigma^{1/2}`; in closed
        form :math:`C_{ij} / (C_{ii} C_{jj})^{1/2}`. Empty rows as in the
        other clusterers: zero samples, copies, and samples not drawn.
    rank_ : int
        Rank of the coefficients.
    singular_values_ : array
        Singular values of the prepared samples, the evidence for `rank_`.
    n_iter_ : int
        Iterations made; 1 for the closed form.

    See Also
    --------
    LeastSquaresSubspaceClustering : Shrinks directions instead of cutting them.
    low_rank_self_representation : The coefficients, which rebuild the samples.

    Notes
    -----
    Cost: O(n d min(n, d)) for the singular value decomposition, O(n² rank_) for the
    cosines, in row blocks; with `alpha` O(n r² + r³) an iteration, r the rank of the
    samples (at most d). Memory O(n (d + subspace_dim)) beyond one block with
    ``affinity="topk"``. Every other affinity takes all cosines and 80 n² bytes, and is
    refused above 2 GiB (5181 samples). Runs on NumPy, CuPy and PyTorch arrays under
    scikit-learn's array API dispatch; the graph, being sparse, is cut on the host.

    Differences from the paper: the rank is cut; columns are centred by default; of
    the cosines the largest of each row enter the affinity, where the paper takes all
    of them squared.

    References
    ----------
    Liu, Lin, Yan, Sun, Yu & Ma (2013). Robust recovery of subspace structures by
    low-rank representation. IEEE Transactions on Pattern Analysis and Machine
    Intelligence 35(1). :doi:`10.1109/TPAMI.2012.88`

    Examples
    --------
    >>> from skspace.cluster import LowRankSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    >>> model = LowRankSubspaceClustering(n_clusters=5, rank=20, random_state=0).fit(X)
    >>> from skspace.metrics import clustering_accuracy
    >>> clustering_accuracy(y, model.labels_)
    1.0
    """

    _parameter_constraints: dict = {
        **SelfExpressiveClusterer._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither"), None],
        "rank": RANK,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        alpha=None,
        rank="auto",
        max_iter=1000,
        tol=1e-3,
        subspace_dim="auto",
        affine=False,
        center=True,
        normalize=True,
        affinity="topk",
        assign_labels="kmeans",
        max_samples=None,
        n_init=20,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.alpha = alpha
        self.rank = rank
        self.max_iter = max_iter
        self.tol = tol
        self.subspace_dim = subspace_dim
        self.affine = affine
        self.center = center
        self.normalize = normalize
        self.affinity = affinity
        self.assign_labels = assign_labels
        self.max_samples = max_samples
        self.n_init = n_init
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _represent(self, V, n_keep, rng):
        if n_keep is None:
            check_full_graph(V.shape[0])
        space, factor = self._decompose(V)
        if self.rank_ == 0:
            bound = smallest_alpha(space.vectors, space.values)
            raise ValueError(
                f"With alpha={self.alpha} no sample is represented after "
                f"{self.n_iter_} iterations, which is optimal for alpha up to "
                f"{bound:.2g}; choose a larger one."
            )
        xp = array_namespace(V)
        length = xp.linalg.vector_norm(factor, axis=1, keepdims=True)
        factor = factor / xp.where(length > 0, length, xp.ones_like(length))
        if n_keep is None:
            cosines = zero_own_column(factor @ factor.T, 0)
            return sparse_rows(to_numpy(cosines))
        return _largest(factor, factor, n_keep, self.n_jobs)

    def _decompose(self, V):
        """Row space, and the rows whose cosines represent; sets what is known of it."""
        xp = array_namespace(V)
        if self.alpha is None:
            space = row_space(V, self.rank, at_least=self.n_clusters)
            factor = space.vectors
            self.rank_, self.n_iter_ = factor.shape[1], 1
        else:
            space = row_space(xp.astype(V, xp.float64))
            states = low_rank_iterations(space, float(self.alpha))
            state, self.n_iter_, _ = run(self, states, X=V, remedy=REMEDY)
            W = state.coefficients
            energy, R = xp.linalg.eigh(W.T @ W)
            root = xp.clip(energy, min=0.0) ** 0.25
            factor = xp.astype((space.vectors @ R) * root, V.dtype)
            self.rank_ = state.rank
        self.singular_values_ = xp.astype(space.spectrum, V.dtype)
        return space, factor

    def _find_nothing(self, V):
        super()._find_nothing(V)
        xp = array_namespace(V)
        if xp.any(V != 0):
            self._decompose(V)
        else:
            self.rank_, self.n_iter_ = 0, 1
            self.singular_values_ = xp.zeros_like(V[: V.shape[1], 0])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
