"""Rows of whatever users pass, by their numbers."""

import numpy as np
import pytest
import scipy.sparse as sp

from skspace._rows import take_rows

TABLE = np.arange(12.0).reshape(4, 3)
ROWS = np.array([2, 0, 2])


def test_rows_stay_where_they_are(library):
    table = library.asarray(TABLE)
    found = take_rows(table, ROWS)
    assert type(found) is type(table)
    np.testing.assert_array_equal(library.to_numpy(found), TABLE[ROWS])


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_rows_of_sparse_tables(form):
    found = take_rows(sp.coo_array(TABLE).asformat(form), ROWS)
    np.testing.assert_array_equal(found.toarray(), TABLE[ROWS])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_stay_frames(library):
    module = pytest.importorskip(library)
    frame = module.DataFrame({"a": [1, 2, 3, 4], "b": list("wxyz")})
    found = take_rows(frame, ROWS)
    assert type(found) is type(frame)
    assert list(found.columns) == ["a", "b"]
    assert list(found["b"]) == ["y", "w", "y"]


def test_rows_of_lists():
    np.testing.assert_array_equal(take_rows(TABLE.tolist(), ROWS), TABLE[ROWS])
