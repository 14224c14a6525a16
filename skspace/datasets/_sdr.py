"""Regressions whose response depends on a few known directions alone."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .._sklearn import Interval, StrOptions, validate_params

__all__ = ["make_sdr_regression"]


class _Model(NamedTuple):
    """Conditional mean of the response, and the standard deviation of its noise."""

    link: Any
    n_directions: int
    noise: float


_MODELS = {
    "cubic": _Model(lambda u: u + u**3 / 3, 1, 0.5),
    "symmetric": _Model(lambda u: u**2, 1, 0.5),
    "rational": _Model(lambda u, v: u / (0.5 + (v + 1.5) ** 2), 2, 0.25),
    "mixed": _Model(lambda u, v: u + v**2, 2, 0.4),
}
_DIRECTIONS = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, -1, 1, -1]]).T / 2


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_features": [Interval(Integral, 4, None, closed="left")],
        "model": [StrOptions(set(_MODELS))],
        "noise": [Interval(Real, 0, None, closed="left"), None],
        "random_state": ["random_state"],
        "return_basis": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_sdr_regression(
    n_samples=500,
    n_features=10,
    *,
    model="mixed",
    noise=None,
    random_state=None,
    return_basis=False,
):
    """Generate a response of one or two directions, for dimension reduction.

    Features are independent standard normal numbers. With ``u = X @ b1`` and
    ``v = X @ b2``, where ``b1 = (1, 1, 1, 1, 0, ...) / 2`` and
    ``b2 = (0, 0, 0, 0, 1, -1, 1, -1, 0, ...) / 2``, the response is one of

    ============ ==================================== ========== =====================
    model        y                                    directions what it is made for
    ============ ==================================== ========== =====================
    "cubic"      ``u + u**3 / 3 + 0.5 e``             1          monotone: every method
    "symmetric"  ``u**2 + 0.5 e``                     1          means of slices agree
    "rational"   ``u / (0.5 + (v + 1.5)**2) + .25 e`` 2          an interaction
    "mixed"      ``u + v**2 + 0.4 e``                 2          monotone and symmetric
    ============ ==================================== ========== =====================

    with standard normal noise e.

    Parameters
    ----------
    n_samples : int, default=500
        Number of rows.
    n_features : int, default=10
        Number of features, those without influence included; at least 4, or 8 for
        the models with two directions.
    model : {"cubic", "symmetric", "rational", "mixed"}, default="mixed"
        Which of the responses above.
    noise : float, default=None
        Standard deviation of the noise added to the response. None means that of
        the table: 0.5, 0.5, 0.25 and 0.4.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call. With one seed, changing `model`
        leaves X where it is, and changing `noise` scales the same draws.
    return_basis : bool, default=False
        Return the true directions too.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
        The features.
    y : ndarray of shape (n_samples,), float64
        The response.
    basis : ndarray of shape (n_features, 1) or (n_features, 2)
        Orthonormal columns b1, or b1 and b2: the central subspace. Only if
        ``return_basis=True``.

    Raises
    ------
    ValueError
        When the directions of the model do not fit into `n_features`.

    See Also
    --------
    sklearn.datasets.make_regression : A linear response.

    Notes
    -----
    The usual test models of the literature that follows these two papers.

    References
    ----------
    K.-C. Li, "Sliced inverse regression for dimension reduction", Journal of the
    American Statistical Association 86 (1991).
    :doi:`10.1080/01621459.1991.10475035`

    B. Li and S. Wang, "On directional regression for dimension reduction", Journal
    of the American Statistical Association 102 (2007).
    :doi:`10.1198/016214507000000536`

    Examples
    --------
    >>> from skspace.datasets import make_sdr_regression
    >>> X, y, basis = make_sdr_regression(
    ...     100, 8, model="symmetric", noise=0, random_state=0, return_basis=True
    ... )
    >>> X.shape, y.shape, basis.shape
    ((100, 8), (100,), (8, 1))
    >>> bool(abs(y - (X @ basis)[:, 0] ** 2).max() < 1e-12)
    True
    """
    link, n_directions, usual_noise = _MODELS[model]
    reach = 4 * n_directions
    if n_features < reach:
        raise ValueError(
            f"model={model!r} has {n_directions} directions within {reach} features, "
            f"got n_features={n_features}; ask for {reach} or more."
        )
    basis = np.zeros((n_features, n_directions))
    basis[:reach] = _DIRECTIONS[:reach, :n_directions]

    rng = check_random_state(random_state)
    X = rng.standard_normal((n_samples, n_features))
    e = rng.standard_normal(n_samples)
    y = link(*(X @ basis).T) + (usual_noise if noise is None else noise) * e
    return (X, y, basis) if return_basis else (X, y)
