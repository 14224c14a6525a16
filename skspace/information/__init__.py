"""Mutual information: estimates with their error, and what speaks against them."""

from ._result import MIResult

__all__ = ["MIResult"]
