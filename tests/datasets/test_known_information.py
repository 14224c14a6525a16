"""Stated mutual information against tables, densities and what data show."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from skspace.datasets import (
    make_additive_noise,
    make_correlated_gaussian,
    make_correlated_student,
)
from skspace.datasets._distortions import TRANSFORMS

# True values of the standard tasks (Czyż et al. 2023).
DENSE = {2: 0.293893, 3: 0.413339, 5: 0.592812, 25: 1.292184, 50: 1.624265}
STUDENT = {
    (1, 1, 1): 0.224171,
    (2, 2, 1): 0.431946,
    (2, 2, 2): 0.193147,
    (3, 3, 2): 0.290922,
    (3, 3, 3): 0.178712,
    (5, 5, 2): 0.448151,
    (5, 5, 3): 0.298544,
}


@pytest.mark.parametrize(("d", "expected"), DENSE.items())
def test_dense_tasks_of_the_benchmark(d, expected):
    *_, mi = make_correlated_gaussian(3, d, d, correlation=0.5, structure="dense")
    assert mi == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize(("shape", "expected"), STUDENT.items())
def test_student_tasks_of_the_benchmark(shape, expected):
    dx, dy, df = shape
    *_, mi = make_correlated_student(3, dx, dy, df=df)
    assert mi == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize("d", [2, 3, 5, 25])
def test_sparse_tasks_of_the_benchmark(d):
    *_, mi = make_correlated_gaussian(3, d, d, n_pairs=2, correlation=0.8)
    assert mi == pytest.approx(1.021651, abs=6e-7)


@pytest.mark.parametrize(
    ("noise", "expected"), [(0.1, 1.709438), (0.75, 1 / 3), (0.5, 0.5), (1e-300, None)]
)
def test_additive_tasks_of_the_benchmark(noise, expected):
    *_, mi = make_additive_noise(3, noise=noise)
    if expected is None:
        assert np.isfinite(mi)
    else:
        assert mi == pytest.approx(expected, abs=6e-7)


def mean_log_ratio(X, Y, joint, marginal_x, marginal_y):
    """Mean of log p(x, y) / (p(x) p(y)), and its standard error."""
    Z = np.concatenate([X, np.reshape(Y, (len(X), -1))], axis=1)
    d = X.shape[1]
    ratio = joint(Z) - marginal_x(Z[:, :d]) - marginal_y(Z[:, d:])
    return ratio.mean(), ratio.std() / np.sqrt(len(X))


@pytest.mark.parametrize(
    ("dx", "dy", "df", "correlation", "structure"),
    [(2, 1, 1.5, 0.0, "pairs"), (1, 3, 4, -0.6, "pairs"), (2, 3, 3, 0.4, "dense")],
)
def test_student_density_ratio_has_that_mean(dx, dy, df, correlation, structure):
    X, Y, mi = make_correlated_student(
        20_000,
        dx,
        dy,
        df=df,
        correlation=correlation,
        structure=structure,
        random_state=0,
    )
    S = np.eye(dx + dy)
    if structure == "dense":
        S[:] = correlation
        np.fill_diagonal(S, 1)
    else:
        for j in range(min(dx, dy)):
            S[j, dx + j] = S[dx + j, j] = correlation

    def density(S):
        return stats.multivariate_t(shape=S, df=df).logpdf

    mean, error = mean_log_ratio(
        X, Y, density(S), density(S[:dx, :dx]), density(S[dx:, dx:])
    )
    assert abs(mean - mi) < 4.5 * error
    assert error < 0.02


@pytest.mark.parametrize(
    "settings",
    [
        {"correlation": -0.7, "n_pairs": 2},
        {"mutual_info": 1.3},
        {"correlation": 0.4, "structure": "dense"},
        {"mutual_info": 0.9, "structure": "dense"},
    ],
    ids=str,
)
def test_gaussian_samples_have_the_covariance_of_that_information(settings):
    X, Y, mi = make_correlated_gaussian(100_000, 2, 3, random_state=1, **settings)
    S = np.cov(X, Y, rowvar=False)
    assert_allclose(np.diagonal(S), 1, atol=0.03)
    logs = [np.linalg.slogdet(M)[1] for M in (S[:2, :2], S[2:, 2:], S)]
    assert (logs[0] + logs[1] - logs[2]) / 2 == pytest.approx(mi, abs=0.02)
    if settings.get("structure") == "dense":
        off = S[~np.eye(5, dtype=bool)]
        assert np.ptp(off) < 0.03
    else:
        paired = np.eye(2, 3, dtype=bool)
        assert np.max(np.abs(S[:2, 2:][~paired])) < 0.02
        assert np.ptp(S[:2, 2:][paired]) < 0.02


@pytest.mark.parametrize("structure", ["pairs", "dense"])
@pytest.mark.parametrize("mi", [0.0, 1e-9, 0.5, 4.0, 12.0])
def test_asked_information_is_the_stated_one(structure, mi):
    *_, found = make_correlated_gaussian(
        4, 3, 2, mutual_info=mi, structure=structure, random_state=0
    )
    assert found == pytest.approx(mi, rel=1e-9, abs=1e-13)
    assert found >= 0


def test_extreme_information_keeps_its_noise():
    X, y, _ = make_correlated_gaussian(2000, mutual_info=30.0, random_state=0)
    assert np.std(y - X[:, 0]) == pytest.approx(np.exp(-30), rel=0.1)


def test_columns_beyond_the_pairs_are_noise():
    X, Y, _ = make_correlated_gaussian(
        50_000, 3, 4, n_pairs=1, correlation=0.9, random_state=0
    )
    C = np.corrcoef(X, Y, rowvar=False)[:3, 3:]
    assert C[0, 0] == pytest.approx(0.9, abs=0.01)
    C[0, 0] = 0
    assert np.max(np.abs(C)) < 0.025


def test_student_columns_follow_student():
    X, y, _ = make_correlated_student(4000, 2, 1, df=3, correlation=0.5, random_state=0)
    for column in (*X.T, y):
        assert stats.kstest(column, stats.t(3).cdf).pvalue > 1e-3
    assert stats.kendalltau(X[:, 0], y).statistic == pytest.approx(1 / 3, abs=0.04)
    assert abs(stats.kendalltau(X[:, 1], y).statistic) < 0.04


def test_additive_noise_is_the_formula_of_its_draws():
    X, y, _ = make_additive_noise(5000, noise=0.3, random_state=0)
    E = (y - X[:, 0]) / 0.3
    assert stats.kstest(X[:, 0], "uniform").pvalue > 1e-3
    assert stats.kstest((E + 1) / 2, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(X[:, 0], E)[0, 1]) < 0.06
    again, louder, _ = make_additive_noise(5000, noise=0.6, random_state=0)
    assert_array_equal(again, X)
    assert_allclose(louder - X[:, 0], 0.6 * E, atol=1e-12)


def both(transform, dx=2, dy=2):
    settings = {"correlation": 0.5, "random_state": 3}
    X, Y, mi = make_correlated_gaussian(300, dx, dy, **settings)
    A, B, same = make_correlated_gaussian(300, dx, dy, transform=transform, **settings)
    assert same == mi
    return X, Y, A, B


@pytest.mark.parametrize(
    ("transform", "undo"),
    [
        ("asinh", np.sinh),
        ("half_cube", lambda z: np.sign(z) * np.abs(z) ** (2 / 3)),
        ("normal_cdf", stats.norm.ppf),
        (("normal_cdf", "half_cube"), lambda z: stats.norm.ppf(z ** (2 / 3))),
    ],
)
def test_maps_of_columns_can_be_undone(transform, undo):
    X, Y, A, B = both(transform)
    assert_allclose(undo(A), X, atol=1e-9)
    assert_allclose(undo(B), Y, atol=1e-9)


def test_wiggles_increase():
    X, Y, A, B = both("wiggly")
    for before, after in [*zip(X.T, A.T, strict=True), *zip(Y.T, B.T, strict=True)]:
        assert np.all(np.diff(after[np.argsort(before)]) > 0)
        assert np.corrcoef(before, after)[0, 1] > 0.9


def test_spirals_turn_back():
    for before, after in np.array(both("spiral", 3, 3))[[[0, 2], [1, 3]]]:
        square = np.sum(after**2, axis=1)
        assert_allclose(square, np.sum(before**2, axis=1), rtol=1e-12)
        turned = (after[:, 0] + 1j * after[:, 1]) * np.exp(-1j * square / 3)
        assert_allclose(turned, before[:, 0] + 1j * before[:, 1], atol=1e-12)
        assert_array_equal(after[:, 2], before[:, 2])


def test_swiss_roll_unrolls():
    X, y, A, B = both(("normal_cdf", "swiss_roll"), 1, 1)
    assert A.shape == (300, 2)
    t = 21 * np.linalg.norm(A, axis=1)
    assert_allclose((t / (1.5 * np.pi) - 1) / 2, stats.norm.cdf(X[:, 0]), atol=1e-12)
    assert_allclose(np.cos(t), A[:, 0] * 21 / t, atol=1e-12)
    assert_allclose(B, stats.norm.cdf(y))


@pytest.mark.parametrize("structure", ["pairs", "dense"])
def test_shapes(structure):
    for dx, dy in [(1, 1), (3, 2), (2, 1)]:
        for make in (make_correlated_gaussian, make_correlated_student):
            X, Y, mi = make(7, dx, dy, correlation=0.2, structure=structure)
            assert X.shape == (7, dx)
            assert Y.shape == ((7,) if dy == 1 else (7, dy))
            assert X.dtype == Y.dtype == np.float64
            assert type(mi) is float


def test_one_seed_gives_the_same_data():
    for make in (
        lambda s: make_correlated_gaussian(9, correlation=0.5, random_state=s),
        lambda s: make_correlated_student(9, random_state=s),
        lambda s: make_additive_noise(9, random_state=s),
    ):
        first, again, other = make(3), make(np.random.RandomState(3)), make(4)
        assert_array_equal(first[0], again[0])
        assert_array_equal(first[1], again[1])
        assert np.any(first[1] != other[1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Give one of correlation and mutual_info"),
        ({"correlation": 0.1, "mutual_info": 1}, "Give one of"),
        ({"correlation": 1.0}, "'correlation'"),
        ({"correlation": 0.1, "n_pairs": 2}, "n_pairs=2 pairs need"),
        ({"correlation": 0.1, "n_pairs": 1, "structure": "dense"}, "leave n_pairs out"),
        ({"correlation": -0.1, "structure": "dense"}, "cannot oppose"),
        ({"mutual_info": 99.0, "structure": "dense"}, "indistinguishable from 1"),
        ({"mutual_info": 99.0}, "indistinguishable from 1 in 1 pairs"),
        ({"correlation": 0.1, "transform": "spiral"}, "of at least 2"),
        ({"correlation": 0.1, "transform": "swiss_roll"}, "normal_cdf"),
        ({"correlation": 0.1, "transform": "cube"}, "transform names some of asinh"),
        ({"correlation": 0.1, "transform": ["cube"]}, "got 'cube'"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        make_correlated_gaussian(5, **settings)


def test_every_transform_is_documented():
    for name in TRANSFORMS:
        assert f'"{name}"' in make_correlated_gaussian.__doc__
