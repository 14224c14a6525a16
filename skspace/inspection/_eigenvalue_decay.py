"""Display of eigenvalues with their intervals, and of the error of each subspace."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import ACCENT, PALETTE, QUIET, get_axes, pyplot
from ._display import Display


class EigenvalueDecayDisplay(Display):
    """Eigenvalues of a mean outer product of gradients, on a logarithmic axis.

    A drop of an order of magnitude behind the first few says that the function lives
    on so many directions. Bars are intervals, where the estimator has them; a second
    axis shows how far the subspace of the first k directions turns under resampling,
    which is least where the drop is. Create it with :meth:`from_estimator`.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n_features,)
        In falling order.
    n_components : int
        How many were kept.
    intervals : ndarray of shape (2, n_features), default=None
        Lower and upper ends.
    subspace_errors : ndarray of shape (n_dimensions,), default=None
        Mean sine of the largest angle between the first k + 1 directions and those of
        resamples.

    Attributes
    ----------
    {drawn}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import EigenvalueDecayDisplay
    >>> display = EigenvalueDecayDisplay(np.array([4.0, 0.1, 0.05]), 1)
    >>> display.shares.round(2)
    array([0.96, 0.99, 1.  ])
    """

    def __init__(
        self, eigenvalues, n_components, *, intervals=None, subspace_errors=None
    ):
        self.eigenvalues = eigenvalues
        self.n_components = n_components
        self.intervals = intervals
        self.subspace_errors = subspace_errors

    @property
    def shares(self):
        """Share of the eigenvalues that the first ones hold."""
        return np.cumsum(self.eigenvalues) / np.sum(self.eigenvalues)

    @classmethod
    def from_estimator(cls, estimator, *, n_values=20, ax=None):
        """Show the eigenvalues of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            With ``eigenvalues_``, such as :class:`skspace.active.ActiveSubspace`;
            ``eigenvalue_intervals_`` and ``subspace_errors_`` are shown where there are
            any.
        n_values : int, default=20
            Most eigenvalues that are shown.
        {ax}

        Returns
        -------
        display : EigenvalueDecayDisplay

        Raises
        ------
        ValueError
            If the estimator has no eigenvalues.
        """
        pyplot()
        check_is_fitted(estimator)
        if not hasattr(estimator, "eigenvalues_"):
            raise ValueError(
                f"{type(estimator).__name__} has no eigenvalues_; pass an active "
                "subspace, a Gaussian RBF model or a recursive feature machine."
            )

        def shown(name):
            found = getattr(estimator, name, None)
            return None if found is None else to_numpy(found)[..., :n_values]

        display = cls(
            shown("eigenvalues_"),
            estimator.n_components_,
            intervals=shown("eigenvalue_intervals_"),
            subspace_errors=shown("subspace_errors_"),
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the eigenvalues.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : EigenvalueDecayDisplay
            Itself, with ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If no eigenvalue is positive.
        """
        positive = self.eigenvalues[self.eigenvalues > 0]
        if not len(positive):
            raise ValueError(
                "No eigenvalue is positive: a logarithmic axis cannot show them."
            )
        ax = get_axes(ax)
        least = max(np.min(positive), 1e-6 * np.max(positive)) / 3
        values = np.maximum(self.eigenvalues, least)
        at = np.arange(1, len(values) + 1)
        kept = at <= self.n_components
        ax.plot(at, values, color=QUIET, linewidth=1, zorder=1)
        ax.scatter(at[kept], values[kept], color=PALETTE[0], zorder=3)
        ax.scatter(
            at[~kept], values[~kept], facecolors="white", edgecolors=QUIET, zorder=3
        )
        if self.intervals is not None:
            low, high = np.maximum(self.intervals, least)
            ax.vlines(at, low, high, color=PALETTE[0], linewidth=4, alpha=0.35)
        ax.set_yscale("log")
        ax.set(xlabel="number", ylabel="eigenvalue")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if self.subspace_errors is not None and len(self.subspace_errors):
            other = ax.twinx()
            other.plot(
                np.arange(1, len(self.subspace_errors) + 1),
                self.subspace_errors,
                color=ACCENT,
                marker="x",
                linestyle=":",
            )
            other.set_ylim(0, 1.05)
            other.set_ylabel("error of the first k (sine)", color=ACCENT)
            other.spines["top"].set_visible(False)
        one_axis = self.subspace_errors is None
        return self._finish(ax, hidden=("top", "right") if one_axis else ("top",))
