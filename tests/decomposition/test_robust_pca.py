"""RobustPCA: optimality of the split, exact recovery, rows with errors, streams."""

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.decomposition import RobustPCA
from skspace.linalg._low_rank_plus_sparse import (
    column_medians,
    fit_rows,
    low_rank_plus_sparse,
    median,
    residual_scale,
    shrink_singular_values,
)


def corrupted(seed, n=150, p=80, rank=3, share=0.1, size=20.0):
    """Clean rows, their components, and the rows with gross errors."""
    rng = np.random.RandomState(seed)
    V = np.linalg.qr(rng.standard_normal((p, rank)))[0].T
    clean = 4 * rng.standard_normal((n, rank)) @ V + 5 * rng.standard_normal(p)
    errors = rng.uniform(-size, size, (n, p)) * (rng.uniform(size=(n, p)) < share)
    return clean, V, clean + errors


def sine_of_largest_angle(A, B):
    return np.linalg.norm(A.T @ A - B.T @ B, 2)


def split(X, alpha, tol=1e-9, n_exact=0, max_iter=5000):
    for n_iter, state in enumerate(low_rank_plus_sparse(X, alpha, n_exact)):
        if state.change <= tol:
            return state
        assert n_iter < max_iter
    raise AssertionError("the generator ended")


# -- the split -------------------------------------------------------------------------


def check_optimality(X, state, alpha, atol):
    """Y lies in both subdifferentials: of the nuclear norm at L, of α|·| at S."""
    L, S, Y = state.low_rank, state.sparse, state.multiplier
    np.testing.assert_allclose(L + S, X, atol=atol * np.abs(X).max())
    U, s, Vt = np.linalg.svd(L, full_matrices=False)
    U, Vt = U[:, : state.rank], Vt[: state.rank]
    assert np.all(s[state.rank :] < 1e-9 * s[0])
    np.testing.assert_allclose(U.T @ Y, Vt, atol=atol)
    np.testing.assert_allclose(Y @ Vt.T, U, atol=atol)
    assert np.linalg.norm(Y, 2) <= 1 + atol
    np.testing.assert_allclose(Y[S != 0], alpha * np.sign(S[S != 0]), atol=atol)
    assert np.max(np.abs(Y)) <= alpha * (1 + atol)
    objective = s.sum() + alpha * np.abs(S).sum()
    assert state.objective == pytest.approx(objective, rel=1e-6)


@pytest.mark.parametrize("factor", [1.0, 1.7])
@pytest.mark.parametrize("shape", [(60, 25), (25, 60)])
def test_split_satisfies_the_optimality_conditions(rng, shape, factor):
    """Also where nothing is of low rank or sparse."""
    X = rng.standard_normal((shape[0], 3)) @ rng.standard_normal((3, shape[1]))
    X += 0.3 * rng.standard_normal(shape)
    X += 10 * (rng.uniform(size=shape) < 0.05)
    alpha = factor / np.sqrt(max(shape))
    check_optimality(X, split(X, alpha), alpha, 1e-6)


def test_split_is_optimal_on_real_images():
    X = load_digits().data[:300]
    X = X - np.median(X, axis=0)
    alpha = 1.5 / np.sqrt(300)
    check_optimality(X, split(X, alpha, tol=1e-8), alpha, 1e-5)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_units_do_not_matter(scale):
    _, _, X = corrupted(0, 40, 30)
    state, other = split(X, 0.2), split(scale * X, 0.2)
    np.testing.assert_allclose(other.low_rank / scale, state.low_rank, atol=1e-6)


def test_split_on_every_library(library):
    _, _, X = corrupted(1, 30, 20, rank=1)
    reference = split(X, 0.2)
    for state in low_rank_plus_sparse(library.asarray(X), 0.2):
        if state.change <= 1e-9:
            break
    np.testing.assert_allclose(
        library.to_numpy(state.low_rank), reference.low_rank, atol=1e-6
    )


def test_exact_rows_have_no_errors():
    clean, _, X = corrupted(2, 60, 30)
    table = np.vstack([clean[:20], X[20:]])
    state = split(table, 0.15, n_exact=20)
    np.testing.assert_array_equal(state.sparse[:20], 0)
    np.testing.assert_allclose(state.low_rank, clean, atol=1e-5)


def test_large_price_leaves_no_errors_and_small_price_nothing_else(rng):
    X = rng.standard_normal((20, 10))
    np.testing.assert_array_equal(split(X, 2.0).sparse, 0)
    np.testing.assert_array_equal(split(X, 1e-3).low_rank, 0)


def test_singular_values_are_soft_thresholded(library, rng):
    X = rng.standard_normal((12, 7))
    for A in (X, X.T):
        U, s, Vt = np.linalg.svd(A, full_matrices=False)
        expected = U * np.maximum(s - 2.0, 0) @ Vt
        got, total, rank = shrink_singular_values(library.asarray(A), 2.0)
        np.testing.assert_allclose(library.to_numpy(got), expected, atol=1e-12)
        assert total == pytest.approx(np.maximum(s - 2, 0).sum())
        assert rank == np.sum(s > 2)


# -- rows ------------------------------------------------------------------------------


def huber(r, d):
    return np.sum(np.where(np.abs(r) <= d, r * r / 2, d * np.abs(r) - d * d / 2))


@pytest.mark.parametrize("threshold", [0.1, 0.5, 3.0])
def test_coordinates_minimise_hubers_function(library, rng, threshold):
    V = np.linalg.qr(rng.standard_normal((15, 3)))[0].T
    X = rng.standard_normal((6, 15)) + 20 * (rng.uniform(size=(6, 15)) < 0.1)
    Z = fit_rows(library.asarray(X), library.asarray(V), threshold)
    Z = library.to_numpy(Z)
    slope = np.clip(X - Z @ V, -threshold, threshold) @ V.T
    np.testing.assert_allclose(slope, 0, atol=1e-5 * threshold)
    for x, z in zip(X, Z, strict=True):
        best = minimize(lambda t, x=x: huber(x - t @ V, threshold), z).fun
        assert huber(x - z @ V, threshold) <= best + 1e-9


def test_threshold_zero_is_least_absolute_deviations(rng):
    V = np.linalg.qr(rng.standard_normal((12, 2)))[0].T
    X = 3 * rng.standard_normal((5, 2)) @ V
    X[:, 4] += 50
    X[:, 7] += 0.1 * rng.standard_normal(5)
    Z = fit_rows(X, V, 0.0)
    for x, z in zip(X, Z, strict=True):
        # min Σ (a + b), x - Vᵀz = a - b, a >= 0, b >= 0
        eye = np.eye(12)
        exact = linprog(
            np.r_[np.zeros(2), np.ones(24)],
            A_eq=np.hstack([V.T, eye, -eye]),
            b_eq=x,
            bounds=[(None, None)] * 2 + [(0, None)] * 24,
        )
        assert np.abs(x - z @ V).sum() == pytest.approx(exact.fun, rel=1e-7)


def test_wide_threshold_is_projection(rng):
    V = np.linalg.qr(rng.standard_normal((12, 4)))[0].T
    X = rng.standard_normal((9, 12))
    np.testing.assert_allclose(fit_rows(X, V, 1e3), X @ V.T, atol=1e-10)


def test_rows_do_not_depend_on_each_other(rng):
    _, V, X = corrupted(3)
    together = fit_rows(X, V, 0.5)
    alone = np.vstack([fit_rows(row[None], V, 0.5) for row in X[:10]])
    np.testing.assert_allclose(alone, together[:10], atol=1e-9)


def test_residual_scale_sees_noise_and_not_errors(rng):
    clean, V, X = corrupted(4, 400, 60)
    mean = clean.mean(axis=0)
    clean, X = clean - mean, X - mean
    noise = 0.3 * rng.standard_normal(X.shape)
    assert residual_scale(X + noise, V) == pytest.approx(0.3, rel=0.25)
    assert residual_scale(clean + noise, V) == pytest.approx(0.3, rel=0.1)
    assert residual_scale(X, V) == 0.0
    assert residual_scale(X, np.eye(60)) == 0.0


@pytest.mark.parametrize("n", [1, 4, 7])
def test_medians(library, rng, n):
    X = rng.standard_normal((n, 3))
    got = library.to_numpy(column_medians(library.asarray(X)))
    np.testing.assert_allclose(got, np.median(X, axis=0))
    assert median(library.asarray(X)) == pytest.approx(np.median(X))


# -- the estimator ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [5.0, 1e4])
@pytest.mark.parametrize("shape", [(200, 80), (80, 160)])
def test_gross_errors_leave_the_subspace_where_it_is(shape, size):
    clean, V, X = corrupted(0, *shape, size=size)
    model = RobustPCA().fit(X)
    assert model.n_components_ == 3
    assert sine_of_largest_angle(model.components_, V) < 1e-6
    assert sine_of_largest_angle(PCA(3).fit(X).components_, V) > 1e-2
    np.testing.assert_allclose(model.mean_, clean.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(
        model.explained_variance_, PCA(3).fit(clean).explained_variance_, rtol=1e-5
    )
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(X)), clean, atol=1e-4
    )


def test_errors_in_new_rows_leave_no_trace():
    clean, V, X = corrupted(1, 200, 80)
    model = RobustPCA().fit(X)
    rng = np.random.RandomState(1)
    new = clean.mean(axis=0) + 4 * rng.standard_normal((30, 3)) @ V
    wrong = new + 1e3 * (rng.uniform(size=new.shape) < 0.1)
    np.testing.assert_allclose(model.transform(wrong), model.transform(new), atol=1e-4)
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(wrong)), new, atol=1e-4
    )


def test_without_errors_and_noise_it_is_pca():
    clean, _, _ = corrupted(2)
    model, pca = RobustPCA().fit(clean), PCA(3).fit(clean)
    assert sine_of_largest_angle(model.components_, pca.components_) < 1e-7
    np.testing.assert_allclose(model.singular_values_, pca.singular_values_, rtol=1e-6)
    np.testing.assert_allclose(
        np.abs(model.transform(clean)), np.abs(pca.transform(clean)), atol=1e-4
    )
    assert model.explained_variance_ratio_.sum() == pytest.approx(1)


def test_high_price_is_pca_on_any_table():
    X = load_iris().data
    model, pca = RobustPCA(alpha=10.0).fit(X), PCA().fit(X)
    np.testing.assert_allclose(
        np.abs(model.components_), np.abs(pca.components_), atol=1e-6
    )
    np.testing.assert_allclose(
        model.explained_variance_, pca.explained_variance_, rtol=1e-6
    )


def test_moving_and_scaling_the_data_moves_and_scales_the_answer():
    _, _, X = corrupted(3, 100, 40)
    model = RobustPCA().fit(X)
    low_rank = model.inverse_transform(model.transform(X))
    for scale, shift in ((1e-4, 7.0), (1e4, -3.0)):
        moved = scale * (X + shift)
        model = RobustPCA().fit(moved)
        got = model.inverse_transform(model.transform(moved)) / scale - shift
        np.testing.assert_allclose(got, low_rank, atol=1e-5)


def test_order_of_rows_and_columns_does_not_matter(rng):
    _, _, X = corrupted(4, 100, 40)
    rows, columns = rng.permutation(100), rng.permutation(40)
    model, other = RobustPCA().fit(X), RobustPCA().fit(X[rows][:, columns])
    assert (
        sine_of_largest_angle(model.components_[:, columns], other.components_) < 1e-7
    )


@pytest.mark.parametrize("n_components", [2, 0.6])
def test_fewer_components_are_the_leading_ones(n_components):
    _, _, X = corrupted(5)
    full, model = RobustPCA().fit(X), RobustPCA(n_components).fit(X)
    k = model.n_components_
    assert k < 3
    np.testing.assert_allclose(model.components_, full.components_[:k], atol=1e-12)
    np.testing.assert_allclose(
        model.explained_variance_ratio_, full.explained_variance_ratio_[:k]
    )
    if n_components == 0.6:
        shares = np.cumsum(full.explained_variance_ratio_)
        assert shares[k - 1] > 0.6
        assert k == 1 or shares[k - 2] <= 0.6


def test_whitening_changes_units_only():
    _, _, X = corrupted(6)
    plain, white = RobustPCA().fit(X), RobustPCA(whiten=True).fit(X)
    scores = white.transform(X)
    np.testing.assert_allclose(scores.std(axis=0, ddof=1), 1, rtol=1e-4)
    np.testing.assert_allclose(
        white.inverse_transform(scores),
        plain.inverse_transform(plain.transform(X)),
        atol=1e-10,
    )


def test_batches_find_what_the_whole_finds():
    _, V, X = corrupted(7, 400, 60)
    stream = RobustPCA()
    for batch in np.array_split(X, 4):
        stream.partial_fit(batch)
    whole = RobustPCA().fit(X)
    assert stream.n_samples_seen_ == whole.n_samples_seen_ == 400
    assert stream.n_components_ == 3
    assert sine_of_largest_angle(stream.components_, V) < 1e-6
    np.testing.assert_allclose(stream.mean_, whole.mean_, atol=1e-5)
    np.testing.assert_allclose(
        stream.explained_variance_, whole.explained_variance_, rtol=1e-5
    )
    assert stream._summary.rows.shape[0] <= 5  # not the rows seen


def test_a_direction_that_appears_later_is_learnt():
    clean, V, X = corrupted(8, 300, 60)
    first = clean.mean(axis=0) + (X - clean)[:150]
    first += (clean[:150] - clean.mean(axis=0)) @ V[:2].T @ V[:2]
    stream = RobustPCA().partial_fit(first)
    assert stream.n_components_ == 2
    stream.partial_fit(X[150:])
    assert stream.n_components_ == 3
    assert sine_of_largest_angle(stream.components_, V) < 1e-6


def test_one_batch_is_fit_and_fit_starts_afresh():
    _, _, X = corrupted(9, 80, 40)
    model = RobustPCA().fit(X)
    stream = RobustPCA().partial_fit(X)
    np.testing.assert_array_equal(stream.components_, model.components_)
    stream.partial_fit(X).fit(X)
    np.testing.assert_array_equal(stream.components_, model.components_)
    assert stream.n_samples_seen_ == 80
    fresh = clone(stream).fit(load_iris().data)
    stream.fit(load_iris().data)
    np.testing.assert_array_equal(stream.components_, fresh.components_)


def test_single_rows_can_follow_a_batch():
    _, V, X = corrupted(10, 120, 60)
    stream = RobustPCA().partial_fit(X[:110])
    for row in X[110:]:
        stream.partial_fit(row[None])
    assert stream.n_samples_seen_ == 120
    assert sine_of_largest_angle(stream.components_[:3], V) < 1e-3


@pytest.mark.parametrize("n_components", [10, 20])
def test_salt_in_train_and_test_costs_less_accuracy_than_with_pca(n_components):
    X, y = load_digits(return_X_y=True)
    rng = np.random.RandomState(0)
    salted = np.where(rng.uniform(size=X.shape) < 0.2, 16.0, X) / 16
    train, test, y_train, y_test = train_test_split(
        salted, y, train_size=0.4, stratify=y, random_state=0
    )
    scores = {}
    for reducer in (RobustPCA(n_components), PCA(n_components)):
        reduced = reducer.fit_transform(train), reducer.transform(test)
        for classifier in (LogisticRegression(max_iter=2000), KNeighborsClassifier()):
            score = classifier.fit(reduced[0], y_train).score(reduced[1], y_test)
            scores[type(reducer), type(classifier)] = score
    for classifier in (LogisticRegression, KNeighborsClassifier):
        assert scores[RobustPCA, classifier] > scores[PCA, classifier] + 0.01


@pytest.mark.parametrize("parameters", [{}, {"n_components": 2}, {"whiten": True}])
@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_pipelines_with_pca_run_after_one_name_changes(load, parameters):
    X, y = load(return_X_y=True)
    for classifier in (LogisticRegression(max_iter=2000), KNeighborsClassifier()):
        scores = {
            Reducer: cross_val_score(
                make_pipeline(StandardScaler(), Reducer(**parameters), classifier), X, y
            ).mean()
            for Reducer in (PCA, RobustPCA)
        }
        # whitening components of next to no variance suits no classifier
        assert scores[RobustPCA] > scores[PCA] - (
            0.4 if parameters.get("whiten") else 0.05
        )


def test_constant_table_gives_numbers():
    with pytest.warns(UserWarning, match="does not vary"):
        model = RobustPCA().fit(np.ones((6, 3)))
    np.testing.assert_array_equal(model.transform(np.ones((6, 3))), 0)
    np.testing.assert_array_equal(model.inverse_transform([[0.0]]), 1)
    assert model.n_iter_ == 0


def test_too_few_iterations_warn_and_name_the_remedy():
    _, _, X = corrupted(11)
    with pytest.warns(ConvergenceWarning, match="increase max_iter"):
        model = RobustPCA(max_iter=3).fit(X)
    assert model.n_iter_ == 3


def test_tables_too_large_are_refused_before_they_are_copied():
    X = np.broadcast_to(np.zeros(1), (2**14, 2**12))
    with pytest.raises(ValueError, match="partial_fit"):
        RobustPCA().fit(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"n_components": 9}, "at most"), ({"alpha": 0.0}, "alpha")],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        RobustPCA(**parameters).fit(load_iris().data[:8])


def test_coordinates_of_another_width_are_refused():
    model = RobustPCA(2).fit(load_iris().data)
    with pytest.raises(ValueError, match="3 columns"):
        model.inverse_transform(np.ones((4, 3)))
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(np.ones((4, 3)))


def test_single_precision_stays(rng):
    _, V, X = corrupted(12)
    model = RobustPCA().fit(X.astype(np.float32))
    assert model.components_.dtype == model.transform(X.astype(np.float32)).dtype
    assert model.components_.dtype == np.float32
    assert sine_of_largest_angle(model.components_, V) < 1e-4
