"""Few weighted rows in place of many, for regression in any ℓp norm."""

from ._draw import draw_rows
from ._lp_row_sampler import LpRowSampler
from ._scores import leverage_scores, lewis_weights, lp_sensitivities

__all__ = [
    "LpRowSampler",
    "draw_rows",
    "leverage_scores",
    "lewis_weights",
    "lp_sensitivities",
]
