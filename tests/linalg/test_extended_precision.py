"""Error-free transformations against rational numbers."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from skspace.linalg._extended_precision import (
    ExtendedRows,
    Pair,
    add,
    as_pair,
    divide,
    multiply,
    two_product,
    two_sum,
)

# products of these neither overflow when split nor lose their errors in underflow
numbers = st.floats(-1e60, 1e60).filter(lambda x: x == 0 or abs(x) > 1e-60)
exact = np.vectorize(Fraction, otypes=[object])


def value(pair):
    return exact(pair.high) + exact(pair.low)


@given(numbers, numbers)
def test_sum_and_its_error_are_exact(a, b):
    pair = two_sum(np.array([a]), np.array([b]))
    assert pair.high[0] == a + b
    assert value(pair)[0] == Fraction(a) + Fraction(b)


@given(numbers, numbers)
def test_product_and_its_error_are_exact(a, b):
    pair = two_product(np.array([a]), np.array([b]))
    assert pair.high[0] == a * b
    assert value(pair)[0] == Fraction(a) * Fraction(b)


@given(numbers, st.floats(-1, 1), numbers.filter(bool))
def test_pairs_keep_thirty_digits(high, share, b):
    """Sum, product and quotient of a pair and a double, relative to their terms."""
    x = two_sum(np.array([high]), np.array([high * 2.0**-53 * share]))
    b = np.array([b])
    before, other = value(x)[0], Fraction(b[0])
    for operation, expected, scale in (
        (add, before + other, abs(before) + abs(other)),
        (multiply, before * other, abs(before * other)),
        (divide, before / other, abs(before / other)),
    ):
        result = operation(x, b)
        assert abs(value(result)[0] - expected) <= Fraction(2) ** -101 * scale
        assert result.value[0] == result.high[0]  # normalised


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_matrix])
def test_residual_and_its_correlations_to_thirty_digits(kind, rng):
    A = rng.standard_normal((40, 6)) * (rng.random_sample((40, 6)) < 0.8)
    x = Pair(rng.standard_normal(6), 1e-17 * rng.standard_normal(6))
    b = A @ x.high  # what is left are the roundings of this product
    rows = ExtendedRows(kind(A))
    r = rows.residual(b, x)
    expected = exact(b) - exact(A) @ value(x)
    assert np.max(np.abs((value(r) - expected).astype(float))) < 1e-30
    g = (exact(A).T @ expected).astype(float)
    np.testing.assert_allclose(rows.correlate(r), g, rtol=1e-12)


@pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double is double here"
)
def test_no_fewer_digits_than_long_double(rng):
    A, x = rng.standard_normal((200, 8)), rng.standard_normal(8)
    b = A @ x
    r = ExtendedRows(A).residual(b, as_pair(x))
    expected = exact(b) - exact(A) @ exact(x)
    long = b.astype(np.longdouble) - A.astype(np.longdouble) @ x
    ours = np.abs((value(r) - expected).astype(float))
    theirs = np.abs((exact(long.astype(float)) - expected).astype(float))
    assert np.max(ours) < 1e-3 * np.max(theirs)


def test_inputs_are_left_alone(rng):
    A, b = rng.standard_normal((5, 2)), rng.standard_normal(5)
    A.flags.writeable = b.flags.writeable = False
    x = as_pair(np.ones(2))
    ExtendedRows(A).residual(b, x)
    np.testing.assert_array_equal(x.high, 1)
