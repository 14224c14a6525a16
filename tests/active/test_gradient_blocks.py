"""Active subspaces of samples in chunks: the fit of all, whatever comes first."""

import pytest
from active_cases import Analytic
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from skspace.active import ActiveSubspace
from skspace.exceptions import DegenerateDataWarning


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_chunks_merge_to_the_fit_of_all(quadratic, order):
    X, _, G, (H, b) = quadratic
    parts = [slice(0, 20), slice(20, 150), slice(150, 200)]
    whole = ActiveSubspace(2).fit(X, gradients=G)
    chunked = ActiveSubspace(2)
    for i in order:
        chunked.partial_fit(X[parts[i]], gradients=G[parts[i]])
    model = FrozenEstimator(Analytic(H, b))
    streamed = ActiveSubspace(2, estimator=model)
    for i in order:
        streamed.partial_fit(X[parts[i]])
    for found in (chunked, streamed):
        assert_allclose(
            found.gradient_covariance_, whole.gradient_covariance_, rtol=1e-10
        )
        assert_allclose(found.transform(X), whole.transform(X), atol=1e-9)
    assert not hasattr(chunked, "eigenvalue_intervals_")


@pytest.mark.parametrize("first", ["constant rows", "no slopes", "few directions"])
def test_chunks_that_show_nothing_yet_count_in_the_end(quadratic, first):
    X, _, G, _ = quadratic
    X, G = X.copy(), G.copy()
    if first == "constant rows":
        X[:9] = X[0]
    elif first == "no slopes":
        G[:9] = 0
    else:
        G[:9] = 1
    whole = ActiveSubspace(2).fit(X, gradients=G)
    active = ActiveSubspace(2)
    with pytest.warns(DegenerateDataWarning, match="Not fitted yet") as said:
        active.partial_fit(X[:9], gradients=G[:9])
    assert said[0].filename == __file__
    with pytest.raises(NotFittedError):
        active.transform(X)
    active.partial_fit(X[9:], gradients=G[9:])
    assert_allclose(active.gradient_covariance_, whole.gradient_covariance_, rtol=1e-10)
    assert_allclose(active.transform(X), whole.transform(X), atol=1e-9)


def test_partial_fit_drops_intervals_of_the_fit_before(quadratic):
    X, _, G, _ = quadratic
    active = ActiveSubspace(1).fit(X, gradients=G)
    active.partial_fit(X, gradients=G)
    assert not hasattr(active, "bootstrap_")
