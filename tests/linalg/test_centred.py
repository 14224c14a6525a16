"""Products of centred rows: one answer for dense, sparse and blocks of rows."""

import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from skspace.linalg import _centred
from skspace.linalg._centred import centred_product, linear_scores


@pytest.mark.parametrize("block", [1, 2**22])
def test_rows_are_centred_before_the_product(library, rng, monkeypatch, block):
    monkeypatch.setattr(_centred, "BLOCK_BYTES", block)  # one row at a time, or all
    X, mean, coef = (
        rng.standard_normal((9, 4)),
        rng.uniform(size=4),
        rng.uniform(size=4),
    )
    found = centred_product(*map(library.asarray, (X, mean, coef[:, None])))
    assert_allclose(library.to_numpy(found), ((X - mean) @ coef)[:, None])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sparse_rows_have_the_scores_of_dense_ones(rng, dtype):
    X = (rng.standard_normal((30, 5)) * (rng.uniform(size=(30, 5)) < 0.3)).astype(dtype)
    mean, components = rng.uniform(size=5), rng.standard_normal((2, 5))
    dense = linear_scores(X, mean, components)
    sparse = linear_scores(sp.csr_array(X), mean, components)
    assert dense.dtype == sparse.dtype == dtype
    assert_allclose(dense, (X - mean) @ components.T, atol=1e-5)
    assert_allclose(sparse, dense, atol=1e-5)
    whole = centred_product(sp.csr_array(X), mean, components.T)
    assert_allclose(whole, (X - mean) @ components.T, atol=1e-12)
