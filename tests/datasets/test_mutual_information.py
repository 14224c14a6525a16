"""Mutual-information tasks: names, seeds, and true values that can be recomputed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.datasets import fetch_mi_task, get_mi_task_names


@pytest.fixture
def fake_task(fake_folder):
    X = np.arange(6, dtype=np.float32).reshape(3, 2)
    Y = np.array([[0.5], [1], [2]], dtype=np.float32)
    fake_folder("mi/1v1-normal-0.75__s1.npz", X=X, Y=Y, mi=np.array(0.25))
    return X, Y


def test_task_is_what_the_file_holds_in_float64(fake_task):
    X, Y = fake_task
    task = fetch_mi_task("1v1-normal-0.75", seed=1)
    assert task.data.dtype == task.target.dtype == np.float64
    assert_array_equal(task.data, X)
    assert_array_equal(task.target, Y)
    assert task.mutual_info == 0.25
    assert isinstance(task.mutual_info, float)
    assert task.feature_names == ["x0", "x1"]
    assert task.target_names == ["y0"]
    assert "1v1-normal-0.75__s1.npz" in task.DESCR
    pair = fetch_mi_task("1v1-normal-0.75", 1, return_X_y=True)
    assert_array_equal(pair[0], X)
    assert_array_equal(pair[1], Y)


def test_frame_holds_both_variables(fake_task):
    pytest.importorskip("pandas")
    task = fetch_mi_task("1v1-normal-0.75", 1, as_frame=True)
    assert list(task.frame.columns) == ["x0", "x1", "y0"]
    assert_array_equal(task.frame.to_numpy(), np.hstack(fake_task))


def test_unknown_names_and_seeds_are_answered_with_those_that_exist():
    with pytest.raises(ValueError, match="own-gauss-3-3-mi4"):
        fetch_mi_task("gauss")
    with pytest.raises(ValueError, match=r"no seed 2. Its seeds are 0, 1\."):
        fetch_mi_task("own-teacher-k4-K100-mi2", seed=2)
    with pytest.raises(ValueError, match="'seed' parameter of fetch_mi_task"):
        fetch_mi_task("own-gauss-3-3-mi4", seed=-1)


@pytest.mark.data
@pytest.mark.parametrize("name", get_mi_task_names())
def test_real_tasks(name, data_folder):
    two_seeds = {"multinormal-sparse-25-25-2-2.0", "own-teacher-k4-K100-mi2"}
    samples = [fetch_mi_task(name, seed) for seed in range(3 - (name in two_seeds))]
    for sample in samples:
        assert len(sample.data) == len(sample.target) >= 2000
        assert np.isfinite(sample.data).all()
        assert np.isfinite(sample.target).all()
        assert sample.mutual_info == samples[0].mutual_info >= 0
    assert not np.array_equal(samples[0].data, samples[1].data)


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        "1v1-normal-0.75",
        "multinormal-dense-5-5-0.5",
        "multinormal-sparse-3-3-2-2.0",
        "multinormal-sparse-25-25-2-2.0",
        "own-gauss-3-3-mi4",
        "own-independent-3-3",
    ],
)
def test_true_value_of_normal_tasks_follows_from_the_covariance(name, data_folder):
    """I = (log det Sxx + log det Syy - log det S) / 2, S from the sample."""
    task = fetch_mi_task(name)
    d, n = task.data.shape[1], len(task.data)
    S = np.cov(np.hstack([task.data, task.target]), rowvar=False)
    parts = [S[:d, :d], S[d:, d:], S]
    x, y, both = (np.linalg.slogdet(part)[1] for part in parts)
    # the estimate is too large by about dx dy / 2n
    bias = d * (len(S) - d) / (2 * n)
    assert_allclose((x + y - both) / 2 - bias, task.mutual_info, atol=0.06)
