"""Dask's dataframes are tables in blocks like any other."""

import numpy as np
import pytest
from block_cases import GROUP, N, X, Y, assert_same
from sklearn.base import clone

from skspace.decomposition import SlicedInverseRegression
from skspace.distributed import fit, transform
from skspace.fairness import FairSDR

pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow", reason="Dask's dataframes need pyarrow")
dd = pytest.importorskip("dask.dataframe")

NAMES = list("abcde")


@pytest.fixture(scope="module")
def frame():
    group = np.where(np.equal(GROUP, GROUP[0]), "left", "right")
    return pandas.DataFrame(X, columns=NAMES).assign(y=Y, group=group)


@pytest.fixture(scope="module")
def parts(frame):
    return dd.from_pandas(frame, npartitions=3)


def test_fit_and_transform(frame, parts):
    wanted = SlicedInverseRegression(2).fit(frame[NAMES], frame["y"])
    found = fit(SlicedInverseRegression(2), parts[NAMES], parts["y"])
    assert_same(found, wanted)
    assert list(found.feature_names_in_) == NAMES
    Z = transform(found, parts[NAMES])
    np.testing.assert_allclose(Z.compute(), wanted.transform(frame[NAMES]), atol=1e-12)


def test_rows_that_a_condition_keeps(frame, parts):
    """Blocks of unknown size, the last of them empty."""
    few = N // 2
    kept = parts.map_partitions(lambda part: part[part.index < few])
    found = fit(SlicedInverseRegression(2), kept[NAMES], kept["y"])
    wanted = SlicedInverseRegression(2).fit(frame[NAMES][:few], frame["y"][:few])
    assert_same(found, wanted)


def test_sensitive_words_and_weights(frame, parts):
    fair = FairSDR(2)
    found = fit(
        clone(fair), parts[NAMES], parts["y"], sensitive_features=parts["group"]
    )
    wanted = clone(fair).fit(
        frame[NAMES], frame["y"], sensitive_features=frame["group"]
    )
    assert_same(found, wanted)
    weight = parts["a"] - parts["a"].min() + 1.0
    found = fit(
        SlicedInverseRegression(2), parts[NAMES], parts["y"], sample_weight=weight
    )
    assert_same(
        found,
        SlicedInverseRegression(2).fit(
            frame[NAMES], frame["y"], sample_weight=weight.compute()
        ),
    )


def test_words_among_the_columns_are_refused(parts):
    with pytest.raises(ValueError, match="could not convert string to float"):
        fit(SlicedInverseRegression(2), parts, parts["y"])


def test_fit_of_a_class_refuses_to_load_it(parts):
    with pytest.raises(ValueError, match=r"skspace\.distributed\.fit"):
        SlicedInverseRegression(2).fit(parts[NAMES], parts["y"])
