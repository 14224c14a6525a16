"""Display of the angles between subspaces."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import PALETTE, QUIET, SEQUENTIAL, get_axes, pyplot
from ..linalg import principal_angles
from ._display import Display


class PrincipalAnglesDisplay(Display):
    """Principal angles of two subspaces, or the smallest angles among many.

    Create it with :meth:`from_subspaces` for two subspaces and with
    :meth:`from_estimator` for the clusters of a fitted subspace clusterer.

    Parameters
    ----------
    angles : ndarray of shape (n_angles,) or (n_clusters, n_clusters)
        In degrees: all principal angles of two subspaces in rising order, or the
        smallest angle of each pair, with zeros on the diagonal and NaN where a cluster
        has no direction.

    Attributes
    ----------
    {drawn}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import PrincipalAnglesDisplay
    >>> plane, other = np.eye(3)[:, :2], np.eye(3)[:, 1:]
    >>> PrincipalAnglesDisplay.from_subspaces(plane, other).angles
    array([ 0., 90.])
    """

    def __init__(self, angles):
        self.angles = angles

    @classmethod
    def from_subspaces(cls, A, B, *, ax=None):
        """Show all principal angles between two subspaces.

        Parameters
        ----------
        A, B : array-like of shape (n_features, k) or fitted estimator
            See :func:`skspace.linalg.as_basis`.
        {ax}

        Returns
        -------
        display : PrincipalAnglesDisplay
        """
        pyplot()
        return cls(np.degrees(to_numpy(principal_angles(A, B)))).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Show the smallest angle between the subspaces of each two clusters.

        Where it is small, samples near the intersection cannot be told apart by
        their subspace.

        Parameters
        ----------
        estimator : fitted subspace clusterer
            With ``subspace_components_`` of shape (n_clusters, n_dims, n_features),
            orthonormal rows, zero where a cluster has fewer.
        {ax}

        Returns
        -------
        display : PrincipalAnglesDisplay

        Raises
        ------
        ValueError
            When the estimator has no subspaces.
        """
        pyplot()
        check_is_fitted(estimator)
        if not hasattr(estimator, "subspace_components_"):
            raise ValueError(
                f"{type(estimator).__name__} has no subspace_components_; compare two "
                "subspaces with PrincipalAnglesDisplay.from_subspaces."
            )
        components = to_numpy(estimator.subspace_components_)
        bases = [rows[np.any(rows != 0, axis=1)].T for rows in components]
        k = len(bases)
        angles = np.zeros((k, k))
        for i in range(k):
            for j in range(i):
                smallest = np.nan
                if bases[i].size and bases[j].size:
                    smallest = principal_angles(bases[i], bases[j])[0]
                angles[i, j] = angles[j, i] = np.degrees(smallest)
        return cls(angles).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the angles.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : PrincipalAnglesDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        ax = get_axes(ax)
        if self.angles.ndim == 1:
            self._plot_row(ax)
        else:
            self._plot_matrix(ax)
        return self._finish(ax, hidden=())

    def _plot_row(self, ax):
        index = np.arange(1, len(self.angles) + 1)
        ax.vlines(index, 0, self.angles, color=QUIET, linewidth=1.5)
        ax.plot(index, self.angles, "o", color=PALETTE[0])
        ax.set(
            xlabel="principal angle",
            ylabel="degrees",
            ylim=(-2, 92),
            yticks=[0, 15, 30, 45, 60, 75, 90],
            xlim=(0.5, len(index) + 0.5),
        )
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="y", color="0.9")
        ax.spines[["top", "right"]].set_visible(False)

    def _plot_matrix(self, ax):
        shown = np.where(np.eye(len(self.angles), dtype=bool), np.nan, self.angles)
        image = ax.imshow(shown, cmap=SEQUENTIAL, vmin=0, vmax=90)
        ax.figure.colorbar(
            image, ax=ax, label="degrees", ticks=[0, 15, 30, 45, 60, 75, 90]
        )
        if len(shown) <= 12:
            for (i, j), angle in np.ndenumerate(shown):
                if np.isfinite(angle):
                    ink = "black" if angle > 50 else "white"
                    ax.text(
                        j,
                        i,
                        f"{angle:.0f}",
                        ha="center",
                        va="center",
                        color=ink,
                        fontsize="small",
                    )
        ax.set(xlabel="cluster", ylabel="cluster", title="smallest angle")
        ticks = np.arange(0, len(shown), 1 + len(shown) // 13)
        ax.set(xticks=ticks, yticks=ticks)
