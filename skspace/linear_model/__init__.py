"""Linear regression that keeps its digits, names weak directions, and other norms."""

from ._lp_regression import LpRegression

__all__ = ["LpRegression"]
