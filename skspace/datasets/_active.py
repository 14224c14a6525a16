"""Smooth responses that change along a few known directions only."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from .._sklearn import Interval, StrOptions, validate_params

__all__ = ["make_active_subspace"]

_MODELS = {
    "ridge": (lambda z: np.sin(2 * z[0]), 1),
    "bowl": (lambda z: z[0] ** 2 + 0.5 * z[1] ** 2, 2),
    "interaction": (lambda z: z[0] * z[1] + z[2], 3),
}


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "model": [StrOptions(set(_MODELS))],
        "noise": [Interval(Real, 0, None, closed="left")],
        "aligned": ["boolean"],
        "random_state": ["random_state"],
        "return_basis": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_active_subspace(
    n_samples=500,
    n_features=10,
    *,
    model="ridge",
    noise=0.05,
    aligned=False,
    random_state=None,
    return_basis=False,
):
    """Generate a smooth response that changes along a few known directions only.

    Features are independent standard normal numbers. With ``z = X @ basis`` the
    response is one of

    ============= ============================ ==========
    model         y                            directions
    ============= ============================ ==========
    "ridge"       ``sin(2 z1) + noise e``      1
    "bowl"        ``z1² + z2² / 2 + noise e``  2
    "interaction" ``z1 z2 + z3 + noise e``     3
    ============= ============================ ==========

    with standard normal e.

    Parameters
    ----------
    n_samples : int, default=500
        Number of rows.
    n_features : int, default=10
        Number of features, at least the number of directions.
    model : {"ridge", "bowl", "interaction"}, default="ridge"
        Which of the responses above.
    noise : float, default=0.05
        Standard deviation of the noise.
    aligned : bool, default=False
        Whether directions are the first features, the others being irrelevant, or drawn
        at random.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call. With one seed, changing `noise`
        scales the same draws.
    return_basis : bool, default=False
        Return the true directions too.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
        The features.
    y : ndarray of shape (n_samples,), float64
        The response.
    basis : ndarray of shape (n_features, n_directions)
        Orthonormal columns. Only if ``return_basis=True``.

    Raises
    ------
    ValueError
        When there are fewer features than directions.

    See Also
    --------
    make_sdr_regression : Responses for sufficient dimension reduction.

    Examples
    --------
    >>> from skspace.datasets import make_active_subspace
    >>> X, y, basis = make_active_subspace(
    ...     100, 8, model="bowl", noise=0, random_state=0, return_basis=True
    ... )
    >>> X.shape, y.shape, basis.shape
    ((100, 8), (100,), (8, 2))
    """
    function, n_directions = _MODELS[model]
    if n_features < n_directions:
        raise ValueError(
            f"model={model!r} has {n_directions} directions, got n_features="
            f"{n_features}; ask for {n_directions} or more."
        )
    rng = check_random_state(random_state)
    X = rng.standard_normal((n_samples, n_features))
    e = rng.standard_normal(n_samples)
    basis = np.eye(n_features, n_directions)
    if not aligned:
        basis, R = np.linalg.qr(rng.standard_normal((n_features, n_directions)))
        basis = basis * np.where(np.diagonal(R) < 0, -1.0, 1.0)
    y = function((X @ basis).T) + noise * e
    return (X, y, basis) if return_basis else (X, y)
