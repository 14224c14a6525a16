"""Display of a subspace clustering: does the graph have blocks, do samples fit."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import QUIET, SEQUENTIAL, check_labels, pyplot, style_of
from ._affinity import AffinityDisplay
from ._display import Display, panels
from ._spectrum import SpectrumDisplay


class SubspaceClusteringDisplay(Display):
    """A subspace clustering at a glance.

    Up to three pictures side by side, left to right:

    - the **affinity** matrix sorted by label: bright blocks on the diagonal, darkness
      elsewhere, where the graph separates the clusters;
    - its leading **eigenvalues**: as many values near 1 as clusters and then a gap,
      where their number fits;
    - the **residuals** of samples (with X): distance to the own subspace against
      distance to the nearest other one. Points above the dotted line lie nearer to
      their own; a cloud along it means that subspaces hardly tell clusters apart.

    An estimator without an affinity (:class:`~skspace.cluster.KSubspaces`) shows the
    last alone. Create it with :meth:`from_estimator`.

    Parameters
    ----------
    affinity : AffinityDisplay or None
        First picture.
    spectrum : SpectrumDisplay or None
        Second picture.
    residuals : ndarray of shape (n_samples, n_clusters) or None
        Distances to the subspaces, for the third.
    labels : ndarray of shape (n_samples,) or None
        Column of the own subspace of each row of `residuals`.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        One for each picture.
    figure_ : matplotlib Figure
        Figure of these axes.
    nearer : float or None
        Share of samples nearest to their own subspace; None without residuals.

    Examples
    --------
    >>> from skspace.cluster import LeastSquaresSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> from skspace.inspection import SubspaceClusteringDisplay
    >>> X, y = make_union_of_subspaces(200, noise=0.01, random_state=0)
    >>> model = LeastSquaresSubspaceClustering(n_clusters=5, random_state=0).fit(X)
    >>> display = SubspaceClusteringDisplay.from_estimator(model, X)
    >>> display.nearer
    1.0
    """

    def __init__(self, *, affinity=None, spectrum=None, residuals=None, labels=None):
        self.affinity = affinity
        self.spectrum = spectrum
        self.residuals = residuals
        self.labels = labels

    @property
    def nearer(self):
        """Share of samples nearest to their own subspace."""
        if self.residuals is None:
            return None
        own, other = _own_and_other(self.residuals, self.labels)
        return float(np.mean(own <= other))

    @classmethod
    def from_estimator(cls, estimator, X=None, *, ax=None):
        """Show a fitted subspace clusterer.

        Parameters
        ----------
        estimator : fitted subspace clusterer
            With ``affinity_matrix_``, or with ``transform`` and X.
        X : array-like of shape (n_samples, n_features), default=None
            Training samples, or new ones, which count to the subspace `predict`
            names. Needed for the residuals.
        ax : array-like of matplotlib Axes, default=None
            One for each picture; None opens a figure.

        Returns
        -------
        display : SubspaceClusteringDisplay

        Raises
        ------
        ValueError
            When there is nothing to show: no affinity, and no X or no `transform`; or
            labels are no columns of what `transform` returns.
        """
        pyplot()
        check_is_fitted(estimator)
        affinity = spectrum = residuals = labels = None
        if getattr(estimator, "affinity_matrix_", None) is not None:
            graph = estimator.affinity_matrix_
            affinity = AffinityDisplay._of(graph, estimator.labels_)
            if np.any(affinity.image):
                n_clusters = getattr(estimator, "n_clusters", None)
                spectrum = SpectrumDisplay._of_affinity(graph, n_leading=n_clusters)
        if X is not None and hasattr(estimator, "transform"):
            residuals = np.asarray(to_numpy(estimator.transform(X)))
            labels = np.asarray(to_numpy(estimator.labels_))
            if len(labels) != len(residuals):
                labels = np.asarray(to_numpy(estimator.predict(X)))
            labels = check_labels(labels, len(residuals))
            if labels.min() < 0 or labels.max() >= residuals.shape[1]:
                raise ValueError(
                    f"Labels from {labels.min()} to {labels.max()} do not name the "
                    f"{residuals.shape[1]} columns of what transform returns."
                )
        if affinity is None and residuals is None:
            raise ValueError(
                f"{type(estimator).__name__} has no affinity_matrix_; pass samples as "
                "X, to show how they fit the subspaces, of an estimator with transform."
            )
        display = cls(
            affinity=affinity, spectrum=spectrum, residuals=residuals, labels=labels
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the pictures.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            One for each picture; None opens a figure.

        Returns
        -------
        display : SubspaceClusteringDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        draw = []
        if self.affinity is not None:
            draw.append(lambda ax: self.affinity.plot(ax, cmap=SEQUENTIAL))
        if self.spectrum is not None:
            draw.append(self.spectrum.plot)
        if self.residuals is not None:
            draw.append(self._plot_residuals)
        ax = panels(ax, 1, len(draw), figsize=(4.2 * len(draw), 4.0))
        for one, onto in zip(draw, ax, strict=True):
            one(onto)
        self.ax_, self.figure_ = ax, ax[0].figure
        return self

    def _plot_residuals(self, ax):
        own, other = _own_and_other(self.residuals, self.labels)
        for rank, label in enumerate(np.unique(self.labels)):
            members = self.labels == label
            ax.scatter(
                own[members],
                other[members],
                s=16,
                linewidth=0.3,
                **(style_of(rank) | {"edgecolor": "white"}),
            )
        finite = np.isfinite(other)
        top = 1.05 * max(own.max(), other[finite].max(initial=0.0), 1e-12)
        ax.plot([0, top], [0, top], color=QUIET, linestyle=":", zorder=0)
        ax.set(
            xlim=(-0.03 * top, top),
            ylim=(-0.03 * top, top),
            xlabel="distance to own subspace",
            ylabel="distance to nearest other",
            title=f"{self.nearer:.0%} nearest to their own",
            aspect="equal",
        )
        ax.spines[["top", "right"]].set_visible(False)


def _own_and_other(residuals, labels):
    """Distance to the own subspace and to the nearest other (inf for one cluster)."""
    own = np.take_along_axis(residuals, labels[:, None], axis=1)[:, 0]
    others = residuals.astype(np.float64, copy=True)
    np.put_along_axis(others, labels[:, None], np.inf, axis=1)
    return own, others.min(axis=1)
