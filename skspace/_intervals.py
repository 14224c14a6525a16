"""Confidence intervals as all results give them."""

from __future__ import annotations

from typing import Any, NamedTuple


class ConfidenceInterval(NamedTuple):
    """Ends of an interval and the probability with which it should cover the truth.

    Attributes
    ----------
    low, high : float or array
        Of arrays each entry has its own interval.
    level : float
        That probability, in (0, 1).
    """

    low: Any
    high: Any
    level: float
