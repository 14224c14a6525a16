"""
Blind spots of sufficient dimension reduction
=============================================

Which method finds the directions that a response depends on?

Each looks for them in its own way, and each way overlooks something. Four models whose
directions are known (:func:`~skspace.datasets.make_sdr_regression`) show what.
"""

# %%
# Ten features, of which the response depends on one or two *combinations*. SIR compares
# the means of slices of the data, SAVE their covariances, DR both; MAVE fits planes in
# small windows and follows their slopes.

import matplotlib.pyplot as plt
import numpy as np

from skspace.datasets import make_sdr_regression
from skspace.decomposition import (
    DirectionalRegression,
    OuterProductGradients,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
)
from skspace.linalg import subspace_distance

MODELS = {
    "cubic": "u + u³/3",
    "symmetric": "u²",
    "rational": "u / (½ + (v + 1.5)²)",
    "mixed": "u + v²",
}
METHODS = {
    "SIR": SlicedInverseRegression,
    "SAVE": SlicedAverageVarianceEstimation,
    "DR": DirectionalRegression,
    "MAVE": OuterProductGradients,
}


def draw(model, seed):
    return make_sdr_regression(
        400, 10, model=model, random_state=seed, return_basis=True
    )


# %%
# The distance of what each found to the truth: 0 for the same subspace, 1 for an
# orthogonal one. Five draws each; a bar is their mean, dots are the draws.

distance = np.empty((len(MODELS), len(METHODS), 5))
for i, model in enumerate(MODELS):
    for seed in range(distance.shape[2]):
        X, y, basis = draw(model, seed)
        d = basis.shape[1]
        for j, Method in enumerate(METHODS.values()):
            found = Method(n_components=d).fit(X, y)
            apart = subspace_distance(found, basis, "projection")
            distance[i, j, seed] = apart / np.sqrt(2 * d)

fig, axes = plt.subplots(1, 4, figsize=(8, 2.8), sharey=True, layout="constrained")
for ax, (model, formula), each in zip(axes, MODELS.items(), distance, strict=True):
    ax.bar(list(METHODS), each.mean(axis=1), color=["C0", "C1", "C2", "C3"], alpha=0.6)
    for j, dots in enumerate(each):
        ax.plot([j] * len(dots), dots, "k.", markersize=3)
    ax.set_title(f"{model}\ny ≈ {formula}", fontsize=9)
    ax.set_ylim(0, 1)
_ = axes[0].set_ylabel("distance to the truth")

# %%
# SIR fails where the relation is symmetric: low and high u give the same y, so the
# means of all slices agree. SAVE needs more rows than SIR where the relation is
# monotone or an interaction. DR has no such gap; MAVE is nearest on all four, because
# it uses the values of y and not only their order, and pays for it in time.
#
# What a blind spot looks like: the response against the one direction that was found.

X, y, basis = draw("symmetric", 0)
fig, axes = plt.subplots(1, 4, figsize=(8, 2.4), sharey=True, layout="constrained")
for ax, (name, Method) in zip(axes, METHODS.items(), strict=True):
    ax.plot(Method(n_components=1).fit_transform(X, y)[:, 0], y, ".", markersize=2)
    ax.set(title=name, xlabel="score")
_ = axes[0].set_ylabel("y")
