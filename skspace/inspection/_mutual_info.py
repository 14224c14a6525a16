"""Displays of what speaks for and against an estimate of mutual information."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._plotting import ACCENT, PALETTE, QUIET, get_axes, pyplot
from ._display import Display

PLATEAU = 0.95
"""Share of the largest value from which on the dimension is enough."""


def named_flags(result):
    """Title of a picture: flags first."""
    return ", ".join(result.flags) if result.flags else "no flags"


class _CurveDisplay(Display):
    """A picture of one of the curves of a result."""

    curve = ""
    remedy = ""

    def __init__(self, result):
        self.result = result

    @classmethod
    def from_result(cls, result, *, ax=None):
        """Show the curve of a result.

        Parameters
        ----------
        result : MIResult
            What :func:`skspace.information.mutual_info` returns, or ``result_`` of an
            estimator.
        {ax}

        Returns
        -------
        display : display
            With ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If the result has no such curve.
        """
        pyplot()
        return cls(result).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Show the curve of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``result_``.
        {ax}

        Returns
        -------
        display : display
            With ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If its result has no such curve.
        """
        check_is_fitted(estimator, "result_")
        return cls.from_result(estimator.result_, ax=ax)

    def _table(self):
        if self.curve not in self.result.curves:
            raise ValueError(
                f"{type(self).__name__} needs the curve {self.curve!r}, and this "
                f"result of {self.result.method} has {sorted(self.result.curves)}; "
                f"{self.remedy}."
            )
        return self.result.curves[self.curve]

    def _label(self, ax, **labels):
        ax.set(**labels)
        ax.legend(frameon=False, fontsize="small")
        return self._finish(ax, hidden=("right",))


class MIExtrapolationDisplay(_CurveDisplay):
    """Values on chunks of the rows, and the line that leads to infinitely many.

    A line through all levels says that the bias is of order 1/n and known; levels that
    bend away (hollow) are left out. Create it with :meth:`from_estimator` or
    :meth:`from_result`.

    Parameters
    ----------
    result : MIResult
        Of :class:`~skspace.information.ReliableMutualInfo`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn; its second axis counts rows.
    figure_ : matplotlib Figure
        Figure of these axes.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import GaussianMutualInfo, ReliableMutualInfo
    >>> from skspace.inspection import MIExtrapolationDisplay
    >>> x, e = np.random.RandomState(0).standard_normal((2, 2000))
    >>> model = ReliableMutualInfo(GaussianMutualInfo(), random_state=0)
    >>> display = MIExtrapolationDisplay.from_estimator(model.fit(x[:, None], x + e))
    >>> display.ax_.get_title()
    'no flags'
    """

    curve = "extrapolation"
    remedy = "fit ReliableMutualInfo(estimator), which extrapolates"

    def plot(self, ax=None):
        """Draw the values, the line and its end.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : MIExtrapolationDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        table, result = self._table(), self.result
        ax = get_axes(ax)
        levels, values = table["n_chunks"], table["value"]
        kept = table["kept"].astype(bool)
        for rows, style in (
            (kept, {"color": PALETTE[0], "label": "chunks"}),
            (
                ~kept,
                {"facecolors": "none", "edgecolors": QUIET, "label": "not on a line"},
            ),
        ):
            if np.any(rows):
                ax.scatter(levels[rows], values[rows], s=14, zorder=2, **style)
        reach = np.array([0, levels[kept].max()])
        slope = np.polyfit(levels[kept], table["fit"][kept], 1)
        ax.plot(reach, np.polyval(slope, reach), color=ACCENT, linewidth=1.5)
        ci = result.ci
        ax.errorbar(
            0,
            result.estimate,
            yerr=None
            if ci is None
            else [[result.estimate - ci.low], [ci.high - result.estimate]],
            color=ACCENT,
            marker="s",
            capsize=4,
            zorder=3,
            label="reported",
        )
        top = ax.secondary_xaxis("top")
        ticks = np.unique(levels)
        top.set_xticks(ticks, [f"{result.n // m}" for m in ticks], fontsize="x-small")
        top.set_xlabel("rows in a chunk")
        return self._label(
            ax,
            xlabel="number of chunks γ (rows n/γ)",
            ylabel=f"mutual information, {result.units}",
            title=named_flags(result),
            xlim=(-0.5, levels.max() + 0.5),
        )


class MIDimensionDisplay(_CurveDisplay):
    """Values against the embedding dimension, with the plateau and where it starts.

    A curve that still rises at its end asks for more dimensions; one that falls, for
    fewer, or more samples. Create it with :meth:`from_estimator` or
    :meth:`from_result`.

    Parameters
    ----------
    result : MIResult
        Of an estimator that scans dimensions.

    Attributes
    ----------
    {drawn}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import MIResult
    >>> from skspace.inspection import MIDimensionDisplay
    >>> curve = {"dimension": np.array([1, 2, 4]), "value": np.array([0.5, 1.0, 0.98])}
    >>> result = MIResult(1.0, 1.0, curves={"dimension": curve})
    >>> MIDimensionDisplay.from_result(result).sufficient_
    2
    """

    curve = "dimension"
    remedy = "fit CanonicalMutualInfo, or ReliableMutualInfo with embedding_dims='auto'"

    def plot(self, ax=None):
        """Draw the values and the plateau.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : MIDimensionDisplay
            Itself, with ``ax_``, ``figure_`` and ``sufficient_``, the smallest
            dimension with 95 % of the largest value.
        """
        table, result = self._table(), self.result
        ax = get_axes(ax)
        k, values = table["dimension"], table["value"]
        best = float(np.max(values))
        self.sufficient_ = int(k[np.argmax(values >= PLATEAU * best)])
        ax.axhspan(
            PLATEAU * best, best, color=QUIET, alpha=0.2, label="95 % of the best"
        )
        ax.plot(k, values, color=PALETTE[0], marker="o", zorder=2)
        ax.axvline(
            self.sufficient_,
            color=ACCENT,
            linestyle="--",
            label=f"enough: {self.sufficient_}",
        )
        ax.set_xscale("log", base=2)
        ax.set_xticks(k, [str(j) for j in k])
        ax.minorticks_off()
        return self._label(
            ax,
            xlabel="embedding dimension",
            ylabel=f"mutual information, {result.units}",
            title=named_flags(result),
        )


class MITrainingDisplay(_CurveDisplay):
    """Bounds on training and test rows by epoch, with the epoch that was kept.

    The smoothed test curve only chooses the epoch; the value reported is the bound on
    the training rows there. Create it with :meth:`from_estimator` or
    :meth:`from_result`.

    Parameters
    ----------
    result : MIResult
        Of an estimator that trains a critic.

    Attributes
    ----------
    {drawn}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import MIResult
    >>> from skspace.inspection import MITrainingDisplay
    >>> curve = {"epoch": np.arange(1, 4), "test": np.array([0.1, 0.4, 0.3])}
    >>> result = MIResult(0.4, 0.4, curves={"training": curve})
    >>> MITrainingDisplay.from_result(result).best_epoch_
    2
    """

    curve = "training"
    remedy = "fit NeuralMutualInfo, which trains a critic"

    def plot(self, ax=None):
        """Draw the bounds.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : MITrainingDisplay
            Itself, with ``ax_``, ``figure_`` and ``best_epoch_``, where the smoothed
            test curve (the test curve where there is no other) is highest.
        """
        table, result = self._table(), self.result
        ax = get_axes(ax)
        epochs = table["epoch"]
        chosen_by = table["smoothed"] if "smoothed" in table else table["test"]
        self.best_epoch_ = int(epochs[np.argmax(chosen_by)])
        for name, style in (
            ("train", {"color": PALETTE[1]}),
            ("test", {"color": PALETTE[0], "linewidth": 0.8, "alpha": 0.7}),
            ("smoothed", {"color": PALETTE[0], "linewidth": 2}),
        ):
            if name in table:
                ax.plot(epochs, table[name], label=name, **style)
        ax.axvline(
            self.best_epoch_,
            color=ACCENT,
            linestyle="--",
            label=f"kept: {self.best_epoch_}",
        )
        ax.axhline(result.estimate, color=QUIET, linewidth=1, label="reported")
        return self._label(
            ax,
            xlabel="epoch",
            ylabel=f"bound, {result.units}",
            title=named_flags(result),
        )
