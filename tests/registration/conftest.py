"""Scenes of known motion, fitted once."""

import functools
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skspace.datasets import make_corridor
from skspace.registration import PointToPlaneICP


@functools.cache
def clouds(scene, n_samples, seed):
    return make_corridor(scene, n_samples, random_state=seed)


@functools.cache
def fitted(scene, n_samples, seed):
    source, target, _ = clouds(scene, n_samples, seed)
    with warnings.catch_warnings():
        # a plane lets the clouds slide, and sliding does not end in thirty steps
        warnings.simplefilter("ignore", ConvergenceWarning)
        return PointToPlaneICP().fit(source, target)


@pytest.fixture(scope="session")
def scene():
    """Call it with a scene's name, size and seed: source, target and motion."""
    return lambda name, n_samples=4000, seed=0: clouds(name, n_samples, seed)


@pytest.fixture(scope="session")
def default_fit():
    """Call it likewise: the default configuration, fitted to that scene."""
    return lambda name, n_samples=4000, seed=0: fitted(name, n_samples, seed)


@pytest.fixture(scope="session")
def error_of():
    """Call it with two motions and a source: centroid and degrees they differ by."""

    def error(found, truth, source):
        center = np.append(np.mean(source, axis=0), 1.0)
        turn = found[:3, :3] @ truth[:3, :3].T
        # the sine: an arc cosine has half the digits for small angles
        odd = [
            turn[2, 1] - turn[1, 2],
            turn[0, 2] - turn[2, 0],
            turn[1, 0] - turn[0, 1],
        ]
        angle = np.arctan2(np.linalg.norm(odd) / 2, (np.trace(turn) - 1) / 2)
        return np.linalg.norm((found - truth) @ center), np.rad2deg(angle)

    return error
