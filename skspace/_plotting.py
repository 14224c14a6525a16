"""What all pictures share: matplotlib on demand, colours, checks of inputs."""

from __future__ import annotations

import numpy as np

from ._array import to_numpy

PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#000000",
)
"""Okabe and Ito's colours, told apart with any colour vision (without the yellow)."""

MARKERS = "o^sDvP"
"""Once the colours are used up, the marker tells clusters apart."""

SEQUENTIAL = "cividis"
ACCENT = PALETTE[5]
QUIET = "0.45"


def pyplot():
    """Import matplotlib, or say how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'skspace draws with matplotlib; install it by pip install "skspace[plot]".'
        ) from error
    return plt


def get_axes(ax=None, **subplot):
    """Give back `ax`, or the axes of a new figure."""
    plt = pyplot()
    if ax is not None:
        return ax
    _, ax = plt.subplots(layout="constrained", subplot_kw=subplot)
    return ax


def check_labels(labels, n_samples):
    """Labels on the host, one a sample."""
    labels = np.asarray(to_numpy(labels))
    if labels.shape != (n_samples,):
        raise ValueError(
            f"labels must hold one label for each of the {n_samples} samples, got "
            f"shape {labels.shape}."
        )
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError("labels contain NaN; give every sample one, -1 for noise.")
    return labels


def style_of(rank):
    """Colour and marker of the cluster of that rank."""
    color = PALETTE[rank % len(PALETTE)]
    return {"color": color, "marker": MARKERS[rank // len(PALETTE) % len(MARKERS)]}
