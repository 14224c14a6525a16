"""Scores: how well a clustering or a representation recovers known subspaces."""

from ._clustering import clustering_accuracy, subspace_recovery_error

__all__ = ["clustering_accuracy", "subspace_recovery_error"]
