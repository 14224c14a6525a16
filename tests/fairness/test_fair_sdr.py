"""Fair decomposition: blocks, guarantees, levels, orders, streams and refusals."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils import get_tags

from skspace.erasure import SubspaceEraser
from skspace.exceptions import DegenerateDataWarning
from skspace.fairness import FairSDR
from skspace.linalg import principal_angles, subspace_distance


def overlapping(n=2000, seed=0, classes=True):
    """y depends on x0 + x1, the attribute on x1 + x2."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 10))
    y = X[:, 0] + X[:, 1] + 0.3 * rng.standard_normal(n)
    z = X[:, 1] + X[:, 2] + 0.3 * rng.standard_normal(n) > 0
    return X, (y > 0 if classes else y), z


def four_groups(n=2000, seed=0):
    """An attribute of four groups, whose means differ in three features."""
    rng = np.random.RandomState(seed)
    X, z = rng.standard_normal((n, 6)), rng.randint(0, 4, n)
    for group in (1, 2, 3):
        X[z == group, group - 1] += group
    y = X[:, 0] + X[:, 1] - X[:, 4] + rng.standard_normal(n) > 0
    return X @ rng.standard_normal((6, 6)), y, np.array(list("wxyz"))[z]


def gaps(R, z):
    """Differences of group means, in standard deviations."""
    means = np.array([R[z == g].mean(axis=0) for g in np.unique(z)])
    return np.ptp(means, axis=0) / R.std(axis=0)


VARIANTS = [
    {},
    {"n_target": 2},
    {"n_target": 3, "order": "utility"},
    {"n_target": 2, "target_method": "sir+save", "order": "sensitivity"},
    {"n_sensitive_second_order": 2},
    {"n_sensitive_second_order": 1, "sensitive_method": "sir+save", "shared_tol": 0.2},
]


@pytest.mark.parametrize("parameters", VARIANTS, ids=str)
def test_blocks_are_orthonormal_and_cover_everything(parameters):
    X, y, z = four_groups()
    fair = FairSDR(n_shared="all", **parameters).fit(X, y, sensitive_features=z)
    stacked = np.concatenate(
        [
            getattr(fair, f"{block}_basis_")
            for block in ("target", "shared", "sensitive", "residual")
        ],
        axis=1,
    )
    assert stacked.shape == (6, 6)
    np.testing.assert_allclose(stacked.T @ stacked, np.eye(6), atol=1e-10)
    W = (X - fair.mean_) @ fair.whitening_
    np.testing.assert_allclose(W.T @ W / len(W), np.eye(6), atol=1e-10)


@pytest.mark.parametrize("parameters", VARIANTS, ids=str)
@pytest.mark.parametrize("base", ["complement", "target"])
def test_level_zero_has_equal_group_means(parameters, base):
    X, y, z = four_groups()
    fair = FairSDR(base=base, **parameters).fit(X, y, sensitive_features=z)
    assert np.max(gaps(fair.transform(X), z)) < 1e-10


def test_level_zero_needs_no_target():
    X, y, z = four_groups()
    alone = FairSDR().fit(X, sensitive_features=z)
    assert np.max(gaps(alone.transform(X), z)) < 1e-10
    assert list(alone.get_feature_names_out()) == [
        f"fairsdr_residual{i}" for i in range(3)
    ]
    given = FairSDR().fit(X, y, sensitive_features=z)
    assert subspace_distance(alone, given) < 1e-7
    assert not hasattr(alone, "target_eigenvalues_")
    with pytest.raises(ValueError, match="no shared directions without a target"):
        alone.at_level(1)


def test_all_levels_hold_everything_and_nest():
    X, y, z = four_groups()
    fair = FairSDR(2).fit(X, y, sensitive_features=z)
    whole = fair.at_level("all")
    R = whole.transform(X)
    np.testing.assert_allclose(R.T @ R / len(R), np.eye(6), atol=1e-10)
    np.testing.assert_allclose(whole.inverse_transform(R), X, atol=1e-8)
    for k in range(4):
        level = fair.at_level(k)
        np.testing.assert_allclose(level.transform(X), R[:, : 3 + k], atol=1e-12)
        refitted = FairSDR(2, n_shared=k).fit(X, y, sensitive_features=z)
        np.testing.assert_allclose(refitted.transform(X), R[:, : 3 + k], atol=1e-12)
    assert fair.n_shared == 0, "a level is a copy"
    assert [fair.at_level(s).n_shared_ for s in (0.0, 0.4, 0.5, 1.0)] == [0, 1, 2, 3]


def test_truth_of_two_planes():
    X, y, z = overlapping(20_000)
    fair = FairSDR(1, base="target").fit(X, y, sensitive_features=z)
    assert abs(fair.canonical_cosines_[0] - 0.5) < 0.03
    T = fair.components_[0]
    expected = np.array([1, 0.5, -0.5]) / np.sqrt(
        1.5
    )  # x0 + x1 less its part in x1 + x2
    assert abs(T[:3] @ expected) > 0.999
    assert abs(T[1] + T[2]) < 0.03
    X_new, _, z_new = overlapping(5000, seed=1)
    probe = LogisticRegression().fit(fair.transform(X), z)
    assert abs(probe.score(fair.transform(X_new), z_new) - 0.5) < 0.03


def test_a_symmetric_relation_is_shared_by_second_moments():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((5000, 6))
    y = X[:, 0] + 1.5 * X[:, 1] ** 2 + 0.1 * rng.standard_normal(5000)
    z = X[:, 1] + 0.3 * rng.standard_normal(5000) > 0
    blind = FairSDR(1, target_method="sir").fit(X, y, sensitive_features=z)
    assert blind.canonical_cosines_[0] < 0.1
    fair = FairSDR(2).fit(X, y, sensitive_features=z)
    assert fair.canonical_cosines_[0] > 0.98
    shared = fair.at_level(1).components_[fair.at_level(1).block_slices_["shared"]]
    assert abs(shared[0, 1]) > 0.99
    first = fair.components_[fair.block_slices_["target"]]
    assert abs(first[0, 0]) > 0.99 or abs(first[-1, 0]) > 0.99


def test_an_unpenalised_linear_model_sees_what_leace_leaves():
    """Both remove the span of the mean difference; no linear model can tell them."""
    X, y, z = overlapping(800)
    y = y + X[:, 3]
    ours = FairSDR().fit(X, y > 0.5, sensitive_features=z).transform(X)
    theirs = SubspaceEraser("leace").fit(X, concept=z).transform(X)
    np.testing.assert_allclose(
        LinearRegression().fit(ours, y).predict(ours),
        LinearRegression().fit(theirs, y).predict(theirs),
        atol=1e-8,
    )


def test_least_squares_error_telescopes():
    """Claim: Err(j - 1) - Err(j) is the mean square of the change of predictions."""
    X, _, z = four_groups()
    y = X[:, 0] + X[:, 1] ** 2
    fair = FairSDR(2).fit(X, y, sensitive_features=z)
    errors, predictions = [], []
    for k in range(4):
        R = fair.at_level(k).transform(X)
        predictions.append(LinearRegression().fit(R, y).predict(R))
        errors.append(np.mean((y - predictions[-1]) ** 2))
    change = np.mean(np.diff(predictions, axis=0) ** 2, axis=1)
    np.testing.assert_allclose(-np.diff(errors), change, rtol=1e-8)
    assert np.all(change >= 0)


def test_a_linear_probe_of_the_attribute_knows_more_at_each_level():
    X, y, z = four_groups()
    fair = FairSDR(2).fit(X, y, sensitive_features=z)
    indicators = (z[:, None] == np.unique(z)) * 1.0
    known = [
        LinearRegression().fit(R, indicators).score(R, indicators)
        for R in (fair.at_level(k).transform(X) for k in range(4))
    ]
    assert known[0] == pytest.approx(0, abs=1e-10)
    assert np.all(np.diff(known) > 0)


def test_the_gap_of_a_linear_score_comes_from_shared_coordinates():
    X, y, z = overlapping()
    fair = FairSDR(n_shared="all").fit(X, y, sensitive_features=z)
    R, theta = fair.transform(X), np.random.RandomState(0).standard_normal(10)
    delta = R[z].mean(axis=0) - R[~z].mean(axis=0)
    gap = (R @ theta)[z].mean() - (R @ theta)[~z].mean()
    shared = fair.block_slices_["shared"]
    assert gap == pytest.approx(theta[shared] @ delta[shared], abs=1e-12)
    assert np.max(np.abs(np.delete(delta, np.arange(10)[shared]))) < 1e-12


@pytest.mark.parametrize("parameters", VARIANTS, ids=str)
def test_order_and_chunks_of_rows_do_not_matter(parameters, rng):
    X, y, z = four_groups(600)
    fair = FairSDR(n_shared="all", **parameters).fit(X, y, sensitive_features=z)
    rows = rng.permutation(600)
    shuffled = FairSDR(n_shared="all", **parameters).fit(
        X[rows], y[rows], sensitive_features=z[rows]
    )
    np.testing.assert_allclose(shuffled.components_, fair.components_, atol=1e-10)
    stream = FairSDR(n_shared="all", **parameters)
    for part in np.array_split(rows, 5):
        stream.partial_fit(X[part], y[part], sensitive_features=z[part])
    np.testing.assert_allclose(stream.components_, fair.components_, atol=1e-10)
    np.testing.assert_allclose(stream.transform(X), fair.transform(X), atol=1e-9)


def test_chunks_may_show_some_classes_only():
    X, y, z = four_groups(600)
    order = np.lexsort((y, z))  # groups one after the other
    X, y, z = X[order], y[order], z[order]
    stream = FairSDR(n_shared="all")
    with pytest.warns(DegenerateDataWarning, match="Not fitted yet"):
        stream.partial_fit(
            X[:100],
            y[:100],
            sensitive_features=z[:100],
            classes=[False, True],
            sensitive_classes=list("wxyz"),
        )
    for part in np.array_split(np.arange(100, 600), 4):
        stream.partial_fit(X[part], y[part], sensitive_features=z[part])
    whole = FairSDR(n_shared="all").fit(X, y, sensitive_features=z)
    np.testing.assert_allclose(stream.components_, whole.components_, atol=1e-10)
    with pytest.raises(ValueError, match="the class 'v', for which there is no slice"):
        stream.partial_fit(X[:5], y[:5], sensitive_features=["v"] * 5)


@pytest.mark.parametrize("parameters", VARIANTS, ids=str)
def test_integer_weights_equal_repetition(parameters, rng):
    X, y, z = four_groups(300)
    weights = rng.randint(0, 4, 300)
    rows = np.repeat(np.arange(300), weights)
    one = FairSDR(n_shared="all", **parameters).fit(
        X, y, sensitive_features=z, sample_weight=weights
    )
    other = FairSDR(n_shared="all", **parameters).fit(
        X[rows], y[rows], sensitive_features=z[rows]
    )
    np.testing.assert_allclose(one.components_, other.components_, atol=1e-9)


def test_rows_of_weight_zero_may_hold_unknown_groups():
    X, y, z = four_groups(300)
    z2 = np.concatenate([z, ["never seen"] * 5])
    X2, y2 = np.concatenate([X, 100 + X[:5]]), np.concatenate([y, y[:5]])
    weights = np.r_[np.ones(300), np.zeros(5)]
    one = FairSDR().fit(X2, y2, sensitive_features=z2, sample_weight=weights)
    other = FairSDR().fit(X, y, sensitive_features=z)
    np.testing.assert_allclose(one.components_, other.components_, atol=1e-10)


def test_units_and_mixing_of_features_do_not_matter(rng):
    X, y, z = four_groups()
    mixed = X @ rng.standard_normal((6, 6)) * 1e4 + 7
    one = FairSDR(2, n_shared="all").fit(X, y, sensitive_features=z)
    other = FairSDR(2, n_shared="all").fit(mixed, y, sensitive_features=z)
    for block in ("target", "shared"):
        own = one.transform(X)[:, one.block_slices_[block]]
        same = other.transform(mixed)[:, other.block_slices_[block]]
        angles = principal_angles(own, same)
        np.testing.assert_allclose(angles, 0, atol=1e-6)
    np.testing.assert_allclose(one.shared_scores_, other.shared_scores_, atol=1e-8)


def test_several_attributes_union_and_intersection():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((3000, 6))
    a, b = rng.randint(0, 2, 3000), np.array(list("pq"))[rng.randint(0, 2, 3000)]
    X[:, 0] += a
    X[:, 1] += b == "p"
    X[:, 2] += 2 * a * (b == "p")  # only visible in combinations
    y = X[:, 0] + X[:, 3] > 0
    z = np.stack([a.astype(object), b.astype(object)], axis=1)
    union = FairSDR().fit(X, y, sensitive_features=z)
    assert union.n_sensitive_ == 2
    R = union.transform(X)
    assert np.max(gaps(R, a)) < 1e-10
    assert np.max(gaps(R, b)) < 1e-10
    cells = np.char.add(a.astype(str), b)
    assert np.max(gaps(R, cells)) > 0.05
    both = FairSDR(combine="intersection").fit(X, y, sensitive_features=z)
    assert both.n_sensitive_ == 3
    assert np.max(gaps(both.transform(X), cells)) < 1e-10


def test_a_continuous_attribute_loses_its_slices_means_and_nearly_all_correlation():
    X, y, _ = overlapping(5000)
    age = X[:, 1] + X[:, 2] + 0.3 * np.random.RandomState(1).standard_normal(5000)
    age = age.round(1)  # ties
    fair = FairSDR().fit(X, y, sensitive_features=age)
    assert fair.n_sensitive_ == 1, "a single direction is found"
    R = fair.transform(X)
    assert LinearRegression().fit(R, age).score(R, age) < 0.01
    assert FairSDR(n_sensitive=3).fit(X, y, sensitive_features=age).n_sensitive_ == 3


def test_a_continuous_target_is_sliced():
    X, y, z = overlapping(classes=False)
    fair = FairSDR(base="target").fit(X, y, sensitive_features=z)
    assert fair.n_target_ == 1
    assert abs(fair.canonical_cosines_[0] - 0.5) < 0.05


def test_automatic_numbers_by_resampling():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((1000, 5))
    z = X[:, 1] > 0
    y = X[:, 0] + 2 * X[:, 2] ** 2 + 0.1 * rng.standard_normal(1000)
    fair = FairSDR("auto", random_state=0).fit(X, y, sensitive_features=z)
    assert fair.n_target_ == 2
    z = (X[:, 1] + X[:, 3] ** 2) > 1
    fair = FairSDR(n_sensitive_second_order="auto", random_state=0).fit(
        X, y, sensitive_features=z
    )
    assert fair.n_sensitive_ >= 2


def test_distance_correlation_orders_shared_directions():
    X, y, z = four_groups(600)
    fair = FairSDR(2, order="dcov", random_state=0).fit(X, y, sensitive_features=z)
    other = FairSDR(2, order="utility").fit(X, y, sensitive_features=z)
    product = np.abs(fair.shared_basis_.T @ other.shared_basis_)
    np.testing.assert_allclose(np.sort(product, axis=1)[:, -1], 1, atol=1e-10)
    from skspace.metrics import distance_correlation

    indicators = (z[:, None] == np.unique(z)) * 1.0
    target = (y[:, None] == np.unique(y)) * 1.0
    W = (X - fair.mean_) @ fair.whitening_ @ fair.shared_basis_
    cost = [
        distance_correlation(w, indicators) - distance_correlation(w, target)
        for w in W.T
    ]
    assert np.argmin(cost) == 0
    with pytest.raises(ValueError, match="have no weights"):
        FairSDR(2, order="dcov").fit(
            X, y, sensitive_features=z, sample_weight=np.ones(600)
        )


def test_distance_correlation_weighs_the_target(rng):
    from skspace.metrics import distance_correlation

    X, z = rng.standard_normal((800, 4)), rng.randint(0, 3, 800)
    X[z == 1, 0] += 1
    X[z == 2, 1] += 1.5
    y = X[:, 1] + 0.1 * rng.standard_normal(800) > 0.5
    fair = FairSDR(order="dcov").fit(X, y, sensitive_features=z)
    indicators = (z[:, None] == np.unique(z)) * 1.0
    W = (X - fair.mean_) @ fair.whitening_ @ fair.shared_basis_
    sensitive = [distance_correlation(w, indicators) for w in W.T]
    useful = [distance_correlation(w, y * 1.0) for w in W.T]
    assert sensitive[0] > sensitive[1]  # put back first nevertheless, for the target
    assert sensitive[0] - useful[0] < sensitive[1] - useful[1]


def test_information_at_each_level():
    X, y, z = four_groups()
    fair = FairSDR(2).fit(X, y, sensitive_features=z)
    for share in (fair.explained_target_ratio_, fair.explained_sensitive_ratio_):
        assert share.shape == (4,)
        assert np.all(np.diff(share) >= 0)
        assert share[-1] == pytest.approx(1)
    assert fair.explained_sensitive_ratio_[0] == pytest.approx(0, abs=1e-12)
    assert fair.shared_scores_.shape == (3, 2)
    assert np.all(np.diff(fair.target_eigenvalues_) <= 0)
    assert fair.sensitive_eigenvalues_.sum() == pytest.approx(
        fair.shared_scores_[:, 1].sum()
    )


def test_information_of_the_bases_differs_by_that_of_the_residual():
    X, y, z = four_groups()
    both = [
        FairSDR(2, base=base).fit(X, y, sensitive_features=z)
        for base in ("complement", "target")
    ]
    whole, part = (fair.explained_target_ratio_ for fair in both)
    assert whole[-1] == pytest.approx(1)
    assert part[-1] < 0.999
    np.testing.assert_allclose(whole - part, whole[-1] - part[-1], atol=1e-12)


def test_n_target_counts_mean_directions(rng):
    X = rng.standard_normal((1000, 8))
    y = rng.randint(0, 4, 1000)
    X[:, :4] += np.eye(4)[y]
    z = X[:, 5] > 0
    for n in (2, 3, 5):
        assert FairSDR(n).fit(X, y, sensitive_features=z).n_target_ == n
    assert FairSDR().fit(X, y, sensitive_features=z).n_target_ == 3


def test_second_moments_are_those_of_every_attribute(rng):
    X = rng.standard_normal((3000, 6))
    symmetric = np.abs(X[:, 1]) > 0.7
    plain = X[:, 0] > 0
    for attributes in ((plain, symmetric), (symmetric, plain)):
        fair = FairSDR(n_sensitive_second_order=1).fit(
            X, sensitive_features=np.column_stack(attributes)
        )
        left = np.linalg.qr(fair.components_.T)[0]
        assert np.linalg.norm(left[1]) < 0.2  # nothing of feature 1 is kept
        assert fair.n_sensitive_ == 3


def test_scores_features_and_back():
    X, y, z = four_groups()
    fair = FairSDR(n_shared=1, scale="raw").fit(X, y, sensitive_features=z)
    np.testing.assert_allclose(np.linalg.norm(fair.components_, axis=1), 1)
    R = fair.transform(X)
    np.testing.assert_allclose(R, (X - fair.mean_) @ fair.components_.T, atol=1e-10)
    back = fair.inverse_transform(R)
    np.testing.assert_allclose(fair.transform(back), R, atol=1e-9)
    features = FairSDR(n_shared=1, output="features").fit(X, y, sensitive_features=z)
    np.testing.assert_allclose(features.transform(X), back, atol=1e-9)
    assert list(features.get_feature_names_out()) == [f"x{i}" for i in range(6)]
    assert not hasattr(features, "inverse_transform")
    with pytest.raises(ValueError, match="gives 4 scores"):
        fair.inverse_transform(X)
    with pytest.warns(DegenerateDataWarning):
        nothing = FairSDR(n_shared=0).fit(X[:, :1], z, sensitive_features=z)
    R = nothing.transform(X[:, :1])
    assert R.shape == (2000, 0)
    back = nothing.inverse_transform(R)
    np.testing.assert_allclose(back, np.full((2000, 1), nothing.mean_[0]))


def test_one_hot_blocks_are_reduced_in_rank():
    X, y, z = four_groups()
    dummies = (
        np.random.RandomState(0).randint(0, 3, 2000)[:, None] == np.arange(3)
    ) * 1.0
    fair = FairSDR(n_shared="all").fit(np.c_[X, dummies], y, sensitive_features=z)
    assert fair.rank_ == fair.n_components_ == 8


def test_precision_is_kept_and_pickles_work():
    X, y, z = four_groups()
    single = FairSDR(n_shared=1).fit(X.astype(np.float32), y, sensitive_features=z)
    R = single.transform(X.astype(np.float32))
    assert R.dtype == single.components_.dtype == np.float32
    double = FairSDR(n_shared=1).fit(X, y, sensitive_features=z)
    np.testing.assert_allclose(R, double.transform(X), atol=1e-3)
    again = pickle.loads(pickle.dumps(double))
    np.testing.assert_array_equal(again.transform(X), double.transform(X))


def test_the_target_is_required_where_it_is_needed():
    assert not get_tags(FairSDR()).target_tags.required
    assert get_tags(FairSDR(n_shared=1)).target_tags.required
    assert get_tags(FairSDR(base="target")).target_tags.required
    X, _, z = four_groups(100)
    with pytest.raises(ValueError, match="requires y to be passed"):
        FairSDR(n_shared=1).fit(X, sensitive_features=z)


def test_features_whose_units_float32_cannot_undo_are_refused(rng):
    X = rng.standard_normal((60, 3))
    tiny = (1e-39 * X).astype(np.float32)
    with pytest.raises(ValueError, match=r"beyond the range of float32; rescale"):
        FairSDR(1).fit(tiny, X[:, 0], sensitive_features=X[:, 1] > 0)
