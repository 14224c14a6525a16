"""Diffusion spectral entropy, and the information it has about a second variable."""

from __future__ import annotations

import random
from numbers import Integral, Real

import numpy as np
from sklearn.cluster import SpectralClustering
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like
from .._response import check_response
from .._sklearn import Interval, StrOptions, validate_params
from .._validation import as_table, check_memory
from ._diffusion_spectrum import bandwidth, entropy_of_rows

__all__ = ["diffusion_spectral_entropy", "diffusion_spectral_mutual_info"]

SHARED_CONSTRAINTS = {
    "X": "no_validation",
    "sigma": [Interval(Real, 0, None, closed="neither"), StrOptions({"median"})],
    "t": [Interval(Real, 0, None, closed="neither")],
    "normalization": [StrOptions({"random_walk", "anisotropic"})],
    "max_samples": [Interval(Integral, 2, None, closed="left")],
    "random_state": ["random_state"],
}


def take_sample(X, max_samples, rng):
    """Rows drawn without replacement where there are more than `max_samples`."""
    n = X.shape[0]
    if n <= max_samples:
        return X
    rows = np.sort(rng.choice(n, max_samples, replace=False))
    return array_namespace(X).take(X, asarray_like(rows, X), axis=0)


def prepare(X, max_samples):
    """Table in float64, unless the matrix of its samples would be too large."""
    X = as_table(X)
    n = min(X.shape[0], max_samples)
    check_memory(
        8 * n**2,
        what=f"The diffusion matrix of {n} samples",
        remedy="set max_samples to 10000 or less",
    )
    return array_namespace(X).astype(X, array_namespace(X).float64)


@validate_params(SHARED_CONSTRAINTS, prefer_skip_nested_validation=True)
def diffusion_spectral_entropy(
    X,
    *,
    sigma=10.0,
    t=1,
    normalization="random_walk",
    max_samples=10_000,
    random_state=None,
):
    """Diffusion spectral entropy of a table: how many directions a random walk has.

    A random walk steps between the rows of `X`, to near ones rather than to far ones.
    Its eigenvalues tell how fast it mixes in each direction; the entropy of their
    shares is large where the rows spread over many directions and clusters, and small
    where they lie on one short curve.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        For example activations of a layer. Features are taken in their own units.
    sigma : float or "median", default=10.0
        Bandwidth of the kernel, in the units of `X`. 10 suits activations of networks
        that are not normalised. "median" takes the median distance between rows.
    t : float, default=1
        Number of steps: eigenvalues are raised to this power before they are divided
        by their sum. Rule of thumb: after powering, about 1 % of the eigenvalues
        remain above 0.01. Far below 1, eigenvalues that rounding makes count, too.
    normalization : {"random_walk", "anisotropic"}, default="random_walk"
        "random_walk" is the walk with probabilities in proportion to the kernel, whose
        spectrum the authors' code takes. "anisotropic" divides the kernel by the root
        of the densities of both rows before it makes probabilities of it, as the paper
        prints it.
    max_samples : int, default=10000
        With more samples a random part of this size is taken, without replacement.
    random_state : int, RandomState instance or None, default=None
        Which part; plays no role for up to `max_samples` samples.

    Returns
    -------
    entropy : float
        In **bits**, unlike mutual information elsewhere in skspace: between 0, where
        all rows are equal, and log2(n_samples), where each is far from all others.

    Raises
    ------
    ValueError
        If `X` is not a finite table, or has entries beyond 1e150 sigma; if the matrix
        needs more than 2 GiB, with the figure; if ``sigma="median"`` and half of all
        pairs of rows or more are equal.

    See Also
    --------
    diffusion_spectral_mutual_info : What a second variable takes away from it.

    Notes
    -----
    *Definition.* ``G_ij = exp(-|x_i - x_j|² / (2 sigma²))``, ``q = G 1`` and
    ``K_ij = G_ij / sqrt(q_i q_j)``; "anisotropic" repeats the second step with K in
    place of G. With the eigenvalues λ of K, ``p_i = |λ_i|^t / Σ |λ_j|^t`` and the
    entropy is ``-Σ (p_i + e) log2(p_i + e)``, e = 2.22e-16. The eigenvalue 1 of the
    walk counts like the others; some versions of the authors' code leave it out.

    *Cost.* O(n² d) for the kernel. For all eigenvalues 4/3 n³ more, without vectors and
    in the memory of the kernel (8 n² bytes). From 200 samples on a sketch is tried
    first, for low-dimensional data or a wide kernel have few eigenvalues that count:
    O(n² m) for m of them. The sum of those left out is known from the trace, and is
    kept so small that the entropy moves by less than 1e-6 bits.

    The entropy depends on n_samples: compare tables of equal size only.

    References
    ----------
    D. Liao, C. Liu, B. W. Christensen, A. Tong, G. Huguet, G. Wolf, M. Nickel, I.
    Adelstein and S. Krishnaswamy, "Assessing neural network representations during
    training using noise-resilient diffusion spectral entropy", CISS 2024.
    :doi:`10.48550/arXiv.2312.04823`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skspace.information import diffusion_spectral_entropy
    >>> X = load_iris().data
    >>> round(diffusion_spectral_entropy(X, sigma=1), 4)
    3.2489
    >>> round(diffusion_spectral_entropy(X, sigma=1, normalization="anisotropic"), 4)
    3.3122
    >>> round(diffusion_spectral_entropy(1000 * X, sigma=1), 2)  # each row for itself
    7.22
    >>> round(np.log2(149), 2)  # two of the 150 are equal
    np.float64(7.22)
    """
    X = prepare(X, max_samples)
    X = take_sample(X, max_samples, check_random_state(random_state))
    return entropy_of_rows(X, bandwidth(X, sigma), t, normalization)


@validate_params(
    {
        **SHARED_CONSTRAINTS,
        "y": "no_validation",
        "target_type": [StrOptions({"auto", "continuous", "discrete"})],
        "n_clusters": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def diffusion_spectral_mutual_info(
    X,
    y,
    *,
    target_type="auto",
    n_clusters=10,
    n_repeats=5,
    sigma=10.0,
    t=1,
    normalization="random_walk",
    max_samples=10_000,
    random_state=None,
):
    """Diffusion spectral mutual information of a table and a second variable.

    The diffusion spectral entropy of the rows, less its mean within groups of rows with
    similar `y`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        For example activations of a layer.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Classes, one number, or several numbers for each row.
    target_type : {"auto", "continuous", "discrete"}, default="auto"
        How groups are made of one column. "discrete": one for each value.
        "continuous": `n_clusters` bins of equal width between the smallest and the
        largest value. "auto" takes strings, booleans, integers and at most
        `n_clusters` distinct numbers as discrete. Several columns are continuous, and
        grouped by spectral clustering of their nearest-neighbour graph.
    n_clusters : int, default=10
        Bins or clusters of a continuous `y`.
    n_repeats : int, default=5
        Random subsets from which the entropy of all rows is estimated, for each size
        of a group.
    sigma : float or "median", default=10.0
        Bandwidth of the kernel, in the units of `X`; "median" takes the median distance
        between all rows, for all groups.
    t : float, default=1
        Power of the eigenvalues.
    normalization : {"random_walk", "anisotropic"}, default="random_walk"
        See :func:`diffusion_spectral_entropy`.
    max_samples : int, default=10000
        Most rows whose entropy is taken at once.
    random_state : int, RandomState instance or None, default=None
        Draws the subsets; with an int the result is the same at every call.

    Returns
    -------
    information : float
        In **bits**. Slightly negative values occur without dependence, and are
        returned as they are.

    Raises
    ------
    ValueError
        As :func:`diffusion_spectral_entropy`; and if lengths differ, or `y` has several
        columns and not more rows than `n_clusters`.

    Notes
    -----
    ``Σ_b n_b / n [mean_r DSE(X*_r) - DSE(X | b)]`` over the groups b of n_b rows, with
    X*_r random subsets of n_b rows of all: entropies of different numbers of rows are
    not comparable. The draws start anew for every group, so that groups of one size
    share their subsets; with an int as `random_state` they are those of the authors'
    code with that seed.

    Cost: an entropy for each group, and `n_repeats` for each size of a group.

    References
    ----------
    D. Liao, C. Liu, B. W. Christensen, A. Tong, G. Huguet, G. Wolf, M. Nickel, I.
    Adelstein and S. Krishnaswamy, "Assessing neural network representations during
    training using noise-resilient diffusion spectral entropy", CISS 2024.
    :doi:`10.48550/arXiv.2312.04823`

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skspace.information import diffusion_spectral_mutual_info
    >>> X, y = load_iris(return_X_y=True)
    >>> round(diffusion_spectral_mutual_info(X, y, sigma=2, random_state=0), 1)
    1.1
    """
    X = prepare(X, max_samples)
    y = check_response(y, X)
    seed = random_state
    if not isinstance(seed, Integral):
        seed = check_random_state(random_state).randint(2**31 - 1)
    sigma = bandwidth(take_sample(X, max_samples, np.random.RandomState(seed)), sigma)
    groups = group_rows(y, target_type, n_clusters, int(seed))
    n = X.shape[0]

    def entropy(rows):
        part = array_namespace(X).take(X, asarray_like(rows, X), axis=0)
        part = take_sample(part, max_samples, np.random.RandomState(seed))
        return entropy_of_rows(part, sigma, t, normalization)

    of_all, information = {}, 0.0
    for group in range(int(groups.max()) + 1):
        rows = np.flatnonzero(groups == group)
        size = len(rows)
        if size not in of_all:
            # The generator and its use are those of the authors' code.
            draw = random.Random(int(seed))
            subsets = [draw.sample(range(n), size) for _ in range(n_repeats)]
            of_all[size] = np.mean([entropy(np.sort(subset)) for subset in subsets])
        information += size / n * (of_all[size] - entropy(rows))
    return float(information)


def group_rows(y, target_type, n_clusters, seed):
    """Give each row the number of its group, by its target."""
    if y.ndim == 2:
        return cluster_rows(y, target_type, n_clusters, seed)
    numeric = y.dtype.kind in "iuf"
    if target_type == "continuous" and not numeric:
        raise ValueError(
            f"A continuous y must be numeric, got dtype {y.dtype}; use "
            "target_type='discrete' or convert it."
        )
    values, groups = np.unique(y, return_inverse=True)
    if target_type == "auto":
        continuous = y.dtype.kind == "f" and len(values) > n_clusters
    else:
        continuous = target_type == "continuous"
    if not continuous or len(values) == 1:
        return groups
    y = y.astype(np.float64)
    low, high = np.min(y / 2), np.max(y / 2)  # halves: no difference overflows
    edges = np.linspace(0, 1, n_clusters + 1)[1:-1]
    bins = np.digitize((y / 2 - low) / (high - low), edges)
    return np.unique(bins, return_inverse=True)[1]


def cluster_rows(y, target_type, n_clusters, seed):
    """Spectral clusters of the rows of a target with several columns."""
    if target_type == "discrete" or y.dtype.kind not in "biuf":
        raise ValueError(
            f"y of {y.shape[1]} columns must hold continuous numbers; pass discrete "
            "ones as one column that names their combination."
        )
    if len(y) <= max(n_clusters, 10):
        raise ValueError(
            f"Grouping {y.shape[1]} columns of y into n_clusters={n_clusters} by their "
            f"10 nearest neighbours needs more samples than n_samples={len(y)}."
        )
    return SpectralClustering(
        n_clusters,
        affinity="nearest_neighbors",
        assign_labels="cluster_qr",
        random_state=seed,
    ).fit_predict(y.astype(np.float64))
