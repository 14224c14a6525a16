"""Influence against finite differences, leave-one-out, and the formulas by rows.

Slices are held fixed throughout: a sample that leaves changes no cut.
"""

import numpy as np
import pytest

from skspace.linalg._influence import (
    average_variance_influence,
    directional_influence,
    eigenvector_influence,
    frame_influence,
    inverse_regression_influence,
    projector_score,
)
from skspace.linalg._inverse_moments import (
    WhitenedMoments,
    average_variance_kernel,
    directional_kernel,
    inverse_regression_factor,
)


def inverse_regression_kernel(moments):
    F = inverse_regression_factor(moments)
    return F @ F.T


METHODS = {
    "SIR": (inverse_regression_kernel, inverse_regression_influence, 1),
    "SAVE": (average_variance_kernel, average_variance_influence, 1),
    "DR": (directional_kernel, directional_influence, 2),
}
method = pytest.mark.parametrize("name", METHODS)


def data(name, seed, n=500, p=5):
    """Whitened rows and slices of a model that the method sees."""
    rng = np.random.RandomState(seed)
    X, e = rng.standard_normal((n, p)), rng.standard_normal(n)
    u, v = X[:, 0], X[:, 1]
    y = {"SIR": u + u**3 / 3, "SAVE": u**2, "DR": u + v**2}[name] + 0.5 * e
    edges = np.quantile(y, np.arange(1, 10) / 10)
    W = X - X.mean(axis=0)
    W = W @ np.linalg.inv(np.linalg.cholesky(W.T @ W / n)).T
    return W, np.searchsorted(edges, y, side="right")


def weighted_moments(W, labels, weights):
    """Moments after whitening by the symmetric root, and that root."""
    w = weights / weights.sum()
    C = W - w @ W
    values, V = np.linalg.eigh((C.T * w) @ C)
    root = V / np.sqrt(values) @ V.T
    C = C @ root
    member = (labels == np.arange(labels.max() + 1)[:, None]) * w
    share = member.sum(axis=1)
    mean = member @ C / share[:, None]
    second = np.einsum("hi,ij,ik->hjk", member, C, C) / share[:, None, None]
    covariance = second - mean[:, :, None] * mean[:, None, :]
    return WhitenedMoments(share, mean, covariance, np.eye(W.shape[1])), root


def frame(kernel):
    values, G = np.linalg.eigh(kernel)
    return values[::-1], G[:, ::-1]


def directional_derivative(function, W, labels, row, eps=1e-4):
    """Central difference of ``function(moments, root)`` towards one row."""
    ends = []
    for step in (eps, -eps):
        weights = np.full(len(W), (1 - step) / len(W))
        weights[row] += step
        ends.append(function(*weighted_moments(W, labels, weights)))
    return (ends[0] - ends[1]) / (2 * eps)


def assert_close(found, expected, rtol=1e-4):
    assert np.linalg.norm(found - expected) <= rtol * np.linalg.norm(expected)


def by_formulas(name, m, w, h):
    """Influence on the kernel of one row, by derivatives of p_k, m_k and U_k."""
    p, mean, U, V = m.share, m.mean, m.second_moment, m.covariance
    eye = np.eye(len(w))
    E = np.outer(w, w) - eye
    B = sum(p[k] * np.outer(mean[k], mean[k]) for k in range(len(p)))

    def sym(A):
        return A + A.T

    dB = sym(np.outer(w, mean[h])) - np.outer(mean[h], mean[h])
    dB = dB - (np.outer(w, w) @ B + B @ np.outer(w, w)) / 2
    if name == "SIR":
        return dB
    total = 0
    for k in range(len(p)):
        here = float(k == h)
        dp = here - p[k]
        dm = -w - E @ mean[k] / 2 + here * (w - mean[k]) / p[k]
        dU = -(E @ U[k] + U[k] @ E) / 2 - sym(np.outer(w, mean[k]))
        dU = dU + here * (np.outer(w, w) - U[k]) / p[k]
        if name == "SAVE":
            D, dD = eye - V[k], -dU + sym(np.outer(dm, mean[k]))
            total = total + dp * D @ D + p[k] * sym(D @ dD)
        else:
            D = U[k] - eye
            total = total + 2 * dp * D @ D + 2 * p[k] * sym(D @ dU)
    if name == "DR":
        total = total + 2 * sym(B @ dB)
        total = total + 2 * np.trace(dB) * B + 2 * np.trace(B) * dB
    return total


@method
def test_batch_equals_the_formulas_row_by_row(name, library, rng):
    W, labels = data(name, 0, n=60)
    m, _ = weighted_moments(W, labels, np.ones(60))
    left, right = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    given = WhitenedMoments(*(library.asarray(x) for x in m))
    found = METHODS[name][1](
        given, *(library.asarray(x) for x in (W, labels, left, right))
    )
    expected = [
        left.T @ by_formulas(name, m, w, h) @ right
        for w, h in zip(W, labels, strict=True)
    ]
    np.testing.assert_allclose(library.to_numpy(found), expected, atol=1e-11)


@method
def test_influence_averages_to_zero(name):
    W, labels = data(name, 1)
    m, _ = weighted_moments(W, labels, np.ones(len(W)))
    found = METHODS[name][1](m, W, labels, np.eye(5), np.eye(5))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)


@method
def test_kernels_move_as_finite_differences_say(name):
    kernel, influence, _ = METHODS[name]
    W, labels = data(name, 2)
    m, _ = weighted_moments(W, labels, np.ones(len(W)))
    found = influence(m, W, labels, np.eye(5), np.eye(5))
    for row in range(8):
        expected = directional_derivative(lambda m, _: kernel(m), W, labels, row)
        assert_close(found[row], expected)


@method
def test_directions_move_as_finite_differences_say(name):
    """Eigenvectors, projectors, and directions in coordinates that stay."""
    kernel, influence, d = METHODS[name]
    W, labels = data(name, 3)
    m, _ = weighted_moments(W, labels, np.ones(len(W)))
    values, G = frame(kernel(m))

    def leading(m):
        found = frame(kernel(m))[1][:, :d]
        return found * np.sign(np.sum(found * G[:, :d], axis=0))

    C = eigenvector_influence(influence(m, W, labels, G, G[:, :d]), values)
    moved = frame_influence(C, W @ G)
    for row in range(8):

        def derivative(function, row=row):
            return directional_derivative(function, W, labels, row, eps=1e-5)

        assert_close(G @ C[row], derivative(lambda m, _: leading(m)))
        assert_close(G @ moved[row], derivative(lambda m, root: root @ leading(m)))
        projector = derivative(lambda m, _: leading(m) @ leading(m).T)
        half = G @ C[row] @ G[:, :d].T
        assert_close(half + half.T, projector)
        np.testing.assert_allclose(
            projector_score(C)[row], np.linalg.norm(projector), rtol=1e-4
        )


@method
def test_leave_one_out_is_predicted(name):
    """Correlation with -(n - 1) times the exact change, n = 500, p = 5."""
    kernel, influence, d = METHODS[name]
    W, labels = data(name, 4)
    n = len(W)
    m, _ = weighted_moments(W, labels, np.ones(n))
    values, G = frame(kernel(m))
    C = eigenvector_influence(influence(m, W, labels, G, G[:, :d]), values)
    C[:, :d] = 0
    half = G @ C @ G[:, :d].T
    predicted = {
        "kernel": influence(m, W, labels, np.eye(5), np.eye(5)),
        "projector": half + half.transpose(0, 2, 1),
    }
    exact = {"kernel": [], "projector": []}
    for row in range(n):
        weights = np.ones(n)
        weights[row] = 0
        M = kernel(weighted_moments(W, labels, weights)[0])
        top = frame(M)[1][:, :d]
        exact["kernel"].append((1 - n) * (M - kernel(m)))
        exact["projector"].append((1 - n) * (top @ top.T - G[:, :d] @ G[:, :d].T))
    for what, changes in exact.items():
        correlation = np.corrcoef(np.ravel(changes), np.ravel(predicted[what]))[0, 1]
        assert correlation >= 0.98, what


def test_a_frame_that_fits_best_does_not_turn(library, rng):
    """Without rotation only what leaves the span is left, the projector's part."""
    dM, values = rng.standard_normal((6, 4, 2)), np.array([5.0, 5.0, 2.0, 1.0])
    dM, values = library.asarray(dM), library.asarray(values)
    C = library.to_numpy(eigenvector_influence(dM, values, rotate=False))
    assert np.all(C[:, :2, :] == 0)
    expected = library.to_numpy(dM)[:, 2:, :] / np.array([[3.0, 3.0], [4.0, 4.0]])
    np.testing.assert_allclose(C[:, 2:, :], expected)
