"""Fitted estimators on blocks of rows."""

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from skspace.cluster import ThresholdingSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.decomposition import SpikedPCA
from skspace.distributed import predict, transform

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


@pytest.fixture(scope="module")
def union():
    return make_union_of_subspaces(n_samples=90, n_features=9, random_state=0)[0]


def test_predictions_of_a_model_of_a_sample(union):
    model = ThresholdingSubspaceClustering(n_clusters=3, random_state=0)
    model.fit(union[::2])
    found = predict(model, da.from_array(union, chunks=(40, 5)))
    assert found.chunks == ((40, 40, 10),)
    assert found.dtype == model.labels_.dtype
    np.testing.assert_array_equal(found.compute(), model.predict(union))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_transform_of_known_and_unknown_and_empty_blocks(union, dtype):
    union = union.astype(dtype)
    pca = SpikedPCA(2).fit(union)
    blocks = da.from_array(union, chunks=(40, -1))
    delayed = [dask.delayed(part) for part in (union[:0], union[:50], union[50:])]
    frame = pytest.importorskip("pandas").DataFrame(union)
    named = SpikedPCA(2).set_output(transform="pandas").fit(frame)
    wanted = pca.transform(union)
    for model, rows, chunks in (
        (pca, blocks, (40, 40, 10)),
        (pca, blocks[blocks[:, 0] > -np.inf], (np.nan,) * 3),
        (pca, delayed, (np.nan,) * 3),
        (named, [dask.delayed(frame[:50]), dask.delayed(frame[50:])], (np.nan,) * 2),
    ):
        found = transform(model, rows)
        np.testing.assert_array_equal(found.chunks[0], chunks)
        assert (found.shape[1], found.dtype) == (2, dtype)
        tol = 100 * np.finfo(dtype).eps
        np.testing.assert_allclose(found.compute(), wanted, rtol=tol, atol=tol)


def test_arrays_are_not_computed():
    def read(block):
        raise AssertionError("computed")

    blocks = da.zeros((30, 4), chunks=10).map_blocks(
        read, dtype=float, meta=np.ones((0, 0))
    )
    model = SpikedPCA(1).fit(np.random.RandomState(0).standard_normal((20, 4)))
    found = transform(model, blocks)
    with pytest.raises(AssertionError, match="computed"):
        found.compute()


@pytest.mark.parametrize("codes", [[0, 1, 2, 1], [0, 5, 2, 5]], ids=["ones", "no one"])
def test_sparse_results_become_arrays(codes):
    codes = np.array(codes)[:, None]
    encoder = OneHotEncoder().fit(codes)
    found = transform(encoder, da.from_array(codes, chunks=2))
    np.testing.assert_array_equal(found.compute(), encoder.transform(codes).toarray())


def test_refusals(union):
    blocks = da.from_array(union, chunks=(40, -1))
    pca = SpikedPCA(2).fit(union)
    with pytest.raises(ValueError, match="SpikedPCA has no method predict"):
        predict(pca, blocks)
    with pytest.raises(ValueError, match=r"must be a Dask array.*own method"):
        transform(pca, union)
    with pytest.raises(ValueError, match="no rows in any"):
        transform(pca, [dask.delayed(union[:0])])
    with pytest.raises(ValueError, match="estimator is the class SpikedPCA; pass an"):
        transform(SpikedPCA, blocks)
