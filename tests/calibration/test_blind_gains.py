"""Blind calibration: recovery, gradients, invariances, subspaces, bad input."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from skspace.calibration import BlindCalibrationResult, blind_gain_calibration
from skspace.calibration._solvers import (
    best_gains,
    gradients,
    into_box,
    loss_of,
    misfit,
    reduced_equations,
    tangent,
)
from skspace.exceptions import DegenerateDataWarning


def sensors(seed, p, m, n, spread=0.5, noise=0.0, B=None, Z=None):
    """Random operators, a signal, gains of mean one, and readings."""
    rng = np.random.RandomState(seed)
    A = rng.standard_normal((p, m, n))
    x = rng.standard_normal(n) if Z is None else Z @ rng.standard_normal(Z.shape[1])
    e = rng.uniform(-1, 1, m) if B is None else B @ rng.standard_normal(B.shape[1])
    e -= e.mean()
    g = 1 + spread * e / np.abs(e).max()
    y = g * (A @ x)
    y += noise * np.sqrt(np.mean(y**2)) * rng.standard_normal(y.shape)
    return A, y, x, g


def error(result, x, g):
    """Larger relative error of both estimates."""
    return max(
        np.linalg.norm(result.signal - x) / np.linalg.norm(x),
        np.linalg.norm(result.gains - g) / np.linalg.norm(g),
    )


@pytest.mark.parametrize(
    ("p", "m", "n"), [(3, 64, 64), (4, 64, 64), (5, 64, 128), (8, 40, 20), (30, 3, 50)]
)
@pytest.mark.parametrize("spread", [0.5, 0.85])
def test_gains_and_signal_are_found_from_enough_snapshots(p, m, n, spread):
    assert p * m / (m + n) >= 1.5
    for seed in range(8):
        A, y, x, g = sensors(seed, p, m, n, spread)
        result = blind_gain_calibration(A, y)
        assert result.converged
        assert error(result, x, g) <= 1e-4
        assert result.n_iter <= 25


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_variable_projection_takes_a_fifth_of_the_steps_of_descent():
    for p in (3, 4):  # 1.5 and 2 times as many readings as unknowns
        steps = {"accelerated": [], "pgd": []}
        for seed in range(3):
            A, y, _, _ = sensors(seed, p, 40, 40)
            for solver, n_iter in steps.items():
                n_iter.append(blind_gain_calibration(A, y, solver=solver).n_iter)
        assert 5 * np.median(steps["accelerated"]) <= np.median(steps["pgd"])


def test_descent_finds_the_same(library, dispatch):
    A, y, x, g = sensors(0, 8, 20, 20)
    for solver in ("pgd", "accelerated"):
        result = blind_gain_calibration(
            library.asarray(A), library.asarray(y), solver=solver
        )
        assert type(result.gains) is type(result.signal) is type(library.asarray(A))
        np.testing.assert_allclose(library.to_numpy(result.gains), g, atol=1e-4)
        np.testing.assert_allclose(library.to_numpy(result.signal), x, atol=1e-4)
        assert isinstance(result.loss_curve, np.ndarray)


@pytest.mark.parametrize("solver", ["pgd", "accelerated"])
def test_loss_never_rises_and_is_what_it_says(solver):
    A, y, _, _ = sensors(0, 5, 20, 20, noise=0.05)
    result = blind_gain_calibration(A, y, solver=solver)
    loss = result.loss_curve
    assert len(loss) == result.n_iter + 1
    assert np.all(np.diff(loss) <= 1e-12 * loss[0])
    residual = result.gains * (A @ result.signal) - y
    assert loss[-1] == pytest.approx(np.sum(residual**2) / (2 * y.size))


def test_gradients_are_those_of_finite_differences(rng):
    A, y, x, g = sensors(0, 3, 5, 4)
    flat, h = A.reshape(-1, 4), 1e-6
    x, g = x + 0.1 * rng.standard_normal(4), g + 0.1 * rng.standard_normal(5)

    def loss(x, g):
        return loss_of(misfit(flat, y, x, g)[0])

    by_signal, by_gains = gradients(flat, y, x, g)
    for i, e in enumerate(np.eye(4)):
        slope = (loss(x + h * e, g) - loss(x - h * e, g)) / (2 * h)
        assert by_signal[i] == pytest.approx(slope, rel=1e-6, abs=1e-9)
    for i, e in enumerate(np.eye(5)):
        slope = (loss(x, g + h * e) - loss(x, g - h * e)) / (2 * h)
        assert by_gains[i] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("with_basis", [False, True])
def test_reduced_equations_are_the_schur_complement(rng, with_basis):
    A, y, x, g = sensors(0, 3, 6, 4)
    x = x + 0.1 * rng.standard_normal(4)
    B = np.linalg.qr(np.column_stack([np.ones(6), rng.standard_normal((6, 2))]))[0]
    B = B if with_basis else np.eye(6)
    flat, u = A.reshape(-1, 4), A @ x
    residual = g * u - y
    of_gains = np.concatenate([np.diag(row) @ B for row in u])
    J = np.column_stack([np.tile(g, 3)[:, None] * flat, of_gains])
    H, slope = J.T @ J, J.T @ residual.ravel()
    S, gradient = reduced_equations(flat, u, g, residual, B if with_basis else None)
    eliminated = H[:4, 4:] @ np.linalg.inv(H[4:, 4:])
    np.testing.assert_allclose(S, H[:4, :4] - eliminated @ H[4:, :4], atol=1e-9)
    np.testing.assert_allclose(gradient, slope[:4] - eliminated @ slope[4:], atol=1e-9)


def test_gains_are_the_best_of_a_signal(rng):
    A, y, x, _ = sensors(0, 4, 6, 3, noise=0.1)
    signal, gains = best_gains(A.reshape(-1, 3), y, 7 * x, 0.99, None)
    assert gains.mean() == pytest.approx(1)
    _, slope = gradients(A.reshape(-1, 3), y, signal, gains)
    np.testing.assert_allclose(slope, 0, atol=1e-12)


def test_box_gives_the_nearest_gains_of_mean_one(rng):
    gains = 1 + rng.standard_normal(30)
    gains += 1 - gains.mean()
    nearest = into_box(gains, 0.6, None)
    assert nearest.mean() == pytest.approx(1)
    assert np.abs(nearest - 1).max() <= 0.6 + 1e-12
    for _ in range(200):  # no other such gains lie on the side of the given ones
        other = into_box(1 + rng.standard_normal(30), 0.6, None)
        assert (gains - nearest) @ (other - nearest) <= 1e-9
    e = tangent(rng.standard_normal(30), None)
    assert e.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("solver", ["pgd", "accelerated"])
def test_units_of_operators_and_readings_change_nothing_else(solver):
    A, y, x, g = sensors(0, 8, 20, 10)
    result = blind_gain_calibration(1e150 * A, 1e-150 * y, solver=solver)
    np.testing.assert_allclose(result.gains, g, atol=1e-4)
    np.testing.assert_allclose(1e300 * result.signal, x, atol=1e-4)


@pytest.mark.parametrize("solver", ["pgd", "accelerated"])
@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_units_may_be_at_the_ends_of_the_range(rng, solver, unit):
    A, signal = rng.standard_normal((4, 12, 8)), rng.standard_normal(8)
    gains = rng.uniform(0.5, 1.5, 12)
    y = gains * (A @ signal)
    result = blind_gain_calibration(A, unit * y, solver=solver)
    np.testing.assert_allclose(result.gains, gains / gains.mean(), atol=1e-4)
    np.testing.assert_allclose(result.signal / unit, signal * gains.mean(), atol=1e-4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_signals_beyond_the_range_are_refused(dtype):
    A, y, _, _ = sensors(0, 8, 20, 10)
    small, large = (1e-20, 1e30) if dtype == "float32" else (1e-200, 1e200)
    with pytest.raises(ValueError, match=f"beyond the range of .*{dtype}"):
        blind_gain_calibration((small * A).astype(dtype), large * y)


@pytest.mark.parametrize("solver", ["pgd", "accelerated"])
def test_readings_orthogonal_to_the_operators_are_refused(solver):
    A = np.array([[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]] * 3)
    y = np.array([[1.0, 1.0, 0.0]] * 3)
    with pytest.raises(ValueError, match="nowhere to start"):
        blind_gain_calibration(A, y, solver=solver)


def test_order_of_sensors_and_snapshots_does_not_matter(rng):
    A, y, _, _ = sensors(0, 6, 12, 10, noise=0.1)
    rows, snapshots = rng.permutation(12), rng.permutation(6)
    one = blind_gain_calibration(A, y)
    other = blind_gain_calibration(A[snapshots][:, rows], y[snapshots][:, rows])
    np.testing.assert_allclose(other.gains, one.gains[rows], rtol=1e-6)


def test_subspaces_make_few_snapshots_enough(rng):
    """60 readings of 40 gains and a signal of length 60, of dimensions 4 and 5."""
    Z = np.linalg.qr(rng.standard_normal((60, 5)))[0]
    B = np.column_stack([np.ones(40), rng.standard_normal((40, 3))])
    A, y, x, g = sensors(1, 2, 40, 60, B=B, Z=Z)
    with pytest.raises(ValueError, match=r"2 x 40 readings cannot determine 60 \+ 40"):
        blind_gain_calibration(A, y)
    for solver in ("accelerated", "pgd"):
        result = blind_gain_calibration(
            A, y, subspace_signal=3 * Z, subspace_gain=B, solver=solver
        )
        assert error(result, x, g) <= 1e-4
        off = result.gains - B @ np.linalg.lstsq(B, result.gains, rcond=None)[0]
        np.testing.assert_allclose(off, 0, atol=1e-10)


def test_fitted_reducer_is_a_subspace(rng):
    signals = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 40))
    pca = PCA(3).fit(signals - signals.mean(axis=0))
    A, y, x, g = sensors(0, 3, 30, 40, Z=pca.components_.T)
    result = blind_gain_calibration(A, y, subspace_signal=pca)
    assert error(result, x, g) <= 1e-4


def test_noise_leaves_an_error_of_its_order():
    errors = []
    for noise in (1e-3, 1e-2, 1e-1):
        A, y, x, g = sensors(0, 6, 30, 30, noise=noise)
        errors.append(error(blind_gain_calibration(A, y), x, g) / noise)
    assert max(errors) <= 2
    assert max(errors) / min(errors) <= 1.5


def test_equal_gains_are_found_equal():
    A, _, x, _ = sensors(0, 6, 20, 20)
    result = blind_gain_calibration(A, A @ x)
    np.testing.assert_allclose(result.gains, 1, atol=1e-5)


def test_single_precision_stays():
    A, y, x, g = sensors(0, 6, 20, 20)
    result = blind_gain_calibration(A.astype(np.float32), y)
    assert result.signal.dtype == result.gains.dtype == np.float32
    assert error(result, x, g) <= 1e-4


def test_too_few_steps_are_told_and_shown():
    A, y, _, _ = sensors(0, 3, 30, 30)
    with pytest.warns(ConvergenceWarning, match="at max_iter=5 with a change of"):
        result = blind_gain_calibration(A, y, solver="pgd", max_iter=5)
    assert isinstance(result, BlindCalibrationResult)
    assert not result.converged
    assert result.n_iter == 5
    assert "NOT converged after 5 steps" in repr(result)
    assert "converged in" in repr(blind_gain_calibration(A, y))
    with pytest.raises(AttributeError):
        result.gains = 1


def test_gains_beyond_the_bounds_are_told():
    A, y, _, g = sensors(0, 6, 20, 20, spread=0.8)
    with pytest.warns(DegenerateDataWarning, match="gains end at the bounds 1 ± 0.4"):
        result = blind_gain_calibration(A, y, rho=0.4)
    assert np.abs(result.gains - 1).max() <= 0.4 + 1e-9
    assert np.all(np.abs(g - 1)[np.abs(result.gains - 1) > 0.39] > 0.2)


def test_dead_sensor_is_told():
    A, y, _, _ = sensors(0, 8, 20, 10)
    y[:, 4] = 0
    with pytest.warns(DegenerateDataWarning, match="first: sensor 4"):
        blind_gain_calibration(A, y)


@pytest.mark.filterwarnings("ignore:.*gains end at the bounds")
def test_operators_that_do_not_differ_are_told():
    A, y, _, _ = sensors(0, 1, 20, 8)
    with pytest.warns(DegenerateDataWarning, match="7 directions of the signal"):
        blind_gain_calibration(np.repeat(A, 5, axis=0), np.repeat(y, 5, axis=0))


A0, Y0 = sensors(0, 4, 6, 5)[:2]
SILENT = A0 * (np.arange(6) != 2)[:, None]


@pytest.mark.parametrize(
    ("A", "y", "parameters", "message"),
    [
        (A0[0], Y0, {}, "shape \\(p, m, n\\), got \\(6, 5\\)"),
        (A0, Y0.T, {}, "y must have shape \\(p, m\\) = \\(4, 6\\).*got \\(6, 4\\)"),
        (A0, np.nan * Y0, {}, "Input y contains NaN"),
        (np.where(A0[0, 0, 0] == A0, np.inf, A0), Y0, {}, "Input A contains infinity"),
        (A0, 0 * Y0, {}, "Every reading in y is zero"),
        (SILENT, Y0, {}, "Sensors \\[2\\] get nothing"),
        (A0[:1], Y0[:1], {}, "1 x 6 readings cannot determine 5 . 6 unknowns"),
        (A0, Y0, {"rho": 1.0}, "'rho' parameter"),
        (A0, Y0, {"solver": "admm"}, "'solver' parameter"),
        (A0, Y0, {"subspace_gain": np.eye(6)[:, :2]}, "hold equal gains"),
        (A0, Y0, {"subspace_gain": np.ones((5, 1))}, "m = 6 rows"),
        (A0, Y0, {"subspace_signal": np.ones((6, 1))}, "n = 5 rows"),
    ],
)
def test_bad_input_is_named(A, y, parameters, message):
    with pytest.raises(ValueError, match=message):
        blind_gain_calibration(A, y, **parameters)
