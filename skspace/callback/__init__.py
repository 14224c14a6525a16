"""Callbacks that watch a fit (scikit-learn 1.9 or newer).

Attach them with ``estimator.set_callbacks(...)``; scikit-learn's own ``ProgressBar``
works beside them.
"""

from ._objective_monitor import ObjectiveMonitor

__all__ = ["ObjectiveMonitor"]
