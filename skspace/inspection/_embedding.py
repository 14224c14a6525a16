"""Display of samples in two or three coordinates of an embedding."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import check_labels, get_axes, pyplot, style_of
from ..graph._spectral import spectral_embedding, unit_rows
from ._display import Display


class EmbeddingDisplay(Display):
    """Samples in two or three coordinates, coloured by label.

    Create it with :meth:`from_estimator` or :meth:`from_points`.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2) or (n_samples, 3)
        Coordinates.
    labels : ndarray of shape (n_samples,) or None
        Labels.
    name : str
        What the coordinates are.

    Attributes
    ----------
    {drawn}
    scatters_ : list of matplotlib PathCollection
        The points of each label, in rising order of labels.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skspace.datasets import make_union_of_subspaces
    >>> from skspace.inspection import EmbeddingDisplay
    >>> X, y = make_union_of_subspaces(200, subspace_dim=1, random_state=0)
    >>> pca = PCA(n_components=3).fit(X)
    >>> display = EmbeddingDisplay.from_estimator(pca, X, labels=y)
    >>> display.points.shape
    (200, 3)
    """

    def __init__(self, points, *, labels=None, name="component"):
        self.points = points
        self.labels = labels
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator, X=None, *, labels=None, n_components=None, ax=None
    ):
        """Show what a fitted estimator makes of samples.

        Parameters
        ----------
        estimator : fitted estimator
            With X, its ``transform(X)`` is shown. Without, the spectral embedding of
            its ``affinity_matrix_``: leading eigenvectors, rows of unit length, seen
            along their own principal axes (``n_clusters`` dimensions do not fit on
            paper).
        X : array-like of shape (n_samples, n_features), default=None
            Samples.
        labels : array-like of shape (n_samples,), default=None
            Colours. None takes ``labels_`` where there is one for each sample.
        n_components : {2, 3}, default=None
            Coordinates shown. None shows three where there are as many, else two.
        ax : matplotlib Axes, default=None
            Where to draw; None opens a figure. Three coordinates need axes with
            ``projection="3d"``.

        Returns
        -------
        display : EmbeddingDisplay

        Raises
        ------
        ValueError
            When there is neither X nor an affinity, or fewer than two coordinates.
        """
        pyplot()
        check_is_fitted(estimator)
        if X is not None:
            points, name = np.asarray(to_numpy(estimator.transform(X))), "component"
        elif getattr(estimator, "affinity_matrix_", None) is not None:
            points = _spectral_coordinates(estimator)
            name = "spectral axis"
        else:
            raise ValueError(
                f"{type(estimator).__name__} has no affinity_matrix_; pass the samples "
                "to be transformed as X."
            )
        if labels is None:
            labels = getattr(estimator, "labels_", None)
            if labels is not None and len(labels) != len(points):
                labels = None
        return cls.from_points(
            points, labels=labels, n_components=n_components, name=name, ax=ax
        )

    @classmethod
    def from_points(
        cls, points, *, labels=None, n_components=None, name="component", ax=None
    ):
        """Show given coordinates.

        Parameters
        ----------
        points : array-like of shape (n_samples, n_coordinates)
            The first two or three are shown.
        labels : array-like of shape (n_samples,), default=None
            Colours.
        n_components : {2, 3}, default=None
            Coordinates shown. None shows three where there are as many, else two.
        name : str, default="component"
            What the coordinates are.
        {ax}

        Returns
        -------
        display : EmbeddingDisplay
        """
        pyplot()
        points = np.asarray(to_numpy(points))
        if points.ndim != 2 or points.shape[1] < 2:
            raise ValueError(
                "points must have at least two coordinates, shape (n_samples, >= 2), "
                f"got shape {points.shape}."
            )
        if n_components is None:
            n_components = min(3, points.shape[1])
        if n_components not in (2, 3) or n_components > points.shape[1]:
            raise ValueError(
                f"n_components must be 2 or 3 and at most {points.shape[1]}, the "
                f"coordinates there are, got {n_components!r}."
            )
        if labels is not None:
            labels = check_labels(labels, len(points))
        display = cls(points[:, :n_components], labels=labels, name=name)
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a figure. Three coordinates need axes with
            ``projection="3d"``.

        Returns
        -------
        display : EmbeddingDisplay
            Itself, with ``ax_``, ``figure_`` and ``scatters_``.
        """
        flat = self.points.shape[1] == 2
        ax = get_axes(ax, **({} if flat else {"projection": "3d"}))
        if not flat and ax.name != "3d":
            raise ValueError(
                "Three coordinates need axes with projection='3d'; pass such axes or "
                "n_components=2."
            )
        labels = np.zeros(len(self.points), int) if self.labels is None else self.labels
        names = np.unique(labels)
        self.scatters_ = []
        for rank, name in enumerate(names):
            style = style_of(rank)
            if name == -1:
                style = {"color": "0.6", "marker": "x"}
            elif flat:
                style |= {"edgecolor": "white", "linewidth": 0.3}
            members = self.points[labels == name]
            self.scatters_.append(
                ax.scatter(*members.T, s=22, label=str(name), **style)
            )
        if self.labels is not None and len(names) <= 12:
            ax.legend(title="cluster", fontsize="small", loc="best", framealpha=0.8)
        ax.set(xlabel=f"{self.name} 1", ylabel="2" if not flat else f"{self.name} 2")
        if not flat:
            ax.set_zlabel("3")
        return self._finish(ax, hidden=())


def _spectral_coordinates(estimator):
    """Rows of the spectral embedding along their principal axes; NaN where none."""
    affinity = sp.csr_array(estimator.affinity_matrix_)
    embedding = spectral_embedding(affinity, max(3, estimator.n_clusters))
    vectors = embedding.vectors[:, : estimator.n_clusters]
    if vectors.shape[1] < 2:
        vectors = embedding.vectors
    rows = unit_rows(vectors)
    axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
    points = np.full((affinity.shape[0], len(axes)), np.nan)
    points[embedding.vertices] = rows @ axes.T
    return points
