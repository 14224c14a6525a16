"""Fits and predictions on Dask: tables larger than one machine, in blocks of rows.

Estimators that need moments of the rows alone are fitted to blocks of rows where these
lie, in one or few passes; the result is the ordinary fitted estimator. Needs Dask,
``pip install "skspace[dask]"``.
"""

from ._apply import predict, transform
from ._fit import fit, supports

__all__ = ["fit", "predict", "supports", "transform"]
