"""Display of the influence of samples on directions, models and parity gaps."""

from __future__ import annotations

import numpy as np

from .._array import to_numpy
from .._plotting import ACCENT, PALETTE, QUIET, get_axes, pyplot
from ..decomposition import sdr_influence
from ._display import Display

KINDS = ("index", "leverage")
LABELS = {
    "directions": "influence on the directions",
    "model": "influence on the predictions",
    "gap": "influence on the parity gap",
}


class InfluenceDisplay(Display):
    """Influence of each sample, against its number or its distance from the mean.

    Against the number, it shows which samples the directions hang on. Against the
    Mahalanobis distance ("leverage"), it tells those apart that are influential
    because they lie far out from those that are so because of their response. Create
    it with :meth:`from_estimator` or :meth:`from_influence`.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Influence.
    distances : ndarray of shape (n_samples,)
        Mahalanobis distances from the mean.
    names : sequence of shape (n_samples,), default=None
        What labels say; None takes the numbers of the rows.
    label : str, default="influence on the directions"
        What the influence is on.

    Attributes
    ----------
    {drawn}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import InfluenceDisplay
    >>> display = InfluenceDisplay(np.array([1.0, 5.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    >>> display.largest(2)
    array([1, 2])
    """

    def __init__(self, scores, distances, *, names=None, label=LABELS["directions"]):
        self.scores = scores
        self.distances = distances
        self.names = names
        self.label = label

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        original=False,
        kind="index",
        n_labels=5,
        names=None,
        ax=None,
    ):
        """Show the influence of rows on a fitted reducer.

        Parameters
        ----------
        estimator : fitted reducer
            See :func:`skspace.decomposition.sdr_influence`.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows to assess.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their responses.
        original : bool, default=False
            Whether to measure in the coordinates and units of the features in place
            of whitened ones.
        kind : {"index", "leverage"}, default="index"
            What to draw the influence against.
        n_labels : int, default=5
            Number of samples that are labelled, the most influential ones.
        names : sequence of shape (n_samples,), default=None
            What labels say; None takes the numbers of the rows.
        {ax}

        Returns
        -------
        display : InfluenceDisplay
        """
        pyplot()
        return cls.from_influence(
            sdr_influence(estimator, X, y),
            original=original,
            kind=kind,
            n_labels=n_labels,
            names=names,
            ax=ax,
        )

    @classmethod
    def from_influence(
        cls,
        influence,
        *,
        original=False,
        quantity="scores",
        kind="index",
        n_labels=5,
        names=None,
        ax=None,
    ):
        """Show influence that was measured before.

        Parameters
        ----------
        influence : SDRInfluence or FairnessInfluence
            What :func:`skspace.decomposition.sdr_influence` or
            :func:`skspace.fairness.fairness_influence` returns.
        original : bool, default=False
            Whether to show scores in the coordinates and units of the features in
            place of whitened ones; only of an SDRInfluence.
        quantity : {"scores", "gap"}, default="scores"
            What to show: the scores, or the magnitude of the influence on the parity
            gap; the latter only of a FairnessInfluence.
        kind : {"index", "leverage"}, default="index"
            What to draw the influence against.
        n_labels : int, default=5
            Number of samples that are labelled, the most influential ones.
        names : sequence of shape (n_samples,), default=None
            What labels say; None takes the numbers of the rows.
        {ax}

        Returns
        -------
        display : InfluenceDisplay

        Raises
        ------
        ValueError
            If there are not as many names as samples, or the influence does not hold
            what is to be shown.
        """
        pyplot()
        scores, label = _shown(influence, original, quantity)
        if names is not None and len(names) != len(scores):
            raise ValueError(
                f"names must hold one name for each of the {len(scores)} samples, got "
                f"{len(names)}."
            )
        names = None if names is None else list(names)
        display = cls(scores, to_numpy(influence.distances), names=names, label=label)
        return display.plot(ax=ax, kind=kind, n_labels=n_labels)

    def largest(self, n_samples):
        """Find the most influential samples.

        Parameters
        ----------
        n_samples : int
            How many.

        Returns
        -------
        rows : ndarray of shape (n_samples,)
            Their row numbers, the most influential first.
        """
        return np.argsort(-self.scores, kind="stable")[:n_samples]

    def plot(self, ax=None, *, kind="index", n_labels=5):
        """Draw the influence.

        Parameters
        ----------
        {ax}
        kind : {"index", "leverage"}, default="index"
            What to draw the influence against.
        n_labels : int, default=5
            Number of samples that are labelled, the most influential ones.

        Returns
        -------
        display : InfluenceDisplay
            Itself, with ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If `kind` is neither, or `n_labels` is negative.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be 'index' or 'leverage', got {kind!r}.")
        if n_labels < 0:
            raise ValueError(f"n_labels must not be negative, got {n_labels}.")
        ax = get_axes(ax)
        at = np.arange(len(self.scores)) if kind == "index" else self.distances
        rows = self.largest(n_labels)
        others = np.setdiff1d(np.arange(len(self.scores)), rows)
        if kind == "index":
            ax.vlines(at, 0, self.scores, color=QUIET, linewidth=0.5, zorder=1)
        ax.scatter(at[others], self.scores[others], s=10, color=PALETTE[0], zorder=2)
        ax.scatter(at[rows], self.scores[rows], s=20, color=ACCENT, zorder=3)
        for i in rows:
            ax.annotate(
                str(i if self.names is None else self.names[i]),
                (at[i], self.scores[i]),
                xytext=(4, 2),
                textcoords="offset points",
                fontsize="small",
            )
        ax.axhline(np.mean(self.scores), color=QUIET, linewidth=1, linestyle="--")
        ax.set(
            xlabel="sample" if kind == "index" else "Mahalanobis distance",
            ylabel=self.label,
            title="dashed: the mean",
        )
        ax.margins(y=0.08)  # room for labels
        ax.set_ylim(bottom=0)
        return self._finish(ax)


def _shown(influence, original, quantity):
    """Scores to draw, and what they are an influence on."""
    if quantity not in ("scores", "gap"):
        raise ValueError(f"quantity must be 'scores' or 'gap', got {quantity!r}.")
    of_model = hasattr(influence, "coef_influence")
    if original and of_model:
        raise ValueError(
            "original=True is for influence on directions; predictions have no other "
            "coordinates."
        )
    if quantity == "gap":
        gap = getattr(influence, "gap_influence", None)
        if gap is None:
            raise ValueError(
                "This influence has no parity gap; fairness_influence measures it "
                "where there is a sensitive attribute of few values."
            )
        return np.abs(to_numpy(gap)), LABELS["gap"]
    if of_model:
        return to_numpy(influence.scores), LABELS["model"]
    scores = influence.original_scores if original else influence.scores
    return to_numpy(scores), LABELS["directions"]
