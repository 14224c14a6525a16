"""Display of the importances of features, or of one direction, with intervals."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import ACCENT, PALETTE, QUIET, get_axes, pyplot
from ._display import Display

KINDS = ("importances", "direction")


class FeatureImportanceDisplay(Display):
    """Importances of the features, the largest first, with their intervals.

    Of an active subspace it also shows the leading direction itself: which features
    raise the function, which lower it, and for which of them the sign is certain.
    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    values : ndarray of shape (n_features,)
        Importances, or coefficients of a direction.
    names : sequence of shape (n_features,)
        Names of the features.
    intervals : ndarray of shape (2, n_features), default=None
        Lower and upper ends.
    label : str, default="importance"
        What the values are.

    Attributes
    ----------
    {drawn}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import FeatureImportanceDisplay
    >>> display = FeatureImportanceDisplay(np.array([0.1, -0.9]), ["a", "b"])
    >>> display.largest(1)
    array([1])
    """

    def __init__(self, values, names, *, intervals=None, label="importance"):
        self.values = values
        self.names = names
        self.intervals = intervals
        self.label = label

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        kind="importances",
        feature_names=None,
        n_features=20,
        ax=None,
    ):
        """Show a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            With ``feature_importances_``, such as
            :class:`skspace.active.ActiveSubspace` or a forest;
            ``feature_importance_intervals_`` are shown where there are any. For
            ``kind="direction"`` with ``components_``, and ``direction_intervals_``
            where there are any.
        kind : {"importances", "direction"}, default="importances"
            What to show.
        feature_names : sequence of shape (n_features,), default=None
            Names; None takes those seen in `fit`, or x0, x1, ….
        n_features : int, default=20
            Most features that are shown, the largest.
        {ax}

        Returns
        -------
        display : FeatureImportanceDisplay

        Raises
        ------
        ValueError
            If `kind` is neither, the estimator lacks what is to be shown, or there are
            not as many names as features.
        """
        pyplot()
        check_is_fitted(estimator)
        if kind not in KINDS:
            raise ValueError(
                f"kind must be 'importances' or 'direction', got {kind!r}."
            )
        name = "feature_importances_" if kind == "importances" else "components_"
        values = getattr(estimator, name, None)
        if values is None:
            raise ValueError(f"{type(estimator).__name__} has no {name}.")
        values = to_numpy(values)
        intervals = getattr(
            estimator,
            "direction_intervals_"
            if kind == "direction"
            else "feature_importance_intervals_",
            None,
        )
        values = values[0] if kind == "direction" else values
        if feature_names is None:
            feature_names = getattr(
                estimator, "feature_names_in_", [f"x{i}" for i in range(len(values))]
            )
        if len(feature_names) != len(values):
            raise ValueError(
                f"feature_names must hold one name for each of the {len(values)} "
                f"features, got {len(feature_names)}."
            )
        display = cls(
            values,
            list(feature_names),
            intervals=None if intervals is None else to_numpy(intervals),
            label="importance" if kind == "importances" else "leading direction",
        )
        return display.plot(ax=ax, n_features=n_features)

    def largest(self, n_features):
        """Find the features of the largest magnitude.

        Parameters
        ----------
        n_features : int
            How many.

        Returns
        -------
        columns : ndarray of shape (n_features,)
            Their numbers, the largest first.
        """
        return np.argsort(-np.abs(self.values), kind="stable")[:n_features]

    def plot(self, ax=None, *, n_features=20):
        """Draw bars.

        Parameters
        ----------
        {ax}
        n_features : int, default=20
            Most features that are shown, the largest.

        Returns
        -------
        display : FeatureImportanceDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        ax = get_axes(ax)
        columns = self.largest(n_features)
        at = np.arange(len(columns))
        values = self.values[columns]
        ax.barh(at, values, color=PALETTE[0], height=0.7, zorder=1)
        if self.intervals is not None:
            low, high = self.intervals[:, columns]
            ax.hlines(at, low, high, color=ACCENT, linewidth=2, zorder=2)
        ax.set_yticks(at, [str(self.names[j]) for j in columns])
        ax.invert_yaxis()
        ax.axvline(0, color=QUIET, linewidth=1)
        ax.set_xlabel(self.label)
        return self._finish(ax)
