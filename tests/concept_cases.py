"""Tables that hold a concept, and how much of it is left in them."""

import numpy as np
import pytest

from skspace.erasure import SubspaceEraser

EXACT = ["leace", "oblique", "orthogonal"]
exact = pytest.mark.parametrize("method", EXACT)

CONCEPTS = ["binary", "classes", "text", "numbers", "columns", "mixed"]
concepts = pytest.mark.parametrize("kind", CONCEPTS)


def draw(kind="binary", n=200, p=7, seed=0):
    """Correlated features of several units, a concept in them, and a target."""
    rng = np.random.RandomState(seed)
    A = rng.standard_normal((p, p)) * np.logspace(-2, 2, p)
    W = rng.standard_normal((n, p))
    score = W[:, 0] + 0.5 * rng.standard_normal(n)
    other = W[:, 1] + rng.standard_normal(n)
    classes = np.digitize(score, [-0.7, 0.2, 1.0])
    z = {
        "binary": score > 0.3,
        "classes": classes,
        "text": np.array(["a", "b", "c", "d"])[classes],
        "numbers": score,
        "columns": np.column_stack([score, other]),
        "mixed": np.array([classes.astype(object), other.astype(object)]).T,
    }[kind]
    y = W[:, 2] - W[:, 1] + 0.3 * W[:, 0] > 0
    return W @ A + 5, z, y


def columns(z):
    """Indicators of classes and numbers, by a loop."""
    table = z[:, None] if z.ndim == 1 else z
    found = []
    for column in table.T:
        try:
            numbers = column.astype(float)
        except ValueError:
            numbers = None
        whole = numbers is not None and np.all(numbers == np.round(numbers))
        if numbers is None or whole:
            found += [(column == v) * 1.0 for v in sorted(set(column.tolist()))]
        else:
            found.append(numbers)
    return np.column_stack(found)


def covariance(A, B, w=None):
    w = np.full(len(A), 1.0) if w is None else w
    A = A - np.average(A, axis=0, weights=w)
    B = B - np.average(B, axis=0, weights=w)
    return (A * w[:, None]).T @ B / w.sum()


def correlation(A, B, w=None):
    """Covariance over the deviations of B and of the rows before erasure."""
    return covariance(A, B, w) / B.std(axis=0)


def fitted(method, X, z, y, **kwargs):
    return SubspaceEraser(method, **kwargs).fit(X, y, concept=z)
