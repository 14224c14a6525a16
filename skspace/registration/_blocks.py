"""The diagnosis alone: groups of columns of any least-squares problem."""

from __future__ import annotations

from numbers import Real

import numpy as np

from .._array import is_array_api_obj, to_numpy
from .._sklearn import Interval, StrOptions, validate_params
from .._validation import as_table
from ..linalg._schur_blocks import (
    analyze_schur_blocks,
    check_groups,
    factor_of_hessian,
    factor_of_rows,
)
from ._report import AXES, make_report
from ._settings import positive_numbers

__all__ = ["analyze_blocks"]

LARGEST, SMALLEST = 1e140, 1e-140
"""Columns whose squares stay in range."""


@validate_params(
    {
        "H": "no_validation",
        "groups": ["array-like", None],
        "kind": [StrOptions({"auto", "hessian", "jacobian"})],
        "names": ["array-like", None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "sigma": [Interval(Real, 0, None, closed="left"), None],
        "degeneracy_threshold": [Interval(Real, 1, None, closed="left")],
        "kappa_target": [Interval(Real, 1, None, closed="left")],
        "criterion": [StrOptions({"ratio", "std", "both"})],
        "max_std": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def analyze_blocks(
    H,
    groups=None,
    *,
    kind="auto",
    names=None,
    alpha=0.0,
    sigma=None,
    degeneracy_threshold=10.0,
    kappa_target=10.0,
    criterion="ratio",
    max_std=None,
):
    """Find the directions that a least-squares problem leaves open, group by group.

    For each group of columns k the Schur complement ``S_k = J_kᵀ (I - P) J_k`` is the
    evidence on these unknowns that no other group can imitate (P projects on the range
    of all other columns). Its eigenvalues, each against the largest of its own group,
    name the weak directions; units of other groups do not matter.

    Parameters
    ----------
    H : array-like of shape (n_columns, n_columns) or (n_rows, n_columns)
        The Hessian JᵀJ, or the rows J themselves, which keep twice the digits: use them
        where the condition number of J is above 1e6.
    groups : list of lists of int, default=None
        Columns of each group; together every column once. None stands for rotation and
        translation, ``[[0, 1, 2], [3, 4, 5]]``, of six columns.
    kind : {"auto", "hessian", "jacobian"}, default="auto"
        What `H` is. "auto" takes a symmetric square matrix for the Hessian and any
        other for rows.
    names : list of str, default=None
        Names of the columns. None gives roll, pitch, yaw, x, y, z to the default
        groups, else x0, x1 and so on.
    alpha : float, default=0.0
        Analyse H + alpha I. A singular H is analysed without, too.
    sigma : float, default=None
        Standard deviation of the residuals: gives standard deviations of directions.
    degeneracy_threshold : float, default=10.0
        Ratio to the largest eigenvalue of the group above which a direction is weak.
    kappa_target : float, default=10.0
        Ratio to which a preconditioner clamps weak eigenvalues.
    criterion : {"ratio", "std", "both"}, default="ratio"
        "std" calls a direction weak when its marginal standard deviation exceeds
        `max_std` of its group, "both" when both tests do.
    max_std : list of float, default=None
        One for each group; needed, with `sigma`, by "std" and "both".

    Returns
    -------
    report : DegeneracyReport

    Raises
    ------
    ValueError
        For groups that overlap, miss columns or name others; an `H` that is not finite,
        not symmetric where a Hessian is asked for, or indefinite; columns whose squares
        leave the range of doubles.

    See Also
    --------
    PointToPlaneICP : Reports this of every registration.

    Notes
    -----
    Notation of [1]_: S_R and S_t are the complements of two groups, κ the ratio of
    their extreme eigenvalues, and λ̃ = λ_max / kappa_target where weak.

    *Differences from the paper.* Eigenvectors are matched to columns by the best total
    agreement rather than one after another, eigenspaces of equal values are turned to
    the columns, and any number of groups of any size is taken, through a triangular
    factor rather than H. Where a block has no inverse the paper marks every direction
    weak; the definition by projectors needs no inverse, and still tells them apart.

    Cost O(n p²) for rows, and O(p³).

    References
    ----------
    .. [1] X. Hu, Z. Chen, B. Jia, J. Wu, W. Tan, S. L. Waslander, "DCReg: decoupled
       characterization for efficient degenerate LiDAR registration", 2025.
       :doi:`10.48550/arXiv.2509.06285`

    Examples
    --------
    Rows of one plane z = 0 see height, roll and pitch:

    >>> import numpy as np
    >>> from skspace.registration import analyze_blocks
    >>> p = np.random.RandomState(0).uniform(-1, 1, size=(60, 3)) * [1, 1, 0]
    >>> n = np.tile([0.0, 0.0, 1.0], (60, 1))
    >>> analyze_blocks(np.concatenate([np.cross(p, n), n], axis=1)).mask
    '001110'
    """
    H = as_table(to_numpy(H) if is_array_api_obj(H) else H, input_name="H")
    H = np.asarray(H, dtype=np.float64)
    n_columns = H.shape[1]
    symmetric = H.shape[0] == n_columns and np.allclose(
        H, H.T, rtol=0, atol=1e-8 * np.max(np.abs(H))
    )
    if kind == "hessian" and not symmetric:
        raise ValueError(f"A Hessian is square and symmetric, got shape {H.shape}.")
    if groups is None:
        if n_columns != 6:
            raise ValueError(
                f"H has {n_columns} columns; name their groups (only the six of a "
                "rigid motion have some by default)."
            )
        groups, names = [[0, 1, 2], [3, 4, 5]], AXES if names is None else names
    groups = check_groups(groups, n_columns)
    if names is None:
        names = [f"x{j}" for j in range(n_columns)]
    if len(names) != n_columns:
        raise ValueError(f"names has {len(names)} entries for {n_columns} columns.")
    if criterion != "ratio" and (sigma is None or max_std is None):
        raise ValueError(f"criterion={criterion!r} needs sigma and max_std.")
    if max_std is not None and positive_numbers(max_std).shape != (len(groups),):
        raise ValueError(
            f"max_std must hold {len(groups)} positive numbers, one for each group, "
            f"got {max_std!r}."
        )
    as_hessian = kind == "hessian" or (kind == "auto" and symmetric)
    length = np.max(np.abs(H), axis=0)
    if as_hessian:
        length = np.sqrt(np.maximum(np.diag(H), 0))
    if np.any((length > LARGEST) | ((length > 0) & (length < SMALLEST))):
        raise ValueError(
            "Squares of some columns leave the range of doubles: "
            f"their entries go up to {np.max(length):.0e}, or only to "
            f"{np.min(length[length > 0]):.0e}; change their units."
        )
    rules = {
        "degeneracy_threshold": degeneracy_threshold,
        "kappa_target": kappa_target,
        "criterion": criterion,
    }
    blocks, singular = analyze_schur_blocks(
        factor_of_hessian(H) if as_hessian else factor_of_rows(H),
        groups,
        alpha=alpha,
        sigma=sigma,
        max_std=max_std,
        **rules,
    )
    gram = (H if as_hessian else H.T @ H) + alpha * np.eye(n_columns)
    return make_report(
        blocks, singular, gram, names=names, sigma=sigma, rules=rules, max_std=max_std
    )
