"""What all estimators share: input, p-values, intervals, flags."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import kstest
from scipy.stats import t as student

from skspace.exceptions import DegenerateDataWarning
from skspace.information import (
    CanonicalMutualInfo,
    GaussianCopulaMutualInfo,
    GaussianMutualInfo,
)
from skspace.information._base import BaseMutualInfo, drifts
from skspace.information._resampling import summarise
from skspace.information._result import Estimate


class _Level(BaseMutualInfo):
    """Reads a value off the number of rows."""

    _parameter_constraints = {
        **BaseMutualInfo._parameter_constraints,
        "of_n": [callable],
    }

    def __init__(
        self,
        of_n=None,
        n_permutations=0,
        confidence_level=0.95,
        units="nats",
        n_jobs=None,
        random_state=0,
    ):
        self.of_n = of_n
        self.n_permutations = n_permutations
        self.confidence_level = confidence_level
        self.units = units
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, X, Y, rng, n_jobs=None):
        return Estimate(self.of_n(len(X)) + 1e-3 * np.mean(X) * np.mean(Y))


@pytest.fixture
def sample(rng):
    return rng.standard_normal((200, 3)), rng.standard_normal((200, 2))


def test_one_column_of_y_may_have_one_dimension(sample):
    X, Y = sample
    a, b = (GaussianMutualInfo(random_state=0).fit(X, y) for y in (Y[:, 0], Y[:, :1]))
    assert a.result_.raw == b.result_.raw


@pytest.mark.usefixtures("dispatch")
def test_arrays_of_other_libraries_are_copied_to_the_host(sample, library):
    X, Y = sample
    model = GaussianMutualInfo(random_state=0)
    expected = model.fit(X, Y).raw_
    assert model.fit(library.asarray(X), library.asarray(Y)).raw_ == expected
    assert model.fit(X, library.asarray(Y)).raw_ == expected
    assert model.fit(library.asarray(X), Y).raw_ == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, Y: (X, Y[:-1]), "inconsistent numbers of samples"),
        (lambda X, Y: (X * np.nan, Y), "contains NaN"),
        (lambda X, Y: (X, np.where(Y[0, 0] == Y, np.inf, Y)), "contains infinity"),
        (lambda X, Y: (X, Y[:, :0]), "0 feature"),
        (lambda X, Y: (X, Y[:, :, None]), "dim 3"),
        (lambda X, Y: (X, np.array(["a"] * len(X))), "got text.*mutual_info_classif"),
        (lambda X, Y: (X, np.array(["a"] * len(X), dtype=object)), "got text"),
        (lambda X, Y: (X[:3], Y[:3]), "got n_samples=3"),
        (lambda X, Y: (X[:, 0], Y), "2D array"),
    ],
)
def test_bad_input_is_refused_with_a_message(sample, change, message):
    with pytest.raises(ValueError, match=message):
        GaussianMutualInfo().fit(*change(*sample))


@pytest.mark.parametrize("side", [0, 1])
def test_sparse_samples_are_refused_with_the_remedy(sample, side):
    pair = list(sample)
    pair[side] = csr_array(pair[side])
    with pytest.raises(TypeError, match=r"toarray\(\)"):
        GaussianMutualInfo().fit(*pair)


def test_constant_columns_are_left_out_with_a_note(sample):
    X, Y = sample
    more = np.concatenate([X, np.ones((200, 1))], axis=1)
    with pytest.warns(DegenerateDataWarning, match="columns of X"):
        model = GaussianMutualInfo(random_state=0).fit(more, Y)
    assert model.raw_ == GaussianMutualInfo(random_state=0).fit(X, Y).raw_
    assert "constant_columns" in model.flags_
    assert model.n_features_in_ == 4


def test_nothing_that_varies_has_no_information(sample):
    with pytest.warns(DegenerateDataWarning, match="columns of y"):
        model = GaussianMutualInfo().fit(sample[0], np.ones(200))
    assert model.mi_ == model.se_ == 0
    assert model.ci_[:2] == (0, 0)
    assert model.p_value_ == 1
    assert model.flags_ == ("constant_columns", "no_signal")


def test_negative_values_are_kept_raw(rng):
    values = [
        GaussianMutualInfo(confidence_level=None).fit(*rng.standard_normal((2, 50, 2)))
        for _ in range(20)
    ]
    lowest = min(values, key=lambda m: m.raw_)
    assert lowest.raw_ < 0
    assert lowest.mi_ == 0


def test_permutation_p_values_are_uniform_under_independence(rng):
    p = []
    for seed in range(200):
        X, Y = rng.standard_normal((30, 2)), rng.standard_normal((30, 1)) ** 3
        model = GaussianCopulaMutualInfo(
            n_permutations=9, confidence_level=None, random_state=seed
        )
        p.append(model.fit(X, Y).p_value_ - rng.uniform() / 10)  # within its step
    assert kstest(p, "uniform").pvalue > 0.01


def test_jobs_play_no_part(sample):
    results = [
        GaussianMutualInfo(n_permutations=20, n_jobs=n_jobs, random_state=1).fit(
            *sample
        )
        for n_jobs in (None, 2)
    ]
    assert results[0].p_value_ == results[1].p_value_
    assert results[0].ci_ == results[1].ci_


def test_too_few_rows_for_chunks_leave_no_interval(rng):
    X, Y = rng.standard_normal((2, 8, 3))
    model = CanonicalMutualInfo().fit(X, Y)
    assert model.ci_ is None
    assert model.se_ is None
    assert "no_interval" in model.flags_


def test_the_error_of_normal_variables_is_the_least(sample):
    model = GaussianMutualInfo(random_state=0).fit(*sample)
    free = GaussianMutualInfo(confidence_level=None).fit(*sample)
    squares = np.sum(model.result_.params["canonical_correlations"] ** 2)
    assert free.se_ == pytest.approx(np.sqrt(squares / 200))
    assert model.se_ >= free.se_


def test_values_that_move_with_the_number_of_rows_are_flagged(sample):
    drifting = _Level(of_n=lambda n: 1 - 10 / n).fit(*sample)
    assert drifting.flags_ == ("subsample_drift",)
    assert _Level(of_n=lambda n: 1.0).fit(*sample).flags_ == ()


def test_values_that_should_be_equal_and_are_not_are_flagged(sample):
    class Checked(_Level):
        def _estimate(self, X, Y, rng, n_jobs=None):
            found = super()._estimate(X, Y, rng)
            return found._replace(se=0.1, checks={"neighbor_drift": self.other})

    model = Checked(of_n=lambda n: 1.0, confidence_level=None)
    for model.other, flags in ((1.19, ()), (1.21, ("neighbor_drift",))):
        assert model.fit(*sample).flags_ == flags


@pytest.mark.parametrize(
    ("shift", "flagged"), [(1.9, False), (-2.1, True), (2.1, True)]
)
def test_two_standard_errors_between_one_chunk_and_five_are_drift(shift, flagged):
    levels = np.repeat([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6])
    values = np.where(levels == 5, 1 + 0.1 * shift, np.where(levels == 6, 9, 1.0))
    assert drifts(summarise(levels, values, 600), 0.1) == flagged


def test_levels_of_the_interval_are_kept(sample):
    table = GaussianMutualInfo(random_state=0).fit(*sample).result_.curves["subsamples"]
    assert table["n_chunks"].tolist() == list(range(1, 11))
    assert table["n"].tolist() == [200 // m for m in range(1, 11)]


def test_radius_of_the_interval_is_that_of_student(sample):
    model = GaussianMutualInfo(confidence_level=0.9, random_state=0).fit(*sample)
    radius = student.ppf(0.95, 9) * model.se_  # the last level has ten chunks
    assert model.ci_.high - model.raw_ == pytest.approx(radius)
    assert model.ci_.low == pytest.approx(max(0.0, model.raw_ - radius))


def test_wider_intervals_cover_more(sample):
    narrow, wide = (
        GaussianMutualInfo(confidence_level=level, random_state=0).fit(*sample).ci_
        for level in (0.5, 0.99)
    )
    assert wide.low <= narrow.low < narrow.high < wide.high
    assert (narrow.level, wide.level) == (0.5, 0.99)


def test_without_a_level_nothing_is_resampled(sample):
    model = GaussianMutualInfo(confidence_level=None).fit(*sample)
    assert model.ci_ is None
    assert "no_interval" not in model.flags_
    assert model.result_.curves == {}
