"""Least-squares (ridge) self-representation and the clusterer built on it."""

from __future__ import annotations

from numbers import Integral, Real

from .._array import array_namespace, device, to_numpy
from .._sklearn import Interval, validate_params
from .._validation import as_table, check_memory
from ..linalg._conditioning import power_of_two
from ..linalg._self_expression import regress_on_others
from ._dense_rows import (
    check_full_graph,
    collect_rows,
    number_bytes,
    sparse_rows,
    zero_own_column,
)
from ._docs import shared_docs
from ._self_expressive import SelfExpressiveClusterer

LEAST_ALPHA = 10
"""Least ridge, in rounding errors of the sum of squares of all samples."""


@validate_params(
    {
        "X": ["array-like"],
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "n_nonzero_coefs": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def least_squares_self_representation(
    X, *, alpha=1.0, n_nonzero_coefs=None, n_jobs=None
):
    r"""Write every sample as the ridge regression of it on all others.

    .. math:: \min_C \|X - C X\|_F^2 + \alpha \|C\|_F^2
              \quad\text{with}\quad C_{ii} = 0

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, used as they are. Subtract column means, *then* scale rows to unit
        length.
    alpha : float, default=1.0
        Ridge penalty, in squared units of X.
    n_nonzero_coefs : int, default=None
        Keep this many coefficients of largest magnitude per row. None keeps all.
    n_jobs : int, default=None
        Threads over row blocks. The result does not depend on it.

    Returns
    -------
    C : array of shape (n_samples, n_samples) or CSR matrix
        Row i rebuilds sample i. An array in the library of X where all coefficients
        are kept, else a sparse matrix on the host.

    Raises
    ------
    ValueError
        When `X` is not a finite table or a parameter is out of range; when `alpha` is
        no more than rounding errors of the inner products of the samples; when all
        coefficients are kept and their matrix would not fit.

    Notes
    -----
    With :math:`H = X (X^T X + \alpha I)^{-1} X^T` the solution is
    :math:`C_{ij} = H_{ij} / (1 - H_{ii})`: each row is the leave-one-out ridge fit,
    so all n regressions cost one factorisation, :math:`O(n d \min(n, d))`, and the
    rows of H, :math:`O(n^2 \min(n, d))`. With `n_nonzero_coefs` H is formed in
    row blocks and never whole when there are more samples than features.

    References
    ----------
    Lu, Min, Zhao, Zhu, Huang & Yan (2012). Robust and efficient subspace
    segmentation via least squares regression. ECCV (LSR1).
    :doi:`10.1007/978-3-642-33786-4_26`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.cluster import least_squares_self_representation
    >>> X = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> least_squares_self_representation(X)
    array([[0. , 0.5, 0. , 0. ],
           [0.5, 0. , 0. , 0. ],
           [0. , 0. , 0. , 0.5],
           [0. , 0. , 0.5, 0. ]])
    """
    X = as_table(X)
    n = X.shape[0]
    if n_nonzero_coefs is None:
        d = X.shape[1]
        # At the peak the matrix and a copy, and a mask; or five in an inversion; or
        # what is factorised, a copy and the factor.
        entries = 5 * n * n if n <= d else 2 * n * n + 3 * (n + d) * d
        check_memory(
            number_bytes(X) * entries + n * n,
            what=f"The full coefficient matrix of {n} samples",
            remedy="keep the largest coefficients of each row (n_nonzero_coefs) or "
            "pass fewer samples",
        )
    coefficients = _coefficient_rows(X, float(alpha))

    def rows(start, stop):
        return zero_own_column(coefficients(start, stop), start)

    if n_nonzero_coefs is not None:
        return collect_rows(rows, X, n_nonzero_coefs, n_jobs)
    return rows(0, n)


def _coefficient_rows(X, alpha):
    """Rows of H, right off the diagonal, over 1 - diag(H), free of cancellation.

    With fewer samples than features the matrix is at hand, since
    I - H = alpha (K + alpha I)^{-1} for the Gram matrix K; otherwise Woodbury's
    formula needs only a matrix of the size of the features. Its inverse squares the
    condition of X: where that may cost more than half of the digits, H = Q Qᵀ with
    the first n rows of the orthogonal factor of X above sqrt(alpha) I.
    """
    xp = array_namespace(X)
    n, d = X.shape
    limits = xp.finfo(X.dtype)
    eps = float(limits.eps)
    unit = float(power_of_two(float(xp.max(xp.abs(X)))))
    X = X / unit  # so that no square overflows or vanishes
    energy = float(xp.sum(X * X))
    if alpha / unit / unit < LEAST_ALPHA * eps * energy:
        raise ValueError(
            f"alpha={alpha:g} is within the rounding errors of inner products of these "
            f"samples; use {2 * LEAST_ALPHA * eps:.0e} times the sum of their squares "
            "or more."
        )
    alpha = min(alpha / unit / unit, float(limits.max) ** 0.5)
    if n <= d:
        C = regress_on_others(X @ X.T, alpha)
        return lambda start, stop: C[start:stop, :]
    eye = xp.eye(d, dtype=X.dtype, device=device(X))
    if alpha > eps**0.5 * energy:
        left, right = X @ xp.linalg.inv(X.T @ X + alpha * eye), X
    else:
        stacked = xp.concat([X, alpha**0.5 * eye], axis=0)
        left = right = xp.linalg.qr(stacked, mode="reduced")[0][:n, :]
    remainder = 1.0 - xp.sum(left * right, axis=1)
    left = left / xp.clip(remainder, min=eps)[:, None]
    return lambda start, stop: left[start:stop, :] @ right.T


@shared_docs(center="True", affinity="topk")
class LeastSquaresSubspaceClustering(SelfExpressiveClusterer):
    """Subspace clustering by ridge self-representation.

    Every sample is regressed on all others with a ridge penalty, which has a closed
    form; the largest coefficients of each row form a graph that is cut by its
    leading eigenvectors. The first method to try: no iterations, one parameter, and
    on images usually the best of the linear family.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of subspaces.
    alpha : float, default=1.0
        Ridge penalty, relative to rows of unit length. Larger values spread the
        representation over more samples.
    {shared}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    SparseSubspaceClustering : Sparse representations by convex optimisation.
    ThresholdingSubspaceClustering : Nearest neighbours by angle; cheaper.

    Notes
    -----
    Cost: O(n d min(n, d)) for the factorisation and O(n² min(n, d)) for the rows of
    coefficients, which are formed in blocks; memory O(n (d + subspace_dim)) beyond one
    block with ``affinity="topk"``. Every other affinity takes all coefficients and
    80 n² bytes, and is refused above 2 GiB (5181 samples). Runs on NumPy, CuPy and
    PyTorch arrays under scikit-learn's array API dispatch; the graph, being sparse,
    is cut on the host.

    Differences from the paper: columns are centred by default, and only the largest
    coefficients of each row enter the affinity.

    References
    ----------
    Lu, Min, Zhao, Zhu, Huang & Yan (2012). Robust and efficient subspace
    segmentation via least squares regression. ECCV.
    :doi:`10.1007/978-3-642-33786-4_26`

    Examples
    --------
    >>> from skspace.cluster import LeastSquaresSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    >>> model = LeastSquaresSubspaceClustering(n_clusters=5, random_state=0).fit(X)
    >>> from skspace.metrics import clustering_accuracy
    >>> clustering_accuracy(y, model.labels_)
    1.0
    >>> model.predict(X[:3]).shape
    (3,)
    """

    _parameter_constraints: dict = {
        **SelfExpressiveClusterer._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        alpha=1.0,
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
        C = least_squares_self_representation(
            V, alpha=self.alpha, n_nonzero_coefs=n_keep, n_jobs=self.n_jobs
        )
        return C if n_keep is not None else sparse_rows(to_numpy(C))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
