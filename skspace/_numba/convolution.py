"""Compiled twins of :mod:`skspace.nn._convolution`: columns of a few samples at a time.

Columns of a whole batch are many times larger than the images. Here they are made for
a few neighbouring responses and as many samples as fit in the cache, always in the
same memory, and BLAS takes them from there. Runs of samples are kept long: a run is
one stretch of memory, the next run lies on another page.
"""

import numpy as np
from numba import njit

COLUMNS = 2**15
"""Entries of columns made at a time (128 kB in float32)."""
PRODUCTS = 2**18
"""Multiplications in one call of BLAS: so few that OpenBLAS starts no threads, whose
meetings would cost more than the work."""


@njit(cache=True, nogil=True)
def tile(area, y):
    """Return how many neighbouring responses and samples are taken at a time."""
    n_kernels, _, width, n = y.shape
    size = min(COLUMNS, PRODUCTS // n_kernels) // area
    n_samples = max(min(n, max(size, 16)), 1)
    return min(max(size // n_samples, 1), width), n_samples


@njit(cache=True, nogil=True)
def count_tiles(area, y):
    """Return the number of tiles."""
    _, height, width, n = y.shape
    n_columns, n_samples = tile(area, y)
    return height * -(-width // n_columns) * -(-n // n_samples)


@njit(cache=True, nogil=True)
def find_tile(number, area, y):
    """Return line, range of columns, range of samples; and the responses in them."""
    _, _, width, n = y.shape
    n_columns, n_samples = tile(area, y)
    number, part = divmod(number, -(-n // n_samples))
    i, start = divmod(number, -(-width // n_columns))
    start, first = start * n_columns, part * n_samples
    stop, last = min(start + n_columns, width), min(first + n_samples, n)
    return (i, start, stop, first, last), (stop - start) * (last - first)


@njit(cache=True, nogil=True)
def workspace(area, y):
    """Return memory for the columns and the responses of one tile."""
    n_columns, n_samples = tile(area, y)
    size = n_columns * n_samples
    return np.empty(area * size, y.dtype), np.empty(y.shape[0] * size, y.dtype)


# These three get runs as arrays of their own: an index such as first + m might be
# negative for all the compiler knows, and the loop over it is twenty times slower.


@njit(cache=True, nogil=True)
def copy(source, target):
    """Copy a run."""
    for m in range(target.shape[0]):
        target[m] = source[m]


@njit(cache=True, nogil=True)
def add(source, target):
    """Add a run to another."""
    for m in range(target.shape[0]):
        target[m] += source[m]


@njit(cache=True, nogil=True)
def clear(target):
    """Set a run to zero."""
    for m in range(target.shape[0]):
        target[m] = 0


@njit(cache=True, nogil=True)
def gather(x, place, k, stride, top, left, columns):
    """Copy what the kernels of some responses lie on, zeros outside."""
    i, start, stop, first, last = place
    n_channels, height, width, _ = x.shape
    n = last - first
    row = 0
    for c in range(n_channels):
        for a in range(k):
            u = stride * i + a - top
            for b in range(k):
                at = 0
                for j in range(start, stop):
                    v = stride * j + b - left
                    run = columns[row, at : at + n]
                    if 0 <= u < height and 0 <= v < width:
                        copy(x[c, u, v, first:last], run)
                    else:
                        clear(run)
                    at += n
                row += 1


@njit(cache=True, nogil=True)
def scatter(columns, place, k, stride, top, left, x):
    """Add columns to what they would be copied from."""
    i, start, stop, first, last = place
    n_channels, height, width, _ = x.shape
    n = last - first
    row = 0
    for c in range(n_channels):
        for a in range(k):
            u = stride * i + a - top
            for b in range(k):
                at = 0
                for j in range(start, stop):
                    v = stride * j + b - left
                    if 0 <= u < height and 0 <= v < width:
                        add(columns[row, at : at + n], x[c, u, v, first:last])
                    at += n
                row += 1


@njit(cache=True, nogil=True)
def take(y, place, responses):
    """Copy some responses."""
    i, start, stop, first, last = place
    n = last - first
    for o in range(y.shape[0]):
        at = 0
        for j in range(start, stop):
            copy(y[o, i, j, first:last], responses[o, at : at + n])
            at += n


@njit(cache=True, nogil=True)
def put(responses, place, y):
    """Copy some responses back."""
    i, start, stop, first, last = place
    n = last - first
    for o in range(y.shape[0]):
        at = 0
        for j in range(start, stop):
            copy(responses[o, at : at + n], y[o, i, j, first:last])
            at += n


@njit(cache=True, nogil=True)
def run_correlate(x, w, k, stride, top, left, y):
    """Write the responses of kernels `w` (n_kernels, area) to `y`."""
    n_kernels, area = w.shape
    space, results = workspace(area, y)
    for number in range(count_tiles(area, y)):
        place, size = find_tile(number, area, y)
        columns = space[: area * size].reshape(area, size)
        responses = results[: n_kernels * size].reshape(n_kernels, size)
        gather(x, place, k, stride, top, left, columns)
        np.dot(w, columns, responses)
        put(responses, place, y)


@njit(cache=True, nogil=True)
def run_spread(y, w, k, stride, top, left, x):
    """Add to `x` what the responses lay down, for kernels `w` (area, n_kernels)."""
    area, n_kernels = w.shape
    space, results = workspace(area, y)
    for number in range(count_tiles(area, y)):
        place, size = find_tile(number, area, y)
        columns = space[: area * size].reshape(area, size)
        responses = results[: n_kernels * size].reshape(n_kernels, size)
        take(y, place, responses)
        np.dot(w, responses, columns)
        scatter(columns, place, k, stride, top, left, x)


@njit(cache=True, nogil=True)
def run_weigh(x, y, k, stride, top, left, w):
    """Add to `w` (n_kernels, area) the products of responses and columns."""
    n_kernels, area = w.shape
    space, results = workspace(area, y)
    for number in range(count_tiles(area, y)):
        place, size = find_tile(number, area, y)
        columns = space[: area * size].reshape(area, size)
        responses = results[: n_kernels * size].reshape(n_kernels, size)
        gather(x, place, k, stride, top, left, columns)
        take(y, place, responses)
        w += np.dot(responses, columns.T)


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
