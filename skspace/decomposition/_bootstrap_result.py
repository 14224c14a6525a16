"""What resampling says about directions, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._intervals import ConfidenceInterval

SHOWN = 8
"""Coefficients of a direction that are printed, largest first."""


@dataclass(frozen=True, eq=False, repr=False)
class SDRBootstrapResult:
    """How certain directions and their number are: see :func:`sdr_bootstrap`."""

    components: Any
    standard_error: Any
    confidence_interval: ConfidenceInterval
    asymptotic_standard_error: Any
    bootstrap_distribution: Any
    distances: Any
    radius: float
    rank_rule: Any
    rank: int
    rank_frequencies: Any
    ladle: Any
    feature_names: Any

    def __repr__(self):
        n, d, p = self.bootstrap_distribution.shape
        interval = self.confidence_interval
        found = ", ".join(
            f"{k} in {share:.0%}"
            for k, share in enumerate(self.rank_frequencies)
            if share > 0
        )
        lines = [
            f"{type(self).__name__}: {n} resamples, level {interval.level:g}",
            f"number of directions by {self.rank_rule!r}: {self.rank}; resampled: "
            f"{found}",
            f"distance of subspaces: {self.radius:.3f} at most (0 same, 1 orthogonal)",
        ]
        names = ["coef", "se", "low", "high"]
        table = [self.components, self.standard_error, interval.low, interval.high]
        if self.asymptotic_standard_error is not None:
            names.insert(2, "asymptotic")
            table.insert(2, self.asymptotic_standard_error)
        for a in range(d):
            lines.append(f"direction {a:<4}" + "".join(f"{x:>12}" for x in names))
            order = np.argsort(-np.abs(self.components[a]), kind="stable")
            for j in order[:SHOWN]:
                numbers = "".join(f"{x[a, j]:12.3f}" for x in table)
                lines.append(f"{str(self.feature_names[j])[:14]:<14}{numbers}")
            if p > SHOWN:
                lines.append(f"and {p - SHOWN} smaller")
        return "\n".join(lines)
