"""Coding rates of public use: closed forms and invariances."""

import numpy as np
import pytest

from skspace.datasets import make_union_of_subspaces
from skspace.metrics import coding_length, coding_rate, rate_reduction


def test_a_line_has_the_rate_of_one_variance(library):
    Z = library.asarray(np.tile([[0.6, 0.8]], (7, 1)))
    assert coding_rate(Z, 0.5) == pytest.approx(np.log1p(2 / 0.5) / 2)


def test_samples_and_directions_may_be_in_any_order(rng):
    Z, labels = rng.standard_normal((20, 6)), rng.randint(0, 3, 20)
    order = rng.permutation(20)
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    for f in (rate_reduction, coding_length):
        assert f(Z[order] @ turn, labels[order]) == pytest.approx(f(Z, labels))
        assert f(Z, 7 - 2 * labels) == pytest.approx(f(Z, labels))
    assert coding_rate(Z[order] @ turn) == pytest.approx(coding_rate(Z))


def test_labels_are_their_indicator_columns(library, rng):
    Z, labels = rng.standard_normal((20, 6)), rng.randint(0, 3, 20)
    by_labels = rate_reduction(library.asarray(Z), library.asarray(labels))
    columns = np.eye(3)[labels]
    assert rate_reduction(
        library.asarray(Z), library.asarray(columns)
    ) == pytest.approx(by_labels)
    for mixed in ((library.asarray(Z), columns), (Z, library.asarray(columns))):
        assert rate_reduction(*mixed) == pytest.approx(by_labels)
    assert rate_reduction(Z, np.c_[columns, np.zeros(20)]) == pytest.approx(by_labels)
    tiny = rate_reduction(Z, 1e-310 * columns)  # parts that weigh nothing cost nothing
    assert tiny == pytest.approx(coding_rate(Z))


def test_one_cluster_saves_nothing_and_none_is_negative(rng):
    for _ in range(20):
        Z, labels = rng.standard_normal((15, 4)), rng.randint(0, 4, 15)
        assert rate_reduction(Z, np.zeros(15)) == pytest.approx(0, abs=1e-12)
        assert rate_reduction(Z, labels) > 0


def test_the_length_is_that_of_the_definition(rng):
    Z, labels = rng.standard_normal((15, 4)), rng.randint(0, 3, 15)
    length = 0.0
    for k in range(3):
        members = Z[labels == k]
        m = len(members)
        M = np.eye(4) + 4 / (m * 0.2) * members.T @ members
        length += (m + 4) / 2 * np.linalg.slogdet(M)[1] - m * np.log(m / 15)
    assert coding_length(Z, labels, 0.2) == pytest.approx(length)


def test_the_truth_has_the_shortest_length():
    X, y = make_union_of_subspaces(
        300, n_subspaces=3, n_features=12, subspace_dim=2, noise=0.02, random_state=0
    )
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    merged, split = np.minimum(y, 1), np.where(y == 2, 2 + np.arange(300) % 2, y)
    lengths = [coding_length(X, labels) for labels in (merged, y, split)]
    assert np.argmin(lengths) == 1
    assert rate_reduction(X, y) > rate_reduction(X, np.roll(y, 1))


def test_a_line_has_its_rate_where_the_identity_is_rounding(library):
    """Of one variance v, with d features: log(1 + d v / eps2) / 2 for any eps2."""
    Z = library.asarray(np.outer(np.linspace(1, 2, 6), [0.6, 0.8, 0.0]))
    v = np.mean(np.linspace(1, 2, 6) ** 2)
    for eps2 in (1e-3, 1e-18, 1e-25):
        assert coding_rate(Z, eps2) == pytest.approx(np.log1p(3 * v / eps2) / 2)


def test_float32_is_summed_in_float64(rng):
    Z = rng.standard_normal((30, 5)).astype(np.float32)
    labels = np.arange(30) % 2
    for f in (coding_rate, lambda z: rate_reduction(z, labels)):
        assert f(Z) == f(Z.astype(np.float64))


@pytest.mark.parametrize("f", [rate_reduction, coding_length])
def test_what_is_refused(f):
    Z = np.eye(3)
    with pytest.raises(ValueError, match="each of the 3 samples, got 2"):
        f(Z, [0, 1])
    with pytest.raises(ValueError, match="contains NaN"):
        f(Z, [0, 1, np.nan])
    with pytest.raises(ValueError, match="to one type"):
        f(Z, np.array([0, "a", None], dtype=object))
    for huge in (1e200 * Z, 1e300 * Z):
        with pytest.raises(ValueError, match="bring rows to unit length"):
            f(huge, [0, 1, 2])
    with pytest.raises(ValueError, match="take a larger eps2"):
        f(Z, [0, 1, 2], 1e-310)
    with pytest.raises(ValueError, match="eps2 must be a positive number, got None"):
        f(Z, [0, 1, 2], None)
    with pytest.raises(ValueError, match="Z must be a table"):
        f(Z[0], [0, 1, 2])
    with pytest.raises(ValueError, match="NaN or infinity"):
        f(Z * np.nan, [0, 1, 2])
    with pytest.raises(ValueError, match="eps2 must be a positive number, got 0"):
        f(Z, [0, 1, 2], 0)
    with pytest.raises(ValueError, match="negative weights"):
        rate_reduction(Z, -Z)
    with pytest.raises(ValueError, match="sum overflows"):
        rate_reduction(Z, 1e308 * np.ones((3, 3)))
    with pytest.raises(ValueError, match="one row of weights"):
        rate_reduction(Z, np.ones((2, 2)))
