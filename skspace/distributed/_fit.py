"""Fits to rows in blocks."""

from __future__ import annotations

import inspect

import numpy as np

from .._sklearn import fit_context
from ._blocks import (
    Blocks,
    as_table_in_blocks,
    import_dask,
    is_in_blocks,
    refuse_class,
)


def supports(estimator):
    """Whether an estimator can be fitted to blocks of rows.

    Parameters
    ----------
    estimator : estimator or class
        An instance or a class.

    Returns
    -------
    bool
        Whether :func:`fit` takes it. Values of parameters that need all rows at once
        are refused there.

    See Also
    --------
    fit : The fit.

    Examples
    --------
    >>> from skspace.cluster import SparseSubspaceClustering
    >>> from skspace.decomposition import SpikedPCA
    >>> from skspace.distributed import supports
    >>> supports(SpikedPCA), supports(SparseSubspaceClustering())
    (True, False)
    """
    return hasattr(estimator, "_fit_blocks")


def fit(estimator, X, y=None, **fit_params):
    """Fit an estimator to a table in blocks of rows, where the blocks lie.

    Workers summarise blocks, summaries are merged in pairs, and the rest happens here.
    The estimator is then the same as after its own ``fit`` of all rows, to rounding,
    and holds nothing of Dask.

    Parameters
    ----------
    estimator : estimator
        One of which :func:`supports` is true; it is fitted in place.
    X : dask array, dask dataframe or list of delayed blocks
        Table of shape (n_samples, n_features). Chunks may have unknown and different
        sizes, and may be empty; several chunks of columns are put together. Delayed
        blocks are whatever ``estimator.fit`` takes, of one kind and dtype.
    y : array-like or Dask collection of shape (n_samples,) or (n_samples, n_outputs), \
default=None
        As the estimator's ``fit`` takes it; brought here whole.
    **fit_params : array-like or Dask collection
        What else its ``fit`` takes, with an entry for each row: ``sample_weight``,
        ``sensitive_features``, ``concept``, all brought here whole; ``gradients``,
        which stay where they are and have the chunks of X.

    Returns
    -------
    estimator : estimator
        The one given, fitted. Where this fails it is left as it was.

    Raises
    ------
    ImportError
        If Dask is not installed.
    ValueError
        If the estimator, or a value of its parameters, needs all rows at once; if X is
        not in blocks; and what the estimator's ``fit`` refuses.

    See Also
    --------
    transform : The fitted estimator on blocks.
    supports : Which estimators can be fitted.

    Notes
    -----
    Slices, classes and edges of a response are found from all of it, which therefore
    comes to the client: 8 bytes a row beside the 8 n_features of X. Computing it takes
    a pass over what it is computed from, and so does the number of rows of blocks where
    neither X nor another argument knows it; one row of X is read first for names and
    dtype. Keep X in memory (``X = X.persist()``) where it fits there.

    The order of merging is fixed, so that a result does not depend on which worker was
    first. Work runs on Dask's scheduler, threads of this process where no
    ``distributed.Client`` is.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from skspace.decomposition import SlicedInverseRegression
    >>> from skspace.distributed import fit, transform
    >>> X = np.random.RandomState(0).standard_normal((1000, 4))
    >>> y = X[:, 0] + X[:, 1]
    >>> blocks = da.from_array(X, chunks=(250, 4))
    >>> sir = fit(SlicedInverseRegression(1), blocks, y)
    >>> transform(sir, blocks)[:3].compute().shape
    (3, 1)
    """
    import_dask()
    _check_supported(estimator)
    _check_arguments(estimator, y, fit_params)
    parameters = estimator.get_params(deep=False)
    fresh = type(estimator)(**parameters)
    blocks = Blocks(fresh, as_table_in_blocks(X))
    beside = getattr(fresh, "_block_arguments", ())
    arguments = {"y": y, **fit_params}
    for name, value in arguments.items():
        if value is None or not is_in_blocks(value):
            continue
        table = as_table_in_blocks(value, name)
        if name not in beside:
            arguments[name], table = _brought_here(table)
        if table.sizes is not None:
            blocks.know_sizes(table)
        if name in beside:
            arguments[name] = table
    _fit_blocks(fresh, blocks, **arguments)
    for name in list(vars(estimator)):
        if name.endswith("_") and not name.startswith("_"):
            delattr(estimator, name)
    found = {k: v for k, v in vars(fresh).items() if k not in parameters}
    vars(estimator).update(found)
    return estimator


@fit_context
def _fit_blocks(estimator, blocks, y, **arguments):
    blocks.read_head()
    estimator._fit_blocks(blocks, y, **arguments)


def _brought_here(table):
    """Rows of a table in blocks as one array, and the table with its sizes."""
    parts = [np.asarray(part) for part in import_dask().compute(*table.blocks)]
    filled = [part for part in parts if len(part)] or parts[:1]
    return np.concatenate(filled), table._replace(sizes=[len(part) for part in parts])


def _check_supported(estimator):
    refuse_class(estimator)
    if not supports(estimator):
        raise ValueError(
            f"{type(estimator).__name__} needs all rows at once and cannot be fitted "
            "to blocks of rows. Fit it to a sample, which predict and transform of "
            "skspace.distributed extend to all blocks."
        )


def _check_arguments(estimator, y, fit_params):
    """Refuse what the estimator's fit would not take."""
    signature = inspect.signature(estimator.fit)
    name = type(estimator).__name__
    unknown = sorted(set(fit_params) - set(signature.parameters))
    if unknown:
        raise ValueError(
            f"{name}.fit takes no {unknown[0]}; it takes "
            f"{', '.join(list(signature.parameters)[1:])}."
        )
    if y is None and signature.parameters["y"].default is inspect.Parameter.empty:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
