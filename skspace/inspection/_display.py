"""What all displays share: parts of their docstrings, and how a picture is finished."""

from __future__ import annotations

from inspect import isfunction

import numpy as np

from .._docs import fill_docs
from .._plotting import pyplot

TEXTS = {
    "ax": """ax : matplotlib Axes, default=None
    Where to draw; None opens a figure.""",
    "cmap": """cmap : str or matplotlib Colormap, default="cividis"
    Colours.""",
    "drawn": """ax_ : matplotlib Axes
    Where it was drawn.
figure_ : matplotlib Figure
    Figure of these axes.""",
}


class Display:
    """Base of the displays. Docstrings may hold the places of ``TEXTS``."""

    def __init_subclass__(cls):
        fill = fill_docs(**TEXTS)
        fill(cls)
        for member in vars(cls).values():
            function = getattr(member, "__func__", member)
            if isfunction(function):
                fill(function)

    def _finish(self, ax, *, hidden=("top", "right")):
        """Leave out some spines, and keep where the picture is."""
        for side in hidden:
            ax.spines[side].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def panels(ax, n_rows, n_columns=1, **layout):
    """Give back `ax` as a row of axes, or the axes of a new figure.

    Raises
    ------
    ValueError
        If there are not as many axes as panels.
    """
    if ax is None:
        _, ax = pyplot().subplots(
            n_rows, n_columns, squeeze=False, layout="constrained", **layout
        )
    ax = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(ax) != n_rows * n_columns:
        raise ValueError(
            f"{n_rows * n_columns} panels need as many axes, got {len(ax)}."
        )
    return ax
