"""Low-rank self-representation: closed form, optimality, outliers, rank rules."""

import re

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning

from skspace.cluster import LowRankSubspaceClustering, low_rank_self_representation
from skspace.cluster._nuclear_norm import low_rank_iterations
from skspace.cluster._row_space import row_space
from skspace.datasets import make_union_of_subspaces
from skspace.exceptions import DegenerateDataWarning
from skspace.metrics import clustering_accuracy


def independent_subspaces(rng, n_each=12, dim=2, n_subspaces=3, n_features=9):
    X = [
        rng.standard_normal((n_each, dim)) @ rng.standard_normal((dim, n_features))
        for _ in range(n_subspaces)
    ]
    return np.vstack(X), np.repeat(np.arange(n_subspaces), n_each)


def objective(C, X, alpha):
    misfit = np.linalg.norm(X - C @ X, axis=1)
    return np.linalg.norm(C, "nuc") + alpha * misfit.sum()


# -- closed form --------------------------------------------------------------------


def test_clean_independent_subspaces_do_not_represent_each_other(rng):
    X, y = independent_subspaces(rng)
    C = low_rank_self_representation(X, rank=6)
    np.testing.assert_allclose(C @ X, X, atol=1e-10)
    assert np.abs(C[y[:, None] != y[None, :]]).max() < 1e-10


def test_closed_form_is_the_projection_on_leading_left_singular_vectors(library, rng):
    X = rng.standard_normal((10, 6))
    C = library.to_numpy(low_rank_self_representation(X, rank=4))
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    np.testing.assert_allclose(C @ C, C, atol=1e-12)
    np.testing.assert_allclose(C @ X, (U[:, :4] * s[:4]) @ Vt[:4], atol=1e-12)


def test_full_rank_closed_form_minimises_the_nuclear_norm(rng):
    """Any other exact representation C + N with N X = 0 costs more."""
    X, _ = independent_subspaces(rng, n_each=4)
    C = low_rank_self_representation(X, rank=9)
    left = np.linalg.svd(X)[0][:, 6:]
    for _ in range(20):
        N = rng.standard_normal((12, 6)) @ left.T
        np.testing.assert_allclose((C + N) @ X, X, atol=1e-10)
        assert np.linalg.norm(C + 1e-3 * N, "nuc") > np.linalg.norm(C, "nuc")


def test_rank_rules():
    X = np.diag([4.0, 3.0, 2.5, 1.0])  # energies 16, 9, 6.25, 1
    assert row_space(X, 3).vectors.shape == (4, 3)
    assert row_space(X, 9).vectors.shape == (4, 4)
    assert row_space(X, 0.49).vectors.shape == (4, 1)
    assert row_space(X, 0.5).vectors.shape == (4, 2)
    assert row_space(X, "auto").vectors.shape == (4, 3)
    assert row_space(X, "auto", at_least=4).vectors.shape == (4, 4)
    clean = np.diag([9.0, 8.0, 7.0, 1.0, 0.1, 0.01])
    assert row_space(clean, "auto").vectors.shape == (6, 3)
    clean[3, 3] = 2.5  # 1/8 of the energy before, 25 times the energy behind
    clean[4, 4] = 0.5
    assert row_space(clean, "auto").vectors.shape == (6, 4)
    clean[0, 0] = 1e6  # one direction does not hide the others
    assert row_space(clean, "auto").vectors.shape == (6, 4)
    assert row_space(np.outer([1.0, 2.0], [1.0, 1.0])).vectors.shape == (2, 1)


def test_closed_form_knows_neither_scale_nor_rotation(rng):
    X, _ = independent_subspaces(rng)
    rotation = np.linalg.qr(rng.standard_normal((9, 9)))[0]
    C = low_rank_self_representation(X)
    for other in (1e150 * X, 1e-150 * X, X @ rotation):
        np.testing.assert_allclose(low_rank_self_representation(other), C, atol=1e-10)


# -- with a price of misfit ---------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.1, 0.15, 0.2])
def test_optimality_of_the_nuclear_norm_problem(rng, alpha):
    X = rng.standard_normal((14, 6))
    C = low_rank_self_representation(X, alpha=alpha, tol=1e-10, max_iter=20000)
    E = X - C @ X
    length = np.linalg.norm(E, axis=1, keepdims=True)
    assert length.min() > 1e-3  # every row has a gradient
    G = alpha * (E / length) @ X.T
    np.testing.assert_array_less(np.linalg.norm(G, 2), 1 + 1e-4)
    np.testing.assert_allclose(np.sum(G * C), np.linalg.norm(C, "nuc"), rtol=1e-4)


def test_objective_equals_that_of_a_smooth_solver_on_the_whole_matrix(rng):
    """L-BFGS on all n x n coefficients of the problem with rounded corners."""
    X, alpha, n = rng.standard_normal((7, 4)), 0.4, 7

    def smooth(c, corner):
        C = c.reshape(n, n)
        U, s, Vt = np.linalg.svd(C)
        E = X - C @ X
        length = np.sqrt((E**2).sum(axis=1, keepdims=True) + corner)
        root = np.sqrt(s**2 + corner)
        gradient = (U * (s / root)) @ Vt - alpha * (E / length) @ X.T
        return root.sum() + alpha * length.sum(), gradient.ravel()

    c = 0.01 * rng.standard_normal(n * n)
    for corner in 10.0 ** np.arange(-2, -11, -1):
        c = minimize(smooth, c, (corner,), "L-BFGS-B", jac=True).x
    C = low_rank_self_representation(X, alpha=alpha, tol=1e-9, max_iter=20000)
    ours, theirs = objective(C, X, alpha), objective(c.reshape(n, n), X, alpha)
    assert ours <= theirs * (1 + 1e-7)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_gap_bounds_the_distance_to_the_minimum(rng):
    X, alpha = rng.standard_normal((20, 8)), 0.3
    states = low_rank_iterations(row_space(X), alpha)
    seen = [next(states) for _ in range(400)]
    minimum = seen[-1].objective
    assert seen[-1].change < 1e-6
    for state in seen:
        assert state.objective - minimum <= state.change * state.objective + 1e-9


def test_objective_of_a_state_is_that_of_its_coefficients(rng):
    X, alpha = rng.standard_normal((12, 5)), 0.5
    space = row_space(X)
    states = low_rank_iterations(space, alpha)
    for _ in range(7):
        state = next(states)
    C = state.coefficients @ space.vectors.T
    np.testing.assert_allclose(state.objective, objective(C, X, alpha), rtol=1e-10)
    assert np.linalg.matrix_rank(C, 1e-9) == state.rank


def test_large_alpha_is_the_closed_form_and_small_alpha_is_zero(rng):
    X = rng.standard_normal((12, 5))
    U, s, _ = np.linalg.svd(X, full_matrices=False)
    exact = np.linalg.norm(U / s, axis=1).max()
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    nothing = 1 / np.linalg.norm(unit @ X.T, 2)

    def solve(alpha):
        return low_rank_self_representation(X, alpha=alpha, tol=1e-9, max_iter=20000)

    np.testing.assert_allclose(solve(1.05 * exact), U @ U.T, atol=1e-5)
    assert np.abs(solve(0.9 * exact) - U @ U.T).max() > 1e-3
    for alpha in (0.95 * nothing, 1e-200, 1e-320):
        np.testing.assert_array_equal(solve(alpha), 0)
    assert np.abs(solve(1.05 * nothing)).max() > 1e-4


def test_zero_samples_among_others_change_nothing(rng):
    X, alpha = rng.standard_normal((12, 5)), 0.4
    C = low_rank_self_representation(X, alpha=alpha)
    D = low_rank_self_representation(np.vstack([X, np.zeros((1, 5))]), alpha=alpha)
    np.testing.assert_allclose(D, np.pad(C, (0, 1)), atol=2e-2)  # both within tol


def test_only_outliers_are_not_represented(rng):
    X, _ = independent_subspaces(rng, n_each=30, n_features=30)
    outliers = rng.standard_normal((4, 30))
    X = np.vstack([X, outliers])
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    C = low_rank_self_representation(X, alpha=0.5, tol=1e-7, max_iter=5000)
    misfit = np.linalg.norm(X - C @ X, axis=1)
    assert misfit[-4:].min() > 0.1
    assert misfit[:-4].max() < 1e-3


def test_units_of_alpha_are_inverse_to_those_of_samples(rng):
    X = rng.standard_normal((12, 5))
    C = low_rank_self_representation(X, alpha=0.4)
    for unit in (1000, 1e-200, 1e200):
        D = low_rank_self_representation(unit * X, alpha=0.4 / unit)
        np.testing.assert_allclose(C, D, atol=1e-9)


# -- both ---------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [None, 0.4])
def test_permuting_samples_permutes_coefficients(rng, alpha):
    X, order = rng.standard_normal((15, 6)), rng.permutation(15)
    C = low_rank_self_representation(X, alpha=alpha, rank=4)
    D = low_rank_self_representation(X[order], alpha=alpha, rank=4)
    np.testing.assert_allclose(D, C[np.ix_(order, order)], atol=1e-9)


@pytest.mark.parametrize("alpha", [None, 0.4])
def test_kept_coefficients_are_the_largest_off_the_diagonal(rng, alpha):
    X = rng.standard_normal((20, 6))
    C = low_rank_self_representation(X, alpha=alpha, rank=4)
    kept = low_rank_self_representation(X, alpha=alpha, rank=4, n_nonzero_coefs=3)
    np.fill_diagonal(C, 0)
    smallest = -np.sort(-np.abs(C), axis=1)[:, [2]]
    np.testing.assert_allclose(
        kept.toarray(), np.where(np.abs(C) >= smallest, C, 0), atol=1e-12
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("alpha", [None, 0.4])
def test_every_library_gives_the_same_numbers(dispatch, library, rng, alpha, dtype):
    X = rng.standard_normal((15, 6)).astype(dtype)
    ours = low_rank_self_representation(library.asarray(X), alpha=alpha)
    expected = low_rank_self_representation(X.astype("float64"), alpha=alpha)
    assert library.to_numpy(ours).dtype == dtype
    tolerance = 1e-9 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(library.to_numpy(ours), expected, atol=tolerance)


def test_iterations_run_in_every_library(library, rng):
    X = rng.standard_normal((15, 6))
    here = low_rank_iterations(row_space(library.asarray(X)), 0.4)
    numpy = low_rank_iterations(row_space(X), 0.4)
    for _ in range(12):
        ours, expected = next(here), next(numpy)
    np.testing.assert_allclose(ours.objective, expected.objective, rtol=1e-10)
    np.testing.assert_allclose(ours.change, expected.change, atol=1e-9)


def test_stopping_early_is_said(rng):
    X = rng.standard_normal((12, 5))
    with pytest.warns(ConvergenceWarning, match="max_iter=2 with relative duality gap"):
        low_rank_self_representation(X, alpha=0.4, max_iter=2)
    with pytest.warns(ConvergenceWarning, match="another alpha"):
        LowRankSubspaceClustering(2, alpha=2.0, max_iter=2).fit(X)


def test_zero_samples_are_refused():
    with pytest.raises(ValueError, match="X is zero"):
        low_rank_self_representation(np.zeros((4, 3)))


def test_alpha_below_which_nothing_is_represented_is_named(rng):
    X = rng.standard_normal((30, 5))
    with pytest.raises(ValueError, match="choose a larger one") as error:
        LowRankSubspaceClustering(2, alpha=0.01).fit(X)
    bound = float(re.search(r"up to ([0-9.]+);", str(error.value))[1])
    LowRankSubspaceClustering(2, alpha=2 * bound, random_state=0).fit(X)


# -- the clusterer ------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [{}, {"rank": 20}, {"alpha": 1.0}])
def test_union_of_subspaces_is_found(parameters):
    X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    model = LowRankSubspaceClustering(5, random_state=0, **parameters).fit(X[::2])
    assert clustering_accuracy(y[::2], model.labels_) >= (0.98 if not parameters else 1)
    assert clustering_accuracy(y[1::2], model.predict(X[1::2])) >= 0.99
    assert model.n_iter_ == 1 or "alpha" in parameters
    assert model.rank_ == parameters.get("rank", model.rank_)
    assert np.all(np.diff(model.singular_values_) <= 0)


def test_representation_matrix_holds_the_largest_cosines(rng):
    X = rng.standard_normal((20, 6))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    model = LowRankSubspaceClustering(2, rank=4, center=False, random_state=0).fit(X)
    C = low_rank_self_representation(X, rank=4)
    cosine = C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
    R = model.representation_matrix_.toarray()
    np.testing.assert_allclose(R[R != 0], cosine[R != 0], atol=1e-10)
    np.testing.assert_array_equal((R != 0).sum(axis=1), 6)


def test_dispatch_gives_numpys_labels(dispatch, library):
    X, _ = make_union_of_subspaces(100, noise=0.01, random_state=0)
    model = LowRankSubspaceClustering(5, alpha=1.0, random_state=0)
    expected = model.fit(X).labels_
    with config_context(array_api_dispatch=True):
        ours = model.fit(library.asarray(X)).labels_
    np.testing.assert_array_equal(library.to_numpy(ours), expected)


@pytest.mark.parametrize("alpha", [None, 1.0])
def test_one_cluster_has_its_spectrum_and_rank(rng, alpha):
    X = rng.standard_normal((30, 2)) @ rng.standard_normal((2, 7))
    model = LowRankSubspaceClustering(3, rank=5, center=False, random_state=0).fit(X)
    model.set_params(n_clusters=1, alpha=alpha).fit(X[:20])
    unit = X[:20] / np.linalg.norm(X[:20], axis=1, keepdims=True)
    expected = np.linalg.svd(unit, compute_uv=False)
    np.testing.assert_allclose(model.singular_values_, expected, atol=1e-12)
    assert model.rank_ == 2
    assert model.n_iter_ >= 1


def test_one_cluster_of_nothing_has_rank_zero():
    model = LowRankSubspaceClustering(1)
    with pytest.warns(DegenerateDataWarning):
        model.fit(np.ones((5, 3)))
    assert model.rank_ == 0
    np.testing.assert_array_equal(model.singular_values_, np.zeros(3))
