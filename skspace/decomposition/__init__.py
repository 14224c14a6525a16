"""Dimension reduction: by what a target depends on, and in the place of PCA."""

__all__ = []
