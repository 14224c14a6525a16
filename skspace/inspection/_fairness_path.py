"""Display of utility against fairness gap along a fair decomposition."""

from __future__ import annotations

import numpy as np

from .._plotting import ACCENT, PALETTE, QUIET, get_axes, pyplot
from ..fairness import fairness_utility_path
from ._display import Display


class FairnessUtilityPathDisplay(Display):
    """Utility against fairness gap, one point a level, with the Pareto hull.

    Up and to the left is better. Create it with :meth:`from_estimator` or
    :meth:`from_path`.

    Parameters
    ----------
    path : :class:`~sklearn.utils.Bunch`
        What :func:`skspace.fairness.fairness_utility_path` returns.

    Attributes
    ----------
    {drawn}

    See Also
    --------
    SubspaceDecompositionDisplay : What the levels are made of.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.utils import Bunch
    >>> from skspace.inspection import FairnessUtilityPathDisplay
    >>> path = Bunch(
    ...     k=np.arange(3.0),
    ...     utility_mean=np.array([0.7, 0.72, 0.9]),
    ...     gap_mean=np.array([0.0, 0.1, 0.2]),
    ...     pareto=np.array([True, True, True]),
    ... )
    >>> FairnessUtilityPathDisplay(path).hull()  # level 1 lies below the line
    array([0, 2])
    """

    def __init__(self, path):
        self.path = path

    @classmethod
    def from_estimator(
        cls, estimator, X, y, sensitive_features=None, *, ax=None, **options
    ):
        """Measure a path by cross-validation and show it.

        Parameters
        ----------
        estimator : Pipeline
            With a :class:`skspace.fairness.FairSDR` and a predictor after it.
        X : array-like or frame of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Target.
        sensitive_features : array-like of shape (n_samples,) or \
(n_samples, n_attributes), default=None
            Sensitive attributes, unless the decomposition reads them from X.
        {ax}
        **options
            Passed on to :func:`skspace.fairness.fairness_utility_path`.

        Returns
        -------
        display : FairnessUtilityPathDisplay
        """
        pyplot()
        path = fairness_utility_path(estimator, X, y, sensitive_features, **options)
        return cls.from_path(path, ax=ax)

    @classmethod
    def from_path(cls, path, *, ax=None):
        """Show a path that was measured before.

        Parameters
        ----------
        path : :class:`~sklearn.utils.Bunch`
            What :func:`skspace.fairness.fairness_utility_path` returns.
        {ax}

        Returns
        -------
        display : FairnessUtilityPathDisplay
        """
        return cls(path).plot(ax=ax)

    def hull(self):
        """Find the levels on the upper left convex hull.

        Returns
        -------
        levels : ndarray of int
            Positions in the path, by rising gap. Mixing two of them at random gives
            every point on the line between them.
        """
        path = self.path
        order = np.flatnonzero(path.pareto)
        order = order[np.lexsort((-path.utility_mean[order], path.gap_mean[order]))]
        chosen = []
        for i in order:
            point = np.array([path.gap_mean[i], path.utility_mean[i]])
            while len(chosen) > 1:
                a, b = (
                    np.array([path.gap_mean[j], path.utility_mean[j]])
                    for j in chosen[-2:]
                )
                turn = (b - a)[0] * (point - a)[1] - (b - a)[1] * (point - a)[0]
                if turn < 0:  # b lies above the line from a to the new point
                    break
                chosen.pop()
            chosen.append(i)
        return np.array(chosen)

    def plot(self, ax=None):
        """Draw the path.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : FairnessUtilityPathDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        ax = get_axes(ax)
        path = self.path
        ax.plot(path.gap_mean, path.utility_mean, color=QUIET, linewidth=0.8, zorder=1)
        hull = self.hull()
        ax.plot(
            path.gap_mean[hull],
            path.utility_mean[hull],
            color=ACCENT,
            linestyle="--",
            label="Pareto hull",
            zorder=2,
        )
        ax.errorbar(
            path.gap_mean,
            path.utility_mean,
            xerr=path.get("gap_std"),
            yerr=path.get("utility_std"),
            fmt="none",
            ecolor=QUIET,
            elinewidth=0.6,
            zorder=1,
        )
        for chosen, color in ((path.pareto, PALETTE[0]), (~path.pareto, QUIET)):
            ax.scatter(
                path.gap_mean[chosen], path.utility_mean[chosen], color=color, zorder=3
            )
        for k, gap, utility in zip(
            path.k, path.gap_mean, path.utility_mean, strict=True
        ):
            ax.annotate(
                f"{k:g}", (gap, utility), xytext=(5, 4), textcoords="offset points"
            )
        fairness = str(path.get("fairness", "fairness")).replace("_", " ")
        ax.set(
            xlabel=f"{fairness} gap",
            ylabel=str(path.get("scoring", "utility")).replace("_", " "),
            title="numbers: shared directions put back",
        )
        ax.legend(frameon=False)
        return self._finish(ax)
