"""Display of a spectrum and of the gap behind its leading part."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import ACCENT, PALETTE, QUIET, get_axes, pyplot
from ..graph._adjacency import symmetrize
from ..graph._spectral import spectral_embedding
from ._affinity import as_affinity
from ._display import Display

ATTRIBUTES = {
    "singular_values_": "singular value",
    "eigenvalues_": "eigenvalue",
    "explained_variance_": "variance",
}


class SpectrumDisplay(Display):
    """Eigenvalues or singular values, largest first, with a gap marked.

    The gap behind the leading values says how well their number is determined: a
    wide one is evidence for it, a smooth decay is evidence for no number at all.
    Create it with :meth:`from_estimator`, :meth:`from_affinity` or
    :meth:`from_values`.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        In falling order.
    n_leading : int
        Values before the gap.
    name : str
        What they are.

    Attributes
    ----------
    gap : float
        Difference between the last leading value and the next; 0 where there is no
        next one.
    {drawn}
    line_ : matplotlib Line2D
        The values.

    Examples
    --------
    >>> from skspace.inspection import SpectrumDisplay
    >>> display = SpectrumDisplay.from_values([3.0, 2.8, 0.4, 0.3])
    >>> display.n_leading
    2
    """

    def __init__(self, values, *, n_leading, name):
        self.values = values
        self.n_leading = n_leading
        self.name = name

    @property
    def gap(self):
        """Difference between the last leading value and the next."""
        if self.n_leading >= len(self.values):
            return 0.0
        return float(self.values[self.n_leading - 1] - self.values[self.n_leading])

    @classmethod
    def from_estimator(cls, estimator, *, n_leading=None, n_values=None, ax=None):
        """Show the spectrum of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            With ``affinity_matrix_`` (see :meth:`from_affinity`), or with
            ``singular_values_``, ``eigenvalues_`` or ``explained_variance_``.
        n_leading : int, default=None
            Values before the gap. None takes ``n_clusters`` with an affinity,
            else the widest gap.
        n_values : int, default=None
            Values shown. None takes ``2 * n_leading``, at least 10, of an affinity,
            and all values there are otherwise.
        {ax}

        Returns
        -------
        display : SpectrumDisplay
        """
        check_is_fitted(estimator)
        affinity = getattr(estimator, "affinity_matrix_", None)
        if affinity is not None:
            if n_leading is None:
                n_leading = getattr(estimator, "n_clusters", None)
            return cls.from_affinity(
                affinity, n_leading=n_leading, n_values=n_values, ax=ax
            )
        for attribute, name in ATTRIBUTES.items():
            if hasattr(estimator, attribute):
                return cls.from_values(
                    np.asarray(to_numpy(getattr(estimator, attribute)))[:n_values],
                    n_leading=n_leading,
                    name=name,
                    ax=ax,
                )
        raise ValueError(
            f"{type(estimator).__name__} has none of affinity_matrix_, "
            f"{', '.join(ATTRIBUTES)}; use SpectrumDisplay.from_values."
        )

    @classmethod
    def from_affinity(cls, affinity, *, n_leading=None, n_values=None, ax=None):
        """Show the leading eigenvalues of the normalised affinity.

        One eigenvalue equal to 1 for every connected component; a graph of k
        well separated clusters has k values near 1 and then a gap.

        Parameters
        ----------
        affinity : array-like or sparse matrix of shape (n_samples, n_samples)
            Non-negative. Of one that is not symmetric, the symmetric part counts.
        n_leading : int, default=None
            Values before the gap. None takes the widest gap.
        n_values : int, default=None
            Values shown. None takes ``2 * n_leading``, at least 10.
        {ax}

        Returns
        -------
        display : SpectrumDisplay
        """
        pyplot()
        display = cls._of_affinity(affinity, n_leading=n_leading, n_values=n_values)
        return display.plot(ax=ax)

    @classmethod
    def from_values(cls, values, *, n_leading=None, name="value", ax=None):
        """Show given values.

        Parameters
        ----------
        values : array-like of shape (n_values,)
            Finite; sorted here.
        n_leading : int, default=None
            Values before the gap. None takes the widest gap.
        name : str, default="value"
            What they are, for the axis.
        {ax}

        Returns
        -------
        display : SpectrumDisplay

        Raises
        ------
        ValueError
            When there is no value or one is not finite, or `n_leading` is not a
            number of them.
        """
        pyplot()
        return cls._of_values(values, n_leading=n_leading, name=name).plot(ax=ax)

    @classmethod
    def _of_affinity(cls, affinity, *, n_leading=None, n_values=None):
        affinity = symmetrize(as_affinity(affinity)).matrix
        if n_values is None:
            n_values = max(10, 2 * (n_leading or 1))
        if n_values < 1:
            raise ValueError(f"n_values must be at least 1, got {n_values}.")
        n_values = min(n_values, affinity.shape[0])
        values = spectral_embedding(affinity, n_values).eigenvalues
        if not len(values):
            raise ValueError("The affinity joins no two samples: it has no spectrum.")
        return cls._of_values(
            values, n_leading=n_leading, name="eigenvalue of the graph"
        )

    @classmethod
    def _of_values(cls, values, *, n_leading=None, name="value"):
        values = np.asarray(to_numpy(values))
        real = values.dtype.kind in "biuf" and values.ndim == 1 and values.size
        if not (real and np.all(np.isfinite(values))):
            raise ValueError(
                "values must be a row of at least one finite number, got "
                f"{'shape ' + str(values.shape) if values.ndim != 1 else values}."
            )
        values = np.sort(values.astype(np.float64))[::-1]
        if n_leading is None:
            n_leading = int(np.argmax(-np.diff(values))) + 1 if len(values) > 1 else 1
        if not (n_leading >= 1 and int(n_leading) == n_leading):
            raise ValueError(
                f"n_leading must be an integer of at least 1, got {n_leading}."
            )
        return cls(values, n_leading=int(min(n_leading, len(values))), name=name)

    def plot(self, ax=None):
        """Draw the spectrum.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : SpectrumDisplay
            Itself, with ``ax_``, ``figure_`` and ``line_``.
        """
        ax = get_axes(ax)
        k, n = self.n_leading, len(self.values)
        index = np.arange(1, n + 1)
        (self.line_,) = ax.plot(index, self.values, color=QUIET, linewidth=1, zorder=1)
        ax.scatter(index[:k], self.values[:k], color=PALETTE[0], zorder=2)
        ax.scatter(
            index[k:], self.values[k:], facecolors="white", edgecolors=QUIET, zorder=2
        )
        if k < n:
            ax.axvspan(k, k + 1, color=ACCENT, alpha=0.15, linewidth=0)
            ax.set_title(f"gap {self.gap:.2g} after {k}")
        ax.set(xlabel="number", ylabel=self.name)
        ax.xaxis.get_major_locator().set_params(integer=True)
        return self._finish(ax)
