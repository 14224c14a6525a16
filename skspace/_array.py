"""The array seam: namespaces, devices, host draws and compiled twins.

Everything below the estimators speaks the array API through this file. Arrays
speak for themselves: no function here reads scikit-learn's dispatch setting
(:mod:`skspace._validation` does, once, at the door).
"""

from __future__ import annotations

import functools
import importlib
import warnings
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import (
    array_namespace,
    device,
    is_array_api_obj,
    is_cupy_array,
    is_numpy_array,
    is_torch_array,
    to_device,
)

__all__ = [
    "TWINS",
    "accelerated",
    "array_namespace",
    "asarray_like",
    "cholesky",
    "csr_like",
    "device",
    "is_array_api_obj",
    "is_numpy_array",
    "same_place",
    "standard_normal",
    "to_numpy",
]


def to_numpy(x):
    """Copy `x` to the host as a NumPy array (no copy when it already is one)."""
    if is_numpy_array(x):
        return x
    if hasattr(x, "get") and type(x).__module__.startswith("cupy"):
        return x.get()
    if hasattr(x, "detach"):  # torch, with or without a graph behind it
        return x.detach().cpu().numpy()
    try:
        return np.asarray(x)
    except (TypeError, RuntimeError, ValueError):
        xp = array_namespace(x)
        for host in ("cpu", getattr(xp, "Device", lambda _: None)("CPU_DEVICE")):
            try:
                return np.asarray(to_device(x, host))
            except (TypeError, RuntimeError, ValueError, AttributeError):
                continue
        return np.from_dlpack(x)


def asarray_like(x, like, *, dtype=None):
    """Bring a host array (or Python numbers) to the library and device of `like`.

    ``dtype=None`` keeps integers and booleans and gives real numbers the dtype
    of `like`: the rule by which float32 data stay float32.
    """
    xp = array_namespace(like)
    x = np.asarray(x)
    if dtype is None:
        dtype = like.dtype if x.dtype.kind == "f" else getattr(xp, x.dtype.name)
    x = np.asarray(x, order="C")  # torch takes no negative strides
    return xp.asarray(x, dtype=dtype, device=device(like))


def csr_like(matrix, like):
    """Bring a SciPy CSR matrix to the library, device and dtype of `like`.

    Returns None where that library has no sparse matrices to multiply with.
    """
    parts = matrix.data, matrix.indices, matrix.indptr
    if is_torch_array(like):
        import torch

        # torch warns of arrays it may not write to
        parts = (x if x.flags.writeable else x.copy() for x in parts)
        data, indices, indptr = (asarray_like(x, like) for x in parts)
        with warnings.catch_warnings():  # torch calls its CSR matrices a beta
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            return torch.sparse_csr_tensor(
                indptr, indices, data, size=matrix.shape, check_invariants=False
            )
    if is_cupy_array(like):
        from cupyx.scipy.sparse import csr_matrix

        parts = tuple(asarray_like(x, like) for x in parts)
        return csr_matrix(parts, shape=matrix.shape)
    return None


def standard_normal(rng, shape, like):
    """Draw standard normal numbers on the host in float64 and move them to `like`.

    One seed gives one start on every library and in both precisions.
    """
    return asarray_like(rng.standard_normal(size=shape), like)


def cholesky(A):
    """Lower Cholesky factor of a matrix, or of each in a stack of them.

    Raises ``numpy.linalg.LinAlgError`` where one is not positive definite, as NumPy
    does: torch has an error of its own for that, and CuPy returns what it had then.
    """
    xp = array_namespace(A)
    try:
        L = xp.linalg.cholesky(A)
        if bool(xp.all(xp.linalg.diagonal(L) > 0)):  # false of NaN
            return L
    except RuntimeError as error:
        if "LinAlgError" not in type(error).__name__:
            raise  # no memory, say
    raise np.linalg.LinAlgError("The matrix is not positive definite.")


def same_place(a, b):
    """Whether two arrays belong to one library and live on one device."""
    return array_namespace(a) is array_namespace(b) and device(a) == device(b)


class Twin(NamedTuple):
    """A definition in the array API and where its compiled twin is found."""

    definition: Any
    module: str
    name: str

    def load(self):
        """Import the compiled function (numba is imported here, not before)."""
        return getattr(importlib.import_module(self.module), self.name)


TWINS: dict[str, Twin] = {}
"""Every accelerated definition by its qualified name; the tests walk it."""


def accelerated(path):
    """Send NumPy input to the compiled twin at ``"module:function"``.

    The decorated body is the definition: it carries the docstring and runs for
    every other library, where the arrays live. The twin takes the same
    arguments and returns the same values and dtypes.
    """
    module, _, name = path.partition(":")

    def decorate(definition):
        key = f"{definition.__module__}.{definition.__qualname__}"
        twin = TWINS[key] = Twin(definition, module, name)

        @functools.wraps(definition)
        def dispatch(*args, **kwargs):
            arrays = [a for a in (*args, *kwargs.values()) if is_array_api_obj(a)]
            if arrays and all(map(is_numpy_array, arrays)):
                return twin.load()(*args, **kwargs)
            return definition(*args, **kwargs)

        return dispatch

    return decorate
