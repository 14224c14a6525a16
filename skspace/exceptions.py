"""Warnings with names, to be filtered, or turned into errors, one by one.

A fit that stops short of its tolerance warns with scikit-learn's
:class:`~sklearn.exceptions.ConvergenceWarning`.

Examples
--------
>>> import warnings
>>> from skspace.exceptions import DegenerateDataWarning
>>> warnings.simplefilter("error", DegenerateDataWarning)  # doctest: +SKIP
"""

__all__ = [
    "DegenerateDataWarning",
    "DisconnectedAffinityWarning",
    "FewerCentersWarning",
    "IllConditionedErasureWarning",
    "RankDeficientWarning",
    "SkspaceWarning",
    "TiedValuesWarning",
]


class SkspaceWarning(UserWarning):
    """Base class of the warnings skspace gives."""


class DegenerateDataWarning(SkspaceWarning):
    """Part of the data carries no information for the method (zero rows, …)."""


class DisconnectedAffinityWarning(SkspaceWarning):
    """The affinity graph falls into more components than there are clusters."""


class IllConditionedErasureWarning(SkspaceWarning):
    """What an eraser has to spare is nearly what it has to erase."""


class RankDeficientWarning(SkspaceWarning):
    """Columns depend on each other: the least-squares solution is not unique."""


class FewerCentersWarning(SkspaceWarning):
    """There are fewer different rows than centres asked for."""


class TiedValuesWarning(SkspaceWarning):
    """Values repeat too often for the formulas of continuous variables."""
