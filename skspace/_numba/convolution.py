"""Compiled twins of :mod:`skspace.nn._convolution`: columns of a few samples at a time.

Columns of a whole batch are many times larger than the images. Here they are made for
one line of responses and for as many samples as fit in the cache, always in the same
memory, and BLAS takes them from there.
"""

import numpy as np
from numba import njit

COLUMNS = 2**15
"""Entries of columns made at a time; products as small as this are BLAS's fastest."""


@njit(cache=True, nogil=True)
def gather(x, i, first, last, k, stride, top, left, width, columns):
    """Copy what the kernels of one line of responses lie on, zeros outside."""
    n_channels, height, n_columns, _ = x.shape
    n = last - first
    row = 0
    for c in range(n_channels):
        for a in range(k):
            u = stride * i + a - top
            for b in range(k):
                for j in range(width):
                    v = stride * j + b - left
                    if 0 <= u < height and 0 <= v < n_columns:
                        for m in range(n):
                            columns[row, j * n + m] = x[c, u, v, first + m]
                    else:
                        for m in range(n):
                            columns[row, j * n + m] = 0
                row += 1


@njit(cache=True, nogil=True)
def scatter(columns, i, first, last, k, stride, top, left, width, x):
    """Add columns to what they would be copied from."""
    n_channels, height, n_columns, _ = x.shape
    n = last - first
    row = 0
    for c in range(n_channels):
        for a in range(k):
            u = stride * i + a - top
            for b in range(k):
                for j in range(width):
                    v = stride * j + b - left
                    if 0 <= u < height and 0 <= v < n_columns:
                        for m in range(n):
                            x[c, u, v, first + m] += columns[row, j * n + m]
                row += 1


@njit(cache=True, nogil=True)
def take_line(y, i, first, last, line):
    """Copy one line of responses."""
    n = last - first
    for o in range(y.shape[0]):
        for j in range(y.shape[2]):
            for m in range(n):
                line[o, j * n + m] = y[o, i, j, first + m]


@njit(cache=True, nogil=True)
def put_line(line, i, first, last, y):
    """Copy one line of responses back."""
    n = last - first
    for o in range(y.shape[0]):
        for j in range(y.shape[2]):
            for m in range(n):
                y[o, i, j, first + m] = line[o, j * n + m]


@njit(cache=True, nogil=True)
def run_correlate(x, w, k, stride, top, left, y):
    """Write the responses of kernels `w` (n_kernels, area) to `y`."""
    n_kernels, height, width, n = y.shape
    area = w.shape[1]
    step = max(COLUMNS // (area * width), 16)
    space = np.empty(area * width * step, x.dtype)
    results = np.empty(n_kernels * width * step, x.dtype)
    for first in range(0, n, step):
        last = min(first + step, n)
        size = width * (last - first)
        columns = space[: area * size].reshape(area, size)
        line = results[: n_kernels * size].reshape(n_kernels, size)
        for i in range(height):
            gather(x, i, first, last, k, stride, top, left, width, columns)
            np.dot(w, columns, line)
            put_line(line, i, first, last, y)


@njit(cache=True, nogil=True)
def run_spread(y, w, k, stride, top, left, x):
    """Add to `x` what the responses lay down, for kernels `w` (area, n_kernels)."""
    n_kernels, height, width, n = y.shape
    area = w.shape[0]
    step = max(COLUMNS // (area * width), 16)
    space = np.empty(area * width * step, x.dtype)
    results = np.empty(n_kernels * width * step, x.dtype)
    for first in range(0, n, step):
        last = min(first + step, n)
        size = width * (last - first)
        columns = space[: area * size].reshape(area, size)
        line = results[: n_kernels * size].reshape(n_kernels, size)
        for i in range(height):
            take_line(y, i, first, last, line)
            np.dot(w, line, columns)
            scatter(columns, i, first, last, k, stride, top, left, width, x)


@njit(cache=True, nogil=True)
def run_weigh(x, y, k, stride, top, left, w):
    """Add to `w` (n_kernels, area) the products of responses and columns."""
    n_kernels, height, width, n = y.shape
    area = w.shape[1]
    step = max(COLUMNS // (area * width), 16)
    space = np.empty(area * width * step, x.dtype)
    results = np.empty(n_kernels * width * step, x.dtype)
    for first in range(0, n, step):
        last = min(first + step, n)
        size = width * (last - first)
        columns = space[: area * size].reshape(area, size)
        line = results[: n_kernels * size].reshape(n_kernels, size)
        for i in range(height):
            gather(x, i, first, last, k, stride, top, left, width, columns)
            take_line(y, i, first, last, line)
            w += np.dot(line, columns.T)


def before(size, n_responses, k, stride):
    """Zeros before the image, see the definition."""
    return max((n_responses - 1) * stride + k - size, 0) // 2


def margins(shape, responses, k, stride):
    """Zeros above and to the left."""
    return tuple(
        before(*each, k, stride) for each in zip(shape, responses, strict=True)
    )


def correlate(x, w, stride):
    """Respond, see the definition."""
    n_kernels, area, k = w.shape[0], w[0].size, w.shape[-1]
    _, height, width, n = x.shape
    y = np.empty((n_kernels, -(-height // stride), -(-width // stride), n), x.dtype)
    at = margins((height, width), y.shape[1:3], k, stride)
    w = np.ascontiguousarray(w).reshape(n_kernels, area)
    run_correlate(np.ascontiguousarray(x), w, k, stride, *at, y)
    return y


def spread(y, w, shape, stride):
    """Lay down kernels, see the definition."""
    n_kernels, c, k, _ = w.shape
    x = np.zeros((c, *shape, y.shape[-1]), y.dtype)
    at = margins(shape, y.shape[1:3], k, stride)
    w = np.ascontiguousarray(w.reshape(n_kernels, c * k * k).T)
    run_spread(np.ascontiguousarray(y), w, k, stride, *at, x)
    return x


def weigh(x, y, kernel_size, stride):
    """Sum products, see the definition."""
    w = np.zeros((y.shape[0], x.shape[0] * kernel_size**2), x.dtype)
    at = margins(x.shape[1:3], y.shape[1:3], kernel_size, stride)
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    run_weigh(x, y, kernel_size, stride, *at, w)
    return w.reshape(y.shape[0], x.shape[0], kernel_size, kernel_size)


def _geometries():
    for shape, k, stride in (((7, 6), 5, 2), ((5, 5), 1, 2), ((4, 6), 3, 1)):
        h, w = (-(-size // stride) for size in shape)
        yield shape, (h, w), k, stride


def _cases_of_correlate(rng, n):
    for shape, _, k, stride in _geometries():
        yield (
            rng.standard_normal((2, *shape, n)),
            rng.standard_normal((3, 2, k, k)),
            stride,
        )


def _cases_of_spread(rng, n):
    for shape, small, k, stride in _geometries():
        y, w = rng.standard_normal((3, *small, n)), rng.standard_normal((3, 2, k, k))
        yield y, w, shape, stride


def _cases_of_weigh(rng, n):
    for shape, small, k, stride in _geometries():
        x, y = rng.standard_normal((2, *shape, n)), rng.standard_normal((3, *small, n))
        yield x, y, k, stride


cases = {
    "correlate": lambda rng, n: list(_cases_of_correlate(rng, n)),
    "spread": lambda rng, n: list(_cases_of_spread(rng, n)),
    "weigh": lambda rng, n: list(_cases_of_weigh(rng, n)),
}
