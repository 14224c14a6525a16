"""Inputs as scikit-learn sees them, in the array library they arrive in.

The only place that reads scikit-learn's ``array_api_dispatch`` setting. Below it
arrays speak for themselves.
"""

from __future__ import annotations

import functools
from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.utils import get_tags
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ._array import array_namespace, is_array_api_obj, same_place, to_numpy

__all__ = [
    "as_table",
    "check_enough_samples",
    "check_memory",
    "check_overflow",
    "check_range",
    "check_same_place",
    "check_sizes",
    "discrete_mask",
    "refuse_dask",
    "refuses_overflow",
    "sparse_output",
    "validate_X",
    "validate_scores",
]

MEMORY_BOUND = 2 * 1024**3
"""Bytes a method may allocate for one square matrix before it refuses."""


def validate_X(estimator, X, *, reset=True, fitted=None, method=None, **check):
    """Validate the table `X` and find its namespace.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` and ``feature_names_in_`` are set or checked.
    X : array-like of shape (n_samples, n_features)
        Dense table. Lists, frames, integers and booleans become float64 NumPy. One of
        another library goes to the host where the estimator has no tag for it. A
        sparse one where ``accept_sparse`` allows it.
    reset : bool, default=True
        True in ``fit``, False in every method after it.
    fitted : array, optional
        A fitted array; `X` must come from its library and device.
    method : str, optional
        Name of the calling method, for that message.
    **check
        Passed on to :func:`sklearn.utils.validation.validate_data`.

    Returns
    -------
    X : array of shape (n_samples, n_features), float64 or float32
    xp : its array-API namespace
    """
    refuse_dask(estimator, X)
    dispatch = get_config()["array_api_dispatch"] and is_array_api_obj(X)
    if dispatch and not get_tags(estimator).array_api_support:
        X = to_numpy(X)
    xp = array_namespace(X) if dispatch else np
    # The check casts, and looks for NaN by sums that may overflow; it judges itself.
    with np.errstate(over="ignore", invalid="ignore"):
        X = validate_data(
            estimator, X, reset=reset, dtype=[xp.float64, xp.float32], **check
        )
    entries = X.data if sp.issparse(X) else X  # sparse tables are NumPy tables
    if fitted is not None:
        check_same_place(estimator, entries, fitted, method)
    return X, array_namespace(entries)


def refuse_dask(estimator, X):
    """Refuse a Dask collection, which converting to an array would load whole."""
    if type(X).__module__.partition(".")[0] != "dask":
        return
    if hasattr(estimator, "_fit_blocks"):
        remedy = "or use skspace.distributed.fit and transform, which take blocks"
    else:
        remedy = "or set max_samples (where the estimator has it) and pass a sample"
    raise ValueError(
        f"{type(estimator).__name__} got a Dask collection, which it would have to "
        f"load into memory whole. Pass X.compute() where it fits, {remedy}."
    )


def as_table(X, **check):
    """Validate the table `X` of a public function, in its own array library.

    Other libraries than NumPy count where scikit-learn's dispatch is on, as in the
    estimators; elsewhere `X` becomes NumPy where conversion is possible.
    """
    dispatch = get_config()["array_api_dispatch"] and is_array_api_obj(X)
    xp = array_namespace(X) if dispatch else np
    # as in validate_X: the check looks for NaN by sums that may overflow
    with np.errstate(over="ignore", invalid="ignore"):
        return check_array(X, dtype=[xp.float64, xp.float32], **check)


def check_same_place(estimator, X, fitted, method):
    """Refuse `X` from another array library or device than the fitted arrays."""
    if not same_place(X, fitted):
        raise ValueError(
            f"Inputs passed to {type(estimator).__name__}.{method}() must use the same "
            "namespace and the same device as those passed to fit(). Got an array of "
            f"{array_namespace(X).__name__!r}, fitted with "
            f"{array_namespace(fitted).__name__!r}. Convert the input, or the "
            "estimator with sklearn.utils._array_api.move_estimator_to()."
        )


def validate_scores(estimator, X):
    """Validate what ``inverse_transform`` gets: scores, as ``transform`` gives them.

    Raises
    ------
    ValueError
        If they are not one for each component, in the array library of the training
        data.
    """
    check_is_fitted(estimator, "components_")
    X = as_table(X, ensure_min_features=0)  # FairSDR may find nothing to share
    check_same_place(estimator, X, estimator.components_, "inverse_transform")
    if X.shape[1] != estimator.n_components_:
        raise ValueError(
            f"X has {X.shape[1]} columns, but {type(estimator).__name__} gives "
            f"{estimator.n_components_} scores per row; pass what transform returned."
        )
    return X


def check_sizes(sizes, name):
    """Return one or more positive integers as a tuple, and refuse anything else."""
    found = tuple(sizes)
    if not found or not all(isinstance(m, Integral) and m >= 1 for m in found):
        raise ValueError(
            f"{name} must be one or more positive integers, got {sizes!r}."
        )
    return tuple(int(m) for m in found)


def check_enough_samples(n_samples, n_clusters):
    """Refuse more clusters than samples."""
    if n_samples < n_clusters:
        raise ValueError(
            f"n_samples={n_samples} should be >= n_clusters={n_clusters}; pass more "
            "samples or ask for fewer clusters."
        )


def check_range(value, dtype, what):
    """Refuse a number beyond the range of the dtype in which it will be kept."""
    if float(value) > float(np.finfo(str(dtype).rpartition(".")[2]).max):
        raise ValueError(
            f"{what} is {float(value):.1g}, beyond the range of {dtype}; "
            "rescale the features, or pass float64 where they are float32."
        )


def refuses_overflow(method):
    """Refuse results of a method beyond the range of numbers, in place of infinity."""

    @functools.wraps(method)
    def bounded(self, X):
        with np.errstate(over="ignore", invalid="ignore"):
            return check_overflow(method(self, X), self, method.__name__)

    return bounded


def check_overflow(result, estimator, method):
    """Return what a method found, but where it is beyond the range of numbers."""
    xp = array_namespace(result)
    if not bool(xp.all(xp.isfinite(result))):
        raise ValueError(
            f"{type(estimator).__name__}.{method} leads beyond the range of "
            f"{result.dtype}: these rows are far larger than those of fit. Pass "
            "rows in the same units, as float64."
        )
    return result


def check_memory(n_bytes, *, what, remedy):
    """Refuse early, with the figure and the remedy, what would not fit."""
    if n_bytes > MEMORY_BOUND:
        raise ValueError(
            f"{what} needs {n_bytes / 1e9:.1f} GB, more than the "
            f"{MEMORY_BOUND / 1e9:.1f} GB skspace allows for one matrix; {remedy}."
        )


def sparse_output(array):
    """CSR array or matrix, as scikit-learn's ``sparse_interface`` setting asks."""
    if get_config().get("sparse_interface", "spmatrix") == "sparray":
        return sp.csr_array(array)
    return sp.csr_matrix(array)


def discrete_mask(discrete_features, n_features, *, auto=False):
    """Return which features are discrete, with "auto" all of them or none."""
    if isinstance(discrete_features, str) and discrete_features == "auto":
        discrete_features = auto
    given, mask = np.asarray(discrete_features), np.zeros(n_features, dtype=bool)
    if given.dtype == bool and given.shape in ((), (n_features,)):
        mask[:] = given
    elif given.dtype.kind in "iu" and np.all(
        (given < n_features) & (given >= -n_features)
    ):
        mask[given] = True
    elif given.size or given.ndim != 1:
        raise ValueError(
            "discrete_features must be 'auto', True, False, one of these for each of "
            f"the {n_features} features, or indices below {n_features}, got "
            f"{discrete_features!r}."
        )
    return mask
