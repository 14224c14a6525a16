"""Self-representation by orthogonal matching pursuit (SSC-OMP)."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from .._sklearn import Interval, StrOptions, interruptible, validate_params
from ._blocks import as_rows, fits, from_padded, row_blocks
from ._docs import shared_docs
from ._self_expressive import SelfExpressiveClusterer


@validate_params(
    {
        "X": ["array-like"],
        "n_nonzero_coefs": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "n_dropouts": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def omp_self_representation(
    X,
    *,
    n_nonzero_coefs=5,
    tol=None,
    dropout=0.0,
    n_dropouts=20,
    n_jobs=None,
    random_state=None,
):
    """Write every sample as a combination of few others, chosen greedily.

    For each sample, take the other sample most correlated with what is left of
    it, fit all samples taken so far by least squares, and repeat. Samples of one
    linear subspace choose each other, so the coefficients tell the subspaces
    apart.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, used as they are. Scale rows to unit length first, or long rows
        will be chosen for their length.
    n_nonzero_coefs : int, default=5
        Most samples a sample is written with. Ask for the dimension of a subspace;
        with `n_features` or more any samples reproduce any other, and only
        `dropout` brings the subspaces back.
    tol : float, default=None
        Stop at a squared residual of at most `tol` as well. Without it, and besides
        it, a residual of 1e-6 times the sample's length counts as zero.
    dropout : float in [0, 1), default=0.0
        Share of the samples left out of each of `n_dropouts` random dictionaries.
        The result is the mean of their coefficients: denser, hence better
        connected. 0 uses all samples once.
    n_dropouts : int, default=20
        Number of dictionaries when ``dropout > 0``.
    n_jobs : int, default=None
        Threads over blocks of samples. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the dictionaries when ``dropout > 0``.

    Returns
    -------
    csr_array of shape (n_samples, n_samples)
        Row i holds the coefficients of sample i; the diagonal is zero. float32 for
        float32 `X`, else float64; sums are always kept in float64.

    Raises
    ------
    ValueError
        When `X` is not a finite table or a parameter is out of range.

    See Also
    --------
    sparse_self_representation : The same by convex optimisation.

    Notes
    -----
    Notation: `n_nonzero_coefs` is k_max of [1]_ and `tol` the square of its ε;
    `dropout` is δ and `n_dropouts` T of [2]_.

    Ties (identical samples, say) go to the lowest index. A sample at an angle
    below 1e-5 to the span of those already taken adds nothing and is passed
    over. Zero samples get zero coefficients.

    *Cost.* :math:`O(n^2 d)` for the inner products, in BLAS, once while their n²
    numbers take at most 512 MiB (n ≤ 8192) and once per atom beyond, with 32 MiB
    per thread; and :math:`O(n^2 k^2)` for the rest; times `n_dropouts` with
    dropout.

    *Differences from the papers.* Atoms are found on inner products with an
    incremental Cholesky factor (Batch-OMP, [3]_) rather than by projections; the
    coefficients agree. Each dictionary of [2]_ drops samples independently with
    probability δ; here it keeps exactly a share 1 - δ. The mean over dictionaries
    is the first pass of the consensus of [2]_, which then repeats with a damped
    pursuit towards that mean.

    References
    ----------
    .. [1] C. You, D. P. Robinson, R. Vidal, "Scalable sparse subspace clustering by
       orthogonal matching pursuit", CVPR 2016.
       :doi:`10.1109/CVPR.2016.425`
    .. [2] Y. Chen, C.-G. Li, C. You, "Stochastic sparse subspace clustering",
       CVPR 2020. :doi:`10.1109/CVPR42600.2020.00421`
    .. [3] R. Rubinstein, M. Zibulevsky, M. Elad, "Efficient implementation of the
       K-SVD algorithm using batch orthogonal matching pursuit", Technion CS-2008-08,
       2008.

    Examples
    --------
    Two lines through the origin:

    >>> import numpy as np
    >>> from skspace.cluster import omp_self_representation
    >>> X = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 4.0]])
    >>> omp_self_representation(X, n_nonzero_coefs=1).toarray()
    array([[0.  , 0.5 , 0.  , 0.  ],
           [2.  , 0.  , 0.  , 0.  ],
           [0.  , 0.  , 0.  , 0.25],
           [0.  , 0.  , 4.  , 0.  ]])
    """
    X, exponent, dtype = as_rows(X)
    n_samples = X.shape[0]
    n_nonzero = min(n_nonzero_coefs, max(n_samples - 1, 1))
    floor = -1.0 if tol is None else float(np.ldexp(tol, -2 * exponent))
    square = np.einsum("ij,ij->i", X, X)
    G = X @ X.T if fits(n_samples, n_samples) else None

    rng = check_random_state(random_state)
    C = 0
    for atoms in _dictionaries(rng, n_samples, dropout, n_dropouts):
        with interruptible():
            support, coefs = _code(X, G, atoms, square, n_nonzero, floor, n_jobs)
        C = C + from_padded(support, coefs, n_samples, np.float64)
    if dropout > 0:
        C = C / n_dropouts
    return C.astype(dtype)


def _dictionaries(rng, n_samples, dropout, n_dropouts):
    """Yield the samples that may be chosen: all, or random shares of them."""
    if dropout == 0:
        yield np.arange(n_samples)
        return
    # Two at least, so that every sample finds one other.
    n_atoms = min(n_samples, max(2, round((1 - dropout) * n_samples)))
    for _ in range(n_dropouts):
        yield np.sort(rng.permutation(n_samples)[:n_atoms])


def _code(X, G, atoms, square, n_nonzero, tol, n_jobs):
    """Code all rows on one dictionary, by the way that fits in memory."""
    n_samples = X.shape[0]
    whole = atoms.shape[0] == n_samples
    own = np.full(n_samples, -1)
    own[atoms] = np.arange(atoms.shape[0])
    parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    if G is not None:
        products = G if whole else np.take(G, atoms, axis=1)
        blocks = parallel(
            delayed(_code_whole)(products, atoms, own, square, *rows, n_nonzero, tol)
            for rows in row_blocks(n_samples, n_nonzero)
        )
    else:
        D = X if whole else X[atoms]
        blocks = parallel(
            delayed(_code_block)(X, D, atoms, own, square, *rows, n_nonzero, tol)
            for rows in row_blocks(n_samples, atoms.shape[0])
        )
    support, coefs = zip(*blocks, strict=True)
    return np.concatenate(support), np.concatenate(coefs)


def _code_whole(*arguments):
    """Code a block of rows; a kernel itself cannot be sent to other processes."""
    from .._numba.omp import omp_gram

    return omp_gram(*arguments)


def _code_block(X, D, atoms, own, square, start, stop, n_nonzero, tol):
    """Code a block of rows, one product with the dictionary `D` per atom."""
    from .._numba.omp import omp_step

    shape = (stop - start, n_nonzero)
    size = np.zeros(shape[0], dtype=np.int64)
    left = square[start:stop].copy()
    support = np.full(shape, -1, dtype=np.int64)
    coefs, z = np.zeros(shape), np.zeros(shape)
    L = np.zeros((*shape, n_nonzero))
    residuals = X[start:stop]
    corr = np.empty((shape[0], atoms.shape[0]))
    for _ in range(n_nonzero):
        np.matmul(residuals, D.T, out=corr)
        residuals = omp_step(
            X, atoms, own, square, start, corr, tol, size, left, support, coefs, L, z
        )
        if np.all(size < 0):
            break
    return support, coefs


@shared_docs(center="False", affinity="symmetrize")
class OMPSubspaceClustering(SelfExpressiveClusterer):
    """Subspace clustering by orthogonal matching pursuit (SSC-OMP).

    Every sample is written with a few others, chosen greedily; who is written with
    whom forms a graph that is cut by its leading eigenvectors. Fast at any number of
    samples, and exact about how many coefficients there are.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of subspaces.
    n_nonzero_coefs : int, default=5
        Most samples one sample is written with. About the dimension of a subspace.
    tol : float, default=None
        Stop at a squared residual of at most `tol` as well, relative to rows of unit
        length.
    dropout : float in [0, 1) or "auto", default="auto"
        Share of the samples left out of each of `n_dropouts` random dictionaries,
        whose coefficients are averaged. "auto" is 0, except where `n_nonzero_coefs`
        reaches the number of features: there any samples reproduce any other, and
        0.7 lets the subspaces show again.
    n_dropouts : int, default=20
        Number of dictionaries, where there is dropout.
    {shared}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    omp_self_representation : The representation alone.
    SparseSubspaceClustering : The same idea by convex optimisation.

    Notes
    -----
    Cost: O(n² d) for inner products and O(n² k²) for k coefficients, times
    `n_dropouts` with dropout; memory beyond the data at most 512 MiB and a block per
    thread. The papers and what differs from them: :func:`omp_self_representation`.

    The method follows noise as readily as structure, since nothing shrinks its
    coefficients. On five subspaces of dimension 4 in 30 features with 400 samples
    each and noise 0.1, 30 % of the mass of the coefficients leaves the own subspace
    and accuracy falls to 0.36, where :class:`LeastSquaresSubspaceClustering` reaches
    0.99. Use it where noise is low.

    Examples
    --------
    >>> from skspace.cluster import OMPSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> from skspace.metrics import clustering_accuracy
    >>> X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    >>> model = OMPSubspaceClustering(n_clusters=5, random_state=0).fit(X)
    >>> clustering_accuracy(y, model.labels_)
    1.0
    """

    _parameter_constraints: dict = {
        **SelfExpressiveClusterer._parameter_constraints,
        "n_nonzero_coefs": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "n_dropouts": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        n_nonzero_coefs=5,
        tol=None,
        dropout="auto",
        n_dropouts=20,
        subspace_dim="auto",
        affine=False,
        center=False,
        normalize=True,
        affinity="symmetrize",
        assign_labels="kmeans",
        max_samples=None,
        n_init=20,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.n_nonzero_coefs = n_nonzero_coefs
        self.tol = tol
        self.dropout = dropout
        self.n_dropouts = n_dropouts
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
        dropout = self.dropout
        if dropout == "auto":
            dropout = 0.7 if self.n_nonzero_coefs >= V.shape[1] else 0.0
        return omp_self_representation(
            V,
            n_nonzero_coefs=self.n_nonzero_coefs,
            tol=self.tol,
            dropout=dropout,
            n_dropouts=self.n_dropouts,
            n_jobs=self.n_jobs,
            random_state=rng,
        )
