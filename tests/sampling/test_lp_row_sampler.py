"""LpRowSampler and its draw: exact sizes, unbiased sums, preserved norms, blocks."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.exceptions import NotFittedError

from skspace.sampling import (
    LpRowSampler,
    draw_rows,
    leverage_scores,
    lewis_weights,
    lp_sensitivities,
)
from skspace.sampling._draw import round_sizes

SKEWED = {
    "few large": np.r_[1e6 * np.ones(5), np.ones(95)],
    "powers": 2.0 ** np.arange(40),
    "equal": np.ones(30),
    "zeros": np.r_[np.zeros(50), np.arange(1.0, 9.0)],
    "tiny": 1e-300 * np.arange(1.0, 50.0),
}


# -- the draw --------------------------------------------------------------------------


@pytest.mark.parametrize("name", SKEWED)
@pytest.mark.parametrize("n_samples", [1, 7, 20, 30])
def test_probabilities_are_clipped_proportions_that_sum_to_the_size(name, n_samples):
    scores = SKEWED[name]
    for seed in range(3):
        sample = draw_rows(scores, n_samples, random_state=seed)
        pi = sample.probabilities
        assert pi.sum() == pytest.approx(n_samples)
        assert len(set(sample.indices)) == n_samples
        assert np.all(pi <= 1)
        np.testing.assert_array_equal(sample.sample_weight, 1 / pi[sample.indices])
        below = (pi < 1) & (scores > 0)
        if np.any(below):
            ratio = pi[below] / scores[below] * scores.max()
            np.testing.assert_allclose(ratio, ratio[0])
            assert np.all(scores[below].max() <= scores[pi == 1])


def test_rows_of_score_zero_come_last():
    sample = draw_rows([0, 0, 0, 5, 1], 3, random_state=0)
    np.testing.assert_allclose(sample.probabilities, [1 / 3, 1 / 3, 1 / 3, 1, 1])
    assert set(draw_rows([0, 0, 5, 1], 2).indices) == {2, 3}


@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-200])
def test_scores_of_any_range_are_drawn_once(tiny):
    sample = draw_rows([1.0, tiny, tiny, tiny, 0.0], 3, random_state=0)
    np.testing.assert_allclose(sample.probabilities, [1, 2 / 3, 2 / 3, 2 / 3, 0])
    assert len(set(sample.indices)) == 3
    np.testing.assert_allclose(sample.sample_weight, [1, 1.5, 1.5])


def test_scores_beyond_the_range_of_ratios_are_drawn_last():
    sample = draw_rows([1e300, 1e-300, 1e-300, 0.0], 2, random_state=0)
    np.testing.assert_allclose(sample.probabilities, [1, 1 / 3, 1 / 3, 1 / 3])


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_integer_scores_are_numbers_like_others(dtype):
    scores = np.array([1, 1, 0, 1, 1], dtype=dtype)
    ours = draw_rows(scores, 2, random_state=0)
    reals = draw_rows(scores.astype(float), 2, random_state=0)
    for one, other in zip(ours, reals, strict=True):
        np.testing.assert_array_equal(one, other)


def test_any_rows_can_come_together():
    pairs = {
        tuple(draw_rows(np.ones(6), 2, random_state=i).indices) for i in range(200)
    }
    assert len(pairs) == 15


def test_rows_come_as_often_as_their_probabilities_say(rng):
    scores = rng.exponential(size=12) ** 2
    counts = np.zeros(12)
    for _ in range(2000):
        sample = draw_rows(scores, 5, random_state=rng)
        counts[sample.indices] += 1
    pi = sample.probabilities
    sd = np.sqrt(pi * (1 - pi) / 2000)
    assert np.all(np.abs(counts / 2000 - pi) <= 4 * sd + 1e-12)


@pytest.mark.parametrize("method", ["lewis", "root_leverage", "uniform"])
def test_weighted_sums_are_unbiased(rng, method):
    X = rng.standard_t(3, size=(300, 2))
    f = np.abs(X @ [1.0, -1.0])
    sums = [
        np.sum(s.sample_weight_ * f[s.indices_])
        for seed in range(400)
        for s in [LpRowSampler(method=method, n_samples=40, random_state=seed).fit(X)]
    ]
    assert abs(np.mean(sums) - f.sum()) <= 4 * np.std(sums) / 20


# -- preserved norms -------------------------------------------------------------------


def isolated(seed=0, n=20_000, d=20):
    """Heavy tails and d rows that are alone in their direction."""
    rng = np.random.RandomState(seed)
    X = rng.standard_t(2.5, size=(n, d))
    X[:d] = 1e3 * np.eye(d)
    return X


def overlooked(seed=0, n=20_000, d=20, n_hidden=100):
    """Half of the columns have 100 rows of ±1 and one gross row of ±100."""
    rng = np.random.RandomState(seed)
    X, rows = np.zeros((n, d)), n_hidden + 1
    for j in range(d // 2):
        X[rows * j : rows * (j + 1), j] = rng.choice([-1, 1], rows)
        X[rows * j, j] *= 100
    X[rows * (d // 2) :, d // 2 :] = rng.standard_normal(
        (n - rows * (d // 2), d - d // 2)
    )
    return X


def distortion(X, *groups, p=1, size=1100):
    """Median over samplers of the largest error of a norm^p over many directions."""
    rng, d = np.random.RandomState(1), X.shape[1]
    R = np.linalg.qr(X)[1]
    directions = np.column_stack(
        [
            np.linalg.solve(R, rng.standard_normal((d, size // 2))),
            rng.standard_normal((d, size // 2)),
            np.eye(d),
        ]
    )
    F = np.abs(X @ directions)
    F = F if p == 1 else F**p
    total = F.sum(axis=0)
    medians = [
        np.median(
            [
                np.max(np.abs(s.sample_weight_ @ F[s.indices_] / total - 1))
                for s in samplers
            ]
        )
        for samplers in groups
    ]
    return medians if len(medians) > 1 else medians[0]


def draws(X, method, n_samples=400, p=1, n=5):
    for seed in range(n):
        sampler = LpRowSampler(
            p,
            method=method,
            n_samples=n_samples,
            fit_intercept=False,
            random_state=seed,
        ).fit(X)
        assert len(set(sampler.indices_.tolist())) == n_samples
        assert sampler.n_iter_ <= 25
        yield sampler


def test_default_preserves_sums_of_absolute_values():
    X = isolated()
    assert distortion(X, draws(X, "lewis"), size=2200) <= 0.20


def test_default_sees_what_leverage_overlooks():
    X = overlooked(n=6000)
    lewis, leverage = distortion(X, draws(X, "lewis"), draws(X, "leverage"))
    assert lewis <= 0.60 * leverage
    assert lewis <= 0.35


@pytest.mark.parametrize(
    ("p", "method"), [(1.5, "lewis"), (3, "lewis"), (2, "leverage")]
)
def test_norms_of_other_exponents_are_preserved(p, method):
    X = isolated(n=5000, d=6)
    assert distortion(X, draws(X, method, 500, p, n=3), p=p) <= 0.25


def test_default_size_keeps_the_error_asked_for():
    X = isolated(n=5000, d=5)
    samplers = [
        LpRowSampler(eps=0.3, fit_intercept=False, random_state=seed).fit(X)
        for seed in range(3)
    ]
    assert len(samplers[0].indices_) == np.ceil(4 * 5 * np.log(10) / 0.09)
    assert distortion(X, samplers) <= 0.3


def test_constants_are_preserved_too():
    """Rows near zero count for the intercept, and for nothing else."""
    X = np.r_[np.full(50, 1e3), 1e-3 * np.ones(5000)][:, None]
    total = 5050
    for intercept, error in [(True, 0.2), (False, 0.8)]:
        sampler = LpRowSampler(
            n_samples=40, fit_intercept=intercept, random_state=0
        ).fit(X)
        off = abs(sampler.sample_weight_.sum() / total - 1)
        assert off <= error if intercept else off >= error


# -- scores ----------------------------------------------------------------------------


def test_scores_are_those_of_the_functions(rng):
    X = rng.standard_t(2, size=(60, 3))
    ones = np.column_stack([np.ones(60), X])
    for table, intercept in [(X, False), (ones, True)]:
        expected = {
            "leverage": leverage_scores(table),
            "lewis": lewis_weights(table, 1),
            "root_leverage": leverage_scores(table) ** 0.5,
            "sensitivity": lp_sensitivities(table, 1),
            "l2_augmented": lp_sensitivities(table, 1, method="bound")
            + leverage_scores(table)
            + 1 / 60,
            "uniform": np.ones(60),
        }
        for method, scores in expected.items():
            sampler = LpRowSampler(method=method, fit_intercept=intercept).fit(X)
            np.testing.assert_allclose(sampler.scores_, scores, rtol=1.5e-2)
            assert sampler.total_ == pytest.approx(sampler.scores_.sum())
            assert sampler.rank_ == table.shape[1]


@pytest.mark.parametrize("method", ["lewis", "leverage", "root_leverage"])
@pytest.mark.parametrize("intercept", [True, False])
def test_rows_score_as_they_did_in_the_fit(rng, method, intercept):
    X = rng.standard_t(2, size=(60, 3)) + 1e4
    sampler = LpRowSampler(method=method, fit_intercept=intercept).fit(X)
    np.testing.assert_allclose(sampler.score_samples(X), sampler.scores_, rtol=1e-6)


@pytest.mark.parametrize("method", ["leverage", "root_leverage"])
@pytest.mark.parametrize("intercept", [True, False])
def test_blocks_score_as_one_table(rng, method, intercept):
    X = rng.standard_t(2, size=(90, 3))
    X[:, 1] += 1e3
    X = np.column_stack([X, X[:, 0] + X[:, 1]])  # of rank 3
    whole = LpRowSampler(method=method, fit_intercept=intercept).fit(X)
    blocks = LpRowSampler(method=method, fit_intercept=intercept)
    for part in np.split(X, [10, 11, 50]):
        blocks.partial_fit(part)
    assert blocks.n_samples_seen_ == 90
    assert blocks.rank_ == whole.rank_ == 3 + intercept
    np.testing.assert_allclose(blocks.score_samples(X), whole.scores_, rtol=1e-5)


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e200])
def test_blocks_whose_squares_leave_the_range_are_refused(rng, unit):
    X = rng.standard_normal((30, 3)) * [1.0, unit, 1.0]
    with pytest.raises(ValueError, match="divide the features"):
        LpRowSampler(method="leverage").partial_fit(X)


def test_blocks_from_before_a_fit_do_not_count(rng):
    before, whole, block = (rng.standard_normal((30, 3)) for _ in range(3))
    sampler = LpRowSampler(method="leverage", n_samples=5)
    sampler.partial_fit(before).fit(whole)
    sampler.partial_fit(block)
    assert sampler.n_samples_seen_ == 30
    anew = LpRowSampler(method="leverage").partial_fit(block)
    np.testing.assert_array_equal(
        sampler.score_samples(block), anew.score_samples(block)
    )


def test_methods_without_sums_over_blocks_have_no_partial_fit():
    assert hasattr(LpRowSampler(method="leverage"), "partial_fit")
    for method in ("lewis", "sensitivity", "l2_augmented", "uniform"):
        with pytest.raises(AttributeError):
            LpRowSampler(method=method).partial_fit(np.eye(3))
    with pytest.raises(AttributeError):
        LpRowSampler(method="uniform").score_samples(np.eye(3))
    with pytest.raises(NotFittedError):
        LpRowSampler().score_samples(np.eye(3))


# -- rounds ----------------------------------------------------------------------------


def test_rounds_are_as_many_as_theory_says():
    """r = ceil(log2 log2(n / d)) rounds of p = 1 leave 2 d rows at most."""
    for n in (10**3, 10**5, 10**9):
        sizes = round_sizes(n, 400, 10, 1, "auto")
        r = int(np.ceil(np.log2(np.log2(n / 10))))
        assert len(sizes) == r
        assert (n / 10) ** (0.5**r) <= 2
        assert sizes[-1] == 400
        assert np.all(np.diff(sizes) < 0)
    assert round_sizes(10**5, 400, 10, 2, "auto") == [400]
    assert round_sizes(10**5, 400, 10, 1, 1) == [400]


def test_rounds_draw_fewer_and_fewer_rows_of_the_same_norms():
    X = isolated(n=8000, d=8)
    samplers = list(draws(X, "root_leverage"))
    assert samplers[0].n_iter_ == 4
    for sampler in samplers:
        drawn = sampler.probabilities_[sampler.indices_]
        np.testing.assert_allclose(sampler.sample_weight_, 1 / drawn)
    assert distortion(X, samplers) <= 0.25


# -- interface -------------------------------------------------------------------------


def test_one_seed_is_one_sample_on_every_library(library, dispatch):
    X = np.random.RandomState(0).standard_t(2, size=(200, 3))
    for method in ("lewis", "leverage", "root_leverage", "l2_augmented"):
        sampler = LpRowSampler(method=method, n_samples=20, random_state=5)
        expected = sampler.fit(X).indices_
        rows, y = sampler.fit_resample(library.asarray(X), library.asarray(X[:, 0]))
        np.testing.assert_array_equal(library.to_numpy(sampler.indices_), expected)
        np.testing.assert_array_equal(library.to_numpy(rows), X[expected])
        np.testing.assert_array_equal(library.to_numpy(y), X[expected, 0])


def test_frames_and_lists_keep_their_kind(rng):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(rng.standard_normal((50, 2)), columns=["a", "b"])
    y = pd.Series(np.arange(50), name="y")
    sampler = LpRowSampler(n_samples=10, random_state=0)
    X_s, y_s = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_s, X.iloc[sampler.indices_])
    pd.testing.assert_series_equal(y_s, y.iloc[sampler.indices_])
    _, words = sampler.fit_resample(X, [str(i) for i in range(50)])
    assert list(words) == [str(i) for i in sampler.indices_]
    assert sampler.fit_resample(X).shape == (10, 2)


def test_responses_may_be_sparse(rng):
    X, Y = rng.standard_normal((30, 3)), sp.csc_array(np.eye(30))
    sampler = LpRowSampler(n_samples=5, random_state=0)
    _, kept = sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(kept.toarray(), np.eye(30)[sampler.indices_])


def test_single_precision_stays(rng):
    X = rng.standard_normal((50, 3)).astype(np.float32)
    sampler = LpRowSampler(n_samples=10, random_state=0).fit(X)
    assert sampler.scores_.dtype == sampler.sample_weight_.dtype == np.float32
    assert sampler.score_samples(X).dtype == np.float32


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        ({"n_samples": 11}, np.eye(10), "n_samples=11 rows cannot be drawn from 10"),
        ({"p": 0.5}, np.eye(10), "'p' parameter of LpRowSampler"),
        ({"p": 3, "method": "root_leverage"}, np.eye(10), "p <= 2, got p=3"),
        ({"p": 3, "method": "l2_augmented"}, np.eye(10), "p <= 2, got p=3"),
        ({"eps": 0}, np.eye(10), "'eps' parameter"),
        ({"method": "sensitivity"}, np.ones((5001, 1)), "up to 5000 rows"),
        ({"fit_intercept": False}, np.zeros((4, 2)), "Every row of X is zero"),
        ({}, [[np.inf]], "infinity"),
    ],
)
def test_bad_input_is_named(parameters, X, message):
    with pytest.raises(ValueError, match=message):
        LpRowSampler(**parameters).fit(X)


@pytest.mark.parametrize(
    ("scores", "n_samples", "message"),
    [
        ([1.0, -1.0], 1, "must not be negative"),
        ([0.0, 0.0], 1, "not all zero"),
        ([1.0, np.nan], 1, "NaN"),
        ([[1.0]], 1, "shape \\(n_rows,\\), got \\(1, 1\\)"),
        ([1.0, 2.0], 3, "n_samples=3 rows cannot be drawn from 2"),
        ([1.0, 2.0], 0, "'n_samples' parameter"),
    ],
)
def test_bad_scores_are_named(scores, n_samples, message):
    with pytest.raises(ValueError, match=message):
        draw_rows(scores, n_samples)


def test_mismatched_responses_are_named():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LpRowSampler().fit_resample(np.eye(3), [1, 2])


def test_draw_follows_the_library_of_scores(library):
    with config_context(array_api_dispatch=False):
        sample = draw_rows(library.asarray([3.0, 1.0, 1.0, 5.0]), 2, random_state=1)
    assert type(sample.indices) is type(library.asarray([1.0]))
    expected = draw_rows([3.0, 1.0, 1.0, 5.0], 2, random_state=1)
    np.testing.assert_array_equal(library.to_numpy(sample.indices), expected.indices)
