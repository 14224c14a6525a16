"""The neural estimator: known values, invariances, stopping, flags, interruption."""

import functools
import math
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from threadpoolctl import threadpool_limits

from skspace.callback import ObjectiveMonitor
from skspace.datasets import (
    fetch_mi_task,
    make_additive_noise,
    make_correlated_gaussian,
)
from skspace.information import GaussianCopulaMutualInfo, NeuralMutualInfo
from skspace.information._bounds import BOUNDS
from skspace.information._critic_judgement import judge, value_of
from skspace.information._critic_training import (
    Reading,
    Settings,
    Training,
    controlled_mean,
    normal_scores,
    settled,
    smooth,
)
from skspace.information._critics import SeparableCritic
from skspace.information._ksg import ksg_terms
from skspace.information._marginals import transform_marginals

QUICK = {"max_iter": 4, "hidden_layer_sizes": (16,), "random_state": 0}


def pair(n=400, rho=0.75, seed=0):
    x, e = np.random.RandomState(seed).standard_normal((2, n))
    return x[:, None], rho * x + math.sqrt(1 - rho**2) * e


def ring(n, seed=0):
    rng = np.random.RandomState(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    x, y = (f(angle) + 0.1 * rng.standard_normal(n) for f in (np.cos, np.sin))
    return x[:, None], y


def ring_information():
    """By integration: the density is an average over the angle."""
    t = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    grid = np.linspace(-1.6, 1.6, 321)
    step = grid[1] - grid[0]
    kernel = [np.exp(-((grid - f(t)[:, None]) ** 2) / 0.02) for f in (np.cos, np.sin)]
    kernel = [k / math.sqrt(2 * math.pi * 0.01) for k in kernel]
    joint = kernel[0].T @ kernel[1] / len(t)
    own = np.outer(*(k.mean(axis=0) for k in kernel))
    return float(np.sum(joint * np.log((joint + 1e-300) / (own + 1e-300))) * step**2)


@functools.cache
def fitted(rho):
    """Model of normal pairs with the defaults; tests leave it as it is."""
    return NeuralMutualInfo(random_state=0).fit(*pair(1000, rho))


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.99])
def test_information_of_normal_pairs(rho):
    model = fitted(rho)
    assert model.mi_ == pytest.approx(-math.log(1 - rho**2) / 2, abs=0.08)
    assert model.reliable_


@pytest.mark.parametrize(
    ("critic", "least"), [("separable", 0.93), ("probabilistic", 0.7)]
)
def test_information_that_no_correlation_shows(critic, least):
    """Noise on the embeddings costs information, which the value then lacks."""
    truth = ring_information()
    X, y = ring(1000)
    assert GaussianCopulaMutualInfo().fit(X, y).mi_ < 0.02
    model = NeuralMutualInfo(critic, random_state=0).fit(X, y)
    assert least * truth < model.mi_ < 1.1 * truth


@pytest.mark.parametrize("bound", ["smile", "nwj"])
def test_other_bounds_agree(bound):
    model = NeuralMutualInfo(bound=bound, random_state=0).fit(*pair(1000, 0.9))
    assert model.mi_ == pytest.approx(-math.log(1 - 0.81) / 2, abs=0.08)


def test_concatenated_critic_agrees():
    model = NeuralMutualInfo("concatenated", hidden_layer_sizes=(16,), max_iter=10)
    model.set_params(batch_size=32, random_state=0).fit(*pair(400))
    assert model.mi_ == pytest.approx(0.413, abs=0.1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_independence_has_no_information(seed):
    rng = np.random.RandomState(seed)
    X, Y = rng.standard_normal((2, 1000, 3))
    model = NeuralMutualInfo(random_state=0).fit(X, Y)
    assert model.mi_ < 0.05
    assert "no_signal" in model.flags_
    assert not model.reliable_


def test_many_columns_of_few_variables_and_noise():
    X, Y, truth = make_correlated_gaussian(
        1500, 20, 20, mutual_info=1.5, n_pairs=2, random_state=0
    )
    model = NeuralMutualInfo(random_state=0).fit(X, Y)
    assert model.mi_ == pytest.approx(truth, abs=0.12)


def test_increasing_maps_of_columns_change_nothing():
    X, y = pair()
    a = NeuralMutualInfo(**QUICK).fit(X, y)
    b = NeuralMutualInfo(**QUICK).fit(np.exp(X) + 5, y**3)
    assert a.raw_ == b.raw_
    assert a.score(X, y) == b.score(np.exp(X) + 5, y**3)


def test_one_seed_gives_one_value():
    X, y = pair()
    a, b = (NeuralMutualInfo(**QUICK).fit(X, y).raw_ for _ in range(2))
    assert a == b
    assert NeuralMutualInfo(**QUICK | {"random_state": 1}).fit(X, y).raw_ != a


def test_threads_change_nothing():
    X, y = ring(300)
    found = []
    for n in (1, 2):
        with threadpool_limits(n):
            model = NeuralMutualInfo(**QUICK, n_jobs=n, n_permutations=3)
            found.append(model.set_params(hidden_layer_sizes=(64,)).fit(X, y))
    assert found[0].raw_ == found[1].raw_
    assert found[0].p_value_ == found[1].p_value_ == 0.25
    assert "no_signal" in found[0].flags_  # three permutations prove nothing


def test_value_is_the_bound_on_training_rows_at_the_best_epoch():
    X, y = pair(500)
    training = Training(X, y[:, None], settings(), np.random.RandomState(0))
    for _, _ in zip(training.epochs(), range(6), strict=False):
        pass
    reading = training.read()
    smoothed = smooth(training.curve)
    assert reading.best == int(np.argmax(smoothed))
    assert_array_equal(reading.curves["smoothed"], smoothed)
    rows = np.concatenate([training.train, training.test])
    values = reading.fitted.values(BOUNDS["infonce"], X[rows], y[rows, None])
    n_train = len(training.train)
    assert reading.value == pytest.approx(np.mean(values[:n_train]), abs=1e-6)
    assert reading.n_scored == 500
    assert set(rows) == set(range(500))
    assert len(training.test) == 64


def settings(**changed):
    critic = SeparableCritic(1, 1, (8,), 2)
    return Settings(critic, BOUNDS["infonce"], 64, 1e-3, 6, 20, 0.1)._replace(**changed)


@pytest.mark.parametrize(("n", "n_test"), [(64, 21), (300, 64), (3000, 300)])
def test_held_out_rows(n, n_test):
    X, y = pair(n)
    training = Training(X, y[:, None], settings(), np.random.RandomState(0))
    assert len(training.test) == n_test


def test_steps_decide_passes_where_none_are_given():
    X, y = pair(1000)
    rng = np.random.RandomState(0)
    n_steps = Training(X, y[:, None], settings(max_iter=None), rng).max_iter * 14
    assert 950 < n_steps < 1050  # 900 rows are 14 batches of 64


def test_pairs_of_the_ratio_are_chosen_on_held_out_rows(rng):
    """Powers of one variable correlate each on its own, and are one pair."""
    x, e = rng.standard_normal((2, 2000))
    z = 0.9 * x + math.sqrt(0.19) * e
    X, Y = (np.stack([w, w + 0.3 * (w**2 - 1), w + 0.1 * w**3], axis=1) for w in (x, z))
    training = Training(
        X, Y, settings(critic=SeparableCritic(3, 3, (8,), 2)), np.random.RandomState(0)
    )
    assert len(training.ratio.correlations) == 1


def test_dimensions_are_shared_by_pairs_and_networks():
    """Three equal pairs need three dimensions, whoever has them."""
    X, Y, truth = make_correlated_gaussian(600, 3, 3, mutual_info=1.5, random_state=0)
    values = {}
    for k in (1, 4, 16):
        model = NeuralMutualInfo(embedding_dim=k, max_iter=30, random_state=0).fit(X, Y)
        values[k] = model.mi_
        r = model.result_.params["n_canonical_pairs"]
        assert r == min(3, k // 2)
        assert model.critic_.critic.dim == k - r
    assert values[1] < 0.7 * truth
    assert values[4] > 0.85 * truth
    assert values[16] == pytest.approx(truth, abs=0.15)


def test_curve_settles_when_it_stops_rising():
    rising = list(np.linspace(0, 1, 30))
    assert not settled(rising, 20)
    assert settled(rising + [0.9] * 30, 20)
    assert settled([1 + 1e-5 * t for t in range(40)], 20)  # below a thousandth
    assert not settled([0.0] * 10, 20)


def test_smoothing_ignores_a_single_high_value():
    curve = np.concatenate([np.linspace(0, 1, 20), np.linspace(1, 0, 20)])
    curve[35] = 5.0
    assert abs(np.argmax(smooth(curve)) - 19.5) < 3


def test_control_variate_takes_off_what_it_shares(rng):
    control = rng.standard_normal(1000)
    part = np.arange(1000) < 100
    mean, error = controlled_mean(3 + 2 * control, control, part)
    assert mean == pytest.approx(3 + 2 * np.mean(control))
    assert error == pytest.approx(0, abs=1e-12)
    noise = rng.standard_normal(1000)
    mean, error = controlled_mean(noise, np.zeros(1000), part)
    assert mean == pytest.approx(np.mean(noise[part]))
    assert error == pytest.approx(np.std(noise[part]) / math.sqrt(99))


def test_normal_scores_of_training_rows_are_those_of_all(rng):
    X = np.stack([rng.standard_normal(50), rng.randint(0, 4, 50)], axis=1)
    scores = normal_scores(X)
    assert_allclose(scores(X), transform_marginals(X, "normal_score"), atol=1e-14)
    beyond = scores(np.array([[-1e9, -1.0], [1e9, 9.0]]))
    assert np.all(np.isfinite(beyond))
    assert np.all(beyond[0] < scores(X).min(axis=0))
    assert np.all(beyond[1] > scores(X).max(axis=0))


# -- flags ----------------------------------------------------------------------------


def reading(**changed):
    curve = np.linspace(0.1, 0.4, 31)
    found = Reading(
        fitted=None, values=None, value=0.4, train=0.4, test=0.38, test_error=0.01,
        sampling_error=0.01, other=0.4, n_scored=5000, best=20,
        curves={"smoothed": np.where(np.arange(31) == 20, 0.5, curve)},
    )  # fmt: skip
    return found._replace(**changed)


FITTED = SimpleNamespace(ratio=SimpleNamespace(correlations=()))


def flags(excess=(0.0, 0.0), unexplained=(0.0, 0.0), bound="infonce", **changed):
    found = reading(fitted=FITTED, **changed)
    return judge(found, bound, 40, excess, unexplained).flags


def test_a_good_reading_has_no_flag():
    assert flags() == ()


@pytest.mark.parametrize(
    ("flag", "changed"),
    [
        ("no_signal", {"test": 0.01}),
        ("no_signal", {"curves": {"smoothed": np.full(31, -0.1)}}),
        ("train_test_gap", {"test": 0.15}),
        ("ceiling", {"value": 0.9 * math.log(5000), "other": 7.7}),
        ("estimator_disagreement", {"other": 0.3}),
        ("estimator_disagreement", {"excess": (0.05, 0.01)}),
        ("estimator_disagreement", {"unexplained": (0.05, 0.01)}),
        ("early_peak", {"best": 1}),
    ],
)
def test_each_flag_is_raised_by_its_cause(flag, changed):
    assert flag in flags(**changed)


@pytest.mark.parametrize("excess", [(0.03, 0.001), (0.1, 0.04), (-0.2, 0.001)])
@pytest.mark.parametrize("kind", ["excess", "unexplained"])
def test_neighbours_refute_by_a_tenth_and_some_errors_more(kind, excess):
    assert flags(**{kind: excess}) == ()


def test_bends_in_many_columns_that_were_not_learnt_are_flagged():
    """Neighbours are as blind there, but see that the critic is more so."""
    X, Y, truth = make_correlated_gaussian(
        1000, 5, 5, n_pairs=2, mutual_info=1.2, transform="spiral", random_state=100
    )
    model = NeuralMutualInfo(random_state=0).fit(X, Y)
    assert model.ci_.high < truth
    assert model.flags_ == ("estimator_disagreement",)
    assert model.result_.params["unexplained"] > 0.1


def test_of_repeated_values_neighbours_say_nothing():
    X, y = pair()
    model = NeuralMutualInfo(**QUICK).fit(np.round(X), y)
    assert model.result_.params["neighbor_excess"] == 0
    assert model.result_.params["unexplained"] == 0


def test_a_density_with_edges_is_flagged():
    X, y, truth = make_additive_noise(800, noise=0.2, random_state=0)
    model = NeuralMutualInfo(random_state=0, max_iter=30).fit(X, y)
    assert model.ci_.high < truth
    assert model.flags_ == ("estimator_disagreement",)


def test_excess_of_neighbours_is_a_mean_over_training_rows(rng):
    X, y = pair(300)
    training = Training(X, y[:, None], settings(), rng)
    rows = training.train[:200]
    values = rng.standard_normal(200)
    x, z = (transform_marginals(Z, "normal_score")[rows] for Z in (X, y[:, None]))
    more = ksg_terms([x, z]) - values
    found = training.neighbor_excess(values)
    assert found == pytest.approx((np.mean(more), np.std(more) / math.sqrt(200)))
    tied = Training(np.round(X), y[:, None], settings(), rng)
    assert tied.neighbor_excess(values) == (0.0, 0.0)


def test_bounds_without_a_ceiling_do_not_meet_it():
    assert "ceiling" not in flags(value=8.0, other=8.0, bound="nwj")


def test_a_curve_below_zero_means_zero():
    assert value_of(reading(curves={"smoothed": np.full(31, -0.1)})) == 0
    assert value_of(reading()) == 0.4


def test_dependence_beyond_the_ceiling_is_flagged():
    X, y = pair(200, 1 - 1e-8)
    model = NeuralMutualInfo(**QUICK).fit(X, y)
    assert "ceiling" in model.flags_
    assert not model.reliable_


@pytest.mark.parametrize(("n", "d"), [(63, 1), (20, 2), (20, 15)])
def test_few_samples_get_the_value_of_the_gaussian_copula(rng, n, d):
    X, Y = rng.standard_normal((2, n, d))
    Y += X
    model = NeuralMutualInfo(random_state=0).fit(X, Y)
    shrinkage = None if n > 2 * d + 1 else "auto"
    copula = GaussianCopulaMutualInfo(shrinkage=shrinkage).fit(X, Y)
    assert model.raw_ == pytest.approx(copula.raw_, rel=1e-12)
    assert "too_few_samples" in model.flags_
    assert not model.reliable_
    assert np.isfinite(model.score(X, Y))
    assert model.n_iter_ == 0
    assert model.training_curves_ == {}


# -- scikit-learn ---------------------------------------------------------------------


def test_score_of_new_rows_is_near_the_truth():
    model = fitted(0.9)
    X, y = pair(2000, 0.9, seed=1)
    assert model.score(X, y) == pytest.approx(-math.log(1 - 0.81) / 2, abs=0.06)
    # rows that do not belong together have less than nothing
    assert model.score(X, y[::-1]) < 0


def test_score_leaves_out_columns_that_did_not_vary():
    X, y = pair()
    wide = np.column_stack([np.full(400, 7.0), X])
    with pytest.warns(UserWarning, match="one value only"):
        model = NeuralMutualInfo(**QUICK).fit(wide, y)
    plain = NeuralMutualInfo(**QUICK).fit(X, y)
    wide[:, 0] = np.arange(400)
    assert model.score(wide, y) == plain.score(X, y)


@pytest.mark.filterwarnings("ignore:.*one value only")
def test_nothing_varies():
    X, y = pair()
    model = NeuralMutualInfo(**QUICK).fit(X, np.ones(400))
    assert model.mi_ == 0
    assert model.score(X, y) == 0


def test_score_refuses_other_columns_and_single_rows():
    X, y = pair()
    model = NeuralMutualInfo(**QUICK).fit(X, y)
    with pytest.raises(ValueError, match="y has 2 columns"):
        model.score(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match="features"):
        model.score(np.hstack([X, X]), y)
    with pytest.raises(ValueError, match="two rows or more"):
        model.score(X[:1], y[:1])
    with pytest.raises(NotFittedError):
        clone(model).score(X, y)


def test_bits():
    X, y = pair()
    nats = NeuralMutualInfo(**QUICK).fit(X, y)
    bits = NeuralMutualInfo(**QUICK, units="bits").fit(X, y)
    assert bits.mi_ == pytest.approx(nats.mi_ / math.log(2))
    assert bits.score(X, y) == pytest.approx(nats.score(X, y) / math.log(2))
    ratio = bits.training_curves_["test"] / nats.training_curves_["test"]
    assert ratio == pytest.approx(1 / math.log(2))


def test_pickle_scores_the_same():
    X, y = pair()
    model = NeuralMutualInfo(**QUICK).fit(X, y)
    assert pickle.loads(pickle.dumps(model)).score(X, y) == model.score(X, y)


@pytest.mark.parametrize("sizes", [(0,), (3.5,), [[3]], [[3], [3, 4]], ["a"]])
def test_hidden_layers_are_positive_integers(sizes):
    with pytest.raises(ValueError, match="positive integers, one a layer"):
        NeuralMutualInfo(hidden_layer_sizes=sizes).fit(*pair())


def test_concatenated_critic_needs_a_hidden_layer():
    with pytest.raises(ValueError, match="needs a hidden layer"):
        NeuralMutualInfo("concatenated", hidden_layer_sizes=()).fit(*pair())


def test_progress_is_reported(capsys):
    X, y = pair()
    monitor = ObjectiveMonitor()
    model = NeuralMutualInfo(**QUICK, verbose=1).set_callbacks(monitor).fit(X, y)
    assert len(monitor.get_logs()) == model.n_iter_ == 4
    assert capsys.readouterr().out.count("iteration") == 4
    assert_array_equal(model.training_curves_["step"], np.arange(5))
    assert model.kept_step_ == model.result_.params["best_epoch"]
    recorded = [row["objective"] for row in monitor.get_logs()]
    assert_allclose(recorded, model.training_curves_["test"][1:])


def test_interruption_leaves_an_estimator_that_can_be_fitted(monkeypatch):
    X, y = pair()
    model = NeuralMutualInfo(**QUICK)

    def interrupted(self, *_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SeparableCritic, "backward", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
    assert not hasattr(model, "mi_")
    assert not hasattr(model, "critic_")
    first = model.fit(X, y).raw_
    with monkeypatch.context() as patch:
        patch.setattr(SeparableCritic, "backward", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, -y)
    assert model.raw_ == first
    assert np.isfinite(model.score(X, y))


def test_standard_error_sums_those_of_rows_gap_and_held_out_bound():
    found = reading(
        fitted=FITTED, train=0.4, test=0.34, sampling_error=0.02, test_error=0.06
    )
    assert judge(found, "infonce", 40).se == pytest.approx(0.07)


def test_interval_knows_the_gap_of_training_and_held_out_rows():
    X, y = ring(600)
    model = NeuralMutualInfo(**QUICK).fit(X, y)
    params = model.result_.params
    gap = params["train_value"] - params["test_value"]
    assert model.se_ > abs(gap) / 2
    assert model.ci_.low < params["test_value"]
    assert model.ci_.high - model.mi_ == pytest.approx(1.96 * model.se_, rel=1e-3)
    without = NeuralMutualInfo(**QUICK, confidence_level=None).fit(X, y)
    assert without.ci_ is None
    assert without.raw_ == model.raw_


@pytest.mark.data
def test_hundred_columns_that_are_four_variables(data_folder):
    task = fetch_mi_task("own-teacher-k4-K100-mi2", 1)
    model = NeuralMutualInfo(random_state=0).fit(task.data, task.target)
    assert model.mi_ == pytest.approx(2, abs=0.2)
