"""From the rows of the cluster head to labels: membership, eigenvectors, k-means."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg as sl
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from .._array import array_namespace, asarray_like, to_numpy
from ..linalg._coding_rate import cluster_volumes, log_volume
from ..linalg._sinkhorn import symmetric_scaling
from ._geometry import find_geometry, prepare
from ._rounding import ASSIGN_LABELS, assign_rows

RANK_ENERGY = 0.95
"""Share of energy that counts dimensions of features, as in the paper."""

DENSE_BELOW = 600
"""Memberships smaller than this are decomposed densely."""


class Cut(NamedTuple):
    """Candidates for the labels of a membership, and what they were read off."""

    labels: list  # of ndarray of shape (n,), from 0 without gaps
    scaling: object  # the membership, as factors and kernel
    eigengap: float


def cut_membership(C, eta, n_clusters, *, max_iter, tol, n_init, rng):
    """Cluster rows of unit length by the leading eigenvectors of their membership.

    Rows and columns of the membership sum to one, so it is its own normalised
    adjacency. Its similarities are formed in blocks of rows; it takes 16 n² bytes in
    float64 while it is put together.

    Parameters
    ----------
    C : array of shape (n, n_components)
    eta : float
    n_clusters : int
        At least two, at most n.
    max_iter, tol
        Of Sinkhorn iterations.
    n_init : int
        Starts of k-means.
    rng : RandomState

    Returns
    -------
    Cut
    """
    xp = array_namespace(C)
    n = C.shape[0]
    tol = max(tol, 4 * float(xp.finfo(C.dtype).eps) * (1 + 1 / eta))
    scaling = symmetric_scaling(
        lambda rows: xp.abs(C[rows, :] @ C.T), n, eta, max_iter=max_iter, tol=tol
    )
    values, vectors = _leading(scaling, min(n_clusters + 1, n))
    gap = values[n_clusters - 1] - (values[n_clusters] if n > n_clusters else 0.0)
    labels = _roundings(vectors[:, :n_clusters], n_init, rng)
    return Cut(labels, scaling, float(gap))


class Check(NamedTuple):
    """Labels after a step, and how much rate they save on the input."""

    step: int
    labels: np.ndarray
    input_reduction: float
    eigengap: float
    parameters: dict


class InputRate:
    """How much rate labels save on the input, which no network can change.

    Parameters
    ----------
    V : array of shape (n_rows, n_prepared_features)
        Prepared rows that are cut.
    eps2 : float
        Squared precision of the rates of V.
    """

    def __init__(self, V, eps2):
        # what all rows have in common tells no cluster from another
        geometry = find_geometry(V, center=True, normalize=True, affine=False)
        self.V, _ = prepare(V, geometry)
        self.eps2 = eps2
        n, d = V.shape
        self._whole = log_volume(self.V, d / (n * eps2)) / 2

    def best_of(self, candidates):
        """Return the labels that save most, and how much that is."""
        reductions = [self._reduction(labels) for labels in candidates]
        reduction = max(reductions)
        return candidates[reductions.index(reduction)], reduction

    def _reduction(self, labels):
        sizes, volumes = cluster_volumes(self.V, labels, self.eps2)
        return self._whole - float(sizes @ volumes) / (2 * self.V.shape[0])


class Checks:
    """Looks at labels every few steps of a training, and remembers the best.

    Parameters
    ----------
    rate : InputRate
        Of the rows that are cut.
    cut : callable
        ``cut(parameters)`` gives the :class:`Cut` of these rows.
    every : int
        Steps between two looks.
    """

    def __init__(self, rate, cut, every):
        self.rate, self.cut, self.every = rate, cut, every
        self.found, self._curves = [], []

    def look(self, step, parameters):
        """Find labels, those of three roundings that save most rate on the input."""
        cut = self.cut(parameters)
        labels, reduction = self.rate.best_of(cut.labels)
        check = Check(step, labels, reduction, cut.eigengap, parameters)
        if self.found and reduction <= self.best.input_reduction:
            check = check._replace(parameters=None)  # one set in memory is enough
        else:
            self.found = [old._replace(parameters=None) for old in self.found]
        self.found.append(check)

    @property
    def best(self):
        """The first check with the largest reduction."""
        return max(self.found, key=lambda check: check.input_reduction)

    def follow(self, steps):
        """Yield the states of a training, looking at some of them."""
        for step, state in enumerate(steps, start=1):
            if step % self.every == 0:
                self.look(step, state.parameters)
            self._curves.append(
                (step, state.rate, state.rate_of_parts, state.perplexity)
            )
            yield state

    def curves(self):
        """Arrays by name, one entry a step; NaN where labels were not looked at."""
        names = ("step", "rate", "rate_of_parts", "perplexity")
        start = (0, np.nan, np.nan, np.nan)
        table = np.array([start, *self._curves], dtype=np.float64)
        curves = dict(zip(names, table.T, strict=True))
        curves["step"] = curves["step"].astype(np.int64)
        for name in ("input_reduction", "eigengap"):
            curves[name] = np.full(len(table), np.nan)
            for check in self.found:
                curves[name][check.step] = getattr(check, name)
        return curves


def common_labels(labellings, n_clusters, n_init, rng):
    """Cut the graph whose edges count how many labellings put two rows together.

    Its normalised adjacency is a product of tables with a column for each cluster of
    each labelling, so the eigenvectors are singular vectors of a narrow table.

    Parameters
    ----------
    labellings : list of ndarray of shape (n,)
        From 0 without gaps.
    n_clusters, n_init, rng
        As in :func:`cut_membership`.

    Returns
    -------
    list of ndarray of shape (n,)
        Candidates, one for each way to round eigenvectors.
    """
    members = np.concatenate(
        [labels[:, None] == np.arange(labels.max() + 1) for labels in labellings],
        axis=1,
    ).astype(np.float64)
    degrees = members @ np.sum(members, axis=0)
    vectors = np.linalg.svd(members / degrees[:, None] ** 0.5, full_matrices=False)[0]
    return _roundings(vectors[:, :n_clusters], n_init, rng)


def _roundings(vectors, n_init, rng):
    return [assign_rows(vectors, how, n_init, rng) for how in ASSIGN_LABELS]


def _leading(scaling, k):
    """Largest eigenpairs of a membership, values falling, on the host in float64."""
    n = scaling.factor.shape[0]
    u = to_numpy(scaling.factor).astype(np.float64)
    if n <= max(DENSE_BELOW, 3 * k):
        return _all_leading(scaling, u, k)

    def product(x):
        x = np.ravel(x)
        # The constant vector belongs to the eigenvalue one; moved out of the way, it
        # leaves the basis of Lanczos to the others.
        there = asarray_like(u * x, scaling.kernel)
        moved = u * to_numpy(scaling.kernel @ there).astype(np.float64)
        return x + moved - 2.0 * np.mean(x)

    operator = LinearOperator((n, n), matvec=product, dtype=np.float64)
    start = np.random.RandomState(0).uniform(-1.0, 1.0, size=n)
    try:
        values, vectors = eigsh(
            operator, k=k - 1, which="LA", v0=start, ncv=min(n - 1, max(3 * k, 40))
        )
    except ArpackNoConvergence:  # no gap between eigenvalues
        return _all_leading(scaling, u, k)
    order = np.argsort(-values)
    constant = np.full((n, 1), n**-0.5)
    return (
        np.concatenate([[1.0], values[order] - 1.0]),
        np.concatenate([constant, vectors[:, order]], axis=1),
    )


def _all_leading(scaling, u, k):
    """Do the same by a dense decomposition."""
    n = u.shape[0]
    plan = u[:, None] * to_numpy(scaling.kernel).astype(np.float64) * u
    values, vectors = sl.eigh(plan, subset_by_index=(n - k, n - 1))
    return values[::-1], vectors[:, ::-1]


def energy_rank(Z):
    """Fewest dimensions that hold most of the energy of features."""
    energy = to_numpy(array_namespace(Z).linalg.svdvals(Z)).astype(np.float64) ** 2
    held = np.cumsum(energy) / max(np.sum(energy), np.finfo(float).tiny)
    return int(np.searchsorted(held, RANK_ENERGY)) + 1
