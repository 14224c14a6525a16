"""Compiled twins and kernels, one file per module they accelerate.

Serial ``@njit(cache=True, nogil=True)`` functions of plain arrays, without
``fastmath``; parallelism belongs to joblib and BLAS above them. Every module has
a dict ``cases``: for each twin, ``cases[name](rng, n)`` returns arguments for a
problem with `n` rows, which ``tests/test_accelerated.py`` feeds to the twin and
to its definition.
"""
