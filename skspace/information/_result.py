"""What an estimate of mutual information comes with, and how it is printed."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

__all__ = ["FLAGS", "Estimate", "MIResult"]

FLAGS = {
    "no_signal": "nothing detected that chance does not give",
    "subsample_drift": "the value still moves with the number of samples",
    "neighbor_drift": "the value still moves with the number of neighbours",
    "curved_extrapolation": "not a line in 1/n: too few samples for this estimator",
    "slow_convergence": "the bias may fall more slowly than 1/n, which matters here",
    "anchor_dependent": "the extrapolation hangs on its first point",
    "extrapolation_moves": "the extrapolation moves against its own points",
    "not_gaussian": "the variables are not jointly normal: the value is no bound",
    "unbounded": "one sample determines a part of the other: no finite information",
    "ceiling": "the bound is near the logarithm of the samples scored at once",
    "no_plateau": "the value still grows with the embedding dimension",
    "overfit_dimension": "the value falls at large embedding dimensions",
    "train_test_gap": "training samples were memorised",
    "estimator_disagreement": "two estimators or bounds contradict each other",
    "too_few_samples": "too few samples for this estimator; another was taken",
    "no_interval": "too few samples to measure the spread of the estimate",
}
"""Flags that make a result unreliable, and what they mean."""

NOTES = {
    "constant_columns": "columns of one value were left out",
    "ties": "tied values; the estimator is one that allows them",
    "early_peak": "training was best at once or at its end: learning rate or epochs",
}
"""Flags that a reliable result may carry."""

INFORMATION = {"value", "mean", "sd", "se", "fit", "train", "test", "smoothed"}
"""Columns of curves that are information, and are converted with the units."""

UNITS = {"nats": 1.0, "bits": 1 / math.log(2)}


class Estimate(NamedTuple):
    """What one evaluation of an estimator says, in nats.

    Attributes
    ----------
    value : float
        May be negative.
    flags : tuple of str
        Keys of ``FLAGS`` or ``NOTES``.
    curves : dict
        Tables, as in :class:`MIResult`.
    details : dict
        Numbers that explain the value; they join ``params`` of the result.
    se : float or None
        Standard error that the estimator knows without resampling; the one of
        subsamples counts where it is larger.
    degrees : float
        Degrees of freedom behind it.
    p_value : float or None
        Of independence, where the estimator knows it without permutations.
    checks : dict of str to float
        Values that should be the same, by the flag to raise where they differ from it
        by more than two standard errors.
    """

    value: float
    flags: tuple = ()
    curves: dict = {}
    details: dict = {}
    se: float | None = None
    degrees: float = math.inf
    p_value: float | None = None
    checks: dict = {}


@dataclass(frozen=True, eq=False, repr=False)
class MIResult:
    """An estimate of mutual information, with its error and what speaks against it.

    Attributes
    ----------
    estimate : float
        The estimate, at least 0.
    raw : float
        The same before negative values are set to 0.
    ci : ConfidenceInterval or None
        Named tuple (low, high, level); None where it was not asked for, or the samples
        are too few.
    p_value : float or None
        Of independence; None where it was not asked for and comes with a cost.
    se : float or None
        Standard error.
    n : int
        Number of samples.
    method : str
        What computed the estimate.
    params : dict
        Its parameters, and numbers that explain the value.
    flags : tuple of str
        Reasons not to trust the estimate, and notes; :meth:`explain` says what they
        mean.
    reliable : bool
        Whether no flag is a reason to distrust. A bias that does not change with the
        number of samples raises no flag: reliable means that nothing was found.
    curves : dict
        Evidence as tables, each a dict of columns (ndarray of one length):
        "subsamples" and "extrapolation" (value against the number of chunks),
        "dimension" (value against the embedding dimension), "training" (bounds by
        epoch).
    units : {"nats", "bits"}
        Of the estimate, the interval, the standard error and the curves.
    reason : str
        Why this estimator was chosen; empty where the user chose it.
    candidates : dict
        Estimates of the others that were considered, by name.

    Examples
    --------
    >>> from skspace.information import MIResult
    >>> result = MIResult(0.41, 0.41, n=5000, method="KSG", se=0.01)
    >>> float(result)
    0.41
    >>> result
    MIResult(0.4100 nats, se 0.0100; KSG on 5000 samples)
    """

    estimate: float
    raw: float
    ci: Any = None
    p_value: float | None = None
    se: float | None = None
    n: int = 0
    method: str = ""
    params: dict = field(default_factory=dict)
    flags: tuple = ()
    reliable: bool = True
    curves: dict = field(default_factory=dict)
    units: str = "nats"
    reason: str = ""
    candidates: dict = field(default_factory=dict)

    def __float__(self):
        return float(self.estimate)

    def __repr__(self):
        warning = ""
        if self.flags:
            state = "" if self.reliable else "UNRELIABLE "
            warning = f"{state}[{', '.join(self.flags)}] "
        parts = [f"{warning}{self.estimate:.4f} {self.units}", *self._parts()]
        return (
            f"{type(self).__name__}({', '.join(parts)}; {self.method} on {self.n} "
            "samples)"
        )

    def _parts(self):
        if self.ci is not None:
            yield (
                f"{100 * self.ci.level:g} % interval {self.ci.low:.4f} to "
                f"{self.ci.high:.4f}"
            )
        elif self.se is not None:
            yield f"se {self.se:.4f}"
        if self.p_value is not None:
            yield f"p {self.p_value:.3g}"

    def explain(self):
        """Say what the flags mean, and why the estimator was chosen.

        Returns
        -------
        lines : list of str
            One for each flag, then the reason and the other candidates.
        """
        meaning = FLAGS | NOTES
        lines = [f"{name}: {meaning.get(name, '')}" for name in self.flags]
        if self.reason:
            lines.append(self.reason)
        lines += [
            f"{name}: {v:.4f} {self.units}" for name, v in self.candidates.items()
        ]
        return lines

    def _repr_html_(self):
        rows = [("flags", "; ".join(self.explain()[: len(self.flags)]) or "none")]
        rows.append(("reliable", "yes" if self.reliable else "NO"))
        rows.append(("estimate", f"{self.estimate:.4f} {self.units}"))
        rows += [("", part) for part in self._parts()]
        rows.append(("method", f"{self.method}, {self.n} samples"))
        if self.reason:
            rows.append(("reason", self.reason))
        rows += [(name, f"{v:.4f}") for name, v in self.candidates.items()]
        body = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for name, text in rows
        )
        return f"<table>{body}</table>"


def is_reliable(flags):
    """Whether no flag is a reason to distrust."""
    return not any(name in FLAGS for name in flags)


def in_units(table, factor):
    """Multiply the columns of a curve that are information."""
    return {
        name: np.asarray(column) * factor if name in INFORMATION else np.asarray(column)
        for name, column in table.items()
    }
