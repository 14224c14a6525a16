"""The spectral eraser: its formula, its limits, what it has to be told."""

import numpy as np
import pytest
from concept_cases import draw
from numpy.testing import assert_allclose
from sklearn.preprocessing import StandardScaler

from skspace.erasure import SubspaceEraser


def soft(rows, alpha):
    """Soft projector from a singular value decomposition of rows."""
    _, s, Vt = np.linalg.svd(rows, full_matrices=False)
    r = s**2 / np.sum(s**2)
    w = (r > 1e-14) * 1.0 if np.isinf(alpha) else alpha * r / ((alpha - 1) * r + 1)
    return Vt.T * w @ Vt


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(
    "alphas", [(30, 1), (1, 1), (5, 0), (np.inf, 0.1), (2, np.inf)]
)
def test_spectral_is_its_formula(alphas, center):
    X, z, _ = draw(n=80)
    X = StandardScaler().fit_transform(X) + 1
    X[z] = X[z] @ np.diag([1, 1, 1, 1, 0, 0, 0]) + center * X.mean(axis=0)
    forget, retain = alphas
    eraser = SubspaceEraser(
        "spectral", alpha_forget=forget, alpha_retain=retain, center=center
    ).fit(X, z)
    C = X - X.mean(axis=0) * center
    M_f, M_r = soft(C[z], forget), soft(C[~z], retain) if retain else 0 * np.eye(7)
    expected = np.eye(7) - M_f + M_f @ M_r
    assert_allclose(eraser.operator_, expected, atol=1e-9)
    erased = X.mean(axis=0) * center + C @ expected.T
    assert_allclose(eraser.transform(X), erased, atol=1e-9)
    assert_allclose(
        eraser.components_ @ eraser.components_.T,
        np.eye(eraser.n_components_),
        atol=1e-12,
    )


def test_hard_spectral_without_retention_removes_the_rows():
    X = np.random.RandomState(0).standard_normal((60, 6))
    z = np.repeat([0, 1], 30)
    X[z == 1, 3:] = 0
    eraser = SubspaceEraser(
        "spectral", alpha_forget=np.inf, alpha_retain=0, center=False
    )
    erased = eraser.fit_transform(X, z)
    assert_allclose(erased[z == 1], 0, atol=1e-12)
    assert_allclose(eraser.operator_, np.diag([0, 0, 0, 1, 1, 1]), atol=1e-12)
    spared = eraser.set_params(alpha_retain=np.inf).fit_transform(X, z)
    assert_allclose(spared, X, atol=1e-12)  # the others lie everywhere


def test_spectral_needs_to_know_what_to_forget():
    X, z, _ = draw("classes")
    with pytest.raises(ValueError, match=r"4 classes.*forget=\["):
        SubspaceEraser("spectral").fit(X, z)
    one = SubspaceEraser("spectral", forget=[2, 3]).fit(X, z)
    two = SubspaceEraser("spectral").fit(X, z >= 2)
    assert_allclose(one.operator_, two.operator_)
    with pytest.raises(ValueError, match="needs a concept of one column"):
        SubspaceEraser("spectral").fit(X, draw("numbers")[1])
