"""Sufficient summary: a response against the leading active directions."""

from __future__ import annotations

import math

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import asarray_like, is_array_api_obj, to_numpy
from .._plotting import ACCENT, PALETTE, QUIET, SEQUENTIAL, get_axes, pyplot
from ._display import Display

GRID = 60
"""Points of a curve, and along each side of a map."""


class ActiveSubspaceDisplay(Display):
    """A response against the scores of the first active direction, or the first two.

    If the function lives on that subspace, points lie along a curve or a surface; the
    spread around it is noise and what further directions do. The curve, or the
    contours, are predictions of a model along the subspace, all other directions at the
    mean. The title says within which angle the direction is known, where the estimator
    tells. Create it with :meth:`from_estimator`.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, 1) or (n_samples, 2)
        Scores of the rows.
    y : ndarray of shape (n_samples,)
        Their responses.
    grid : ndarray of shape (n_points, 1) or (n_points, 2), default=None
        Scores at which the model was asked; of two, a square in row-major order.
    predictions : ndarray of shape (n_points,), default=None
        What it predicts.
    angle : float, default=None
        Radians within which the leading direction is known.
    level : float, default=None
        Confidence level of `angle`.

    Attributes
    ----------
    {drawn}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import ActiveSubspaceDisplay
    >>> display = ActiveSubspaceDisplay(np.array([[0.0], [1.0]]), np.array([1.0, 2.0]))
    >>> display.scores.shape
    (2, 1)
    """

    def __init__(
        self, scores, y, *, grid=None, predictions=None, angle=None, level=None
    ):
        self.scores = scores
        self.y = y
        self.grid = grid
        self.predictions = predictions
        self.angle = angle
        self.level = level

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, n_components=1, model="auto", response=0, ax=None
    ):
        """Show rows along the directions of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            With `transform` and `inverse_transform`, such as
            :class:`skspace.active.ActiveSubspace`.
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Responses; classes are numbered in their order.
        n_components : {1, 2}, default=1
            Directions that are shown.
        model : fitted estimator, "auto" or None, default="auto"
            Whose predictions are drawn. "auto" takes the estimator itself where it
            predicts, its ``estimator_`` where it has one, and otherwise none.
        response : int, default=0
            Of several outputs of the model, the one that is drawn; of a classifier
            with `predict_proba` the class, where there are two always the second.
        {ax}

        Returns
        -------
        display : ActiveSubspaceDisplay

        Raises
        ------
        ValueError
            If `n_components` is neither 1 nor 2 or more than the estimator has, y is
            not one number or class for each row, or the model has no such `response`.
        """
        pyplot()
        check_is_fitted(estimator)
        if n_components not in (1, 2) or n_components > estimator.n_components_:
            raise ValueError(
                "n_components must be 1 or 2 and at most the "
                f"{estimator.n_components_} of the estimator, got {n_components!r}."
            )
        all_scores = estimator.transform(X)
        scores = _host(all_scores)[:, :n_components].astype(np.float64)
        y = _host(y)
        if y.shape != (len(scores),):
            raise ValueError(
                f"y must hold one response for each of the {len(scores)} rows, got "
                f"shape {y.shape}."
            )
        if y.dtype.kind not in "iuf":
            y = np.unique(y, return_inverse=True)[1]
        if isinstance(model, str) and model == "auto":
            if hasattr(estimator, "predict"):
                model = estimator
            else:
                model = getattr(estimator, "estimator_", None)
        grid = predictions = None
        if model is not None:
            grid = _grid(scores)
            at = np.zeros((len(grid), estimator.n_components_))
            at[:, :n_components] = grid
            rows = _places(estimator, model, at, all_scores)
            predictions = _predict(model, rows, response)
        display = cls(
            scores,
            y,
            grid=grid,
            predictions=predictions,
            angle=getattr(estimator, "direction_angle_", None),
            level=getattr(estimator, "confidence_level", None),
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the summary.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : ActiveSubspaceDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        ax = get_axes(ax)
        if self.scores.shape[1] == 1:
            ax.scatter(
                self.scores[:, 0], self.y, s=12, alpha=0.6, color=PALETTE[0], zorder=1
            )
            if self.grid is not None:
                ax.plot(
                    self.grid[:, 0], self.predictions, color=ACCENT, lw=2, label="model"
                )
                ax.legend(frameon=False)
            ax.set(xlabel="first active direction", ylabel="response")
        else:
            self._map(ax)
        if self.angle is not None:
            ax.set_title(
                f"first direction known within {math.degrees(self.angle):.1f}° "
                f"({self.level:.0%})"
            )
        return self._finish(ax)

    def _map(self, ax):
        """Draw two directions: points by response, contours of the model."""
        low, high = np.min(self.y), np.max(self.y)
        if self.grid is not None:
            side = math.isqrt(len(self.grid))
            a, b = (self.grid[:, i].reshape(side, side) for i in range(2))
            lines = ax.contour(
                a,
                b,
                self.predictions.reshape(side, side),
                levels=10,
                colors=QUIET,
                linewidths=1,
            )
            ax.clabel(lines, fontsize="small")
        points = ax.scatter(
            self.scores[:, 0],
            self.scores[:, 1],
            c=self.y,
            s=16,
            cmap=SEQUENTIAL,
            vmin=low,
            vmax=high,
            zorder=2,
        )
        ax.figure.colorbar(points, ax=ax, label="response")
        ax.set(xlabel="first active direction", ylabel="second active direction")


def _host(x):
    """Table or column on the host."""
    return to_numpy(x) if is_array_api_obj(x) else np.asarray(x)


def _grid(scores):
    """Scores over the range of the rows."""
    sides = [np.linspace(np.min(z), np.max(z), GRID) for z in scores.T]
    return np.stack([a.ravel() for a in np.meshgrid(*sides)], axis=1)


def _places(estimator, model, scores, like):
    """Rows at these scores, as the model was shown rows in its fit."""
    if is_array_api_obj(like):
        scores = asarray_like(scores, like)
    rows = estimator.inverse_transform(scores)
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return rows
    import pandas as pd

    return pd.DataFrame(_host(rows), columns=names)


def _predict(model, rows, response):
    """One column of predictions, or of probabilities."""
    if hasattr(model, "predict_proba"):
        values = _host(model.predict_proba(rows))
        response = 1 if values.shape[1] == 2 else response
    else:
        values = _host(model.predict(rows))
        if values.ndim == 1:
            return values
    if not 0 <= response < values.shape[1]:
        raise ValueError(
            f"response must be one of the {values.shape[1]} outputs of the model, "
            f"counted from 0, got {response!r}."
        )
    return values[:, response]
