"""Canonical projection: what it sees, when it is taken, what its flags find."""

import numpy as np
import pytest

from skspace.exceptions import TiedValuesWarning
from skspace.information import CanonicalMutualInfo, KSGMutualInfo
from skspace.information._canonical import MARGIN, farther_value, scan_pairs
from skspace.information._canonical_pairs import canonical_pairs, n_significant_pairs
from skspace.information._ksg import ksg, ksg_terms
from skspace.information._marginals import transform_marginals

QUICK = {"confidence_level": None}


def few_among_many(rng, n=1500, d=8, r=0.9):
    X, Y = rng.standard_normal((2, n, d))
    Y[:, 0] = r * X[:, 0] + np.sqrt(1 - r**2) * Y[:, 0]
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return X @ turn, Y, -0.5 * np.log(1 - r**2)


def test_irrelevant_columns_are_projected_away(rng):
    X, Y, truth = few_among_many(rng)
    plain = KSGMutualInfo(**QUICK).fit(X, Y).mi_
    model = CanonicalMutualInfo(**QUICK).fit(X, Y)
    assert plain < truth - 0.3
    assert model.mi_ == pytest.approx(truth, abs=0.08)
    assert model.n_components_ == 1


def test_dependence_without_linear_trace_keeps_all_columns(rng):
    x = rng.standard_normal((1000, 2))
    y = np.abs(x) + 0.05 * rng.standard_normal((1000, 2))
    model = CanonicalMutualInfo(**QUICK).fit(x, y)
    assert model.n_components_ == 0
    assert model.mi_ == KSGMutualInfo(**QUICK).fit(x, y).mi_


def test_projection_of_one_column_is_no_projection(rng):
    """Standardising one column on each side changes no neighbour."""
    x = transform_marginals(rng.standard_normal((300, 1)), "normal_score")
    y = transform_marginals(x + rng.standard_normal((300, 1)), "normal_score")
    scan = scan_pairs(x, y, 3)
    assert scan.numbers == [1]
    np.testing.assert_allclose(scan.values, scan.plain, atol=5e-3)
    assert scan.n_pairs == 0


def test_value_on_pairs_is_that_of_neighbours_on_them(rng):
    X, Y, _ = few_among_many(rng, 300, 4)
    scan = scan_pairs(X, Y, 3, 2)
    assert scan.numbers == [2]
    assert scan.values[0] == pytest.approx(
        ksg(scan.pairs.x[:, :2], scan.pairs.y[:, :2])
    )
    assert scan.plain == pytest.approx(ksg(X, Y))


def test_gain_is_the_paired_statistic(rng):
    X, Y, _ = few_among_many(rng, 400, 6)
    Y[:, 1:3] += X[:, 1:3]
    scan = scan_pairs(X, Y, 3)
    assert scan.gain > MARGIN
    assert scan.value == np.max(scan.values)
    pairs = canonical_pairs(X, Y)
    assert scan.numbers == list(range(1, n_significant_pairs(pairs) + 1)) == [1, 2, 3]
    r = scan.n_pairs
    plain, best = ksg_terms([X, Y], 3), ksg_terms([pairs.x[:, :r], pairs.y[:, :r]], 3)
    error = np.std(best - plain) / np.sqrt(len(X))
    assert scan.gain == pytest.approx(np.mean(best - plain) / error)
    small = scan._replace(gain=MARGIN)
    assert (small.value, small.n_pairs) == (scan.plain, 0)


def test_as_many_pairs_as_asked_for(rng):
    X, Y, _ = few_among_many(rng)
    model = CanonicalMutualInfo(n_components=3, **QUICK).fit(X, Y)
    assert model.result_.curves["dimension"]["dimension"].tolist() == [3]
    most = CanonicalMutualInfo(n_components=99, **QUICK).fit(X, Y)
    assert most.result_.curves["dimension"]["dimension"].tolist() == [8]


def test_without_room_for_correlations_all_columns_are_taken(rng):
    X, Y = rng.standard_normal((2, 20, 12))
    model = CanonicalMutualInfo(**QUICK).fit(X, Y)
    assert "too_few_samples" in model.flags_
    assert model.raw_ == KSGMutualInfo(**QUICK).fit(X, Y).raw_


def test_ties_take_the_estimator_for_mixtures(rng):
    x = rng.randint(3, size=(500, 1)).astype(float)
    y = np.concatenate([x, rng.randint(2, size=(500, 1))], axis=1)
    with pytest.warns(TiedValuesWarning, match="more than once"):
        model = CanonicalMutualInfo(**QUICK).fit(x, y)
    assert "ties" in model.flags_
    assert model.mi_ == pytest.approx(np.log(3), abs=0.03)


def test_many_neighbours_tell_of_bias(rng):
    """Strong dependence in several dimensions is far from settled at 400 rows."""
    X = rng.standard_normal((400, 3))
    strong = CanonicalMutualInfo(random_state=0).fit(
        X, X + 0.1 * rng.standard_normal((400, 3))
    )
    weak = CanonicalMutualInfo(random_state=0).fit(
        X[:, 0:1], X[:, 0] + rng.standard_normal(400)
    )
    assert "neighbor_drift" in strong.flags_
    assert "neighbor_drift" not in weak.flags_


def test_more_neighbours_than_rows_are_no_check(rng):
    X, Y = rng.standard_normal((2, 10, 1))
    assert farther_value(X, Y, scan_pairs(X, Y, 3), 3) == {}


def test_permutations_repeat_the_choice(rng):
    X, Y, _ = few_among_many(rng, 200, 3)
    model = CanonicalMutualInfo(n_permutations=19, random_state=0, **QUICK)
    assert model.fit(X, Y).p_value_ == 0.05
    p = model.fit(X, Y[rng.permutation(200)]).p_value_
    assert p > 0.05
