"""Compiled twins and kernels, one file per module they accelerate.

Serial ``@njit(cache=True, nogil=True)`` functions of plain arrays, without
``fastmath``; parallelism belongs to joblib and BLAS above them. A module of twins
has a dict ``cases``: for each twin, ``cases[name](rng, n)`` returns a list of
argument tuples for problems with `n` rows, which ``tests/accelerated`` feeds to the
twin and to its definition. Kernels without a definition are held against oracles
there.
"""
