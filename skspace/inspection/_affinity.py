"""Display of an affinity matrix whose samples are sorted by cluster."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._plotting import SEQUENTIAL, check_labels, get_axes, pyplot
from ..graph._adjacency import as_adjacency
from ._display import Display

MAX_CELLS = 160
"""Rows and columns of the picture; more samples share a cell by their mean."""


class AffinityDisplay(Display):
    """Affinity matrix, sorted by label, with the borders of the clusters.

    A graph that separates its clusters shows bright blocks on the diagonal and
    darkness elsewhere. Create it with :meth:`from_estimator` or :meth:`from_matrix`.

    Parameters
    ----------
    image : ndarray of shape (n_cells, n_cells)
        Mean affinity of the samples in a cell, the diagonal of the matrix left out.
    borders : ndarray of shape (n_clusters - 1,)
        Where one cluster ends and the next begins, in cells.
    names : ndarray of shape (n_clusters,)
        Labels in the order of the picture.
    within : float or None
        Share of the affinity that joins samples of one cluster, None without labels.
    n_samples : int
        Number of samples.

    Attributes
    ----------
    {drawn}
    image_ : matplotlib AxesImage
        The picture.

    Examples
    --------
    >>> from skspace.cluster import LeastSquaresSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> from skspace.inspection import AffinityDisplay
    >>> X, y = make_union_of_subspaces(200, noise=0.01, random_state=0)
    >>> model = LeastSquaresSubspaceClustering(n_clusters=5, random_state=0).fit(X)
    >>> display = AffinityDisplay.from_estimator(model)
    >>> display.names
    array([0, 1, 2, 3, 4])
    """

    def __init__(self, image, *, borders, names, within, n_samples):
        self.image = image
        self.borders = borders
        self.names = names
        self.within = within
        self.n_samples = n_samples

    @classmethod
    def from_estimator(cls, estimator, *, labels=None, ax=None, cmap=SEQUENTIAL):
        """Show the graph a fitted clusterer has cut.

        Parameters
        ----------
        estimator : fitted estimator
            With ``affinity_matrix_``, dense or sparse.
        labels : array-like of shape (n_samples,), default=None
            Labels to sort by, such as known ones. None takes ``labels_``.
        {ax}
        {cmap}

        Returns
        -------
        display : AffinityDisplay

        Raises
        ------
        ValueError
            When the estimator has no affinity matrix.
        """
        check_is_fitted(estimator)
        affinity = getattr(estimator, "affinity_matrix_", None)
        if affinity is None:
            raise ValueError(
                f"{type(estimator).__name__} has no affinity_matrix_ to show; use "
                "AffinityDisplay.from_matrix with a matrix, or "
                "SubspaceClusteringDisplay.from_estimator(estimator, X)."
            )
        labels = getattr(estimator, "labels_", None) if labels is None else labels
        return cls.from_matrix(affinity, labels=labels, ax=ax, cmap=cmap)

    @classmethod
    def from_matrix(cls, affinity, *, labels=None, ax=None, cmap=SEQUENTIAL):
        """Show an affinity matrix.

        Parameters
        ----------
        affinity : array-like or sparse matrix of shape (n_samples, n_samples)
            Non-negative. A sparse matrix is never made dense.
        labels : array-like of shape (n_samples,), default=None
            Samples are sorted by them. None leaves the order as it is.
        {ax}
        {cmap}

        Returns
        -------
        display : AffinityDisplay

        Raises
        ------
        ValueError
            When the matrix is not square, non-negative and finite, or empty, or there
            is not one label a sample.
        """
        pyplot()
        return cls._of(affinity, labels).plot(ax=ax, cmap=cmap)

    @classmethod
    def _of(cls, affinity, labels=None):
        return cls(**_cells(affinity, labels))

    def plot(self, ax=None, *, cmap=SEQUENTIAL):
        """Draw the picture.

        Parameters
        ----------
        {ax}
        {cmap}

        Returns
        -------
        display : AffinityDisplay
            Itself, with ``ax_``, ``figure_`` and ``image_``.
        """
        ax = get_axes(ax)
        positive = self.image[self.image > 0]
        # A few strong edges would leave the blocks in the dark.
        vmax = float(np.quantile(positive, 0.95)) if positive.size else 1.0
        self.image_ = ax.imshow(
            self.image, cmap=cmap, vmin=0.0, vmax=vmax, interpolation="nearest"
        )
        for border in self.borders:
            for line in (ax.axhline, ax.axvline):
                line(border - 0.5, color="white", linewidth=0.7, alpha=0.5)
        n_cells = len(self.image)
        if len(self.names):
            edges = np.concatenate([[0.0], self.borders, [n_cells]])
            centres = (edges[:-1] + edges[1:]) / 2 - 0.5
            shown = np.linspace(0, len(centres) - 1, min(len(centres), 12))
            shown = np.unique(shown.round().astype(int))
            names = [str(self.names[i]) for i in shown]
            ax.set_xticks(centres[shown], names)
            ax.set_yticks(centres[shown], names)
            ax.tick_params(length=0)
            ax.set(xlabel="cluster", ylabel="cluster")
        else:
            ax.set(xticks=[], yticks=[], xlabel="sample", ylabel="sample")
        if self.within is not None:
            ax.set_title(f"affinity, {self.within:.0%} within clusters")
        else:
            ax.set_title("affinity")
        ax.spines[:].set_color("0.7")
        return self._finish(ax, hidden=())


def as_affinity(affinity):
    """Read an affinity as a CSR array of finite, non-negative weights."""
    try:
        affinity = as_adjacency(affinity)
    except ValueError as error:
        raise ValueError(
            f"This is no affinity. {error} A representation matrix becomes one by "
            "skspace.cluster.subspace_affinity."
        ) from None
    if affinity.shape[0] == 0:
        raise ValueError("The affinity has no samples.")
    return affinity


def _cells(affinity, labels):
    """Means of a sorted matrix over cells, and what else the display needs."""
    entries = as_affinity(affinity).tocoo()
    n = entries.shape[0]
    row, column = entries.coords
    off = row != column
    row, column = row[off], column[off]
    weight = entries.data[off].astype(np.float64)

    if labels is None:
        place, names, sizes, within = np.arange(n), np.array([], int), [n], None
    else:
        labels = check_labels(labels, n)
        names, rank = np.unique(labels, return_inverse=True)
        if names[0] == -1:  # noise comes last
            names, rank = np.roll(names, -1), (rank - 1) % len(names)
        order = np.argsort(rank, kind="stable")
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(n)
        sizes = np.bincount(rank)
        total = weight.sum()
        same = rank[row] == rank[column]
        within = float(weight[same].sum() / total) if total > 0 else 0.0

    m = min(n, MAX_CELLS)
    cell = place * m // n
    sums = np.bincount(cell[row] * m + cell[column], weights=weight, minlength=m * m)
    counts = np.bincount(cell, minlength=m).astype(np.float64)
    pairs = np.outer(counts, counts) - np.diag(counts)  # no sample with itself
    return {
        "image": sums.reshape(m, m) / np.maximum(pairs, 1.0),
        "borders": np.cumsum(sizes)[:-1] * m / n,
        "names": names,
        "within": within,
        "n_samples": n,
    }


__all__ = ["AffinityDisplay"]
