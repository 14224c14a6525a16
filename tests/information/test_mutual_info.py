"""One call: what "auto" takes and why, and that it is honest about it."""

import math

import numpy as np
import pytest
from scipy.stats import kstest

from skspace.datasets import fetch_mi_task
from skspace.information import GaussianMutualInfo, KSGMutualInfo, mutual_info
from skspace.information._automatic import ESTIMATORS, choose
from skspace.information._marginals import transform_marginals

QUICK = {"confidence_level": None}


@pytest.fixture
def normal(rng):
    x = rng.standard_normal((1000, 2))
    y = x[:, :1] + rng.standard_normal((1000, 1))
    return x, y, math.log(2) / 2


def test_normal_copulas_take_the_copula_whatever_their_marginals(normal):
    x, y, truth = normal
    result = mutual_info(np.exp(x), y**3, random_state=0)
    assert result.method == "copula"
    assert "Gaussian copula" in result.reason
    assert result.ci.low < truth < result.ci.high
    assert result.estimate == result.candidates["copula"]
    assert set(result.candidates) == {"ksg", "canonical", "copula"}


def test_bent_relations_take_neighbours(rng):
    x = rng.standard_normal((1000, 1))
    result = mutual_info(
        x, np.cos(3 * x) + 0.2 * rng.standard_normal((1000, 1)), **QUICK
    )
    assert result.method == "ksg"
    assert "more than a Gaussian copula" in result.reason
    assert result.estimate > result.candidates["copula"] + 0.3


def test_heavy_common_scale_among_many_columns_takes_canonical_pairs(rng):
    """Normal pairs hidden among columns that are not normal together."""
    n, d = 1500, 8
    X, Y = rng.standard_normal((2, n, d))
    Y[:, 0] = 0.9 * X[:, 0] + math.sqrt(1 - 0.9**2) * Y[:, 0]
    X[:, 1:] *= np.sqrt(rng.chisquare(3, size=(n, 1)))
    result = mutual_info(X, Y, **QUICK)
    assert result.method == "canonical"
    assert result.estimate == pytest.approx(-0.5 * math.log(1 - 0.81), abs=0.12)


@pytest.mark.parametrize(("n_tied", "method"), [(10, "copula"), (11, "mixed")])
def test_one_percent_of_repeated_values_is_tolerated(n_tied, method, rng):
    x, y = rng.standard_normal((2, 1000))
    x[:n_tied] = x[0]
    assert mutual_info(x, y, **QUICK).method == method


def test_repeated_values_take_the_estimator_for_mixtures(rng):
    x = rng.randint(3, size=(600, 1))
    result = mutual_info(x, x * 1.0, **QUICK)
    assert result.method == "mixed"
    assert result.flags == ("ties",)
    assert result.reliable
    assert result.estimate == pytest.approx(math.log(3), abs=0.02)


def test_neighbours_that_see_more_refute_a_copula_of_normal_kurtosis(rng):
    """Signs of three columns multiply to one: every pair of columns is independent."""
    z = np.abs(rng.standard_normal((2000, 3)))
    sign = rng.choice([-1, 1], size=(2000, 2))
    z[:, :2] *= sign
    z[:, 2] *= sign[:, 0] * sign[:, 1]  # all pairs normal, the whole is not
    choice = choose(
        *(transform_marginals(a, "normal_score") for a in (z[:, :2], z[:, 2:]))
    )
    assert choice.method == "ksg"
    assert "standard errors more" in choice.reason
    assert choice.value > 0.4


def test_columns_as_many_as_samples_leave_neighbours(rng):
    X, Y = rng.standard_normal((2, 40, 30))
    result = mutual_info(X, Y, **QUICK)
    assert result.method == "ksg"
    assert "too_few_samples" in result.flags
    assert "no room" in result.reason


def test_what_has_not_settled_recommends_a_critic(rng):
    X = rng.standard_normal((500, 3))
    Y = X**2 + 0.05 * rng.standard_normal((500, 3))
    result = mutual_info(X, Y, random_state=0)
    assert not result.reliable
    assert "neural" in result.reason
    assert any("neural" in line for line in result.explain())


def test_a_constant_side_has_no_information(rng):
    with pytest.warns(UserWarning, match="one value only"):
        result = mutual_info(np.ones(50), rng.standard_normal(50))
    assert float(result) == 0
    assert not result.reliable


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"neural"}))
def test_names_are_the_classes(name, normal):
    x, y, _ = normal
    result = mutual_info(x, y, estimator=name, random_state=0)
    direct = ESTIMATORS[name](random_state=0).fit(x, y).result_
    assert (result.raw, result.ci) == (direct.raw, direct.ci)


def test_instances_are_cloned_and_take_parameters(normal):
    x, y, _ = normal
    model = KSGMutualInfo(5, confidence_level=None)
    result = mutual_info(x, y, estimator=model, n_neighbors=4, units="bits")
    direct = KSGMutualInfo(4, confidence_level=None).fit(x, y)
    assert result.estimate == pytest.approx(direct.mi_ / math.log(2))
    assert not hasattr(model, "mi_")
    assert model.n_neighbors == 5


def test_units_reach_the_candidates(normal):
    x, y, _ = normal
    nats, bits = (mutual_info(x, y, units=u, **QUICK) for u in ("nats", "bits"))
    for name, value in nats.candidates.items():
        assert bits.candidates[name] == pytest.approx(value / math.log(2))


def test_lists_and_single_columns_do(normal):
    x, y, _ = normal
    a = mutual_info(x[:, 0].tolist(), y[:, 0].tolist(), **QUICK)
    b = mutual_info(x[:, :1], y, **QUICK)
    assert a.raw == b.raw


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": "mine"}, "'estimator' parameter of mutual_info"),
        ({"units": "bans"}, "'units' parameter of mutual_info"),
        ({"n_bins": 3}, "Invalid parameter 'n_bins'"),
        ({"confidence_level": 95}, "'confidence_level' parameter"),
        ({"n_permutations": -1}, "'n_permutations' parameter"),
        ({"estimator": "ksg", "metric": "cosine"}, "'metric' parameter"),
    ],
)
def test_unknown_names_are_refused(normal, change, message):
    with pytest.raises(ValueError, match=message):
        mutual_info(*normal[:2], **change)


def test_what_only_neighbours_see_refutes_the_copula(rng):
    """Eight teeth of a saw: no moment of order four sees them, of normal scores."""
    u = rng.uniform(size=1000)
    y = (8 * u + 0.05 * rng.standard_normal(1000)) % 1
    found = mutual_info(u, y, **QUICK)
    assert found.method == "ksg"
    assert "standard errors more than a Gaussian copula" in found.reason
    assert found.estimate > 0.5
    assert abs(found.candidates["copula"]) < 0.1


def test_permutation_p_values_of_the_choice_are_uniform(rng):
    p = []
    for seed in range(100):
        X, Y = rng.standard_normal((2, 40, 2))
        found = mutual_info(X, Y, n_permutations=9, random_state=seed, **QUICK)
        p.append(found.p_value - rng.uniform() / 10)  # within its step
    assert kstest(p, "uniform").pvalue > 0.01


def test_jobs_play_no_part(normal):
    x, y, _ = normal
    a, b = (
        mutual_info(x[:200], y[:200], n_permutations=9, n_jobs=n, random_state=0)
        for n in (None, 2)
    )
    assert (a.ci, a.p_value) == (b.ci, b.p_value)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "method", "error"),
    [
        ("multinormal-sparse-25-25-2-2.0", "copula", 0.05),
        ("own-gauss-3-3-mi4", "copula", 0.06),
        ("swissroll_x-normal_cdf-1v1-normal-0.75", "ksg", 0.05),
    ],
)
def test_tasks_of_known_truth(data_folder, name, method, error):
    task = fetch_mi_task(name, 1)
    result = mutual_info(task.data[:5000], task.target[:5000], random_state=0)
    assert result.method == method
    assert result.estimate == pytest.approx(task.mutual_info, abs=error)
    assert result.reliable


@pytest.mark.data
def test_a_large_error_is_flagged(data_folder):
    task = fetch_mi_task("spiral-multinormal-sparse-3-3-2-2.0", 1)
    result = mutual_info(task.data[:5000], task.target[:5000], random_state=0)
    assert result.estimate < 0.8 * task.mutual_info
    assert not result.reliable


def test_gaussian_is_not_chosen_for_its_name_alone(normal):
    x, y, _ = normal
    result = mutual_info(x, y, estimator=GaussianMutualInfo(), **QUICK)
    assert result.reason == ""
    assert result.candidates == {}
