"""Display of what an iterative fit followed: losses, rates, ranks, step by step."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import ACCENT, PALETTE, QUIET, pyplot
from ._display import Display, panels


class TrainingCurvesDisplay(Display):
    """Curves of a fit over its steps, one panel for each group of names.

    Losses that still fall say that the fit was stopped early; a rank that falls to a
    handful says that the features collapsed. Create it with :meth:`from_estimator` or
    :meth:`from_curves`.

    Parameters
    ----------
    curves : dict of str to ndarray of shape (n_points,)
        What was followed, by name. The entry ``"step"``, where there is one, holds the
        steps at which all others were taken; otherwise they count from 1.
    panels : list of list of str
        Names that share a panel, from top to bottom.
    kept_step : int, default=None
        Step whose parameters the estimator kept, drawn as a line.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        One for each panel.
    figure_ : matplotlib Figure
        Figure of these axes.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import TrainingCurvesDisplay
    >>> curves = {"step": np.array([0, 10]), "loss": np.array([2.0, 1.0])}
    >>> display = TrainingCurvesDisplay.from_curves(curves)
    >>> len(display.ax_)
    1
    """

    def __init__(self, curves, panels, *, kept_step=None):
        self.curves = curves
        self.panels = panels
        self.kept_step = kept_step

    @classmethod
    def from_estimator(cls, estimator, *, panels=None, ax=None):
        """Show the curves of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            With ``training_curves_``, a dict of arrays; the step ``kept_step_`` is
            marked where it has one.
        panels : list of list of str, default=None
            Names that share a panel. None gives each curve its own.
        ax : matplotlib Axes or array-like of them, default=None
            One for each panel; None opens a figure.

        Returns
        -------
        display : TrainingCurvesDisplay

        Raises
        ------
        ValueError
            If the estimator kept no curves, or a name is not among them.
        """
        pyplot()
        check_is_fitted(estimator)
        if not getattr(estimator, "training_curves_", None):
            raise ValueError(
                f"{type(estimator).__name__} has no training_curves_; pass an "
                "estimator that is fitted by steps and keeps them."
            )
        return cls.from_curves(
            estimator.training_curves_,
            panels=panels,
            kept_step=getattr(estimator, "kept_step_", None),
            ax=ax,
        )

    @classmethod
    def from_curves(cls, curves, *, panels=None, kept_step=None, ax=None):
        """Show curves that were followed by other means.

        Parameters
        ----------
        curves : dict of str to array-like of shape (n_points,)
            As for the class.
        panels : list of list of str, default=None
            Names that share a panel. None gives each curve its own.
        kept_step : int, default=None
            Step to mark.
        ax : matplotlib Axes or array-like of them, default=None
            One for each panel; None opens a figure.

        Returns
        -------
        display : TrainingCurvesDisplay

        Raises
        ------
        ValueError
            If there are no curves, a name is not among them, or their lengths differ.
        """
        curves = {name: np.ravel(to_numpy(curve)) for name, curve in curves.items()}
        if panels is None:
            panels = [[name] for name in curves if name != "step"]
        if not panels:
            raise ValueError("there are no curves to show.")
        for name in (name for panel in panels for name in panel):
            if name not in curves:
                raise ValueError(f"no curve {name!r}; there are {sorted(curves)}.")
        if len({len(curve) for curve in curves.values()}) > 1:
            lengths = {name: len(curve) for name, curve in curves.items()}
            raise ValueError(f"curves must have one length, got {lengths}.")
        return cls(curves, panels, kept_step=kept_step).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One for each panel; None opens a figure.

        Returns
        -------
        display : TrainingCurvesDisplay
            Itself, with ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If there are not as many axes as panels.
        """
        n_panels = len(self.panels)
        size = (6.4, 1.2 + 1.8 * n_panels)
        ax = panels(ax, n_panels, sharex=True, figsize=size)
        for axes, names in zip(ax, self.panels, strict=True):
            self._draw(axes, names)
        ax[-1].set_xlabel("step")
        self.ax_, self.figure_ = ax, ax[0].figure
        return self

    def _draw(self, ax, names):
        for rank, name in enumerate(names):
            curve = self.curves[name]
            steps = self.curves.get("step", np.arange(1, len(curve) + 1))
            known = np.isfinite(curve)  # some are taken at a few steps only
            ax.plot(
                steps[known],
                curve[known],
                color=PALETTE[rank % len(PALETTE)],
                marker="o" if np.sum(known) <= 30 else None,
                markersize=3,
                label=name.replace("_", " "),
            )
        if self.kept_step is not None:
            ax.axvline(
                self.kept_step, color=ACCENT, linestyle=":", label="kept", zorder=0
            )
        if len(names) > 1 or self.kept_step is not None:
            ax.legend(frameon=False)
        ax.set_ylabel(names[0].replace("_", " ") if len(names) == 1 else "")
        ax.tick_params(colors=QUIET)
        ax.spines[["top", "right"]].set_visible(False)
