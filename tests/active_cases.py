"""Tables, functions and models that tests of active subspaces share."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import train_test_split


def ridge_function(rng, n, p, noise=0.05):
    X = rng.standard_normal((n, p))
    a = rng.standard_normal(p)
    a /= np.linalg.norm(a)
    return X, np.sin(2 * X @ a) + noise * rng.standard_normal(n), a


def cosine(active, a):
    v = active.components_[0] / active.scale_
    return abs(v @ a) / np.linalg.norm(v) / np.linalg.norm(a)


class Quadratic(RegressorMixin, BaseEstimator):
    """A fitted model with known derivatives, none of them offered."""

    def __init__(self, H, b):
        self.H, self.b = H, b

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return 0.5 * np.sum(X @ self.H * X, axis=1) + X @ self.b


class Analytic(Quadratic):
    def input_gradients(self, X):
        return X @ self.H + self.b


def split(X, y, seed):
    return train_test_split(X, y, test_size=0.2, random_state=seed)


def two_moons(n=120, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 3))
    return X, (X[:, 0] ** 2 + X[:, 1] + 0.1 * rng.standard_normal(n) > 0.5).astype(int)
