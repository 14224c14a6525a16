"""Subspaces per cluster and the density of their probabilistic mixture."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold

from skspace.linalg._mixture import (
    fit_probabilistic_subspaces,
    fit_subspaces,
    leading_subspace,
    log_likelihood,
    subspace_residuals,
)


def union(rng, noise, n_subspaces=5, dim=4, n_features=30, size=60):
    """Unit-length points on random subspaces, plus noise in every entry."""
    X, labels = [], []
    for c in range(n_subspaces):
        Q = np.linalg.qr(rng.standard_normal((n_features, dim)))[0]
        Z = rng.standard_normal((size, dim))
        X.append(Z / np.linalg.norm(Z, axis=1, keepdims=True) @ Q.T)
        labels += [c] * size
    X = np.vstack(X)
    return X + noise * rng.standard_normal(X.shape), np.array(labels)


def dense_log_density(X, model):
    """The mixture with every covariance written out, n_features x n_features."""
    logs = []
    for c, weight in enumerate(model.log_weights):
        V = model.components[c]
        P = V.T @ V
        noise = model.noise_variances[c] * (np.eye(len(P)) - P)
        covariance = (V.T * model.variances[c]) @ V + noise
        normal = multivariate_normal(
            model.means[c] * model.scale, covariance * model.scale**2
        )
        logs.append(weight + normal.logpdf(X))
    return logsumexp(logs, axis=0)


# -- bases and residuals ------------------------------------------------------


@pytest.mark.parametrize("affine", [False, True])
def test_subspace_is_the_best_of_its_dimension(affine, rng):
    """Eckart-Young: the residual energy is the tail of the spectrum."""
    X = rng.standard_normal((20, 6)) + 1
    labels = np.arange(20) % 2
    means, components = fit_subspaces(X, labels, 2, 3, affine=affine)
    residuals = subspace_residuals(X, means, components)
    for c in range(2):
        Z = X[labels == c] - (X[labels == c].mean(axis=0) if affine else 0)
        s = np.linalg.svd(Z, compute_uv=False)
        energy = np.sum(residuals[labels == c, c] ** 2)
        assert energy == pytest.approx(np.sum(s[3:] ** 2), rel=1e-12)
        V = components[c]
        np.testing.assert_allclose(V @ V.T, np.eye(3), atol=1e-14)
        assert (V.max(axis=1) >= -V.min(axis=1)).all()
        assert means[c] == pytest.approx(X[labels == c].mean(axis=0) if affine else 0)


def test_residuals_are_distances(rng):
    X = rng.standard_normal((7, 5))
    means, components = fit_subspaces(X, np.arange(7) % 2, 2, 2, affine=True)
    got = subspace_residuals(X, means, components)
    for i, x in enumerate(X):
        for c in range(2):
            # distance to the nearest point of the flat, by least squares
            _, energy, _, _ = np.linalg.lstsq(components[c].T, x - means[c])
            assert got[i, c] == pytest.approx(np.sqrt(energy[0]), rel=1e-10)


def test_small_residuals_keep_their_digits(rng):
    """‖z‖² - ‖Vz‖² would return 0 or 1e-8 here."""
    V = np.linalg.qr(rng.standard_normal((6, 3)))[0].T
    X = rng.standard_normal((9, 2)) @ V[:2] + 1e-10 * V[2]
    got = subspace_residuals(X, np.zeros((1, 6)), V[None, :2])
    np.testing.assert_allclose(got, 1e-10, rtol=1e-4)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_residuals_scale_with_the_data(scale, rng):
    X, labels = rng.standard_normal((20, 5)), np.arange(20) % 2
    means, components = fit_subspaces(X, labels, 2, 2, affine=True)
    big = fit_subspaces(X * scale, labels, 2, 2, affine=True)
    np.testing.assert_allclose(big[0], means * scale, rtol=1e-12)
    np.testing.assert_allclose(big[1], components, atol=1e-12)
    np.testing.assert_allclose(
        subspace_residuals(X * scale, *big),
        subspace_residuals(X, means, components) * scale,
        rtol=1e-10,
    )


def test_missing_directions_are_zero_rows(rng):
    line = rng.standard_normal((1, 4))
    X = np.vstack([line, 2 * line, 3 * line, np.zeros((2, 4)), np.ones((3, 4)) / 3])
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    _, components = fit_subspaces(X, labels, 3, 6, affine=False)
    assert components.shape == (3, 6, 4)
    rank = np.any(components != 0, axis=2).sum(axis=1)
    np.testing.assert_array_equal(rank, [1, 0, 1])
    # rounding of a mean of equal rows is no direction
    for scale in (1e-200, 1.0, 1e5):
        _, components = fit_subspaces(
            X * scale + 0.1 * scale, labels, 3, 6, affine=True
        )
        rank = np.any(components != 0, axis=2).sum(axis=1)
        np.testing.assert_array_equal(rank, [1, 0, 0])


def test_rounding_of_the_mean_of_equal_rows_is_no_direction(rng):
    inexact = 0
    for n in (3, 5, 7, 11):
        X = np.tile(rng.standard_normal(6), (n, 1))
        inexact += np.any(X.mean(axis=0) != X[0])
        assert (leading_subspace(X, 2, affine=True).components == 0).all()
    assert inexact  # otherwise nothing was tested


def test_signs_do_not_depend_on_those_of_the_data(rng):
    X = rng.standard_normal((10, 4))
    one, other = (leading_subspace(Z, 3, affine=False) for Z in (X, -X))
    np.testing.assert_allclose(one.components, other.components, atol=1e-14)
    tie = np.array([[1.0, -1.0]])
    for Z in (tie, -tie):
        V = leading_subspace(Z, 1, affine=False).components
        np.testing.assert_allclose(V, [[0.5**0.5, -(0.5**0.5)]])


def test_empty_clusters_have_no_subspace():
    with pytest.raises(ValueError, match="Cluster 1 of 3 has no member"):
        fit_subspaces(np.eye(3), np.array([0, 2, 2]), 3, 1, affine=False)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1]), "must be 3 integers"),
        (np.array([0.0, 1.0, 1.0]), "must be 3 integers"),
        (np.array([0, 1, 2]), "below n_clusters=2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, message):
    for fit in (
        lambda: fit_subspaces(np.eye(3), labels, 2, 1, affine=False),
        lambda: fit_probabilistic_subspaces(np.eye(3), labels, 2, 1),
    ):
        with pytest.raises(ValueError, match=message):
            fit()


# -- the density --------------------------------------------------------------


@pytest.mark.parametrize("shape", [(200, 6), (40, 6), (500, 12)])
@pytest.mark.parametrize("n_dims", [1, 3, 5])
def test_one_cluster_is_the_pca_of_scikit_learn(shape, n_dims, rng):
    """Equal but for the degrees of freedom of the noise, which are exact here."""
    n = shape[0]
    X = rng.standard_normal(shape) * np.arange(1, shape[1] + 1) + 3
    pca = PCA(n_dims).fit(X)
    model = fit_probabilistic_subspaces(X, np.zeros(n, dtype=int), 1, n_dims)
    unit = model.scale
    np.testing.assert_allclose(model.means[0] * unit, pca.mean_, rtol=1e-12)
    np.testing.assert_allclose(
        abs(model.components[0] @ pca.components_.T), np.eye(n_dims), atol=1e-10
    )
    np.testing.assert_allclose(
        model.variances[0] * unit**2, pca.explained_variance_, rtol=1e-12
    )
    np.testing.assert_allclose(
        model.noise_variances * unit**2,
        pca.noise_variance_ * (n - 1) / (n - 1 - n_dims),
        rtol=1e-12,
    )
    same = model._replace(noise_variances=np.array([pca.noise_variance_ / unit**2]))
    fresh = rng.standard_normal((20, shape[1])) * 5
    np.testing.assert_allclose(
        log_likelihood(fresh, same), pca.score_samples(fresh), rtol=1e-10
    )


@pytest.mark.parametrize("n_dims", [1, 4, 6, 9])
def test_density_equals_the_dense_mixture(n_dims, rng):
    """Clusters of 1, 2, 7 and 30 rows in R^6, so some directions are missing."""
    labels = np.repeat([0, 1, 2, 3], [1, 2, 7, 30])
    X = rng.standard_normal((40, 6)) * np.arange(1, 7) + 5 * labels[:, None]
    model = fit_probabilistic_subspaces(X, labels, 4, n_dims)
    fresh = rng.standard_normal((25, 6)) * 4
    np.testing.assert_allclose(
        log_likelihood(fresh, model), dense_log_density(fresh, model), rtol=1e-10
    )


@pytest.mark.parametrize("n_features", [1, 2])
def test_density_integrates_to_one(n_features, rng):
    labels = np.repeat([0, 1, 2], [1, 8, 9])
    X = rng.standard_normal((18, n_features)) + 3 * labels[:, None]
    model = fit_probabilistic_subspaces(X, labels, 3, 1)
    axis = np.linspace(-15, 25, 1200 if n_features == 2 else 20000)
    grid = np.stack(np.meshgrid(*[axis] * n_features), axis=-1).reshape(-1, n_features)
    cell = (axis[1] - axis[0]) ** n_features
    total = np.exp(log_likelihood(grid, model)).sum() * cell
    assert total == pytest.approx(1, abs=1e-3)


def test_scale_counts_exactly(rng):
    X, labels = union(rng, 0.1, n_subspaces=2, n_features=10)
    plain = log_likelihood(X, fit_probabilistic_subspaces(X, labels, 2, 4))
    for scale in (2.0**-600, 1e-200, 1e-300, 1e200):
        model = fit_probabilistic_subspaces(X * scale, labels, 2, 4)
        got = log_likelihood(X * scale, model)
        np.testing.assert_allclose(got, plain - 10 * np.log(scale), rtol=1e-11)


def test_moving_turning_and_renaming_change_nothing(rng):
    X, labels = union(rng, 0.1, n_subspaces=3, n_features=10)
    fresh = rng.standard_normal((20, 10))
    expected = log_likelihood(fresh, fit_probabilistic_subspaces(X, labels, 3, 4))
    turn = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    model = fit_probabilistic_subspaces(X @ turn + 7, (labels + 1) % 3, 3, 4)
    got = log_likelihood(fresh @ turn + 7, model)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_noise_is_estimated_without_bias_from_few_rows(rng):
    """8 rows, 4 directions: maximum likelihood would be off by 3/8."""
    noise = 0.02
    estimates = []
    for _ in range(200):
        X, labels = union(rng, noise, n_subspaces=1, n_features=20, size=8)
        model = fit_probabilistic_subspaces(5 * X, labels, 1, 4)
        estimates.append(model.noise_variances[0] * model.scale**2 / 25)
    error = np.std(estimates) / np.sqrt(200)
    assert error < 0.02 * noise**2
    # strong but finite signals leave a bias of order noise² / signal
    assert np.mean(estimates) == pytest.approx(noise**2, abs=4 * error)


def test_small_clusters_take_the_pooled_noise(rng):
    X, labels = union(rng, 0.1)
    alone = fit_probabilistic_subspaces(X[labels == 0], 0 * labels[labels == 0], 1, 4)
    # one row of every other cluster: no residual but that of cluster 0
    keep = (labels == 0) | (np.arange(300) % 60 == 0)
    model = fit_probabilistic_subspaces(X[keep], labels[keep], 5, 4)
    expected = alone.noise_variances[0] * alone.scale**2 / model.scale**2
    np.testing.assert_allclose(model.noise_variances, expected, rtol=1e-12)
    assert (model.components[1:] == 0).all()


def test_clusters_may_differ_in_noise(rng):
    X, labels = union(rng, 0.0, n_subspaces=2)
    sigma = np.where(labels == 0, 0.01, 0.1)
    X = X + sigma[:, None] * rng.standard_normal(X.shape)
    model = fit_probabilistic_subspaces(X, labels, 2, 4)
    got = model.noise_variances * model.scale**2
    np.testing.assert_allclose(got, [0.01**2, 0.1**2], rtol=0.15)


def test_negative_labels_are_left_out(rng):
    X, labels = union(rng, 0.1, n_subspaces=2, n_features=8)
    drop = np.arange(120) % 7 == 0
    model = fit_probabilistic_subspaces(X, np.where(drop, -1, labels), 2, 4)
    expected = fit_probabilistic_subspaces(X[~drop], labels[~drop], 2, 4)
    np.testing.assert_allclose(
        log_likelihood(X, model), log_likelihood(X, expected), rtol=1e-12
    )
    with pytest.raises(ValueError, match="Every label is negative"):
        fit_probabilistic_subspaces(X, np.full(120, -1), 2, 4)


def test_empty_clusters_weigh_nothing(rng):
    X, labels = union(rng, 0.1, n_subspaces=2, n_features=8)
    model = fit_probabilistic_subspaces(X, labels, 5, 4)
    expected = fit_probabilistic_subspaces(X, labels, 2, 4)
    np.testing.assert_allclose(
        log_likelihood(X, model), log_likelihood(X, expected), rtol=1e-12
    )
    assert (model.log_weights[2:] == -np.inf).all()


DEGENERATE = {
    "zero": np.zeros((6, 3)),
    "constant": np.full((6, 3), 0.1),
    "constant and huge": np.full((6, 3), 0.1e200),
    "duplicates": np.repeat([[1.0, 2.0, 3.0], [3.0, 1.0, 0.0]], 3, axis=0),
    "noise-free line": np.arange(6.0)[:, None] * [[1.0, 2.0, -1.0]],
    "one feature": np.arange(6.0)[:, None],
    "one feature far away": 1e15 + np.arange(6.0)[:, None],
    "wide": np.random.RandomState(0).standard_normal((6, 40)),
    "wildly scaled": np.random.RandomState(0).standard_normal((6, 3))
    * [1e-200, 1.0, 1e200],
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("labels", ["one", "singletons", "uneven"])
@pytest.mark.parametrize("n_dims", [1, 2, 5])
def test_degenerate_data_have_finite_densities(name, labels, n_dims, library):
    X = DEGENERATE[name]
    labels = {"one": [0] * 6, "singletons": range(6), "uneven": [0, 1, 1, 2, 2, 2]}[
        labels
    ]
    labels = np.array(labels)
    table = library.asarray(X)
    model = fit_probabilistic_subspaces(table, labels, labels.max() + 1, n_dims)
    variances = library.to_numpy(model.variances)
    noise = library.to_numpy(model.noise_variances)
    assert (noise > 0).all()
    assert (variances >= noise[:, None]).all()
    for Z in (X, -X, X + 1, 1e150 * np.sign(X), np.full_like(X, 1e308)):
        density = library.to_numpy(log_likelihood(library.asarray(Z), model))
        assert np.isfinite(density).all()


def test_directions_beyond_the_rank_change_no_digit(rng):
    """A grid search over noise-free data meets exact ties, not rounding."""
    X, labels = union(rng, 0.0)
    densities = [
        log_likelihood(X, fit_probabilistic_subspaces(X, labels, 5, d)) for d in (4, 8)
    ]
    np.testing.assert_array_equal(*densities)


def test_every_library_gives_the_same_density(library, rng):
    X, labels = union(rng, 0.1, n_subspaces=2, n_features=10)
    expected = log_likelihood(X, fit_probabilistic_subspaces(X, labels, 2, 4))
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 1e-4)):
        table = library.asarray(X.astype(dtype))
        model = fit_probabilistic_subspaces(table, labels, 2, 4)
        density = log_likelihood(table, model)
        assert type(density) is type(table)
        density = library.to_numpy(density)
        assert density.dtype == dtype
        np.testing.assert_allclose(density, expected, rtol=tolerance, atol=tolerance)
        fitted = fit_subspaces(table, labels, 2, 4, affine=True)
        residuals = library.to_numpy(subspace_residuals(table, *fitted))
        assert residuals.dtype == dtype
        np.testing.assert_array_equal(residuals.argmin(axis=1), labels)


def test_float32_scales(library, rng):
    X, labels = union(rng, 0.1, n_subspaces=2, n_features=10)
    for scale in (1e-38, 1e30):
        table = library.asarray((X * scale).astype(np.float32))
        model = fit_probabilistic_subspaces(table, labels, 2, 4)
        assert np.isfinite(library.to_numpy(log_likelihood(table, model))).all()


def held_out(X, labels, n_dims):
    """Mean log density of rows not used in the fit, three folds."""
    scores = []
    for train, test in KFold(3, shuffle=True, random_state=0).split(X):
        model = fit_probabilistic_subspaces(
            X[train], labels[train], labels.max() + 1, n_dims
        )
        scores.append(log_likelihood(X[test], model).mean())
    return np.mean(scores)


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("seed", [0, 1])
def test_held_out_density_peaks_at_the_truth(noise, seed):
    """Jointly over the number of clusters and their dimension, true value 5 and 4."""
    rng = np.random.RandomState(seed)
    X, labels = union(rng, noise)
    first = np.flatnonzero(labels == 0)
    by_chance, by_side = labels.copy(), labels.copy()
    by_chance[rng.permutation(first)[:30]] = 5
    fit = leading_subspace(X[first], 1, affine=True)
    by_side[first[(X[first] - fit.mean) @ fit.components[0] > 0]] = 5
    partitions = {
        "true": labels,
        "two merged": np.minimum(labels, 3),
        "three merged": np.minimum(labels, 2),
        "split by chance": by_chance,
        "split by side": by_side,
    }
    scores = {
        (name, d): held_out(X, partition, d)
        for name, partition in partitions.items()
        for d in range(2, 10)
    }
    assert max(scores, key=scores.get) == ("true", 4)
