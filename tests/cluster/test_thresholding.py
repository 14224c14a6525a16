"""Thresholding: neighbours by angle against plain loops."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace.cluster import ThresholdingSubspaceClustering
from skspace.cluster._thresholding import angle_affinity


def unit(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def neighbours_by_angle(V, q):
    """Slow and obvious: the q smallest angles between lines, one row at a time."""
    A = np.zeros((len(V), len(V)))
    for i, v in enumerate(V):
        angles = {}
        for j, w in enumerate(V):
            if j != i:
                angles[j] = math.acos(min(1.0, abs(sum(v * w))))
        for j in sorted(angles, key=lambda j: (angles[j], j))[:q]:
            A[i, j] = math.exp(-2 * angles[j])
    return A


@pytest.mark.parametrize("q", [1, 3, 14])
def test_weights_and_neighbours(rng, q):
    V = unit(rng.standard_normal((15, 4)))
    found = angle_affinity(V, q).toarray()
    assert_allclose(found, neighbours_by_angle(V, q), atol=1e-7)


def test_opposite_directions_are_the_same_line(rng):
    V = unit(rng.standard_normal((15, 4)))
    signs = rng.choice([-1.0, 1.0], size=(15, 1))
    assert_allclose(
        angle_affinity(V, 3).toarray(), angle_affinity(signs * V, 3).toarray()
    )


def test_parallel_rows_have_weight_one():
    V = unit(np.array([[1.0, 2, 3], [-2, -4, -6], [1, 0, 0]]))
    assert_allclose(angle_affinity(V, 1).toarray()[0], [0, 1, 0], atol=1e-7)


def test_any_library(library, rng):
    V = unit(rng.standard_normal((15, 4)))
    found = angle_affinity(library.asarray(V), 3)
    assert_allclose(found.toarray(), angle_affinity(V, 3).toarray(), atol=1e-12)


@pytest.mark.parametrize(("n", "k", "expected"), [(100, 4, 3), (900, 9, 5)])
def test_automatic_number_of_neighbours(rng, n, k, expected):
    X = rng.standard_normal((n, 6))
    model = ThresholdingSubspaceClustering(k, random_state=0, n_init=1).fit(X)
    assert set(np.diff(model.representation_matrix_.indptr)) == {expected}


def test_angles_do_not_depend_on_lengths(rng):
    V = unit(rng.standard_normal((40, 6)))
    model = ThresholdingSubspaceClustering(3, normalize=False)
    expected = model._represent(V, None, None)
    scales = 10.0 ** np.linspace(-200, 200, 40)[:, None]
    found = model._represent(V * scales, None, None)
    assert_allclose(found.toarray(), expected.toarray(), atol=1e-7)
