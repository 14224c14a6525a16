"""Fair decomposition: what of X tells of a target, of an attribute, of both."""

__all__ = []
