"""Inputs at the door: places, sizes, and results beyond the range of numbers."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skspace._validation import check_overflow, check_sizes, validate_X


class OnTheHost(BaseEstimator):
    """An estimator without the tag for arrays."""


class Anywhere(BaseEstimator):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags


@pytest.mark.usefixtures("dispatch")
def test_tables_go_to_the_host_where_the_estimator_has_no_tag_for_them(library, rng):
    X = rng.standard_normal((5, 2)).astype(np.float32)
    host, xp = validate_X(OnTheHost(), library.asarray(X))
    np.testing.assert_array_equal(host, X)
    assert isinstance(host, np.ndarray)
    assert host.dtype == np.float32
    assert xp.asarray(host) is host
    there, _ = validate_X(Anywhere(), library.asarray(X))
    assert type(there) is type(library.asarray(X))


@pytest.mark.parametrize("sizes", [(), (0,), (2, -1), (2.5,), ["3"], [[3]], (None,)])
def test_sizes_are_one_or_more_positive_integers(sizes):
    assert check_sizes(np.array([3, 2]), "sizes") == (3, 2)
    with pytest.raises(ValueError, match="sizes must be one or more positive integers"):
        check_sizes(sizes, "sizes")


def test_results_beyond_the_range_are_refused_with_the_method():
    fine = np.zeros(2)
    assert check_overflow(fine, OnTheHost(), "predict") is fine
    for wrong in (np.inf, -np.inf, np.nan):
        with pytest.raises(ValueError, match=r"OnTheHost\.predict leads beyond"):
            check_overflow(np.array([0.0, wrong]), OnTheHost(), "predict")
