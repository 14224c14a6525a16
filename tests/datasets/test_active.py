"""Responses with known active subspaces."""

import numpy as np
import pytest

from skspace.datasets import make_active_subspace

DIRECTIONS = {"ridge": 1, "bowl": 2, "interaction": 3}


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("model", DIRECTIONS)
def test_response_changes_along_the_basis_only(model, aligned):
    X, y, basis = make_active_subspace(
        50, 6, model=model, noise=0, aligned=aligned, random_state=0, return_basis=True
    )
    np.testing.assert_allclose(basis.T @ basis, np.eye(DIRECTIONS[model]), atol=1e-12)
    z = (X @ basis).T
    expected = {
        "ridge": lambda: np.sin(2 * z[0]),
        "bowl": lambda: z[0] ** 2 + z[1] ** 2 / 2,
        "interaction": lambda: z[0] * z[1] + z[2],
    }[model]()
    np.testing.assert_allclose(y, expected)
    if aligned:
        np.testing.assert_array_equal(basis, np.eye(6)[:, : DIRECTIONS[model]])


def test_noise_scales_the_same_draws():
    X, y = make_active_subspace(30, noise=0, random_state=1)
    X2, y2 = make_active_subspace(30, noise=2, random_state=1)
    _, y1 = make_active_subspace(30, noise=1, random_state=1)
    np.testing.assert_array_equal(X, X2)
    np.testing.assert_allclose(y2 - y, 2 * (y1 - y))


def test_too_few_features_are_named():
    with pytest.raises(ValueError, match="ask for 3"):
        make_active_subspace(10, 2, model="interaction")
