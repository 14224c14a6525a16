"""Compiled twins of :mod:`skspace.nn._convolution`."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def gather(x, k, stride, top, left, columns):
    """Copy the run of samples every entry of a kernel meets, zeros outside."""
    n_channels, height, width, n = x.shape
    h, w = columns.shape[3:5]
    for c in range(n_channels):
        for a in range(k):
            for b in range(k):
                for i in range(h):
                    u = stride * i + a - top
                    for j in range(w):
                        v = stride * j + b - left
                        if 0 <= u < height and 0 <= v < width:
                            for m in range(n):
                                columns[c, a, b, i, j, m] = x[c, u, v, m]
                        else:
                            for m in range(n):
                                columns[c, a, b, i, j, m] = 0.0


@njit(cache=True, nogil=True)
def scatter(columns, stride, top, left, x):
    """Add every run of samples to where it was taken from."""
    n_channels, height, width, n = x.shape
    k = columns.shape[1]
    h, w = columns.shape[3:5]
    for c in range(n_channels):
        for a in range(k):
            for b in range(k):
                for i in range(h):
                    u = stride * i + a - top
                    for j in range(w):
                        v = stride * j + b - left
                        if 0 <= u < height and 0 <= v < width:
                            for m in range(n):
                                x[c, u, v, m] += columns[c, a, b, i, j, m]


def before(size, n_responses, k, stride):
    """Zeros before the image, see the definition."""
    return max((n_responses - 1) * stride + k - size, 0) // 2


def patches(x, k, stride):
    """Columns, see the definition."""
    c, height, width, n = x.shape
    h, w = -(-height // stride), -(-width // stride)
    columns = np.empty((c, k, k, h, w, n), x.dtype)
    top, left = before(height, h, k, stride), before(width, w, k, stride)
    gather(x, k, stride, top, left, columns)
    return columns.reshape(c * k * k, h * w * n)


def correlate(x, w, stride):
    """Gather columns, then one product."""
    n_kernels, _, k, _ = w.shape
    _, height, width, n = x.shape
    y = w.reshape(n_kernels, -1) @ patches(x, k, stride)
    return y.reshape(n_kernels, -(-height // stride), -(-width // stride), n)


def spread(y, w, shape, stride):
    """One product, then scatter columns."""
    n_kernels, c, k, _ = w.shape
    _, height, width, n = y.shape
    flat = np.ascontiguousarray(y).reshape(n_kernels, height * width * n)
    columns = w.reshape(n_kernels, c * k * k).T @ flat
    x = np.zeros((c, *shape, n), y.dtype)
    top, left = before(shape[0], height, k, stride), before(shape[1], width, k, stride)
    scatter(columns.reshape(c, k, k, height, width, n), stride, top, left, x)
    return x


def weigh(x, y, kernel_size, stride):
    """Gather columns, then one product."""
    columns = patches(x, kernel_size, stride)
    w = y.reshape(y.shape[0], columns.shape[1]) @ columns.T
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
