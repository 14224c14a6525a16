"""Compiled twins of :mod:`skspace.linalg._rbf`: blocks of basis functions.

The exponential is NumPy's, whose vector instructions no loop here beats; what is fused
are the passes over a block that would otherwise be three.
"""

import numpy as np
from numba import njit


def gaussian(Z, U):
    """Exponentials of half squared distances, in the memory of one block."""
    dtype = np.result_type(Z, U)
    rows = np.empty((Z.shape[0], Z.shape[1] + 2), dtype)
    columns = np.empty((U.shape[0], Z.shape[1] + 2), dtype)
    rows[:, :-2], columns[:, :-2] = Z, U
    rows[:, -2], columns[:, -1] = 1, 1
    np.einsum("ij,ij->i", Z, Z, out=rows[:, -1])
    np.einsum("ij,ij->i", U, U, out=columns[:, -2])
    rows[:, -1] *= -0.5
    columns[:, -2] *= -0.5
    Phi = rows @ columns.T
    np.minimum(Phi, 0, out=Phi)
    return np.exp(Phi, out=Phi)


@njit(cache=True, nogil=True)
def weigh(E, Phi, offset, residuals, coef, weights):
    """All factors, and the sums of rows and of columns, in one pass over a block."""
    n_rows, n_columns = Phi.shape
    n_outputs = residuals.shape[1]
    A = np.empty(Phi.shape, Phi.dtype)
    rows = np.zeros(n_rows, Phi.dtype)
    columns = np.zeros(n_columns)
    by_output = np.empty((n_outputs, n_columns))
    for k in range(n_outputs):
        for m in range(n_columns):
            by_output[k, m] = coef[m, k]
    slope = np.empty(n_columns)
    for i in range(n_rows):
        for m in range(n_columns):
            slope[m] = E[i, m] - offset[m]
        for k in range(n_outputs):
            residual = residuals[i, k]
            for m in range(n_columns):
                slope[m] += residual * by_output[k, m]
        weight = weights[i]
        for m in range(n_columns):
            slope[m] *= weight * Phi[i, m]
            columns[m] += slope[m]
            A[i, m] = slope[m]
        total = 0.0
        for m in range(n_columns):
            total += slope[m]
        rows[i] = total
    return A, rows, columns.astype(Phi.dtype)


def _cases_of_gaussian(rng, n):
    for q, n_centers in ((1, 1), (3, 7), (5, 2)):
        yield (
            0.5 * rng.standard_normal((n, q)),
            0.5 * rng.standard_normal((n_centers, q)),
        )


def _cases_of_weigh(rng, n):
    for n_centers, n_outputs in ((1, 1), (7, 2), (16, 0)):
        yield (
            rng.standard_normal((n, n_centers)),
            rng.uniform(size=(n, n_centers)),
            rng.standard_normal(n_centers),
            rng.standard_normal((n, n_outputs)),
            rng.standard_normal((n_centers, n_outputs)),
            rng.uniform(size=n),
        )


cases = {
    "gaussian": lambda rng, n: list(_cases_of_gaussian(rng, n)),
    "weigh": lambda rng, n: list(_cases_of_weigh(rng, n)),
}
