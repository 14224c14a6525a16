"""SpikedPCA: closed forms, optimality of the shrinkers, PCA where nothing is shrunk."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.decomposition import SpikedPCA
from skspace.linalg import mp_edges, spike_debias
from skspace.linalg._principal_axes import principal_axes
from skspace.linalg._shrinkage import (
    denoising_factors,
    largest_noise_eigenvalue,
    mp_median,
    noise_from_median,
    noise_from_trace,
    optimal_hard_threshold,
    shrink_eigenvalues,
)

VARIANCES = (10.0, 7.0, 5.0, 4.0, 3.0)
GAMMAS = [0.05, 0.6, 1.0, 3.0]


def spiked(seed, n=500, p=300, variances=VARIANCES, sigma=1.0):
    """Signal rows and the same with white noise."""
    rng = np.random.RandomState(seed)
    V = np.linalg.qr(rng.standard_normal((p, len(variances))))[0]
    signal = rng.standard_normal((n, len(variances))) * np.sqrt(variances) @ V.T
    signal = sigma * signal + rng.standard_normal(p)
    return signal, signal + sigma * rng.standard_normal((n, p))


def recovery_error(model, X, signal):
    return np.mean((model.inverse_transform(model.transform(X)) - signal) ** 2)


# -- the law of noise ------------------------------------------------------------------


@pytest.mark.parametrize("gamma", GAMMAS)
def test_median_halves_the_marchenko_pastur_law(gamma):
    lower, upper = mp_edges(gamma)
    values = np.linspace(lower, upper, 400_001)[1:-1]
    density = np.sqrt((upper - values) * (values - lower)) / (
        2 * np.pi * gamma * values
    )
    mass = density.sum() * (values[1] - values[0])  # all but the zeros
    assert mass == pytest.approx(min(1, 1 / gamma), rel=5e-3)
    below = density[values < mp_median(gamma)].sum() * (values[1] - values[0])
    assert below == pytest.approx(mass / 2, rel=1e-2)


def test_median_of_many_samples_is_the_variance():
    assert mp_median(1e-8) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("n", "p"), [(400, 100), (100, 400), (300, 300)])
def test_noise_is_told_from_spikes(n, p):
    estimates, ranks = [], []
    for seed in range(5):
        _, X = spiked(seed, n, p, variances=(60.0, 40.0, 30.0), sigma=2.0)
        values = np.linalg.svd(X - X.mean(axis=0))[1] ** 2 / (n - 1)
        by_median = noise_from_median(values, n - 1, p)
        by_trace = noise_from_trace(values[:8], values.sum(), n - 1, p)
        estimates.append((by_median.variance, by_trace.variance))
        ranks += [by_median.n_spikes, by_trace.n_spikes]
    np.testing.assert_allclose(np.mean(estimates, axis=0), 4.0, rtol=0.02)
    assert ranks.count(3) >= 8


@pytest.mark.parametrize(("n", "p"), [(200, 60), (60, 200)])
def test_noise_exceeds_the_threshold_about_once_in_a_hundred_tables(rng, n, p):
    threshold = largest_noise_eigenvalue(n, p)
    top = [np.linalg.norm(rng.standard_normal((n, p)), 2) ** 2 / n for _ in range(300)]
    assert np.mean(np.array(top) > threshold) < 0.03
    assert np.mean(np.array(top) > mp_edges(p / n).upper) > 0.05  # the edge is passed


def test_hard_threshold_of_a_square_table_is_four_over_root_three():
    assert optimal_hard_threshold(80, 80, 2.0) == pytest.approx(2.0 * 16 / 3)
    wide, tall = optimal_hard_threshold(50, 200), optimal_hard_threshold(200, 50)
    assert wide * 50 == pytest.approx(tall * 200)  # the same singular value


# -- shrinkers -------------------------------------------------------------------------


def stein(A, B):
    return np.trace(np.linalg.solve(A, B)) - np.log(np.linalg.det(B) / np.linalg.det(A))


LOSSES = {
    "frobenius": lambda A, B: np.linalg.norm(A - B),
    "operator": lambda A, B: np.linalg.norm(A - B, 2),
    "stein": stein,
}


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("loss", LOSSES)
def test_shrunken_eigenvalue_has_the_least_loss(gamma, loss):
    """One spike: truth diag(ℓ, 1), estimate 1 plus rank one along (c, s)."""
    lam = mp_edges(gamma).upper * 1.7
    signal, cosine = spike_debias(lam, gamma)
    v = np.array([np.sqrt(cosine), np.sqrt(1 - cosine)])
    truth = np.diag([1 + float(signal), 1.0])

    def cost(eta):
        return LOSSES[loss](truth, np.eye(2) + (eta - 1) * np.outer(v, v))

    best = minimize_scalar(cost, bounds=(1, 2 * lam), method="bounded")
    got = float(shrink_eigenvalues(np.array([lam]), gamma, 1.0, loss)[0])
    assert cost(got) <= best.fun + 1e-9
    assert 1 <= got < lam


@pytest.mark.parametrize("gamma", GAMMAS)
def test_denoising_factor_is_the_frobenius_shrinker_of_singular_values(gamma):
    upper = mp_edges(gamma).upper
    lam = upper * np.array([1.0, 1.001, 1.5, 4.0, 1e6])
    closed_form = np.sqrt(np.maximum((lam - gamma - 1) ** 2 - 4 * gamma, 0)) / lam
    got = denoising_factors(lam, gamma, 1.0)
    np.testing.assert_allclose(got, closed_form, atol=1e-7)
    np.testing.assert_allclose(denoising_factors(3 * lam, gamma, 3.0), got, atol=1e-12)
    assert got[0] == 0
    assert got[-1] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_without_noise_nothing_is_shrunk(loss):
    lam = np.array([4.0, 1.0, 0.0])
    np.testing.assert_allclose(shrink_eigenvalues(lam, 0.5, 0.0, loss), lam)
    np.testing.assert_array_equal(denoising_factors(lam, 0.5, 0.0), [1, 1, 0])


@pytest.mark.parametrize("loss", LOSSES)
def test_below_the_edge_there_is_noise_only(loss):
    lam = np.array([1.0, 0.2, 0.0])
    np.testing.assert_array_equal(shrink_eigenvalues(lam, 0.5, 1.0, loss), 1.0)
    np.testing.assert_array_equal(denoising_factors(lam, 0.5, 1.0), 0.0)


def test_factors_denoise_nearly_as_well_as_the_best_factors_in_hindsight():
    for seed in range(3):
        signal, X = spiked(seed, variances=(5.0, 3.0, 1.5))
        model = SpikedPCA().fit(X)
        scores = model.transform(X)
        truth = (signal - model.mean_) @ model.components_.T
        hindsight = np.sum(scores * truth, axis=0) / np.sum(scores**2, axis=0)
        np.testing.assert_allclose(model.shrinkage_factors_, hindsight, atol=0.1)


# -- the estimator ---------------------------------------------------------------------


def test_rank_is_right_and_denoising_beats_pca_of_the_true_rank():
    right, better = 0, 0
    for seed in range(20):
        signal, X = spiked(seed)
        model = SpikedPCA().fit(X)
        right += model.n_components_ == 5
        pca = PCA(5, svd_solver="full").fit(X)
        better += recovery_error(model, X, signal) < recovery_error(pca, X, signal)
    assert right >= 19
    assert better == 20


def test_signals_below_the_transition_leave_no_trace():
    """Baik, Ben Arous & Péché: variance σ² √γ is where a spike leaves the bulk."""
    n, p = 400, 200
    edge = np.sqrt(p / (n - 1))
    for factor, found in ((0.4, 0), (3.0, 1)):
        for seed in range(3):
            _, X = spiked(seed, n, p, variances=(factor * edge,))
            assert SpikedPCA(1, noise_variance=1.0).fit(X).n_spikes_ == found


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_digits_are_denoised_better_than_by_truncation(noise):
    X = load_digits().data / 16
    noisy = X + noise * np.random.RandomState(0).standard_normal(X.shape)
    model = SpikedPCA().fit(noisy)
    assert np.sqrt(model.noise_variance_) == pytest.approx(noise, rel=0.05)
    error = recovery_error(model, noisy, X)
    assert error < {0.1: 0.0062, 0.3: 0.0275}[noise]
    for n_components in (10, 20, 30, 44, 0.9):
        assert error < recovery_error(PCA(n_components).fit(noisy), noisy, X)


@pytest.mark.parametrize("shape", [(60, 20), (20, 60), (30, 30), (400, 20)])
@pytest.mark.parametrize("whiten", [False, True])
def test_all_components_unshrunk_are_pca(rng, shape, whiten):
    X = rng.standard_normal(shape) * np.linspace(1, 3, shape[1]) + 7
    ours = SpikedPCA(None, shrinkage=None, noise_variance=0.0, whiten=whiten).fit(X)
    pca = PCA(whiten=whiten).fit(X)
    rank = min(shape[0] - 1, shape[1])
    for name in ("explained_variance_", "explained_variance_ratio_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(pca, name), atol=1e-12)
    np.testing.assert_allclose(ours.singular_values_, pca.singular_values_, atol=1e-6)
    signs = np.sign(np.sum(ours.components_ * pca.components_, axis=1))[:rank]
    np.testing.assert_allclose(
        ours.transform(X)[:, :rank] * signs, pca.transform(X)[:, :rank], atol=1e-9
    )
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(X)), X, atol=1e-9)
    np.testing.assert_allclose(ours.get_covariance(), np.cov(X.T), atol=1e-9)
    assert ours.n_components_ == pca.n_components_
    assert ours.n_samples_ == pca.n_samples_


@pytest.mark.parametrize("n_components", [3, 0.5, 0.95])
def test_numbers_and_shares_keep_what_pca_keeps(n_components):
    X = load_iris().data
    X = np.hstack([X, X[:, ::-1] ** 2])
    pca = PCA(n_components, svd_solver="full").fit(X)
    ours = SpikedPCA(n_components, shrinkage=None).fit(X)
    assert ours.n_components_ == pca.n_components_
    np.testing.assert_allclose(
        np.abs(ours.transform(X)), np.abs(pca.transform(X)), atol=1e-9
    )
    np.testing.assert_allclose(
        ours.inverse_transform(ours.transform(X)),
        pca.inverse_transform(pca.transform(X)),
        atol=1e-9,
    )


@pytest.mark.parametrize("shrinkage", ["frobenius", "stein", "operator", None])
@pytest.mark.parametrize("shape", [(80, 12), (12, 30)])
def test_likelihood_is_that_of_the_covariance(rng, shrinkage, shape):
    X = rng.standard_normal(shape) + 3 * rng.standard_normal((shape[0], 1))
    model = SpikedPCA(2, shrinkage=shrinkage).fit(X)
    covariance = model.get_covariance()
    np.testing.assert_allclose(
        model.get_precision() @ covariance, np.eye(shape[1]), atol=1e-9
    )
    law = multivariate_normal(model.mean_, covariance)
    np.testing.assert_allclose(model.score_samples(X), law.logpdf(X), rtol=1e-9)
    assert model.score(X) == pytest.approx(law.logpdf(X).mean())
    eigenvalues = np.sort(np.linalg.eigvalsh(covariance))[::-1]
    np.testing.assert_allclose(eigenvalues[2:], model.noise_variance_)
    np.testing.assert_allclose(eigenvalues[:2], model.explained_variance_)


def test_shrunken_covariance_is_nearer_to_the_truth_than_the_sample_covariance():
    rng = np.random.RandomState(0)
    truth = np.eye(150)
    truth[0, 0], truth[1, 1] = 9, 5
    X = rng.multivariate_normal(np.zeros(150), truth, size=200)
    for loss, cost in LOSSES.items():
        got = cost(truth, SpikedPCA(shrinkage=loss).fit(X).get_covariance())
        assert got < 0.8 * cost(truth, np.cov(X.T))


def test_moving_turning_and_scaling_the_data_moves_turns_and_scales_the_answer(rng):
    _, X = spiked(1, n=120, p=40)
    model = SpikedPCA().fit(X)
    denoised = model.inverse_transform(model.transform(X))
    Q = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    for scale in (1e-6, 1e5):
        other = SpikedPCA().fit(scale * X @ Q + 1e3 * scale)
        assert other.n_components_ == model.n_components_
        assert other.noise_variance_ == pytest.approx(scale**2 * model.noise_variance_)
        moved = scale * X @ Q + 1e3 * scale
        np.testing.assert_allclose(
            other.inverse_transform(other.transform(moved)) / scale - 1e3,
            denoised @ Q,
            atol=1e-7,
        )


def test_whitening_changes_units_only():
    _, X = spiked(2, n=100, p=30)
    plain, white = SpikedPCA().fit(X), SpikedPCA(whiten=True).fit(X)
    scores = white.transform(X)
    np.testing.assert_allclose(scores.std(axis=0, ddof=1), 1)
    np.testing.assert_allclose(
        white.inverse_transform(scores), plain.inverse_transform(plain.transform(X))
    )
    np.testing.assert_allclose(white.get_covariance(), plain.get_covariance())


@pytest.mark.parametrize("solver", ["full", "covariance_eigh", "randomized"])
def test_solvers_agree(solver):
    _, X = spiked(3, n=300, p=60)
    reference = SpikedPCA(5, svd_solver="full").fit(X)
    model = SpikedPCA(5, svd_solver=solver, random_state=0).fit(X)
    np.testing.assert_allclose(model.components_, reference.components_, atol=1e-3)
    np.testing.assert_allclose(
        model.singular_values_, reference.singular_values_, rtol=1e-6
    )
    assert model.noise_variance_ == pytest.approx(1, rel=0.05)
    assert model.n_spikes_ == 5


@pytest.mark.parametrize("solver", ["full", "covariance_eigh", "randomized"])
def test_principal_axes_on_every_library(library, rng, solver):
    X = rng.standard_normal((40, 15)) * np.linspace(1, 4, 15)
    X -= X.mean(axis=0)
    axes = principal_axes(
        library.asarray(X), solver=solver, n_axes=4, rng=np.random.RandomState(0)
    )
    values, vectors = np.linalg.eigh(X.T @ X / 39)
    np.testing.assert_allclose(axes.eigenvalues[:4], values[::-1][:4], rtol=1e-6)
    overlap = library.to_numpy(axes.vectors)[:4] @ vectors[:, ::-1][:, :4]
    np.testing.assert_allclose(np.abs(overlap), np.eye(4), atol=1e-3)
    assert axes.total == pytest.approx(values.sum())


def test_constant_features_do_not_count_as_noise():
    _, X = spiked(4, n=200, p=50)
    padded = np.hstack([X, np.full((200, 60), 3.0)])
    model, other = SpikedPCA().fit(X), SpikedPCA().fit(padded)
    assert other.noise_variance_ == pytest.approx(model.noise_variance_)
    assert other.n_components_ == model.n_components_


def test_pure_noise_warns_and_is_denoised_to_its_mean(rng):
    X = rng.standard_normal((100, 40)) + 5
    with pytest.warns(UserWarning, match="No eigenvalue exceeds"):
        model = SpikedPCA().fit(X)
    assert model.n_spikes_ == 0
    assert model.transform(X).shape == (100, 1)
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(X)),
        np.broadcast_to(X.mean(axis=0), X.shape),
    )
    np.testing.assert_allclose(
        model.get_covariance(), model.noise_variance_ * np.eye(40), atol=1e-12
    )


def test_table_of_low_rank_without_noise_is_kept_as_it_is(rng):
    X = rng.standard_normal((80, 3)) @ rng.standard_normal((3, 30))
    model = SpikedPCA().fit(X)
    assert model.n_components_ == 3
    assert model.noise_variance_ == 0
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X)
    with pytest.raises(ValueError, match="singular"):
        model.score(X)


def test_constant_table_gives_numbers():
    with pytest.warns(UserWarning, match="No eigenvalue"):
        model = SpikedPCA().fit(np.ones((5, 3)))
    np.testing.assert_array_equal(model.transform(np.ones((5, 3))), 0)
    assert np.all(np.isfinite(model.explained_variance_ratio_))


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        ({"n_components": 9}, np.eye(5), "at most"),
        ({"svd_solver": "randomized"}, np.eye(5), "pass an int"),
        ({"n_components": 2}, 1e200 * np.eye(5), "overflow"),
        ({"n_components": 0}, np.eye(5), "n_components"),
        ({"n_components": "mle"}, np.eye(5), "n_components"),
    ],
)
def test_bad_input_is_named(parameters, X, message):
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(ValueError, match=message),
    ):
        SpikedPCA(**parameters).fit(X)


def test_coordinates_of_another_width_are_refused():
    model = SpikedPCA(2).fit(load_iris().data)
    with pytest.raises(ValueError, match="3 columns"):
        model.inverse_transform(np.ones((4, 3)))


def test_refit_and_clone_forget():
    _, X = spiked(5, n=100, p=30)
    model = SpikedPCA(3).fit(load_iris().data)
    fresh = clone(model).set_params(n_components="mp").fit(X)
    model.set_params(n_components="mp").fit(X)
    np.testing.assert_array_equal(model.components_, fresh.components_)
    assert model.n_features_in_ == 30


@pytest.mark.parametrize(
    "parameters",
    [{}, {"n_components": 3}, {"n_components": 0.9}, {"whiten": True}],
)
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_digits])
def test_pipelines_with_pca_run_after_one_name_changes(load, parameters):
    X, y = load(return_X_y=True)
    X, y = X[::3], y[::3]
    for classifier in (LogisticRegression(max_iter=2000), KNeighborsClassifier()):
        scores = {
            Reducer: cross_val_score(
                make_pipeline(StandardScaler(), Reducer(**parameters), classifier),
                X,
                y,
                cv=3,
            ).mean()
            for Reducer in (PCA, SpikedPCA)
        }
        assert scores[SpikedPCA] > scores[PCA] - 0.1


def test_a_search_without_scoring_uses_the_likelihood():
    _, X = spiked(6, n=150, p=40)
    search = GridSearchCV(SpikedPCA(), {"n_components": [1, 3, 5, 20]}, cv=3).fit(X)
    assert search.best_params_["n_components"] >= 5


def test_frames_keep_their_index():
    X = load_iris(as_frame=True).data.iloc[::-1]
    frame = SpikedPCA(2).set_output(transform="pandas").fit_transform(X)
    assert list(frame.columns) == ["spikedpca0", "spikedpca1"]
    assert frame.index.equals(X.index)
