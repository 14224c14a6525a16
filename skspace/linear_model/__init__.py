"""Linear regression that keeps its digits, names weak directions, and other norms."""

__all__ = []
