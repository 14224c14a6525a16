"""The quadratic function of which active subspaces are known in closed form."""

import numpy as np
import pytest


@pytest.fixture
def quadratic(rng):
    """f(x) = x'Hx/2 + b'x, whose mean outer product is H M H + b b' + cross terms."""
    p = 4
    H = rng.standard_normal((p, p))
    H, b = H + H.T, rng.standard_normal(p)
    X = rng.standard_normal((200, p)) * [1, 2, 0.5, 1]
    return X, 0.5 * np.sum(X @ H * X, axis=1) + X @ b, X @ H + b, (H, b)
