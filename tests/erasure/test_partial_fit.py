"""Sums over rows merge: chunks give the fit of all rows, weights are repetitions."""

import warnings

import numpy as np
import pytest
from concept_cases import EXACT, columns, draw, exact
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

from skspace.erasure import SubspaceEraser
from skspace.exceptions import DegenerateDataWarning


@pytest.mark.parametrize("kind", ["classes", "text", "mixed", "numbers"])
@exact
def test_chunks_in_any_order_give_the_fit_of_all_rows(method, kind):
    """Also where a class comes late, and rows are far from the origin."""
    X, z, y = draw(kind, n=300)
    X = X + 1e4
    order = np.argsort(columns(z)[:, 0], kind="stable")
    X, z, y = X[order], z[order], y[order]
    w = np.random.RandomState(2).randint(0, 3, len(X))
    whole = SubspaceEraser(method).fit(X, y, concept=z, sample_weight=w)
    units = X.std(axis=0)
    for parts in (np.arange(300).reshape(3, 100), np.arange(300).reshape(3, 100)[::-1]):
        eraser = SubspaceEraser(method)
        for rows in parts:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DegenerateDataWarning)
                eraser.partial_fit(
                    X[rows], y[rows], concept=z[rows], sample_weight=w[rows]
                )
        assert_allclose(
            eraser.operator_ * units / units[:, None],
            whole.operator_ * units / units[:, None],
            atol=1e-8,
        )
        sums, other = eraser._summary.moments, whole._summary.moments
        scale = np.sqrt(np.diag(other.scatter[:7, :7]))
        assert_allclose(
            sums.scatter[:7, :7] / scale, other.scatter[:7, :7] / scale, atol=1e-10
        )
        assert_allclose(
            sums.scatter[:7, 7:] / scale[:, None],
            other.scatter[:7, 7:] / scale[:, None],
            atol=1e-10,
        )


def test_chunks_of_the_spectral_eraser():
    X, z, _ = draw()
    order = np.argsort(z, kind="stable")[::-1]
    eraser = SubspaceEraser("spectral")
    with pytest.warns(DegenerateDataWarning, match="Not fitted yet: The concept has"):
        eraser.partial_fit(X[order[:50]], z[order[:50]])
    eraser.partial_fit(X[order[50:]], z[order[50:]])
    assert_allclose(
        eraser.operator_, SubspaceEraser("spectral").fit(X, z).operator_, atol=1e-9
    )


def test_weight_is_repetition():
    X, z, y = draw("classes")
    X = StandardScaler().fit_transform(X)
    w = np.random.RandomState(0).randint(0, 4, len(X))
    for method in (*EXACT, "spectral"):
        kwargs = {"shrinkage": "auto", "forget": [3] if method == "spectral" else None}
        one = SubspaceEraser(method, **kwargs).fit(X, y, concept=z, sample_weight=w)
        X2, z2, y2 = (np.repeat(a, w, axis=0) for a in (X, z, y))
        two = SubspaceEraser(method, **kwargs).fit(X2, y2, concept=z2)
        assert_allclose(one.operator_, two.operator_, atol=1e-7)


def test_zero_weight_hides_a_class():
    X, z, _ = draw("text")
    there = z != "b"
    one = SubspaceEraser().fit(X, z, sample_weight=there * 1.0)
    two = SubspaceEraser().fit(X[there], z[there])
    assert one.n_components_ == 2
    assert_allclose(one.operator_, two.operator_, atol=1e-9)


def test_chunks_must_hold_one_kind():
    X, z, _ = draw("classes")
    eraser = SubspaceEraser().partial_fit(X, z)
    before = eraser.operator_
    for other, message in (
        (z + 0.5, "say in the first call what they are"),
        (draw("text")[1], "values of one kind"),
        (np.column_stack([z, z]), "has 2 columns, it had 1"),
    ):
        with pytest.raises(ValueError, match=message):
            eraser.partial_fit(X, other)
    assert_array_equal(eraser.operator_, before)
    two = np.minimum(z, 1)
    for change in ({"shrinkage": "auto"}, {"method": "spectral"}):
        stream = SubspaceEraser().partial_fit(X, two).set_params(**change)
        with pytest.raises(ValueError, match="summed for other parameters"):
            stream.partial_fit(X, two)
    eraser = SubspaceEraser().partial_fit(X, z + 0.25)
    eraser.partial_fit(X, z)  # numbers stay numbers
    assert eraser.n_components_ == 1
