"""Diffusion spectral entropy: published numbers, closed forms, invariances, bounds."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits, load_iris

from skspace.information import (
    _diffusion_spectrum,
    diffusion_spectral_entropy,
    diffusion_spectral_mutual_info,
)


@pytest.fixture
def public_library(library, request):
    """Libraries as public functions see them: others than NumPy need the dispatch."""
    if not library.name.startswith("numpy"):
        request.getfixturevalue("dispatch")
    return library


def tables():
    yield "gauss", np.random.default_rng(0).standard_normal((400, 20))
    yield "iris", load_iris().data
    yield "digits", load_digits().data[:600] / 16


TABLES = dict(tables())

# From the authors' code (random walk) and its second normalisation as published.
GOLDEN = [
    ("gauss", 1, 1, 8.643774, 8.643773),
    ("gauss", 2, 1, 8.373712, 8.277108),
    ("gauss", 2, 2, 7.658485, 7.507038),
    ("gauss", 10, 1, 1.593316, 1.598728),
    ("iris", 1, 1, 3.248918, 3.312248),
    ("iris", 1, 2, 1.891039, 2.008234),
    ("iris", 10, 1, 0.283571, 0.284758),
    ("digits", 1, 1, 8.305488, 8.285097),
    ("digits", 2, 1, 5.091174, 5.107657),
    ("digits", 2, 2, 0.915337, 0.937448),
]


@pytest.mark.parametrize(("name", "sigma", "t", "walk", "anisotropic"), GOLDEN)
def test_published_values(name, sigma, t, walk, anisotropic):
    X = TABLES[name]
    found = diffusion_spectral_entropy(X, sigma=sigma, t=t)
    assert found == pytest.approx(walk, abs=1.2e-6)
    found = diffusion_spectral_entropy(X, sigma=sigma, t=t, normalization="anisotropic")
    assert found == pytest.approx(anisotropic, abs=1.2e-6)


def by_definition(X, sigma, t=1.0, anisotropic=False):
    """Entropy from the eigenvalues of the random walk itself, written to be read."""
    n = len(X)
    W = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            W[i, j] = np.exp(-np.sum((X[i] - X[j]) ** 2) / (2 * sigma**2))
    if anisotropic:
        q = W.sum(axis=1)
        W = W / np.sqrt(np.outer(q, q))
    P = W / W.sum(axis=1, keepdims=True)
    share = np.abs(np.linalg.eigvals(P)) ** t
    share = share / share.sum() + 2.22e-16
    return -np.sum(share * np.log2(share))


@pytest.mark.parametrize("anisotropic", [False, True])
@pytest.mark.parametrize("t", [0.5, 1, 3])
def test_is_the_entropy_of_the_walk(rng, public_library, anisotropic, t):
    X = rng.standard_normal((40, 3))
    expected = by_definition(X, 0.7, t, anisotropic)
    found = diffusion_spectral_entropy(
        public_library.asarray(X),
        sigma=0.7,
        t=t,
        normalization="anisotropic" if anisotropic else "random_walk",
    )
    assert isinstance(found, float)
    assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("t", [0.7, 1, 2.5])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_leaving_small_eigenvalues_out_costs_less_than_a_millionth(
    rng, public_library, monkeypatch, t, n_columns
):
    X = rng.standard_normal((400, n_columns))
    fast = diffusion_spectral_entropy(public_library.asarray(X), sigma=1.5, t=t)
    monkeypatch.setattr(_diffusion_spectrum, "leading_spectrum", lambda *_: None)
    exact = diffusion_spectral_entropy(X, sigma=1.5, t=t)
    assert fast == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("t", [1e-5, 0.02, 0.5])
def test_small_powers_need_all_eigenvalues(rng, monkeypatch, t):
    X = rng.standard_normal((300, 1))
    found = diffusion_spectral_entropy(X, sigma=1, t=t)
    monkeypatch.setattr(_diffusion_spectrum, "leading_spectrum", lambda *_: None)
    assert found == diffusion_spectral_entropy(X, sigma=1, t=t)
    assert 0 < found <= np.log2(300) + 1e-9


def test_narrow_spectra_are_solved_by_a_sketch(rng, monkeypatch):
    def no_dense(_):
        raise AssertionError("all eigenvalues were computed")

    monkeypatch.setattr(_diffusion_spectrum, "dense_spectrum", no_dense)
    assert diffusion_spectral_entropy(rng.standard_normal((500, 2)), sigma=2) > 1


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 10_000), st.floats(0.3, 5), st.floats(0, 1))
def test_allowed_tail_keeps_its_promise(n, t, spread):
    """The worst that a tail of that size does to a flat and to a peaked spectrum."""
    tail = _diffusion_spectrum.tail_allowed(n, t)
    assert 0 < tail < 1e-6
    for rest in (0.0, 1.0):
        values = np.full(min(n, 500), rest)
        values[0] = 1.0
        lost = np.zeros_like(values)
        k = max(1, int(spread * (len(values) - 1)))
        lost[-k:] = tail / k
        entropies = []
        for v in (values, np.abs(values + np.where(values > 0, -lost, lost))):
            p = v**t / np.sum(v**t)
            p = p[p > 0]
            entropies.append(-np.sum(p * np.log2(p)))
        assert abs(entropies[1] - entropies[0]) <= 5e-7


def test_range_is_reached():
    """Equal rows make one state, rows far apart make n."""
    for normalization in ("random_walk", "anisotropic"):
        settings = {"sigma": 1, "normalization": normalization}
        same = diffusion_spectral_entropy(np.ones((30, 2)), **settings)
        assert same == pytest.approx(0, abs=1e-11)
        assert same >= 0
        apart = diffusion_spectral_entropy(1e3 * np.eye(32), **settings)
        assert apart == pytest.approx(5, abs=1e-10)


def test_equal_clusters_far_apart_count(rng):
    """k points, each repeated m times: the walk has the eigenvalue 1 k times."""
    centres = 1e4 * rng.standard_normal((8, 3))
    X = np.repeat(centres, 7, axis=0)
    assert diffusion_spectral_entropy(X, sigma=1) == pytest.approx(3, abs=1e-9)


def test_two_rows_in_closed_form():
    """Eigenvalues 1 and (1 - g) / (1 + g)."""
    g = np.exp(-(3.0**2) / 8)
    p = np.array([1 + g, 1 - g]) / 2
    expected = -np.sum(p * np.log2(p))
    for normalization in ("random_walk", "anisotropic"):
        found = diffusion_spectral_entropy(
            [[1.0], [4.0]], sigma=2, normalization=normalization
        )
        assert found == pytest.approx(expected, abs=1e-12)


def test_moving_turning_and_reordering_change_nothing(rng):
    X = rng.standard_normal((60, 4))
    expected = diffusion_spectral_entropy(X, sigma=1.3)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    moved = X[rng.permutation(60)] @ turn + 100.0
    assert diffusion_spectral_entropy(moved, sigma=1.3) == pytest.approx(expected)
    scaled = diffusion_spectral_entropy(5 * X, sigma=6.5)
    assert scaled == pytest.approx(expected)


def test_far_rows_keep_the_distances_of_near_ones(rng):
    """Products of rows far from the centre would round small distances away."""
    near = rng.standard_normal((20, 2))
    X = np.concatenate([near + 1e7, near - 1e7])
    single = diffusion_spectral_entropy(near, sigma=1)
    both = diffusion_spectral_entropy(X, sigma=1)  # every eigenvalue twice
    assert both == pytest.approx(single + 1, abs=1e-6)


def test_median_is_that_of_all_pairs(rng, public_library):
    X = rng.standard_normal((31, 2))
    d = [np.linalg.norm(a - b) for i, a in enumerate(X) for b in X[:i]]
    expected = diffusion_spectral_entropy(X, sigma=np.median(d))
    found = diffusion_spectral_entropy(public_library.asarray(X), sigma="median")
    assert found == pytest.approx(expected, abs=1e-10)


def test_a_sigma_in_single_precision_counts_in_double(rng):
    X = rng.standard_normal((20, 2))
    found = diffusion_spectral_entropy(1e40 * X, sigma=np.float32(1e37))
    assert found == pytest.approx(np.log2(20))


def test_float32_is_close_to_float64(rng):
    X = rng.standard_normal((50, 3))
    found = diffusion_spectral_entropy(X.astype(np.float32), sigma=1)
    assert found == pytest.approx(diffusion_spectral_entropy(X, sigma=1), abs=1e-4)


def test_input_is_left_alone(rng):
    X = rng.standard_normal((50, 3))
    before = X.copy()
    diffusion_spectral_entropy(X, sigma=1)
    diffusion_spectral_mutual_info(X, X[:, 0] > 0, sigma=1)
    assert_allclose(X, before, rtol=0, atol=0)


def test_more_samples_than_the_most_are_drawn(rng):
    X = rng.standard_normal((80, 2))
    first, again, other = (
        diffusion_spectral_entropy(X, sigma=1, max_samples=30, random_state=seed)
        for seed in (0, 0, 1)
    )
    assert first == again != other
    whole = diffusion_spectral_entropy(X, sigma=1)
    assert diffusion_spectral_entropy(X, sigma=1, max_samples=80) == whole
    ties = np.repeat(X[:1], 80, axis=0)
    assert diffusion_spectral_entropy(ties, max_samples=30) == pytest.approx(0)


@pytest.mark.parametrize(
    ("X", "settings", "message"),
    [
        ([[np.nan], [1.0]], {}, "NaN"),
        (4 * [[1.0]] + [[2.0]], {"sigma": "median"}, "half of all pairs"),
        (np.ones((3, 2)), {"sigma": 0}, "sigma"),
        (np.ones((3, 2)), {"t": 0}, "'t'"),
        (np.ones((3, 2)), {"normalization": "none"}, "normalization"),
        ([[1e308], [-1e308]], {"sigma": 1e-3}, "too large for sigma=0.001"),
        (
            np.zeros((17_000, 1)),
            {"max_samples": 20_000},
            r"17000 samples needs 2\.3 GB",
        ),
    ],
)
def test_bad_input_is_named(X, settings, message):
    with pytest.raises(ValueError, match=message):
        diffusion_spectral_entropy(X, **settings)


# --- mutual information


def by_reference(X, groups, n_repeats=5, seed=0, **settings):
    """As the authors' code: draws anew for every class."""
    total, n = 0.0, len(X)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        random.seed(seed)
        subsets = [random.sample(range(n), k=len(rows)) for _ in range(n_repeats)]
        of_all = [diffusion_spectral_entropy(X[s], **settings) for s in subsets]
        within = diffusion_spectral_entropy(X[rows], **settings)
        total += len(rows) / n * (np.mean(of_all) - within)
    return total


@pytest.mark.parametrize(
    ("name", "n_rows", "expected"), [("iris", 150, 1.0528), ("digits", 600, 1.3372)]
)
def test_published_information_of_classes(name, n_rows, expected):
    labels = {"iris": load_iris, "digits": load_digits}[name]().target[:n_rows]
    found = diffusion_spectral_mutual_info(
        TABLES[name], labels, sigma=2, random_state=0
    )
    assert found == pytest.approx(expected, abs=1e-4)


def test_information_equals_its_definition(rng):
    X = rng.standard_normal((60, 3))
    y = np.repeat(["a", "b", "c"], [10, 20, 30])  # three sizes
    settings = {"sigma": 1.0, "t": 2, "normalization": "anisotropic"}
    found = diffusion_spectral_mutual_info(
        X, y, n_repeats=3, random_state=7, **settings
    )
    expected = by_reference(X, y, n_repeats=3, seed=7, **settings)
    assert found == pytest.approx(expected, abs=1e-10)


def test_a_number_is_cut_into_bins_of_equal_width(rng):
    X = rng.standard_normal((50, 2))
    y = np.r_[0.0, 1.0, rng.uniform(size=48)]
    bins = np.minimum(np.floor(4 * y), 3)
    expected = by_reference(X, bins, sigma=1.0)
    for target in (y, 1e300 * (y - 0.5), y[:, None]):
        found = diffusion_spectral_mutual_info(
            X, target, n_clusters=4, sigma=1.0, random_state=0
        )
        assert found == pytest.approx(expected, abs=1e-10)


def test_kinds_of_a_target(rng):
    X = rng.standard_normal((60, 2))
    labels = rng.randint(0, 20, size=60)

    def information(y, **settings):
        return diffusion_spectral_mutual_info(
            X, y, sigma=1.0, random_state=0, **settings
        )

    classes = information(labels)  # more classes than clusters, and still classes
    names = np.array([f"c{v:02d}" for v in labels])
    assert information(names) == pytest.approx(classes)
    assert information(labels.astype(float), target_type="discrete") == pytest.approx(
        classes
    )
    binned = information(labels, target_type="continuous")
    assert information(labels.astype(float)) == pytest.approx(binned)
    assert abs(binned - classes) > 1e-3
    few = (labels % 3).astype(float)
    assert information(few) == pytest.approx(information(few.astype(int)))


def test_several_columns_are_clustered(rng):
    """Clusters far apart are groups."""
    groups = np.repeat([0, 1, 2], 20)
    y = 50.0 * np.eye(3)[groups] + rng.standard_normal((60, 3))
    X = 5.0 * groups[:, None] + rng.standard_normal((60, 2))
    with pytest.warns(UserWarning, match="not fully connected"):
        found = diffusion_spectral_mutual_info(
            X, y, n_clusters=3, sigma=2.0, random_state=0
        )
    assert found == pytest.approx(by_reference(X, groups, sigma=2.0), abs=1e-10)


def test_one_group_has_no_information(rng):
    X = rng.standard_normal((30, 2))
    for y in (np.zeros(30), np.zeros(30, dtype=int), ["a"] * 30):
        found = diffusion_spectral_mutual_info(X, y, sigma=1.0)
        assert found == pytest.approx(0, abs=1e-12)


def test_information_runs_on_every_public_library(rng, public_library):
    X = rng.standard_normal((40, 2))
    y = (X[:, 0] > 0).astype(int)
    expected = diffusion_spectral_mutual_info(X, y, sigma="median", random_state=0)
    found = diffusion_spectral_mutual_info(
        public_library.asarray(X),
        public_library.asarray(y),
        sigma="median",
        random_state=0,
    )
    assert found == pytest.approx(expected, abs=1e-9)


def test_any_random_state_will_do(rng):
    X = rng.standard_normal((40, 2))
    y = X[:, 0] > 0
    seeds = [None, np.random.RandomState(3), 3]
    values = [
        diffusion_spectral_mutual_info(X, y, sigma=1.0, random_state=seed)
        for seed in seeds
    ]
    assert np.all(np.isfinite(values))


def test_large_groups_are_drawn_from(rng):
    X = np.repeat(rng.standard_normal((2, 2)), 40, axis=0)
    y = np.repeat([0, 1], 40)
    found = diffusion_spectral_mutual_info(
        X, y, sigma=1e-3, max_samples=20, random_state=0
    )
    assert 0.5 < found <= 1.0


@pytest.mark.parametrize(
    ("y", "settings", "message"),
    [
        (np.zeros(3), {}, "inconsistent numbers of samples"),
        (np.full(12, np.nan), {}, "Input y contains NaN"),
        (["a", "b"] * 6, {"target_type": "continuous"}, "must be numeric"),
        (np.zeros((12, 2)), {"target_type": "discrete"}, "one column that names"),
        (np.zeros((12, 2)), {"n_clusters": 12}, "more samples than n_samples=12"),
    ],
)
def test_bad_targets_are_named(rng, y, settings, message):
    X = rng.standard_normal((12, 2))
    with pytest.raises(ValueError, match=message):
        diffusion_spectral_mutual_info(X, y, **settings)
