"""Critics: networks that score pairs (x, y), alone or beside a Gaussian log ratio.

Every critic is a frozen description with the same few verbs: ``start`` draws
parameters, ``forward`` scores all pairs of a batch, ``backward`` carries the gradient
of the scores to the parameters, ``blocks`` streams the scores of many samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, standard_normal
from ..linalg._whitening import whiten
from ..nn import Dense, Network, perceptron
from ._canonical_pairs import CanonicalPairs, n_significant_pairs

__all__ = [
    "CRITICS",
    "ConcatenatedCritic",
    "GaussianRatio",
    "ProbabilisticCritic",
    "SeparableCritic",
    "gaussian_ratio",
]

FIRST_SCALE = 0.3
"""Of the last weights at the start: a network that says little as yet."""

ROW_BLOCK = 1024
"""Rows of the scores of separable critics that are held at once."""

PAIR_BLOCK = 2**17
"""Pairs that a concatenated critic holds hidden layers of at once."""


class GaussianRatio(NamedTuple):
    """Log density ratio of normal variables, as a product of features.

    The canonical pairs (u, v) of correlation ρ have the log ratio
    -½ log(1 - ρ²) + [ρ u v - ½ ρ² (u² + v²)] / (1 - ρ²).

    Attributes
    ----------
    mean_x, mean_y : ndarray of shape (dx,), (dy,)
    forward_x, forward_y : ndarray of shape (dx, r), (dy, r)
        u = (x - mean_x) forward_x has variance 1.
    correlations : ndarray of shape (r,)
    """

    mean_x: Any
    forward_x: Any
    mean_y: Any
    forward_y: Any
    correlations: Any

    @classmethod
    def empty(cls, n_x, n_y):
        """Ratio of independent variables: 1 everywhere."""
        x, y = np.zeros((n_x, 0)), np.zeros((n_y, 0))
        return cls(np.zeros(n_x), x, np.zeros(n_y), y, np.zeros(0))

    def features(self, X, Y):
        """Return A of shape (n, r + 2) and B of (m, r + 2): A Bᵀ is the log ratio."""
        rho = self.correlations
        rest = (1 - rho) * (1 + rho)
        constant = -0.5 * float(np.sum(np.log(rest)))
        u = (X - self.mean_x) @ self.forward_x
        v = (Y - self.mean_y) @ self.forward_y
        own_u, own_v = (-(w * w) @ (rho**2 / rest / 2) for w in (u, v))
        return (
            np.column_stack([u * (rho / rest), own_u + constant, np.ones(len(u))]),
            np.column_stack([v, np.ones(len(v)), own_v]),
        )

    def leading(self, r):
        """Return the ratio of the first r pairs alone."""
        return self._replace(
            forward_x=self.forward_x[:, :r],
            forward_y=self.forward_y[:, :r],
            correlations=self.correlations[:r],
        )


def gaussian_ratio(X, Y, *, rcond=1e-2):
    """Fit the log density ratio of the significant canonical pairs.

    Parameters
    ----------
    X, Y : ndarray of shape (n, dx) and (n, dy), float64
    rcond : float, default=1e-2
        Principal directions with less than this share of the largest variance are left
        out: among many columns that depend on few variables they hold noise and
        curvature, and correlate by chance.

    Returns
    -------
    GaussianRatio
        Of the pairs that are significant at level 0.001, none perhaps.
    """
    sides = []
    for Z in (X, Y):
        mean = np.mean(Z, axis=0)
        if not np.any(Z[:1] != Z):
            return GaussianRatio.empty(X.shape[1], Y.shape[1])
        D = Z - mean
        whitening = whiten(mean, D.T @ D / len(Z), rcond=rcond)
        sides.append((mean, whitening.forward, D @ whitening.forward))
    (mean_x, forward_x, U), (mean_y, forward_y, V) = sides
    P, rho, Qt = np.linalg.svd(U.T @ V / len(U), full_matrices=False)
    rho = np.clip(rho, 0.0, 1 - 1e-6)
    pairs = CanonicalPairs(rho, U, V, U.shape[1], V.shape[1])
    r = n_significant_pairs(pairs)
    return GaussianRatio(
        mean_x, forward_x @ P[:, :r], mean_y, forward_y @ Qt[:r].T, rho[:r]
    )


@dataclass(frozen=True)
class SeparableCritic:
    """Scores g(x)·h(y) of two networks, with quadratic and marginal terms.

    S = g·h - ½ Σ a g² - ½ Σ b h² + p(x) + q(y), where (g, p) are outputs of a network
    of x and (h, q) of one of y, and a, b are learnt. The log density ratio of normal
    variables has this form with linear g and h.

    Parameters
    ----------
    n_x, n_y : int
        Columns of x and y.
    hidden : tuple of int
        Hidden layers of each network.
    dim : int
        Columns of g and h.
    """

    n_x: int
    n_y: int
    hidden: tuple = (128, 128)
    dim: int = 16

    max_rows: ClassVar[int] = 5000
    per_column: ClassVar[int] = 1

    @property
    def max_pairs(self):
        """Most canonical pairs that may stand for columns of g and h."""
        return self.dim // 2

    def beside(self, n_pairs):
        """Return the critic with canonical pairs in the place of columns of g and h."""
        return replace(self, dim=self.dim - n_pairs)

    @property
    def encoders(self):
        """Networks of x and of y."""
        n_outputs = self.per_column * self.dim + 1
        return tuple(
            Network(perceptron((n, *self.hidden, n_outputs), "leaky_relu"), prefix)
            for n, prefix in ((self.n_x, "x."), (self.n_y, "y."))
        )

    def start(self, random_state, like):
        """Draw parameters on the host, a dict of arrays like `like`."""
        parameters = {}
        for encoder in self.encoders:
            own = encoder.start(random_state, like)
            last = f"{encoder.prefix}{len(encoder.layers) - 1}.weight"
            zero = asarray_like(np.zeros(self.dim), like)
            curvature = {f"{encoder.prefix}curvature": zero}
            parameters |= own | {last: FIRST_SCALE * own[last]} | curvature
        return parameters

    def forward(self, parameters, x, y, rng=None):
        """Scores of all pairs, shape (n, m), and what `backward` needs.

        Draws from `rng`, in a critic that has noise, belong to training.
        """
        sides = []
        for encoder, z in zip(self.encoders, (x, y), strict=True):
            outputs, caches = encoder.forward(parameters, z)
            code, drawn = self._code(outputs[-1], rng)
            sides.append((caches, outputs[-1], code, drawn))
        A, B = self._lift(parameters, sides[0][2], sides[1][2])
        return A @ B.T, (sides, A, B)

    def backward(self, parameters, cache, dS):
        """Gradient by the parameters from the gradient by the scores."""
        sides, A, B = cache
        gradients = {}
        lifted = (dS @ B, dS.T @ A)
        for i, (encoder, dA) in enumerate(zip(self.encoders, lifted, strict=True)):
            caches, output, code, drawn = sides[i]
            d_code, d_curvature = self._unlift(parameters, encoder, code, dA, i)
            gradients[f"{encoder.prefix}curvature"] = d_curvature
            d_output = self._uncode(output, d_code, drawn)
            gradients |= encoder.backward(parameters, caches, d_output)[0]
        return gradients

    def blocks(self, parameters, x, y):
        """Yield the scores of all x with all y in blocks of rows."""
        codes = [
            self._code(encoder.apply(parameters, z), None)[0]
            for encoder, z in zip(self.encoders, (x, y), strict=True)
        ]
        A, B = self._lift(parameters, *codes)
        for start in range(0, A.shape[0], ROW_BLOCK):
            yield A[start : min(start + ROW_BLOCK, A.shape[0]), :] @ B.T

    def _code(self, output, rng):
        """Columns (g, p) of an encoder, and the noise that is in them."""
        return output, None

    def _uncode(self, output, d_code, drawn):
        return d_code

    def _lift(self, parameters, code_x, code_y):
        """Features whose products are the scores: (g, own, 1) and (h, 1, own)."""
        xp = array_namespace(code_x)
        A, B = [], []
        for prefix, code, lifted in (("x.", code_x, A), ("y.", code_y, B)):
            g, curvature = code[:, : self.dim], parameters[f"{prefix}curvature"]
            own = code[:, self.dim :] - ((g * g) @ curvature)[:, None] / 2
            lifted += [g, own, xp.ones_like(own)]
        B = [B[0], B[2], B[1]]
        return xp.concat(A, axis=1), xp.concat(B, axis=1)

    def _unlift(self, parameters, encoder, code, dA, i):
        xp = array_namespace(code)
        k = self.dim
        g, curvature = code[:, :k], parameters[f"{encoder.prefix}curvature"]
        d_own = dA[:, k + i : k + i + 1]
        d_code = xp.concat([dA[:, :k] - d_own * g * curvature, d_own], axis=1)
        return d_code, -xp.sum(d_own * g * g, axis=0) / 2


@dataclass(frozen=True)
class ProbabilisticCritic(SeparableCritic):
    """Separable critic whose encoders are normal distributions (variational).

    Networks give means and log variances of g and h; scores in training are of draws,
    and the divergence of the distributions from the standard normal one is charged at a
    rate of 1 / β. Elsewhere scores are of means. Noise keeps scores from blowing up,
    which slows memorising.

    Parameters
    ----------
    beta : float, default=512
        Weight of the bound against the divergence.
    """

    beta: float = 512.0

    per_column: ClassVar[int] = 2

    def _code(self, output, rng):
        xp = array_namespace(output)
        k = self.dim
        mean, own = output[:, :k], output[:, 2 * k :]
        if rng is None:
            return xp.concat([mean, own], axis=1), None
        deviation = xp.exp(xp.clip(output[:, k : 2 * k], min=-10.0, max=4.0) / 2)
        noise = standard_normal(rng, tuple(mean.shape), output) * deviation
        return xp.concat([mean + noise, own], axis=1), noise

    def _uncode(self, output, d_code, drawn):
        xp = array_namespace(output)
        k, rate = self.dim, 1 / (self.beta * output.shape[0])
        log_variance = output[:, k : 2 * k]
        inside = xp.astype((log_variance > -10) & (log_variance < 4), output.dtype)
        d_code, d_own = d_code[:, :k], d_code[:, k:]
        d_mean = d_code - rate * output[:, :k]
        variance = xp.exp(xp.clip(log_variance, min=-10.0, max=4.0))
        d_log = inside * (d_code * drawn - rate * (variance - 1)) / 2
        return xp.concat([d_mean, d_log, d_own], axis=1)


@dataclass(frozen=True)
class ConcatenatedCritic:
    """Scores of one network on (x, y) together.

    Its first layer is that of x plus that of y, computed once a sample; beyond, every
    pair has its own hidden layers.

    Parameters
    ----------
    n_x, n_y : int
        Columns of x and y.
    hidden : tuple of int
        Hidden layers. The cost per pair is that of the network.
    dim : int
        Not used: nothing is embedded.
    """

    n_x: int
    n_y: int
    hidden: tuple = (64, 64)
    dim: int = 0

    max_rows: ClassVar[int] = 2000
    max_pairs: ClassVar[int] = 8

    def beside(self, n_pairs):
        """Return itself: it has no columns to give."""
        return self

    @property
    def firsts(self):
        """First layers of x and of y."""
        return (
            Network((Dense(self.n_x, self.hidden[0], "he", bias=False),), "x."),
            Network((Dense(self.n_y, self.hidden[0], "he"),), "y."),
        )

    @property
    def rest(self):
        """What follows, from the sum of the first layers to the score."""
        layers = perceptron((self.hidden[0], *self.hidden, 1), "leaky_relu")
        return Network(layers[1:], "pair.")

    def start(self, random_state, like):
        """Draw parameters on the host, a dict of arrays like `like`."""
        parts = [net.start(random_state, like) for net in (*self.firsts, self.rest)]
        parameters = parts[0] | parts[1] | parts[2]
        last = f"pair.{len(self.rest.layers) - 1}.weight"
        return parameters | {last: FIRST_SCALE * parameters[last]}

    def forward(self, parameters, x, y, rng=None):
        """Scores of all pairs, shape (n, m), and what `backward` needs."""
        xp = array_namespace(x)
        (p, cache_x), (q, cache_y) = (
            net.forward(parameters, z)
            for net, z in zip(self.firsts, (x, y), strict=True)
        )
        both = p[-1][:, None, :] + q[-1][None, :, :]
        shape = both.shape
        outputs, caches = self.rest.forward(
            parameters, xp.reshape(both, (shape[0] * shape[1], shape[2]))
        )
        S = xp.reshape(outputs[-1], shape[:2])
        return S, (cache_x, cache_y, caches, shape)

    def backward(self, parameters, cache, dS):
        """Gradient by the parameters from the gradient by the scores."""
        xp = array_namespace(dS)
        cache_x, cache_y, caches, shape = cache
        gradients, d = self.rest.backward(
            parameters, caches, xp.reshape(dS, (-1, 1)), input_gradient=True
        )
        d = xp.reshape(d, shape)
        for net, own, axis in zip(self.firsts, (cache_x, cache_y), (1, 0), strict=True):
            gradients |= net.backward(parameters, own, xp.sum(d, axis=axis))[0]
        return gradients

    def blocks(self, parameters, x, y):
        """Yield the scores of all x with all y in blocks of rows."""
        size = max(1, PAIR_BLOCK // y.shape[0])
        for start in range(0, x.shape[0], size):
            stop = min(start + size, x.shape[0])
            yield self.forward(parameters, x[start:stop, :], y)[0]


CRITICS = {
    "separable": SeparableCritic,
    "concatenated": ConcatenatedCritic,
    "probabilistic": ProbabilisticCritic,
}
