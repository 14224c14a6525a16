"""Graphs with communities whose vertices carry attributes."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils import Bunch, check_random_state

from .._sklearn import Interval, validate_params

__all__ = ["make_attributed_graph"]

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="both")

BLOCK_ROWS = 2**15
"""Vertices whose attributes are drawn together; results do not depend on it."""


@validate_params(
    {
        "n_samples": [_AT_LEAST_ONE],
        "n_features": [_AT_LEAST_ONE],
        "n_clusters": [_AT_LEAST_ONE],
        "average_degree": [Interval(Real, 0, None, closed="left")],
        "homophily": [_SHARE],
        "degree_exponent": [Interval(Real, 2, None, closed="neither"), None],
        "n_nonzero": [Interval(Integral, 0, None, closed="left")],
        "attribute_signal": [_SHARE],
        "proportions": ["array-like", None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_attributed_graph(
    n_samples=1000,
    n_features=500,
    n_clusters=5,
    *,
    average_degree=10.0,
    homophily=0.8,
    degree_exponent=None,
    n_nonzero=20,
    attribute_signal=0.2,
    proportions=None,
    random_state=None,
):
    """Generate a graph with communities and attributes, for graph clustering.

    Edges come from a degree-corrected block model [1]_: an edge inside a cluster joins
    two of its vertices, an edge across joins two vertices of different clusters, each
    drawn in proportion to its propensity. Attributes are present or absent, like words
    in a paper: some of a vertex's are drawn among those of its cluster, the others
    among all.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of vertices.
    n_features : int, default=500
        Number of attributes. They are shared out to the clusters in turn: of d
        attributes and k clusters, those of cluster c are ``c * d // k`` to
        ``(c + 1) * d // k - 1``.
    n_clusters : int, default=5
        Number of clusters.
    average_degree : float, default=10.0
        Edges at a vertex, on average: the graph has ``n_samples * average_degree / 2``
        edges, rounded.
    homophily : float in [0, 1], default=0.8
        Share of the edges that stay inside a cluster, up to rounding; 1 / n_clusters
        leaves equal clusters invisible in the graph. All edges stay in a single
        cluster.
    degree_exponent : float, default=None
        Propensities have a density that falls with this power, above 2; 2.5 is common
        in real networks. They are bounded by ``sqrt(n_samples / average_degree)``
        times the mean. None makes all alike.
    n_nonzero : int, default=20
        Attributes of each vertex, at most half of `n_features`.
    attribute_signal : float in [0, 1], default=0.2
        Probability of an attribute to be drawn among those of the cluster. One that is
        drawn twice is replaced by another among all.
    proportions : array-like of shape (n_clusters,), default=None
        Relative sizes of the clusters; equal by default.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same graph at every call. With one seed, changing what
        concerns edges leaves attributes where they are, and the other way round.

    Returns
    -------
    graph : :class:`~sklearn.utils.Bunch`
        With attributes `data` (csr_array of shape (n_samples, n_features), float64, 0
        or 1), `adjacency` (csr_array of shape (n_samples, n_samples), float64, 0 or 1,
        symmetric with an empty diagonal) and `target` (ndarray of shape (n_samples,),
        int64, the clusters in random order).

    Raises
    ------
    ValueError
        When a cluster would be empty, a vertex has more attributes than half of those
        there are, or more than half of the possible edges inside clusters or across
        are asked for.

    See Also
    --------
    fetch_cora : A real graph of this kind.

    Notes
    -----
    The number of edges is exact and so is their homophily, because edges drawn twice
    are drawn again. In the block model both are expectations.

    *Cost.* O(m log m + n q log q) time for m edges and q attributes a vertex, and
    memory a few times that of the result's edges.

    References
    ----------
    .. [1] B. Karrer, M. E. J. Newman, "Stochastic blockmodels and community structure
       in networks", Physical Review E 83 (2011). :doi:`10.1103/PhysRevE.83.016107`

    Examples
    --------
    >>> from skspace.datasets import make_attributed_graph
    >>> graph = make_attributed_graph(200, average_degree=8, random_state=0)
    >>> graph.data.shape, graph.adjacency.shape, graph.adjacency.nnz
    ((200, 500), (200, 200), 1600)
    """
    sizes = _sizes(n_samples, n_clusters, proportions)
    if 2 * n_nonzero > n_features:
        raise ValueError(
            f"n_nonzero={n_nonzero} is more than half of n_features={n_features}; "
            "lower it, or raise n_features."
        )
    if n_nonzero and attribute_signal and n_features < n_clusters:
        raise ValueError(
            f"n_features={n_features} attributes cannot be shared out to {n_clusters} "
            "clusters; raise n_features, or set attribute_signal=0."
        )
    rng = check_random_state(random_state)
    for_labels, for_edges, for_attributes = (
        np.random.RandomState(seed) for seed in rng.randint(2**31 - 1, size=3)
    )
    target = for_labels.permutation(np.repeat(np.arange(n_clusters), sizes))
    adjacency = _edges(
        for_edges, target, sizes, average_degree, homophily, degree_exponent
    )
    data = _attributes(
        for_attributes, target, n_clusters, n_features, n_nonzero, attribute_signal
    )
    return Bunch(data=data, adjacency=adjacency, target=target.astype(np.int64))


def _sizes(n_samples, n_clusters, proportions):
    """Vertices of every cluster; what is left over goes to the largest remainders."""
    shares = np.ones(n_clusters) if proportions is None else np.asarray(proportions)
    if shares.shape != (n_clusters,):
        raise ValueError(
            f"proportions must have one entry for each of the {n_clusters} clusters, "
            f"got shape {shares.shape}."
        )
    if shares.dtype.kind not in "iuf" or not (np.isfinite(shares) & (shares > 0)).all():
        raise ValueError(f"proportions must be positive numbers, got {proportions!r}.")
    exact = n_samples * (shares / shares.sum())
    sizes = np.floor(exact).astype(np.int64)
    left_over = n_samples - sizes.sum()
    sizes[np.argsort(sizes - exact, kind="stable")[:left_over]] += 1
    if sizes.min() == 0:
        raise ValueError(
            f"n_samples={n_samples} leaves some of the {n_clusters} clusters without a "
            "vertex; ask for more samples or fewer clusters."
        )
    return sizes


def _edges(rng, target, sizes, average_degree, homophily, exponent):
    """Adjacency of a degree-corrected block model with a set number of edges."""
    n = len(target)
    n_edges = round(n * average_degree / 2)
    n_inside = n_edges if len(sizes) == 1 else round(homophily * n_edges)
    pairs_inside = int(np.sum(sizes * (sizes - 1) // 2))
    pairs_across = n * (n - 1) // 2 - pairs_inside
    for kind, wanted, there in (
        ("inside clusters", n_inside, pairs_inside),
        ("across clusters", n_edges - n_inside, pairs_across),
    ):
        if 2 * wanted > there:
            raise ValueError(
                f"average_degree={average_degree} asks for {wanted} edges {kind}, more "
                f"than half of the {there} there can be; lower it, or raise n_samples."
            )
    propensity = np.ones(n)
    if exponent is not None and average_degree > 0:
        propensity = (1 - rng.random_sample(n)) ** (-1 / (exponent - 1))
        bound = np.sqrt(n / average_degree) * propensity.mean()
        propensity = np.minimum(propensity, max(bound, 1.0))

    by_cluster = np.argsort(target, kind="stable")
    cumulative = np.cumsum(propensity[by_cluster])
    last = cumulative[np.cumsum(sizes) - 1]
    first = np.concatenate([[0.0], last[:-1]])

    def locate(place):
        place = np.searchsorted(cumulative, place, side="right")
        return by_cluster[np.minimum(place, n - 1)]

    def anywhere(size):
        return last[-1] * rng.random_sample(size)

    # One end is sorted, so that searches go through memory in order.
    def inside(size):
        u = locate(np.sort(anywhere(size)))
        low, high = first[target[u]], last[target[u]]
        v = locate(low + (high - low) * rng.random_sample(size))
        same = target[u] == target[v]  # a draw may round into the next cluster
        return u[same], v[same]

    def across(size):
        u, v = locate(np.sort(anywhere(size))), locate(anywhere(size))
        apart = target[u] != target[v]
        return u[apart], v[apart]

    edges = np.concatenate(
        [
            _distinct_pairs(inside, n_inside, n),
            _distinct_pairs(across, n_edges - n_inside, n),
        ]
    )
    edges.sort()
    tail, head = np.divmod(edges, n)
    del edges
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=n))])
    dtype = np.int32 if 2 * n_edges < np.iinfo(np.int32).max else np.int64
    upper = csr_array(
        (np.ones(n_edges), head.astype(dtype), indptr.astype(dtype)), shape=(n, n)
    )
    return csr_array(upper + upper.T)


def _distinct_pairs(draw, wanted, n):
    """Draw pairs until so many are different; pair {i < j} is the number i n + j."""
    found = np.empty(0, dtype=np.int64)
    for _ in range(10_000):
        missing = wanted - len(found)
        if missing == 0:
            return found
        u, v = draw(missing)
        pairs = np.sort(np.minimum(u, v) * np.int64(n) + np.maximum(u, v))
        loops = pairs % (n + 1) == 0
        pairs = pairs[~loops & (np.diff(pairs, prepend=-1) > 0)]
        place = np.searchsorted(found, pairs)
        new = np.ones(len(pairs), dtype=bool)
        old = place < len(found)
        new[old] = found[place[old]] != pairs[old]
        found = np.insert(found, place[new], pairs[new])
    raise ValueError(
        "Edges concentrate on so few vertices that they cannot all be different; raise "
        "degree_exponent or n_samples, or lower average_degree."
    )


def _attributes(rng, target, n_clusters, n_features, n_nonzero, signal):
    """Sparse table with `n_nonzero` different attributes in every row."""
    n = len(target)
    bounds = np.arange(n_clusters + 1) * n_features // n_clusters
    indices = np.empty((n, n_nonzero), dtype=np.int32)
    for start in range(0, n, BLOCK_ROWS):
        clusters = target[start : start + BLOCK_ROWS, None]
        shape = (len(clusters), n_nonzero)
        low, high = bounds[clusters], bounds[clusters + 1]
        own = low + ((high - low) * rng.random_sample(shape)).astype(np.int64)
        own_or_any = rng.random_sample(shape) < signal
        words = np.where(own_or_any, own, rng.randint(n_features, size=shape))
        words.sort(axis=1)
        rows = np.arange(len(words))
        while True:
            part = words[rows]
            twice = part[:, 1:] == part[:, :-1]
            again = twice.any(axis=1)
            if not again.any():
                break
            rows, part, twice = rows[again], part[again], twice[again]
            part[:, 1:][twice] = rng.randint(n_features, size=twice.sum())
            part.sort(axis=1)
            words[rows] = part
        indices[start : start + BLOCK_ROWS] = words
    indptr = np.arange(n + 1) * n_nonzero
    if indptr[-1] < np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    indices = indices.ravel().astype(indptr.dtype, copy=False)
    return csr_array((np.ones(len(indices)), indices, indptr), shape=(n, n_features))
