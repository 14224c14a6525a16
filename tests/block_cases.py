"""What can be fitted to blocks of rows, with data, and what equal fits are."""

from itertools import pairwise

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression

from skspace.active import ActiveSubspace
from skspace.decomposition import (
    DirectionalRegression,
    PrincipalFittedComponents,
    PrincipalHessianDirections,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
    SpikedPCA,
)
from skspace.erasure import SubspaceEraser
from skspace.fairness import FairPCA, FairSDR
from skspace.sampling import LpRowSampler

N, P = 400, 5


def table():
    """Correlated features far from the origin, one of them constant, and the rest."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((N, P)) @ rng.standard_normal((P, P)) + 10
    X[:, 3] = 7
    y = X[:, 0] + (X[:, 1] - 10) ** 2 + 0.1 * rng.standard_normal(N)
    group = np.where(X[:, 2] + rng.standard_normal(N) > 10, "a", "b")
    weights = rng.randint(3, size=N).astype(float)
    weights[:60] = 0  # a block that does not count
    return X, y, group, weights


X, Y, GROUP, WEIGHTS = table()
SLOPES = np.stack([np.cos(X[:, 0]), X[:, 1], np.ones(N), X[:, 3], X[:, 4]], axis=1)
MODEL = FrozenEstimator(LinearRegression().fit(X, np.stack([Y, X[:, 1]], axis=1)))
W, S, C = (
    {"sample_weight": WEIGHTS},
    {"sensitive_features": GROUP},
    {"concept": GROUP},
)

CASES = [
    (SlicedInverseRegression(1), W),
    (SlicedInverseRegression(shrinkage="auto"), {}),
    (SlicedAverageVarianceEstimation(2), W),
    (DirectionalRegression("gap"), {}),
    (PrincipalFittedComponents(2), W),
    (PrincipalFittedComponents(2, basis="slices"), {}),
    (PrincipalHessianDirections(2), W),
    (PrincipalHessianDirections(1, response="y"), {}),
    (SpikedPCA(), {}),
    (SpikedPCA(2, svd_solver="full", shrinkage=None), {}),
    (FairSDR(), {**S, **W}),
    (FairSDR(n_shared="all", shrinkage="auto", order="utility"), S),
    (FairSDR(), {"sensitive_features": X[:, 2]}),
    (FairSDR(sensitive_columns=[4]), {}),
    (FairPCA(), {**S, **W}),
    (FairPCA(constraint="covariance"), {"sensitive_features": X[:, 2]}),
    (SubspaceEraser(), W),
    (SubspaceEraser("orthogonal"), C),
    (SubspaceEraser("oblique", shrinkage="auto"), C),
    (SubspaceEraser("spectral", forget=["a"]), C),
    (ActiveSubspace(n_resamples=0), {"gradients": SLOPES, **W}),
    (ActiveSubspace("gap", estimator=MODEL, n_resamples=0), W),
    (LpRowSampler(random_state=0, eps=0.9), {}),
    (LpRowSampler(3, n_samples=30, fit_intercept=False, random_state=0), {}),
    (LpRowSampler(method="leverage", n_samples=30, random_state=0), {}),
    (
        LpRowSampler(method="root_leverage", n_rounds=2, n_samples=9, random_state=0),
        {},
    ),
    (LpRowSampler(method="uniform", n_samples=30, random_state=0), {}),
]


def irregular():
    """The table in chunks of several sizes, of rows and of columns."""
    import dask.array as da

    return da.from_array(X, chunks=((60, 1, 139, 200), (2, 3)))


def whole(estimator, params, y=Y):
    return clone(estimator).fit(X, y, **params)


def assert_same(found, wanted):
    """Every fitted attribute is equal, to 1e-8 of its largest entry."""
    assert type(found) is type(wanted)
    assert set(vars(found)) == set(vars(wanted))
    for name, value in vars(wanted).items():
        if not name.endswith("_") or name == "estimator_":
            continue
        assert_equal_values(getattr(found, name), value, name)


def assert_equal_values(found, wanted, name):
    assert type(found) is type(wanted), name
    if isinstance(wanted, tuple):
        for one, other in zip(found, wanted, strict=True):
            assert_equal_values(one, other, name)
        return
    wanted = np.asarray(wanted)
    if wanted.dtype.kind == "f":
        scale = np.max(np.abs(wanted), initial=0)
        np.testing.assert_allclose(
            found, wanted, rtol=1e-8, atol=1e-8 * scale, err_msg=name
        )
    else:
        np.testing.assert_array_equal(np.asarray(found), wanted, err_msg=name)


def cut(table, *ends):
    return [table[a:b] for a, b in pairwise([0, *ends, np.shape(table)[0]])]
