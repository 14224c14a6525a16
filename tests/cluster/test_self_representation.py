"""What both sparse self-representations promise."""

import signal

import numpy as np
import pytest
from self_representation_cases import unit_rows

from skspace.cluster import (
    SparseSubspaceClustering,
    omp_self_representation,
    sparse_self_representation,
)

both = pytest.mark.parametrize(
    "represent", [omp_self_representation, sparse_self_representation]
)


@both
@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e200])
def test_scale_of_the_data_does_not_matter(rng, memory, represent, scale):
    X = unit_rows(rng, 20, 8)
    C = represent(X).toarray()
    np.testing.assert_allclose(represent(scale * X).toarray(), C, atol=1e-10)


@both
def test_permuting_samples_permutes_coefficients(rng, memory, represent):
    X = unit_rows(rng, 30, 10)
    order = rng.permutation(30)
    C = represent(X).toarray()
    permuted = represent(X[order]).toarray()
    np.testing.assert_allclose(permuted, C[np.ix_(order, order)], atol=1e-7)


@both
def test_float32_stays_and_is_summed_in_float64(rng, memory, represent):
    X = unit_rows(rng, 30, 10).astype(np.float32)
    C = represent(X)
    assert C.dtype == np.float32
    exact = represent(X.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(C.toarray(), exact.toarray())


@both
def test_number_of_threads_does_not_matter(rng, memory, represent):
    X = unit_rows(rng, 600, 5)
    one, two = represent(X, n_jobs=1), represent(X, n_jobs=2)
    np.testing.assert_array_equal(one.toarray(), two.toarray())


@both
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_library_is_brought_to_the_host(dispatch, library, rng, represent, dtype):
    X = unit_rows(rng, 20, 6).astype(dtype)
    C = represent(library.asarray(X))
    np.testing.assert_array_equal(C.toarray(), represent(X).toarray())
    assert C.dtype == dtype


@both
def test_infinite_data_are_refused(represent):
    with pytest.raises(ValueError, match="infinity"):
        represent([[1.0, np.inf], [0.0, 1.0]])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on Windows")
@pytest.mark.parametrize(
    "code",
    [
        sparse_self_representation,
        omp_self_representation,
        SparseSubspaceClustering(3, n_init=1, random_state=0).fit,
    ],
)
def test_interrupt_inside_compiled_code_is_an_interrupt(rng, code):
    X = rng.standard_normal((400, 30))
    code(X[:30])  # compiled
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for delay in (0.02, 0.05, 0.08):
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012
                signal.setitimer(signal.ITIMER_REAL, delay)
                for _ in range(1000):
                    code(X)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
