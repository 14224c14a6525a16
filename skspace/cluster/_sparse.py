"""Self-representation by the elastic net (SSC and EnSC)."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.sparse import csr_array, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.parallel import Parallel, delayed

from .._sklearn import Interval, interruptible, validate_params
from ..graph._top_k import row_top_k
from ._blocks import as_rows, fits, row_blocks
from ._docs import shared_docs
from ._self_expressive import SelfExpressiveClusterer

N_CANDIDATES = 32
"""Atoms that join a row's working set at a time, where sets are needed."""

SHORTEST = 1e-145
"""Length of a row, as a share of the longest, below which it counts as zero."""


@validate_params(
    {
        "X": ["array-like"],
        "gamma": [Interval(Real, 1, None, closed="neither")],
        "l1_ratio": [Interval(Real, 0, 1, closed="right")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def sparse_self_representation(
    X, *, gamma=50.0, l1_ratio=0.9, tol=1e-8, max_iter=1000, n_jobs=None
):
    r"""Write every sample as a sparse combination of the others.

    For each sample :math:`x_i`, over the coefficients c of all others,

    .. math::

        \min_{c,\ c_i = 0}\ \tau \|c\|_1 + \frac{1 - \tau}{2} \|c\|_2^2
        + \frac{\gamma_i}{2} \|x_i - c X\|_2^2,
        \qquad
        \gamma_i = \frac{\gamma \tau}{\max_{j \ne i} |x_i^T x_j|}.

    Samples of one linear subspace represent each other most cheaply, so the
    coefficients tell the subspaces apart. With ``l1_ratio=1`` this is sparse
    subspace clustering (SSC), below it elastic net subspace clustering (EnSC).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, used as they are. Scale rows to unit length first: a penalty on
        coefficients favours long rows. The result is the same for any multiple
        of X.
    gamma : float, default=50.0
        Weight of the fit, without unit. The solution is zero up to 1 and not zero
        above; typical values are 5 to 500.
    l1_ratio : float in (0, 1], default=0.9
        Share of the ℓ1 norm in the penalty. Lower values give more and smaller
        coefficients, hence better connected subspaces, and admit more from
        other subspaces.
    tol : float, default=1e-8
        Largest violation of the optimality conditions, as a cosine between
        residual and sample.
    max_iter : int, default=1000
        Most samples that may enter the representation of one sample, counted each
        time one does.
    n_jobs : int, default=None
        Threads over blocks of samples. The result does not depend on it.

    Returns
    -------
    csr_array of shape (n_samples, n_samples)
        Row i holds the coefficients of sample i; the diagonal is zero. float32 for
        float32 `X`, else float64; sums are always kept in float64.

    Raises
    ------
    ValueError
        When `X` is not a finite table or a parameter is out of range.

    Warns
    -----
    ConvergenceWarning
        When rows stop at `max_iter`; says how many and how far they are off.

    See Also
    --------
    omp_self_representation : The same by a greedy search, with a bound on the
        number of coefficients.

    Notes
    -----
    Notation: `l1_ratio` is τ (λ in [1]_), `gamma` is γ relative to its smallest
    effective value, as in the authors' programs, and :math:`\gamma_i` the γ of
    equation (3) of [1]_.

    Atoms enter one at a time, the most violating first; with the signs known the
    minimiser is one solve with a Cholesky factor that is updated, never
    recomputed; an atom that reaches zero on the way leaves. The result is exact
    up to rounding. Above 8192 samples each row keeps a working set, joined after
    each solution by the atoms outside its oracle region ([1]_, section 3), found
    for a block of rows by one matrix product.

    Identical samples are not told apart by the problem when ``l1_ratio=1``; the
    one of lowest index is then used. Samples without any correlation to others,
    zero ones included, get zero coefficients; a row shorter than 1e-145 times the
    longest counts as zero, since products with it underflow.

    *Cost.* :math:`O(n^2 d)` for the inner products, in BLAS, and
    :math:`O(n^2 s^2)` for s coefficients per sample. Memory is 8n² bytes up to
    512 MiB (n ≤ 8192), and beyond it 32 MiB per thread.

    *Differences from the paper.* The subproblems are solved exactly rather than
    to a tolerance, and no bound is put on the number of coefficients.

    References
    ----------
    .. [1] C. You, C.-G. Li, D. P. Robinson, R. Vidal, "Oracle based active set
       algorithm for scalable elastic net subspace clustering", CVPR 2016.
       :doi:`10.1109/CVPR.2016.426`
    .. [2] E. Elhamifar, R. Vidal, "Sparse subspace clustering: algorithm, theory,
       and applications", IEEE TPAMI 35 (2013) 2765-2781.
       :doi:`10.1109/TPAMI.2013.57`

    Examples
    --------
    Two lines through the origin:

    >>> import numpy as np
    >>> from skspace.cluster import sparse_self_representation
    >>> X = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> sparse_self_representation(X, gamma=10, l1_ratio=1).toarray()
    array([[0. , 0.9, 0. , 0. ],
           [0.9, 0. , 0. , 0. ],
           [0. , 0. , 0. , 0.9],
           [0. , 0. , 0.9, 0. ]])
    """
    X, _, dtype = as_rows(X)
    # Products with rows as short as this, beside the longest, underflow.
    length = np.linalg.norm(X, axis=1)
    X[length < SHORTEST * np.max(length)] = 0.0
    solve = _solve_whole if fits(X.shape[0], X.shape[0]) else _solve_by_working_sets
    with interruptible():
        C, violation = solve(X, gamma, l1_ratio, tol, max_iter, n_jobs)
    late = violation > tol
    if np.any(late):
        warnings.warn(
            f"sparse_self_representation: {np.sum(late)} of {late.size} samples "
            f"stopped at max_iter={max_iter} with a violation of the optimality "
            f"conditions of up to {np.max(violation):.2g} > tol={tol:g}; lower gamma "
            "(or increase the max_iter of the function).",
            ConvergenceWarning,
            stacklevel=2,
        )
    return C.astype(dtype)


def kkt_residual(X, C, gamma, l1_ratio):
    """Measure how far the rows of `C` are from optimal.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    C : sparse array of shape (n_samples, n_samples)
    gamma, l1_ratio : float
        As in :func:`sparse_self_representation`.

    Returns
    -------
    array of shape (n_samples,)
        Largest violation of the optimality conditions of each row, divided by γ_i
        and by the lengths of the row and of the longest one: for unit rows a
        difference of correlations.
    """
    X, _, _ = as_rows(X)
    C = csr_array(C).astype(np.float64)
    length = np.linalg.norm(X, axis=1)
    unit = length * np.max(length)
    worst = np.zeros(X.shape[0])
    for start, stop in row_blocks(X.shape[0], X.shape[0]):
        own = np.arange(stop - start), np.arange(start, stop)
        g = X[start:stop] @ X.T
        g[own] = 0.0
        lam1 = np.max(np.abs(g), axis=1, keepdims=True) / gamma
        lam2 = lam1 * (1 - l1_ratio) / l1_ratio
        c = C[start:stop].toarray()
        r = (X[start:stop] - C[start:stop] @ X) @ X.T
        off = np.where(
            c == 0,
            np.maximum(np.abs(r) - lam1, 0.0),
            np.abs(r - lam2 * c - lam1 * np.sign(c)),
        )
        off[own] = np.abs(c[own])  # the diagonal must be zero
        worst[start:stop] = np.max(off, axis=1)
    return np.divide(worst, unit, out=worst, where=unit > 0)


def _solve_whole(X, gamma, l1_ratio, tol, max_iter, n_jobs):
    """Solve all rows on one matrix of inner products."""
    n_samples = X.shape[0]
    G = X @ X.T
    blocks = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_solve_rows)(G, *rows, gamma, l1_ratio, tol, max_iter)
        for rows in row_blocks(n_samples, 1)
    )
    count, indices, coefs, violation = map(np.concatenate, zip(*blocks, strict=True))
    indptr = np.concatenate([[0], np.cumsum(count)])
    C = csr_array((coefs, indices, indptr), shape=(n_samples, n_samples))
    C.sort_indices()
    return C, violation


def _solve_rows(*arguments):
    """Solve a block of rows; a kernel itself cannot be sent to other processes."""
    from .._numba.elastic_net import elastic_net_gram

    return elastic_net_gram(*arguments)


def _solve_by_working_sets(X, gamma, l1_ratio, tol, max_iter, n_jobs):
    """Solve blocks of rows, each row on its own working set of atoms."""
    n_samples = X.shape[0]
    length = np.linalg.norm(X, axis=1)
    unit = length * np.max(length)
    blocks = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_solve_block)(X, unit, *rows, gamma, l1_ratio, tol, max_iter)
        for rows in row_blocks(n_samples, n_samples)
    )
    C, violation = zip(*blocks, strict=True)
    return vstack(C, format="csr"), np.concatenate(violation)


def _solve_block(X, unit, start, stop, gamma, l1_ratio, tol, max_iter):
    """Solve rows `start` to `stop`: solve on working sets, widen them, repeat."""
    from .._numba.elastic_net import elastic_net_working

    n_samples = X.shape[0]
    rows, unit = np.arange(start, stop), unit[start:stop]
    r = X[start:stop] @ X.T
    r[rows - start, rows] = 0.0
    values, W = row_top_k(r, N_CANDIDATES)
    alpha0 = np.max(np.abs(values), axis=1)
    lam1 = alpha0 / gamma
    lam2 = lam1 * (1 - l1_ratio) / l1_ratio

    C = csr_array((stop - start, n_samples))
    violation = np.zeros(stop - start)
    todo = np.flatnonzero(alpha0 > tol * unit)
    W = np.where(values == 0, -1, W)[todo]  # the row itself has zero correlation
    for step in range(max_iter):
        if todo.size == 0:
            break
        coefs, residuals, inside = elastic_net_working(
            X, rows[todo], W, unit[todo], lam1[todo], lam2[todo], tol, max_iter
        )
        active = coefs != 0
        place, _ = np.nonzero(active)
        r = residuals @ X.T
        r[np.arange(todo.size), rows[todo]] = 0.0
        r[place, W[active]] = 0.0
        values, joining = row_top_k(r, N_CANDIDATES)
        excess = (np.abs(values) - lam1[todo, None]) / unit[todo, None]
        outside = np.max(excess, axis=1)
        violation[todo] = np.maximum(outside, inside)  # never below 0, as inside
        # A row stopped inside its set has used up max_iter; more atoms do not help.
        done = (outside <= tol) | (inside > tol) | (step == max_iter - 1)
        ended = active & done[:, None]
        C += csr_array(
            (coefs[ended], (todo[np.nonzero(ended)[0]], W[ended])), shape=C.shape
        )
        joining = np.where(excess > tol, joining, -1)
        W = _compact(np.where(active, W, -1)[~done], joining[~done], n_samples)
        todo = todo[~done]
    return C, violation


def _compact(active, joining, n_samples):
    """Unite two lists of atoms padded by -1; ascending, and as narrow as can be."""
    W = np.concatenate([active, joining], axis=1)
    W = np.sort(np.where(W < 0, n_samples, W), axis=1)
    absent = n_samples == W
    width = np.max(np.sum(~absent, axis=1), initial=0)
    return np.where(absent, -1, W)[:, :width]


@shared_docs(center="False", affinity="topk")
class SparseSubspaceClustering(SelfExpressiveClusterer):
    """Subspace clustering by sparse representations (SSC and EnSC).

    Every sample is written as a combination of others with an elastic-net penalty;
    the coefficients form a graph that is cut by its leading eigenvectors. With
    ``l1_ratio=1`` this is sparse subspace clustering, whose coefficients provably stay
    inside the own subspace under mild conditions; below 1 the graph is better
    connected.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of subspaces.
    gamma : float, default=50.0
        Weight of the fit against the penalty, more than 1 and without unit.
    l1_ratio : float in (0, 1], default=0.9
        Share of the l1 norm in the penalty.
    {shared}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    sparse_self_representation : The representation alone.
    OMPSubspaceClustering : The same idea by a greedy search; faster.

    Notes
    -----
    Cost: O(n² d) for inner products and O(n² s²) for s coefficients per sample; memory
    beyond the data at most 512 MiB and a block per thread. The papers and what differs
    from them: :func:`sparse_self_representation`.

    Examples
    --------
    >>> from skspace.cluster import SparseSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> from skspace.metrics import clustering_accuracy
    >>> X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    >>> model = SparseSubspaceClustering(n_clusters=5, random_state=0).fit(X)
    >>> clustering_accuracy(y, model.labels_)
    1.0
    """

    _parameter_constraints: dict = {
        **SelfExpressiveClusterer._parameter_constraints,
        "gamma": [Interval(Real, 1, None, closed="neither")],
        "l1_ratio": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        gamma=50.0,
        l1_ratio=0.9,
        subspace_dim="auto",
        affine=False,
        center=False,
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
        self.gamma = gamma
        self.l1_ratio = l1_ratio
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
        return sparse_self_representation(
            V, gamma=self.gamma, l1_ratio=self.l1_ratio, n_jobs=self.n_jobs
        )
