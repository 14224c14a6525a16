"""Maps of columns, constant columns, ties."""

import numpy as np
import pytest
from scipy.stats import norm

from skspace.exceptions import DegenerateDataWarning
from skspace.information._marginals import (
    MARGINALS,
    drop_constant_columns,
    tied_share,
    transform_marginals,
)


def test_normal_scores_are_quantiles_of_mean_ranks():
    X = np.array([[3.0, 1.0], [1.0, 1.0], [2.0, 5.0]])
    expected = norm.ppf(np.array([[3, 1.5], [1, 1.5], [2, 3]]) / 4)
    np.testing.assert_allclose(transform_marginals(X, "normal_score"), expected)


@pytest.mark.parametrize("marginals", ["normal_score", "rank"])
def test_ranks_ignore_increasing_maps(rng, marginals):
    X = rng.standard_normal((30, 2))
    a, b = (transform_marginals(Z, marginals) for Z in (X, np.exp(X)))
    assert np.array_equal(a, b)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_standard_columns_have_unit_variance_at_any_scale(rng, scale):
    X = transform_marginals(rng.standard_normal((50, 2)) * scale, "standard")
    np.testing.assert_allclose(np.mean(X, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.std(X, axis=0), 1)


@pytest.mark.parametrize("marginals", MARGINALS)
def test_constant_columns_stay_constant_and_finite(marginals):
    X = transform_marginals(np.full((5, 1), 3.0), marginals)
    assert np.all(np.isfinite(X))
    assert np.ptp(X) == 0


def test_constant_columns_are_dropped_by_name(rng):
    X = rng.standard_normal((10, 3))
    X[:, 1] = 7
    with pytest.warns(DegenerateDataWarning, match=r"1 of 3 columns of X .*\(1\)"):
        kept, lost = drop_constant_columns(X, "X")
    assert lost
    assert np.array_equal(kept, X[:, [0, 2]])


def test_tied_share_is_that_of_the_worst_column():
    X = np.array([[1.0, 1], [2, 1], [3, 1], [4, 2]])
    assert tied_share(X) == 0.75
    assert tied_share(X[:, :1]) == 0
