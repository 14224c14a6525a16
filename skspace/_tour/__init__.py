"""The tour: every family on data that come along, beside scikit-learn's defaults.

A family joins by one file in ``families/``; see there.
"""

from ._command import main

__all__ = ["main"]
