"""Scores of rows: definitions, sums, bounds, invariances, numbers of passes."""

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning

from skspace.sampling import leverage_scores, lewis_weights, lp_sensitivities


def heavy(rng, n=200, d=5):
    X = rng.standard_t(2, size=(n, d))
    X[:d] = 0
    X[np.arange(d), np.arange(d)] = 1e3
    return X


def hat_diagonal(X):
    return np.diag(X @ np.linalg.pinv(X))


DESIGNS = {
    "heavy tails": heavy,
    "rows of all sizes": lambda rng: (
        rng.standard_normal((200, 5)) * 10.0 ** rng.uniform(-6, 6, (200, 1))
    ),
    "barely tall": lambda rng: rng.standard_cauchy((30, 25)),
    "powers": lambda rng: np.vander(np.linspace(-1, 1, 400) ** 3, 6),
    "offset": lambda rng: rng.standard_normal((200, 3)) + 1e5,
    "units": lambda rng: rng.standard_normal((200, 3)) * [1e-150, 1, 1e150],
}


@pytest.mark.parametrize("design", DESIGNS)
def test_leverage_is_the_diagonal_of_the_hat_matrix(rng, design):
    X = DESIGNS[design](rng)
    scores = leverage_scores(X)
    scaled = X / np.abs(X).max(axis=0)
    np.testing.assert_allclose(scores, hat_diagonal(scaled), rtol=1e-6, atol=1e-9)
    assert scores.sum() == pytest.approx(X.shape[1], rel=1e-6)


def test_dependent_columns_and_zero_rows_add_nothing(rng):
    X = heavy(rng)
    X[7] = 0
    wide = np.column_stack([X, X[:, 0] - 2 * X[:, 1], np.zeros(200)])
    for score in (leverage_scores, lewis_weights):
        np.testing.assert_allclose(score(wide), score(X), rtol=1e-4, atol=1e-12)
        assert score(wide)[7] == 0
    bound = lp_sensitivities(wide, 1.5)
    np.testing.assert_allclose(bound, lp_sensitivities(X, 1.5), rtol=1e-4)
    assert bound[7] == 0


def test_more_columns_than_rows_make_every_row_certain(rng):
    X = rng.standard_normal((4, 9))
    np.testing.assert_allclose(leverage_scores(X), 1, rtol=1e-12)
    np.testing.assert_allclose(lewis_weights(X), 1, rtol=1e-5)
    np.testing.assert_allclose(lp_sensitivities(X, 3), 1, rtol=1e-6)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, 4, 8, 20])
def test_lewis_weights_are_the_leverage_of_the_rows_they_scale(rng, design, p):
    X = DESIGNS[design](rng)
    weights, n_iter = lewis_weights(X, p, return_n_iter=True)
    scaled = np.linalg.qr(X / np.abs(X).max(axis=0))[0]
    scaled = weights[:, None] ** (0.5 - 1 / p) * scaled
    # Ill-conditioned where weights differ by powers of ten: compare what is large.
    hat = np.linalg.norm(np.linalg.qr(scaled)[0], axis=1) ** 2
    np.testing.assert_allclose(weights, hat, rtol=2e-5, atol=1e-7)
    assert weights.sum() == pytest.approx(X.shape[1], rel=1e-5)
    assert n_iter <= 60


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("p", [0.5, 1, 1.5, 3, 4, 8, 20])
def test_few_passes_are_enough_for_sampling(rng, design, p):
    _, n_iter = lewis_weights(DESIGNS[design](rng), p, tol=1e-2, return_n_iter=True)
    assert n_iter <= (7 if p <= 4 else 25)


@pytest.mark.parametrize("p", [1, 3])
def test_scores_belong_to_the_span_and_follow_rows(rng, p):
    X = heavy(rng)
    mixed = X @ rng.standard_normal((5, 5))
    order = rng.permutation(200)
    for score in (
        lambda X: leverage_scores(X),
        lambda X: lewis_weights(X, p),
        lambda X: lp_sensitivities(X[:40], p),
    ):
        np.testing.assert_allclose(score(mixed), score(X), rtol=1e-5)
    for score in (leverage_scores, lewis_weights):
        np.testing.assert_allclose(score(X[order]), score(X)[order], rtol=1e-9)


def test_repeated_row_shares_its_lewis_weight(rng):
    """k copies count as one row k^(1/p) times as long."""
    X = rng.standard_normal((50, 3))
    X[0] *= 3
    copies = np.concatenate([np.repeat(X[:1], 3, axis=0), X[1:]])
    whole = np.concatenate([3.0 ** (1 / 1.5) * X[:1], X[1:]])
    weights = lewis_weights(copies, 1.5, tol=1e-9)
    np.testing.assert_allclose(
        weights[:3], lewis_weights(whole, 1.5, tol=1e-9)[0] / 3, rtol=1e-7
    )


def sensitivity_by_linear_program(X, i):
    """1/max mu over -1 <= z <= 1 with Xᵀz = mu x_i."""
    n, d = X.shape
    found = linprog(
        np.r_[np.zeros(n), -1],
        A_eq=np.column_stack([X.T, -X[i]]),
        b_eq=np.zeros(d),
        bounds=[(-1, 1)] * n + [(0, None)],
        method="highs",
    )
    return 1 / found.x[-1]


def test_sensitivities_are_those_of_linear_programs(rng):
    X = heavy(rng, 60, 4)
    expected = [sensitivity_by_linear_program(X, i) for i in range(60)]
    np.testing.assert_allclose(lp_sensitivities(X, 1), expected, rtol=1e-7)


@pytest.mark.parametrize("p", [1, 1.5, 3, 6])
def test_no_direction_exceeds_the_sensitivity_and_bounds_exceed_it(rng, p):
    X = heavy(rng, 60, 4)
    scores = lp_sensitivities(X, p)
    directions = np.linalg.solve(np.linalg.qr(X)[1], rng.standard_normal((4, 5000)))
    share = np.abs(X @ directions) ** p
    share /= share.sum(axis=0)
    assert np.all(share.max(axis=1) <= scores * (1 + 1e-6))
    assert np.all(scores <= lp_sensitivities(X, p, method="bound") * (1 + 1e-6))
    low, high = sorted([4 ** (p / 2), 4])
    assert low <= scores.sum() * (1 + 1e-6)
    assert scores.sum() <= high * (1 + 1e-6)


def test_sensitivity_of_squares_is_leverage(rng):
    X = heavy(rng, 60, 4)
    for method in ("exact", "bound"):
        np.testing.assert_allclose(
            lp_sensitivities(X, 2, method=method), leverage_scores(X), rtol=1e-12
        )
    np.testing.assert_allclose(
        lp_sensitivities(X, 2.0000001), leverage_scores(X), rtol=1e-5
    )


def test_rows_hidden_from_leverage_are_seen_by_lewis_weights():
    """One row of 100 and 100 rows of 1: half of the sum of absolute values each."""
    X = np.r_[100.0, np.ones(100)][:, None]
    assert leverage_scores(X)[1:].sum() == pytest.approx(100 / 10100)
    assert lewis_weights(X, 1)[1:].sum() == pytest.approx(0.5)
    assert lp_sensitivities(X, 1)[1:].sum() == pytest.approx(0.5)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_other_libraries_give_the_same_scores(library, dispatch, p):
    X = heavy(np.random.RandomState(0), 40, 3)
    for score in (
        lambda X: leverage_scores(X),
        lambda X: lewis_weights(X, p),
        lambda X: lp_sensitivities(X, p),
    ):
        other = score(library.asarray(X))
        assert type(other) is type(library.asarray(X))
        np.testing.assert_allclose(library.to_numpy(other), score(X), rtol=1e-6)


def test_single_precision_stays(rng):
    X = heavy(rng).astype(np.float32)
    for score in (leverage_scores, lewis_weights):
        assert score(X).dtype == np.float32
        np.testing.assert_allclose(score(X), score(X.astype(float)), rtol=1e-3)


@pytest.mark.parametrize("score", [leverage_scores, lewis_weights, lp_sensitivities])
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 2)), "Every row of X is zero"),
        ([[1.0, np.nan]], "NaN"),
        (np.eye(3) * [1, 1, 1e-310], "no entry above 1e-310"),
        (1e-307 * np.vander(np.arange(20.0) / 20, 9), "no entry above"),
        ([1.0, 2.0], "2D array"),
    ],
)
def test_bad_tables_are_named(score, X, message):
    with pytest.raises(ValueError, match=message):
        score(X)


def test_bad_exponents_are_named():
    with pytest.raises(ValueError, match="'p' parameter of lewis_weights"):
        lewis_weights(np.eye(3), 0)
    with pytest.raises(ValueError, match=r"range \[0.1, 100"):
        lewis_weights(np.eye(3), 1e6)
    with pytest.raises(ValueError, match="'p' parameter of lp_sensitivities"):
        lp_sensitivities(np.eye(3), 0.5)


def test_too_few_passes_are_told(rng):
    with pytest.warns(ConvergenceWarning, match="after max_iter=2 passes"):
        lewis_weights(heavy(rng), 1, max_iter=2)
