"""Samples for the tests of self-representations."""

import numpy as np


def unit_rows(rng, n_samples, n_features):
    """Normal rows of length one."""
    X = rng.standard_normal(size=(n_samples, n_features))
    return X / np.linalg.norm(X, axis=1, keepdims=True)
