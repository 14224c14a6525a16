"""Continuous samples and classes: the definition, its peer, and repeated values."""

import numpy as np
import pytest
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif as of_sklearn
from sklearn.metrics import mutual_info_score

from skspace.information._discrete import discrete_terms, encode_rows
from skspace.information._neighbors import SortedColumn


def by_loops(X, labels, k):
    """Ross's estimate, row by row."""
    kept = [i for i in range(len(X)) if np.sum(labels == labels[i]) > 1]
    terms = []
    for i in kept:
        apart = {j: np.max(np.abs(X[j] - X[i])) for j in kept}
        own = [apart[j] for j in kept if labels[j] == labels[i] and j != i]
        k_i = min(k, len(own))
        r = sorted(own)[k_i - 1]
        if r == 0:
            k_i = 1 + sum(d == 0 for d in own)
            m = sum(d == 0 for d in apart.values())
        else:
            m = 1 + sum(apart[j] < r for j in kept if j != i)
        terms.append(digamma(len(kept)) + digamma(k_i))
        terms[-1] -= digamma(len(own) + 1) + digamma(m)
    return terms


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("k", [1, 4])
def test_terms_are_the_definition(k, d, rng):
    labels = np.array([0] * 20 + [1] * 12 + [2] * 3 + [3])  # the last one is alone
    X = rng.standard_normal((36, d))
    for Z in (X, np.round(X), np.round(X, 1), X + 1e9):
        np.testing.assert_allclose(
            discrete_terms(Z, labels, k), by_loops(Z, labels, k), atol=1e-12
        )


def test_scikit_learn_gives_the_same(rng):
    x = rng.standard_normal(800)
    labels = np.digitize(x + rng.standard_normal(800), [-1, 0.5])
    x = x / x.std()
    theirs = of_sklearn(x[:, None], labels, random_state=0)[0]
    found = np.mean(discrete_terms(x, labels))
    assert found == pytest.approx(theirs, abs=1e-6)
    ranks = SortedColumn.of(x)
    np.testing.assert_array_equal(
        discrete_terms(x, labels, ranks=ranks), discrete_terms(x, labels)
    )


def test_discrete_samples_tend_to_the_plug_in_estimate(rng):
    x = rng.randint(4, size=3000)
    y = (x + rng.randint(2, size=3000)) % 4
    found = np.mean(discrete_terms(x.astype(float), y))
    assert found == pytest.approx(mutual_info_score(x, y), abs=3e-3)


def test_classes_of_one_row_each_leave_nothing():
    assert len(discrete_terms(np.arange(5.0), np.arange(5))) == 0


def test_rows_are_numbered_by_value():
    Y = np.array([[1.0, 0.0], [1.0, -0.0], [2.0, 0.0], [1.0, 0.0]])
    codes = encode_rows(Y)
    assert codes[0] == codes[1] == codes[3] != codes[2]
