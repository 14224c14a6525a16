"""The 1/n protocol: biases it removes, cases it must flag, scans, second opinions."""

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.linear_model import LinearRegression

from skspace.information import (
    GaussianCopulaMutualInfo,
    GaussianMutualInfo,
    ReliableMutualInfo,
)
from skspace.information._dimension_scan import dimension_grid, summarise_scan


def reliable(function, X, Y, **params):
    model = ReliableMutualInfo(
        function, **{"n_permutations": 0, "random_state": 0, **params}
    )
    return model.fit(X, Y)


@pytest.fixture
def sample(rng):
    X = rng.standard_normal((4000, 1))
    return X, 0.75 * X + np.sqrt(1 - 0.75**2) * rng.standard_normal((4000, 1))


def plug_in_with_bias(X, Y):
    """Information of normal variables, with a bias of 400 / n on purpose."""
    r = np.corrcoef(X[:, 0], Y[:, 0])[0, 1]
    return -0.5 * np.log(1 - r**2) + 400 / len(X)


def test_bias_of_order_one_over_n_is_removed(sample):
    model = reliable(plug_in_with_bias, *sample)
    truth = plug_in_with_bias(*sample) - 400 / 4000
    assert model.result_.params["value_on_all_rows"] == pytest.approx(truth + 0.1)
    assert model.mi_ == pytest.approx(truth, abs=0.01)
    assert model.reliable_


def test_interval_is_wider_than_that_of_the_line(sample):
    result = reliable(plug_in_with_bias, *sample).result_
    line, spread = result.params["se_line"], result.params["se_subsamples"]
    assert result.se == pytest.approx(np.hypot(line, spread))


def test_interval_has_the_freedom_of_the_last_level(sample):
    """All levels cut up the same rows: fifty-five chunks are not so many facts."""
    result = reliable(GaussianMutualInfo(), *sample).result_
    radius = student.ppf(0.975, 9) * result.se
    assert result.ci.high - result.estimate == pytest.approx(radius)


def test_interval_covers_the_truth(rng):
    truth, hits = -0.5 * np.log(1 - 0.75**2), 0
    for seed in range(30):
        X = rng.standard_normal((1000, 1))
        Y = 0.75 * X + np.sqrt(1 - 0.75**2) * rng.standard_normal((1000, 1))
        ci = reliable(
            plug_in_with_bias, X, Y, min_chunk_size=100, random_state=seed
        ).ci_
        hits += ci.low <= truth <= ci.high
    assert hits >= 25


def test_a_curve_is_flagged_and_not_extrapolated(sample):
    model = reliable(lambda X, Y: (len(X) / 4000) ** 2, *sample)
    assert "curved_extrapolation" in model.flags_
    assert not model.reliable_
    assert model.mi_ == 1.0
    assert not model.result_.params["extrapolated"]


def test_a_value_that_rises_and_falls_is_flagged(sample):
    """Optimism that first grows and then shrinks puts the intercept off."""
    by_level = {1: 2.0, 2: 2.3, 3: 2.3, 4: 2.1, 5: 1.9, 6: 1.8}

    def value(X, Y):
        return by_level[round(4000 / len(X))] + 0.05 * np.mean(X)

    model = reliable(value, *sample, max_chunks=6)
    assert {"curved_extrapolation", "extrapolation_moves"} & set(model.flags_)
    assert model.raw_ == pytest.approx(2.0, abs=0.01)


def test_a_bias_that_falls_slowly_is_flagged(sample):
    """Most of it is left when a line is extended, and ten levels hardly bend."""

    def value(X, Y):
        return plug_in_with_bias(X, Y) - 400 / len(X) - 2 * len(X) ** -0.33

    model = reliable(value, *sample)
    assert "slow_convergence" in model.flags_
    assert not model.reliable_


def test_few_rows_are_no_evidence(rng):
    X = rng.standard_normal((300, 1))
    model = reliable(GaussianMutualInfo(), X, X + rng.standard_normal((300, 1)))
    assert "curved_extrapolation" in model.flags_


def test_flags_of_the_estimator_are_its_own(rng):
    x = rng.standard_normal(2000)
    y = x * rng.choice([-1, 1], size=2000) + 0.1 * rng.standard_normal(2000)
    model = reliable(GaussianCopulaMutualInfo(), x[:, None], y)
    assert "not_gaussian" in model.flags_


def test_independent_samples_have_no_signal(rng):
    X, Y = rng.standard_normal((2, 1000, 1))
    model = reliable(GaussianMutualInfo(), X, Y, n_permutations=19)
    assert 0 < model.p_value_ <= 1
    assert ("no_signal" in model.flags_) == (model.p_value_ > 0.05)


def test_dependent_samples_have_the_smallest_p_value(sample):
    model = reliable(GaussianMutualInfo(), *sample, n_permutations=19)
    assert model.p_value_ == 0.05
    assert model.flags_ == ()


def test_a_second_opinion_counts(sample):
    far = reliable(plug_in_with_bias, *sample, second_estimator=lambda X, Y: 3.0)
    near = reliable(plug_in_with_bias, *sample, second_estimator=GaussianMutualInfo())
    assert "estimator_disagreement" in far.flags_
    assert near.flags_ == ()
    assert far.result_.params["second_value"] == 3.0


def test_jobs_play_no_part(sample):
    a, b = (
        reliable(GaussianMutualInfo(), *sample, n_jobs=n_jobs, n_permutations=5)
        for n_jobs in (None, 2)
    )
    assert a.ci_ == b.ci_
    assert a.p_value_ == b.p_value_


def test_estimators_without_dimensions_cannot_be_scanned(sample):
    with pytest.raises(ValueError, match="embedding_dim, n_components"):
        reliable(GaussianMutualInfo(), *sample, embedding_dims="auto")


@pytest.mark.parametrize(
    ("values", "sufficient", "chosen", "flags"),
    [
        ([0.5, 1.0, 1.0, 0.99], 2, 4, ()),
        ([0.5, 1.0, 0.8, 0.7], 2, 2, ("overfit_dimension",)),
        ([0.2, 0.4, 0.7, 1.0], 8, 8, ("no_plateau",)),
        ([1.0, 1.0, 1.0, 1.0], 1, 2, ()),
        ([-0.2, -0.1, -0.1, -0.1], 2, 4, ()),
    ],
)
def test_scan_finds_the_plateau(values, sufficient, chosen, flags):
    scan = summarise_scan([1, 2, 4, 8], values)
    assert (scan.sufficient, scan.chosen, scan.flags()) == (sufficient, chosen, flags)
    assert np.all(np.diff(scan.table()["fit"]) >= 0)


def test_dimensions_of_a_scan_rise_up_to_those_of_the_data():
    assert dimension_grid("auto", 5) == [1, 2, 3, 4]
    assert dimension_grid([7, 2, 2, np.int64(1)], 5) == [1, 2]
    for asked in ([1.5], [0, 1], [6], [], [[1, 2]], ["a"]):
        with pytest.raises(ValueError, match="integers from 1 to the dimensions"):
            dimension_grid(asked, 5)


def test_only_estimators_of_information_are_taken(sample):
    with pytest.raises(ValueError, match="LinearRegression estimates no mutual"):
        reliable(LinearRegression(), *sample)
    for name in ("estimator", "second_estimator"):
        model = ReliableMutualInfo(GaussianMutualInfo()).set_params(
            **{name: GaussianMutualInfo}
        )
        with pytest.raises(ValueError, match=f"{name} must be an instance"):
            model.fit(*sample)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_functions_must_give_finite_numbers(sample, value):
    with pytest.raises(ValueError, match=r"returned (nan|inf) for .*min_chunk_size"):
        reliable(lambda X, Y: 1.0 if len(X) > 500 else value, *sample)


def test_without_a_level_there_is_no_interval(sample):
    result = reliable(GaussianMutualInfo(), *sample, confidence_level=None).result_
    assert result.ci is None
    assert result.raw == reliable(GaussianMutualInfo(), *sample).raw_
