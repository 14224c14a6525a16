"""Fitted estimators on blocks of rows."""

from __future__ import annotations

import contextlib

import numpy as np
import scipy.sparse as sp
from sklearn import config_context, get_config

from .._docs import fill_docs
from ._blocks import (
    as_table_in_blocks,
    constant,
    first_rows,
    import_dask,
    n_rows,
    refuse_class,
)

TEXTS = {
    "table": """
X : dask array, dask dataframe or list of delayed blocks
    Table of shape (n_samples, n_features).
""",
    "lazy": """
    In the chunks of X. Nothing is computed yet, but for one block where X is not
    an array, or the estimator refuses a row of ones, to see what comes out.
""",
    "raises": """
ImportError
    If Dask is not installed.
ValueError
    If the estimator has no such method, or X is not in blocks.
""",
}


@fill_docs(**TEXTS)
def predict(estimator, X):
    """Predict for rows in blocks, lazily.

    Parameters
    ----------
    estimator : fitted estimator
        Any with a method ``predict``: fitted by :func:`fit`, to a sample, or otherwise.
    {table}

    Returns
    -------
    y : dask array of shape (n_samples,) or (n_samples, n_outputs)
    {lazy}

    Raises
    ------
    {raises}

    See Also
    --------
    transform : The same for ``transform``.

    Examples
    --------
    >>> import dask.array as da
    >>> from skspace.cluster import KSubspaces
    >>> from skspace.datasets import make_union_of_subspaces
    >>> from skspace.distributed import predict
    >>> X, _ = make_union_of_subspaces(random_state=0)[:2]
    >>> clusterer = KSubspaces(n_clusters=3, random_state=0).fit(X[::2])
    >>> blocks = da.from_array(X, chunks=(100, -1))
    >>> predict(clusterer, blocks).compute().shape == X.shape[:1]
    True
    """
    return _apply(estimator, "predict", X)


@fill_docs(**TEXTS)
def transform(estimator, X):
    """Transform rows in blocks, lazily.

    Parameters
    ----------
    estimator : fitted estimator
        Any with a method ``transform``: fitted by :func:`fit`, to a sample, or
        otherwise.
    {table}

    Returns
    -------
    X_new : dask array of shape (n_samples, n_components)
    {lazy}

    Raises
    ------
    {raises}

    See Also
    --------
    predict : The same for ``predict``.
    fit : The fit.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from skspace.decomposition import SpikedPCA
    >>> from skspace.distributed import transform
    >>> X = np.random.RandomState(0).standard_normal((200, 5))
    >>> pca = SpikedPCA(2).fit(X)
    >>> blocks = da.from_array(X, chunks=(100, 5))
    >>> transform(pca, blocks).chunks
    ((100, 100), (2,))
    """
    return _apply(estimator, "transform", X)


def _apply(estimator, method, X):
    dask = import_dask()
    import dask.array as da

    refuse_class(estimator)
    if not hasattr(estimator, method):
        raise ValueError(f"{type(estimator).__name__} has no method {method}.")
    table = as_table_in_blocks(X)
    model, config = constant(estimator), get_config()
    like = _results_of_none(estimator, method, config, X, table)
    call = dask.delayed(_of_rows)
    sizes = table.sizes or [np.nan] * len(table.blocks)
    return da.concatenate(
        [
            da.from_delayed(
                call(model, method, config, block, like),
                shape=(size, *like.shape[1:]),
                meta=like,
            )
            for block, size in zip(table.blocks, sizes, strict=True)
        ],
        allow_unknown_chunksizes=True,
    )


def _results_of_none(estimator, method, config, X, table):
    """Results for no rows: what those for a row look like.

    Of an array, a row of ones tells, unless the estimator refuses such rows.
    """
    if hasattr(X, "chunks") and isinstance(X._meta, np.ndarray):
        ones = np.ones((1, *X.shape[1:]), dtype=X.dtype)
        with contextlib.suppress(ValueError):
            return _of_rows(estimator, method, config, ones, None)[:0]
    return _of_rows(estimator, method, config, first_rows(table)[:1], None)[:0]


def _of_rows(model, method, config, rows, like):
    """Results for a block, on a worker; `like` where it has no rows."""
    if n_rows(rows) == 0:
        return like
    with config_context(**config):
        found = getattr(model, method)(rows)
    return found.toarray() if sp.issparse(found) else np.asarray(found)
