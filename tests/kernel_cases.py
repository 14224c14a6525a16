"""Arrays as compiled kernels may get them."""

import numpy as np


def in_order(x, order):
    """Lay a table out in memory in one of the ways a user may pass it."""
    if order == "F":
        return np.asfortranarray(x)
    if order == "strided":
        wide = np.zeros([2 * size for size in x.shape], dtype=x.dtype)
        view = wide[tuple(slice(None, None, 2) for _ in x.shape)]
        view[...] = x
        return view
    return np.ascontiguousarray(x)


def prepared(args, dtype, order, writeable):
    for x in args:
        if isinstance(x, np.ndarray):
            y = x.astype(dtype) if x.dtype.kind == "f" else x
            y = in_order(y, order)
            y.flags.writeable = writeable
            yield y
        else:
            yield x
