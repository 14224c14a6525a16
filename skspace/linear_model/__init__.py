"""Linear regression that keeps its digits, names weak directions, and other norms."""

from ._conditioning import Conditioning
from ._confounding import Confounding
from ._decoupled_ridge import DecoupledRidge
from ._lp_regression import LpRegression
from ._preconditioned_regression import PreconditionedRegression

__all__ = [
    "Conditioning",
    "Confounding",
    "DecoupledRidge",
    "LpRegression",
    "PreconditionedRegression",
]
