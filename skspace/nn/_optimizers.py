"""Adam and gradient descent with momentum, on named arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._array import array_namespace, is_numpy_array

__all__ = ["SGD", "Adam"]


@dataclass(frozen=True)
class _Optimizer:
    """What both have: weight decay, clipping, and the walk over named arrays."""

    learning_rate: float = 1e-3
    weight_decay: Any = field(default=0.0, kw_only=True)
    decoupled: bool = field(default=False, kw_only=True)
    max_norm: float | None = field(default=None, kw_only=True)

    _buffers = ()
    _shares = ()

    def __post_init__(self):
        decay = self.weight_decay
        decays = decay.values() if isinstance(decay, Mapping) else [decay]
        limits = {
            "learning_rate": (self.learning_rate >= 0, "not be negative"),
            "weight_decay": (all(d >= 0 for d in decays), "not be negative"),
            "max_norm": (self.max_norm is None or self.max_norm > 0, "be positive"),
            "eps": (getattr(self, "eps", 1.0) > 0, "be positive"),
        }
        for name in self._shares:
            limits[name] = 0 <= getattr(self, name) < 1, "lie in [0, 1)"
        for name, (fine, what) in limits.items():
            if not fine:
                raise ValueError(f"{name} must {what}, got {getattr(self, name)!r}.")

    def start(self, parameters):
        """Return the state before the first step.

        Parameters
        ----------
        parameters : dict of str to array
            All that may get a gradient.

        Returns
        -------
        state : dict
            ``{"step": 0, …}`` with moments of zero, a dict by name each.
        """
        return {"step": 0} | {
            buffer: {k: array_namespace(p).zeros_like(p) for k, p in parameters.items()}
            for buffer in self._buffers
        }

    def step(self, parameters, gradients, state, *, overwrite=False):
        """Take one step down the gradient.

        Parameters
        ----------
        parameters : dict of str to array
            Current values.
        gradients : dict of str to array
            Derivatives of what is minimised. Parameters that are not named here stay
            as they are, and so do their moments.
        state : dict
            From :meth:`start` or the step before. **Used up**: the arrays in it are
            overwritten where they are NumPy's.
        overwrite : bool, default=False
            Whether NumPy arrays of `parameters` may be overwritten, too, which saves
            the memory of a copy. Gradients never are.

        Returns
        -------
        parameters : dict of str to array
            New values, in the same order.
        state : dict
            For the next step.
        """
        step = state["step"] + 1
        new = {"step": step} | {b: dict(state[b]) for b in self._buffers}
        moved = dict(parameters)
        share = self._share(gradients)
        for name, gradient in gradients.items():
            buffers = [new[b][name] for b in self._buffers]
            moved[name], *buffers = self._update(
                step, parameters[name], gradient, buffers, share,
                self._decay(name), overwrite,
            )  # fmt: skip
            for b, value in zip(self._buffers, buffers, strict=True):
                new[b][name] = value
        return moved, new

    def _decay(self, name):
        """Weight decay of one array, as part of the gradient and of the array."""
        decay = self.weight_decay
        if isinstance(decay, Mapping):
            decay = decay.get(name, 0.0)
        return (0.0, self.learning_rate * decay) if self.decoupled else (decay, 0.0)

    def _share(self, gradients):
        """Factor that brings all gradients together to length `max_norm` at most."""
        if self.max_norm is None:
            return 1.0
        square = 0.0
        for g in gradients.values():
            xp = array_namespace(g)
            square += float(xp.sum(g * g))
        return min(1.0, self.max_norm / max(math.sqrt(square), 1e-300))


@dataclass(frozen=True)
class Adam(_Optimizer):
    """Steps along the running mean gradient, in units of its running size.

    Parameters
    ----------
    learning_rate : float, default=1e-3
        About the length of a step in every entry.
    weight_decay : float or dict of str to float, default=0.0
        Times the parameter is added to its gradient; a dict names the parameters
        that decay.
    decoupled : bool, default=False
        Whether decay is instead taken off the parameter, times the learning rate
        ("AdamW") [2]_.
    max_norm : float, optional
        Largest Euclidean length of all gradients together; longer ones are scaled.
    beta_1, beta_2 : float, default=0.9, 0.999
        Shares kept of the running mean of gradients and of their squares.
    eps : float, default=1e-8
        Added to the running size.

    Notes
    -----
    Cost: one pass over parameters, gradients and two moments, on NumPy arrays
    compiled and in place for the moments.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR
       2015. :doi:`10.48550/arXiv.1412.6980`
    .. [2] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR
       2019. :doi:`10.48550/arXiv.1711.05101`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import Adam
    >>> adam, x = Adam(0.1), {"x": np.array([3.0])}
    >>> state = adam.start(x)
    >>> for _ in range(200):
    ...     x, state = adam.step(x, {"x": 2 * x["x"]}, state)
    >>> bool(abs(x["x"][0]) < 0.01)
    True
    """

    beta_1: float = field(default=0.9, kw_only=True)
    beta_2: float = field(default=0.999, kw_only=True)
    eps: float = field(default=1e-8, kw_only=True)

    _buffers = ("mean", "square")
    _shares = ("beta_1", "beta_2")

    def _update(self, step, p, g, buffers, share, decay, overwrite):
        b1, b2 = self.beta_1, self.beta_2
        decay, shrink = decay
        rate = self.learning_rate / (1 - b1**step)
        unit = 1 / math.sqrt(1 - b2**step)
        if is_numpy_array(p):
            from .._numba.optimizers import adam

            factors = (
                share, decay, 1 - shrink, rate, unit, self.eps, b1, 1 - b1, b2, 1 - b2
            )  # fmt: skip
            return _compiled(adam, p, g, buffers, factors, overwrite)
        mean, square = buffers
        g = _decayed(p, g, share, decay)
        mean = b1 * mean + (1 - b1) * g
        square = b2 * square + (1 - b2) * (g * g)
        size = unit * array_namespace(p).sqrt(square) + self.eps
        return (1 - shrink) * p - rate * (mean / size), mean, square


@dataclass(frozen=True)
class SGD(_Optimizer):
    """Steps down the gradient with momentum.

    Parameters
    ----------
    learning_rate : float, default=1e-3
        Length of a step in units of the gradient.
    weight_decay : float or dict of str to float, default=0.0
        As in :class:`Adam`.
    decoupled : bool, default=False
        As in :class:`Adam`.
    max_norm : float, optional
        As in :class:`Adam`.
    momentum : float, default=0.9
        Share kept of the step before.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of
    initialization and momentum in deep learning", ICML 2013. Their step includes the
    learning rate of its time; here, as in most programs, it does not.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import SGD
    >>> sgd, x = SGD(0.1, momentum=0.5), {"x": np.array([3.0])}
    >>> state = sgd.start(x)
    >>> x, state = sgd.step(x, {"x": 2 * x["x"]}, state)
    >>> x["x"].round(6)
    array([2.4])
    """

    momentum: float = field(default=0.9, kw_only=True)

    _buffers = ("velocity",)
    _shares = ("momentum",)

    def _update(self, step, p, g, buffers, share, decay, overwrite):
        decay, shrink = decay
        if is_numpy_array(p):
            from .._numba.optimizers import sgd

            factors = share, decay, 1 - shrink, self.learning_rate, self.momentum
            return _compiled(sgd, p, g, buffers, factors, overwrite)
        velocity = self.momentum * buffers[0] + _decayed(p, g, share, decay)
        return (1 - shrink) * p - self.learning_rate * velocity, velocity


def _decayed(p, g, share, decay):
    """Gradient after clipping and decay."""
    g = g if share == 1 else share * g
    return g if decay == 0 else g + decay * p


def _compiled(kernel, p, g, buffers, factors, overwrite):
    """Run a compiled update on arrays of any layout; buffers are overwritten."""
    order = "F" if p.flags.f_contiguous and not p.flags.c_contiguous else "C"

    def own(x):
        x = x.ravel(order)  # a view where the memory allows it
        return x if x.flags.writeable else x.copy()

    values, *moments = [own(x) for x in (p if overwrite else p.copy(order), *buffers)]
    g = g.astype(p.dtype, copy=False).ravel(order)
    kernel(values, g, *moments, np.array(factors, dtype=p.dtype))
    return [x.reshape(p.shape, order=order) for x in (values, *moments)]
