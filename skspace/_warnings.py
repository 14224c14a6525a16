"""Warnings with names, so that they can be filtered and tested one by one."""


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
