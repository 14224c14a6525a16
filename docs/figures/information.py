"""Pairs of variables: their correlation, and the information they share."""

import matplotlib.pyplot as plt
import numpy as np

from skspace.datasets import make_correlated_gaussian
from skspace.information import mutual_info

n = 1500
rng = np.random.RandomState(0)
x, y, _ = make_correlated_gaussian(n, correlation=0.75, random_state=0)
x = x[:, 0]
angle = rng.uniform(0, 2 * np.pi, n)
ring = np.stack([np.cos(angle), np.sin(angle)]) + 0.25 * rng.standard_normal((2, n))
pairs = {
    "a line": (x, y),
    "the same, bent": (np.sign(x) * np.abs(x) ** 1.5, np.exp(y)),
    "a ring": tuple(ring),
    "nothing": tuple(rng.standard_normal((2, n))),
}
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
for ax, (name, (a, b)) in zip(axes, pairs.items(), strict=True):
    result = mutual_info(a, b, random_state=0)
    ax.plot(a, b, ".", markersize=1.5, color="#0072B2")
    ax.set(xticks=[], yticks=[])
    ax.set_title(
        f"{name}\ncorrelation {np.corrcoef(a, b)[0, 1]:.2f}, {float(result):.2f} nats",
        fontsize="medium",
    )
