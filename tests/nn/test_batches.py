"""Mini-batches: every row once, the same order on every library."""

import numpy as np
import pytest

from skspace.nn import minibatches


@pytest.mark.parametrize("n", [1, 7, 8, 9, 64])
@pytest.mark.parametrize("size", [1, 4, 100])
def test_an_epoch_holds_every_row_once(n, size, rng):
    batches = list(minibatches(n, size, rng))
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(n))
    assert all(len(rows) == size for rows in batches[:-1])


@pytest.mark.parametrize("n", [1, 7, 8, 9, 64])
def test_incomplete_batches_are_dropped_but_for_an_only_one(n, rng):
    batches = list(minibatches(n, 4, rng, drop_last=True))
    assert len(batches) == max(n // 4, 1)
    assert all(len(rows) == min(n, 4) for rows in batches)


def test_epochs_differ_and_libraries_do_not(library):
    X = library.asarray(np.arange(30.0))
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    epochs = []
    for _ in range(2):
        here = np.concatenate(list(minibatches(30, 8, ours)))
        there = list(minibatches(30, 8, theirs, like=X))
        taken = [library.to_numpy(library.xp.take(X, rows, axis=0)) for rows in there]
        np.testing.assert_array_equal(np.concatenate(taken), here)
        epochs.append(here)
    assert np.any(epochs[0] != epochs[1])


def test_empty_batches_are_refused(rng):
    for size in (0, 2.5):
        with pytest.raises(
            ValueError, match="batch_size must be an integer of at least 1"
        ):
            list(minibatches(3, size, rng))
