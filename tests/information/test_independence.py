"""Tests of independence: peers, exact distributions, levels, invariances."""

import itertools
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from skspace.information import (
    GaussianMutualInfo,
    KSGMutualInfo,
    ReliableMutualInfo,
    independence_test,
)
from skspace.information import _independence as module
from skspace.metrics import distance_correlation
from skspace.metrics._distance_correlation import centred_distances, permuted_sum

DATA = Path(__file__).parents[1] / "data"


SAMPLES = list(runpy.run_path(DATA / "independence_peers.py")["samples"]())
PEERS = json.loads((DATA / "independence_peers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "x", "y"), SAMPLES, ids=list(PEERS))
def test_agrees_with_dcor_and_hyppo(name, x, y):
    ours = independence_test(x, y, n_permutations=999, random_state=1)
    dcor, hyppo = PEERS[name]["dcor"], PEERS[name]["hyppo"]
    assert ours.statistic == pytest.approx(dcor["statistic"], abs=1e-12)
    assert ours.statistic == pytest.approx(hyppo["statistic"], abs=1e-12)
    # hyppo permutes the same statistic; the p-values have the errors of their draws
    p = hyppo["p_value"]
    error = np.sqrt(p * (1 - p) * (1 / 1000 + 1 / 5000))
    assert abs(ours.p_value - p) <= 4.5 * error + 1e-3
    # dcor permutes the one with bias
    assert (ours.p_value < 0.05) == (dcor["p_value"] < 0.05)


@pytest.mark.parametrize("columns", [(1, 1), (2, 1), (2, 3)])
def test_statistic_is_the_distance_correlation(rng, columns):
    X = rng.standard_normal((30, columns[0]))
    Y = X[:, :1] ** 2 + rng.standard_normal((30, columns[1]))
    found = independence_test(X, Y, n_permutations=1, random_state=0)
    expected = distance_correlation(X, Y, bias_corrected=True)
    assert found.statistic == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("columns", [1, 2])
def test_p_value_is_that_of_all_permutations(rng, columns):
    """Five rows have 120 orders: the share of them that reach the statistic."""
    X, Y = rng.standard_normal((2, 5, columns))
    Y = Y + X
    values = [
        distance_correlation(X, Y[list(order)], bias_corrected=True)
        for order in itertools.permutations(range(5))
    ]
    observed = distance_correlation(X, Y, bias_corrected=True)
    exact = np.mean(np.array(values) >= observed - 1e-9)
    found = independence_test(X, Y, n_permutations=1999, random_state=0).p_value
    assert abs(found - exact) < 4.5 * np.sqrt(exact * (1 - exact) / 2000)


@pytest.mark.parametrize("shape", [(25, 1), (25, 3)], ids=["columns", "tables"])
def test_p_values_are_uniform_under_independence(shape):
    rng = np.random.RandomState(5)
    p_values = [
        independence_test(
            rng.standard_normal(shape),
            rng.exponential(size=shape),
            n_permutations=19,
            random_state=rng,
        ).p_value
        for _ in range(200)
    ]
    # spread each of the 20 steps evenly, so that the distribution is continuous
    spread = np.array(p_values) - rng.uniform(0, 1 / 20, size=200)
    assert stats.kstest(spread, "uniform").pvalue > 0.005


def test_p_values_of_information_are_uniform_under_independence():
    rng = np.random.RandomState(0)
    p_values = [
        independence_test(
            rng.standard_normal((40, 2)),
            rng.exponential(size=40),
            method="mutual_information",
            n_permutations=9,
            random_state=rng,
        ).p_value
        for _ in range(200)
    ]
    spread = np.array(p_values) - rng.uniform(0, 1 / 10, size=200)
    assert stats.kstest(spread, "uniform").pvalue > 0.005


@pytest.mark.parametrize("method", ["distance_correlation", "mutual_information"])
def test_dependence_is_found(rng, method):
    angle = rng.uniform(0, 2 * np.pi, size=150)
    x, y = np.cos(angle), np.sin(angle)
    noise = 0.1 * rng.standard_normal((2, 150))
    found = independence_test(
        x + noise[0], y + noise[1], method=method, n_permutations=199, random_state=0
    )
    assert found.p_value < 0.03
    assert found.n == 150
    assert found.n_permutations == 199


@pytest.mark.parametrize("method", ["distance_correlation", "mutual_information"])
@pytest.mark.parametrize("columns", [1, 2])
def test_number_of_jobs_plays_no_part(rng, method, columns):
    X, Y = rng.standard_normal((2, 40, columns))
    results = [
        independence_test(
            X, Y, method=method, n_permutations=30, random_state=3, n_jobs=n_jobs
        )
        for n_jobs in (None, 2)
    ]
    assert results[0].p_value == results[1].p_value
    assert results[0].statistic == results[1].statistic


def test_an_estimator_is_asked_with_its_parameters(rng):
    x, e = rng.standard_normal((2, 100))
    y = 0.4 * x + e
    estimator = GaussianMutualInfo(units="bits", n_permutations=0)
    found = independence_test(x, y, method=estimator, n_permutations=50, random_state=0)
    expected = GaussianMutualInfo(
        units="bits",
        n_permutations=50,
        confidence_level=None,
        random_state=np.random.RandomState(0),
    ).fit(x[:, None], y)
    assert found.statistic == expected.raw_
    assert found.p_value == expected.p_value_
    assert found.method == "Gaussian"
    assert estimator.n_permutations == 0  # left as it was
    assert not hasattr(estimator, "mi_")


def test_ties_count_against_the_data():
    """Of two binary columns few tables are possible: many permutations are equal."""
    x = np.repeat([0.0, 1.0], 10)
    y = np.roll(x, 5)  # exactly no association: every permutation does as well
    assert independence_test(x, y, random_state=0).p_value == 1.0
    X, Y = np.stack([x, 0 * x], axis=1), np.stack([y, 0 * y], axis=1)
    assert independence_test(X, Y, random_state=0).p_value == 1.0


def test_units_and_signs_change_nothing(rng):
    X, Y = rng.standard_normal((2, 30, 2))
    first = independence_test(X, Y, n_permutations=50, random_state=0)
    second = independence_test(
        1e200 * X + 1e200, -1e-200 * Y, n_permutations=50, random_state=0
    )
    assert second.p_value == first.p_value
    assert second.statistic == pytest.approx(first.statistic, abs=1e-9)


def test_constants_depend_on_nothing(rng):
    x = rng.standard_normal(20)
    for y in (np.full(20, 3.0), np.full((20, 2), 3.0), 1e-300 * np.ones(20)):
        for pair in ((x, y), (y, x)):
            found = independence_test(*pair, n_permutations=20)
            assert (found.statistic, found.p_value) == (0.0, 1.0)


def test_distances_are_computed_once(rng, monkeypatch):
    calls = []
    original = module.centred_distances
    monkeypatch.setattr(
        module, "centred_distances", lambda X: calls.append(1) or original(X)
    )
    X, Y = rng.standard_normal((2, 20, 2))
    independence_test(X, Y, n_permutations=50, random_state=0)
    assert len(calls) == 2


def test_permuted_sum_is_that_of_permuted_rows(rng, library):
    X, Y = rng.standard_normal((2, 12, 3))
    order = rng.permutation(12)
    A, B = (centred_distances(library.asarray(Z)) for Z in (X, Y))
    found = float(permuted_sum(A, B, library.asarray(order)))
    C = library.to_numpy(centred_distances(library.asarray(Y[order])))
    assert found == pytest.approx(np.sum(library.to_numpy(A) * C), rel=1e-12)
    assert np.all(np.diagonal(C) == 0)
    assert np.max(np.abs(C.sum(axis=1))) < 1e-12


def test_result_reads_as_a_sentence(rng):
    text = repr(independence_test(*rng.standard_normal((2, 10)), n_permutations=9))
    assert text.startswith("IndependenceTestResult(p ")
    assert "distance_correlation" in text
    assert "on 10 samples, 9 permutations" in text


@pytest.mark.parametrize(
    ("X", "y", "settings", "message"),
    [
        (np.zeros(5), np.zeros(6), {}, "5 and 6 rows"),
        ([1.0, np.nan, 2, 3], [1.0, 2, 3, 4], {}, "NaN"),
        (["a", "b", "c", "d"], [1.0, 2, 3, 4], {}, "real numbers"),
        ([1.0, 2, 3], [1.0, 3, 2], {}, "at least 4 samples, got 3"),
        (np.zeros(5), np.zeros(5), {"method": "pearson"}, "'method'"),
        (np.zeros(5), np.zeros(5), {"n_permutations": 0}, "n_permutations"),
        (np.zeros((2, 2, 2)), np.zeros(2), {}, "shape"),
    ],
)
def test_bad_input_is_named(X, y, settings, message):
    with pytest.raises(ValueError, match=message):
        independence_test(X, y, **settings)


def test_an_estimator_with_wrong_parameters_is_refused(rng):
    X, Y = rng.standard_normal((2, 20, 1))
    with pytest.raises(ValueError, match="'n_neighbors' parameter"):
        independence_test(X, Y, method=KSGMutualInfo(n_neighbors=-3))


@pytest.mark.parametrize(("n", "k"), [(20, 3), (36, 3), (400, 10), (10_000, 50)])
def test_neighbours_of_the_test_are_half_the_root_of_the_rows(n, k):
    assert module.default_estimator(n).n_neighbors == k


def test_the_protocol_may_be_the_statistic(rng):
    X, Y = rng.standard_normal((2, 40, 1))
    method = ReliableMutualInfo(GaussianMutualInfo(), min_chunk_size=8)
    found = independence_test(X, Y, method=method, n_permutations=9, random_state=0)
    assert found.p_value in np.arange(1, 11) / 10


def test_too_many_rows_are_refused_with_the_figure(rng):
    X = rng.standard_normal((12_000, 2))
    with pytest.raises(ValueError, match=r"12000 samples on both sides needs 2\.3 GB"):
        independence_test(X, X)
