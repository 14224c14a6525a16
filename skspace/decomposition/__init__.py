"""Dimension reduction: by what a target depends on, and in the place of PCA."""

from ._spiked_pca import SpikedPCA

__all__ = [
    "SpikedPCA",
]
