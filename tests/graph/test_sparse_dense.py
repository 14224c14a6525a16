"""One product of a SciPy matrix with blocks of every array library."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from skspace.graph import _sparse_dense
from skspace.graph._sparse_dense import SparseOperator


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("integers", [np.int32, np.int64])
def test_product_lives_where_the_block_lives(library, rng, dtype, integers):
    A = sp.csr_array(np.where(rng.random_sample((6, 9)) < 0.4, 1.5, 0.0))
    A.indices, A.indptr = A.indices.astype(integers), A.indptr.astype(integers)
    for x in (A.data, A.indices, A.indptr):
        x.flags.writeable = False
    operator = SparseOperator(A)
    Q, R = rng.standard_normal((9, 4)), rng.standard_normal((6, 4))
    for matrix, block in ((operator, Q), (operator.T, R)):
        theirs = library.asarray(block.astype(dtype))
        result = matrix @ theirs
        assert type(result) is type(theirs)
        assert result.dtype == theirs.dtype
        expected = matrix.matrix.toarray() @ block
        tolerance = 50 * np.finfo(dtype).eps
        assert_allclose(library.to_numpy(result), expected, atol=tolerance)


def test_the_matrix_is_moved_once(library, rng):
    operator = SparseOperator(sp.eye_array(4, format="csr"))
    block = library.asarray(rng.standard_normal((4, 2)))
    assert operator.like(block) is operator.like(block)
    single = library.asarray(rng.standard_normal((4, 2)).astype(np.float32))
    assert operator.like(single) is operator.like(single)


def test_devices_need_no_hash(library, rng, monkeypatch):
    """Those of CuPy are compared, and have none."""

    class Device:
        __hash__ = None

    device = Device()
    monkeypatch.setattr(_sparse_dense, "device", lambda _: device)
    operator = SparseOperator(sp.eye_array(4, format="csr"))
    Q = rng.standard_normal((4, 2))
    assert_allclose(library.to_numpy(operator @ library.asarray(Q)), Q)


def test_wrong_shapes_are_refused(rng):
    operator = SparseOperator(sp.csr_array((3, 4)))
    with pytest.raises(ValueError, match=r"\(3, 4\) cannot multiply .* \(3, 2\)"):
        operator @ np.ones((3, 2))
