"""Equal means of groups, the most variance there is besides, and streams."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skspace.exceptions import DegenerateDataWarning
from skspace.fairness import FairPCA


def groups(n=600, seed=0):
    rng = np.random.RandomState(seed)
    z = rng.randint(0, 3, n)
    X = rng.standard_normal((n, 7)) * [4, 3, 2, 1, 1, 1, 1]
    X[:, 0] += 3 * (z == 1)
    X[:, 2] += z == 2
    X[z == 0, 4] *= 3  # covariances differ there
    return X @ np.linalg.qr(rng.standard_normal((7, 7)))[0], z


def spread(R, z):
    return np.ptp([R[z == g].mean(axis=0) for g in np.unique(z)], axis=0)


def test_group_means_are_equal_and_components_orthonormal():
    X, z = groups()
    pca = FairPCA().fit(X, sensitive_features=z)
    R = pca.transform(X)
    assert pca.n_excluded_ == 2
    assert R.shape == (600, 5)
    assert np.max(spread(R, z)) < 1e-10
    C = pca.components_
    np.testing.assert_allclose(C @ C.T, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(
        np.cov(R.T, bias=True), np.diag(pca.explained_variance_), atol=1e-10
    )
    assert np.all(np.diff(pca.explained_variance_) <= 0)


def test_it_is_pca_of_the_rows_within_the_null_space():
    X, z = groups()
    D = np.array([X[z == g].mean(axis=0) - X.mean(axis=0) for g in range(3)])
    N = np.linalg.svd(D)[2][2:].T
    expected = PCA(3).fit(X @ N)
    found = FairPCA(3).fit(X, sensitive_features=z)
    inner = found.components_ @ N @ expected.components_.T
    np.testing.assert_allclose(np.abs(inner), np.eye(3), atol=1e-9)
    np.testing.assert_allclose(
        found.explained_variance_, expected.explained_variance_ * 599 / 600
    )
    total = np.trace(np.cov(X.T, bias=True))
    np.testing.assert_allclose(
        found.explained_variance_ratio_, found.explained_variance_ / total
    )


def test_covariances_differ_less_among_what_is_kept():
    X, z = groups()
    z = (z == 0) * 1
    plain = FairPCA().fit(X, sensitive_features=z)
    alike = FairPCA(constraint="covariance", share=0.6).fit(X, sensitive_features=z)
    assert alike.n_components_ == 4  # of 6, rounded up

    def apart(model):
        R = model.transform(X)
        return np.linalg.norm(np.cov(R[z == 0].T) - np.cov(R[z == 1].T), 2)

    assert np.max(spread(alike.transform(X), z)) < 1e-10
    assert apart(alike) < apart(plain) / 2


@pytest.mark.parametrize("unit", [2.0**-400, 2.0**400])
def test_covariances_are_compared_in_any_unit(rng, unit):
    X, z = rng.standard_normal((200, 5)), rng.randint(2, size=200)
    X[z == 1] *= [1.0, 2.0, 1.2, 3.0, 1.1]
    model = FairPCA(constraint="covariance", share=0.6)
    expected = model.fit(X, sensitive_features=z).components_
    found = model.fit(unit * X, sensitive_features=z).components_
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_two_groups_keep_the_smallest_eigenvalues_of_the_difference():
    X, z = groups()
    z = (z == 0) * 1
    D = X[z == 0].mean(axis=0) - X[z == 1].mean(axis=0)
    N = np.linalg.svd(D[None])[2][1:].T
    difference = np.cov((X[z == 0] @ N).T, bias=True) - np.cov(
        (X[z == 1] @ N).T, bias=True
    )
    values, V = np.linalg.eigh(difference)
    kept = N @ V[:, np.argsort(np.abs(values))[:3]]
    found = FairPCA(constraint="covariance", share=0.5).fit(X, sensitive_features=z)
    np.testing.assert_allclose(
        found.components_.T @ found.components_, kept @ kept.T, atol=1e-8
    )


def test_a_continuous_attribute_has_no_correlation_left(rng):
    X = rng.standard_normal((500, 4))
    age = X[:, 0] + X[:, 1] + rng.standard_normal(500)
    pca = FairPCA().fit(X, sensitive_features=age)
    R = pca.transform(X)
    assert pca.n_excluded_ == 1
    np.testing.assert_allclose(R.T @ (age - age.mean()) / 500, 0, atol=1e-12)


def test_float32_features_do_not_round_the_attribute(rng):
    X = rng.standard_normal((500, 4)).astype(np.float32)
    time = 1.7e9 + 100 * (X[:, 0] + rng.standard_normal(500))  # seconds
    pca = FairPCA().fit(X, sensitive_features=time)
    assert pca.components_.dtype == np.float32
    apart = (time - time.mean()) / time.std()
    assert np.max(np.abs(pca.transform(X.astype(float)).T @ apart)) / 500 < 1e-6


def test_an_attribute_whose_squares_vanish_is_refused(rng):
    X = rng.standard_normal((100, 4))
    with pytest.raises(ValueError, match="underflow"):
        FairPCA().fit(X, sensitive_features=1e-200 * X[:, 0])


def test_groups_count_by_their_shares(rng):
    """Covariances of three groups of unequal size, against loops."""
    z = np.repeat([0, 1, 2], [800, 150, 50])
    X = rng.standard_normal((1000, 6))
    X[z == 1, 1] *= 3
    X[z == 2, 2] *= 6
    kept = FairPCA(constraint="covariance", share=0.5).fit(X, sensitive_features=z)
    means = np.array([X[z == g].mean(axis=0) for g in range(3)])
    within = np.linalg.svd(means - X.mean(axis=0))[2][2:].T
    shares = np.bincount(z) / 1000
    V = [np.cov(within.T @ X[z == g].T, bias=True) for g in range(3)]
    mean = sum(p * C for p, C in zip(shares, V, strict=True))
    kernel = sum(p * (C - mean) @ (C - mean) for p, C in zip(shares, V, strict=True))
    best = within @ np.linalg.eigh(kernel)[1][:, :2]
    projector = kept.components_.T @ kept.components_
    np.testing.assert_allclose(projector, best @ best.T, atol=1e-10)


@pytest.mark.parametrize("constraint", ["mean", "covariance"])
@pytest.mark.parametrize("kind", ["groups", "numbers"])
def test_chunks_and_weights(constraint, kind, rng):
    X, z = groups(300)
    if kind == "numbers":
        z = X[:, 0] + rng.standard_normal(300)
    weights = rng.randint(0, 4, 300)
    rows = np.repeat(np.arange(300), weights)
    make = FairPCA(3, constraint=constraint, n_slices=4)
    one = make.fit(X, sensitive_features=z, sample_weight=weights).components_
    other = make.fit(X[rows], sensitive_features=z[rows]).components_
    np.testing.assert_allclose(one, other, atol=1e-9)
    stream = FairPCA(3, constraint=constraint, n_slices=4)
    for part in np.array_split(np.arange(300), 3):
        stream.partial_fit(X[part], sensitive_features=z[part])
    whole = make.fit(X, sensitive_features=z)
    if kind == "groups" or constraint == "mean":  # else the first chunk fixes slices
        np.testing.assert_allclose(stream.components_, whole.components_, atol=1e-9)


def test_units_of_a_feature_do_not_hide_its_difference():
    X, z = groups()
    X = X.copy()
    X[:, 0] *= 1e-7
    X[:, 1] *= 1e7
    R = FairPCA(4).fit(X, sensitive_features=z).transform(X)
    assert np.max(spread(R, z) / R.std(axis=0)) < 1e-8


def test_numbers_of_components():
    X, z = groups()
    full = FairPCA().fit(X, sensitive_features=z)
    held = np.cumsum(full.explained_variance_) / np.sum(full.explained_variance_)
    some = FairPCA(0.8).fit(X, sensitive_features=z)
    assert some.n_components_ == 1 + np.sum(held < 0.8)
    with pytest.raises(ValueError, match="n_components=6 is more than the 5"):
        FairPCA(6).fit(X, sensitive_features=z)
    with pytest.warns(DegenerateDataWarning, match="Nothing is left"):
        empty = FairPCA().fit(X[:, :2], sensitive_features=z)
    assert empty.transform(X[:, :2]).shape == (600, 0)


def test_back_to_features():
    X, z = groups()
    pca = FairPCA(3).fit(X, sensitive_features=z)
    R = pca.transform(X)
    np.testing.assert_allclose(pca.transform(pca.inverse_transform(R)), R, atol=1e-9)
    assert list(pca.get_feature_names_out()) == ["fairpca0", "fairpca1", "fairpca2"]
    with pytest.raises(ValueError, match="gives 3 scores"):
        pca.inverse_transform(X)


def test_a_stream_waits_for_a_second_group():
    X, z = groups()
    order = np.argsort(z, kind="stable")
    stream = FairPCA(3)
    with pytest.warns(DegenerateDataWarning, match="Not fitted yet"):
        stream.partial_fit(
            X[order[:50]], sensitive_features=z[order[:50]], sensitive_classes=[0, 1, 2]
        )
    stream.partial_fit(X[order[50:]], sensitive_features=z[order[50:]])
    whole = FairPCA(3).fit(X, sensitive_features=z)
    np.testing.assert_allclose(stream.components_, whole.components_, atol=1e-9)
