"""Concept erasure: tables in which linear models cannot find a concept."""

from ._subspace_eraser import SubspaceEraser

__all__ = ["SubspaceEraser"]
