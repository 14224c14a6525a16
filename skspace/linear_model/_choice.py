"""Which preconditioner suits the data, and what it takes to make it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator

from ..linalg._conditioning import (
    Spectrum,
    factor_of_design,
    independent_columns,
    rank_tolerance,
    singular_spectrum,
)
from ..linalg._preconditioners import (
    Diagonal,
    Identity,
    Matrix,
    Triangular,
    block_jacobi,
    nystrom,
    sketch_design,
    sketch_size,
)
from ..linalg._schur_blocks import analyze_schur_blocks, right_preconditioner

__all__ = ["Built", "build_preconditioner", "choose"]

MANY_ENTRIES = 2e7
MANY_COLUMNS = 2000
MUCH_WORK = 2e10


class Built(NamedTuple):
    """A preconditioner and what was learnt on the way."""

    right: Any
    start: Any = None
    """(columns, k) coefficients to start from."""
    R: Any = None
    """Triangular factor of the columns, exact or of a sketch."""
    spectrum: Any = None
    """Of the columns at unit length."""
    rank: Any = None
    null: Any = None
    """(columns, columns - rank) null space, where there is one."""
    length: Any = None
    """(columns,) lengths."""
    condition: Any = None
    """Of the preconditioned columns, where it is known."""


def choose(kind, X, *, alpha, groups):
    """Resolve "auto", and refuse what cannot be.

    Raises
    ------
    ValueError
        Naming what does not fit and what does.
    """
    n, p = X.shape
    if isinstance(X, LinearOperator):
        if np.issubdtype(X.dtype, np.complexfloating):
            raise ValueError(
                f"Complex data not supported: X is a LinearOperator of {X.dtype}."
            )
        if kind not in {"auto", "none"}:
            raise ValueError(
                f"preconditioner={kind!r} needs the entries of X, and a LinearOperator "
                "has only products; use preconditioner='none', or scale its columns "
                "yourself."
            )
        return "none"
    if kind == "auto":
        tall = n >= 20 * p and n >= 4 * sketch_size(p + 1)[0]
        if sp.issparse(X):
            if p > MANY_COLUMNS:
                return "jacobi"
            if n * p * p <= MUCH_WORK:
                return "qr"
            return "sketch" if tall else "jacobi"
        return "sketch" if tall and n * p > MANY_ENTRIES else "qr"
    if kind in {"schur", "block"} and groups is None:
        raise ValueError(
            f"preconditioner={kind!r} needs groups: a label for each column, or a list "
            "of lists of columns."
        )
    if kind == "nystrom" and alpha == 0:
        raise ValueError(
            "preconditioner='nystrom' approximates XᵀX + alpha I and needs alpha > 0, "
            "got alpha=0; set alpha, or use 'qr' or 'sketch' for least squares."
        )
    return kind


def build_preconditioner(kind, design, b, groups, rng, names):
    """Make the preconditioner `kind` for a Design; without scales for "nystrom".

    Parameters
    ----------
    kind : str
    design : Design
    b : (rows, k) array
        Right-hand sides; a sketch gives a solution to start from.
    groups : list of index arrays or None
        Of features; the constant is one more group.
    rng : RandomState
    names : list of str
        For messages.

    Returns
    -------
    Built
    """
    if kind == "none":
        return Built(Identity())
    if kind == "jacobi":
        length = design.column_norms()
        return Built(Diagonal(np.where(length > 0, length, 1.0)))
    if kind == "nystrom":
        return Built(nystrom(design, rng), rank=design.shape[1])
    if groups is not None and design.intercept:
        groups = [*groups, np.array([design.n_columns])]
    if kind == "block":
        return Built(block_jacobi(design, groups))
    if kind == "schur":
        return _schur(design, groups, names)
    return _sketch(design, b, rng)


def _unit(R):
    length = np.sqrt(np.einsum("ij,ij->j", R, R))
    length[length == 0] = 1.0
    return R / length, length


def _schur(design, groups, names):
    R = factor_of_design(design.dense_blocks())
    unit, length = _unit(R)
    blocks, singular = analyze_schur_blocks(unit, groups)
    if singular:
        at_zero = [names[j] for j in np.flatnonzero(~np.any(R, axis=0))]
        zeros = f" (columns {at_zero} are zero)" if at_zero else ""
        raise ValueError(
            "preconditioner='schur' needs columns that do not depend on each other, "
            f"and X is rank deficient{zeros}; set alpha > 0 or use 'qr'."
        )
    L = right_preconditioner(blocks)
    return Built(
        Matrix(L / length[:, None]),
        R=R,
        spectrum=singular_spectrum(unit),
        rank=R.shape[1],
        condition=float(np.linalg.cond(unit @ L)),
    )


def _sketch(design, b, rng):
    """Factor of a sketch; the least-norm one where the sketch is rank deficient."""
    sketch = sketch_design(design, b, rng)
    Q, R = np.linalg.qr(sketch.A)
    unit, length = _unit(R)
    U, s, Vt = np.linalg.svd(unit)
    spectrum = Spectrum(s, Vt)
    rank = int(np.sum(s > rank_tolerance(len(s)) * s[0]))
    z = Q.T @ sketch.b
    if rank == len(s):
        right = Triangular(R)
        return Built(right, right.forward(z), R, spectrum, rank)
    right = Matrix(Vt[:rank].T / s[:rank] / length[:, None])
    start = right.forward(U[:, :rank].T @ z)
    _, _, null = independent_columns(unit, rank)
    null = null / length[:, None]
    return Built(right, start, R, spectrum, rank, null, length)
