"""Two directions of ten hold all that a response depends on: PCA, SIR and DR look."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from skspace.datasets import make_sdr_regression
from skspace.decomposition import DirectionalRegression, SlicedInverseRegression

X, y = make_sdr_regression(1500, 10, model="mixed", random_state=0)
color = np.argsort(np.argsort(y)) / len(y)  # ranks, to use all colours

fig, axes = plt.subplots(1, 3, figsize=(8, 3), sharey=True)
for ax, Reducer, name in zip(
    axes,
    (PCA, SlicedInverseRegression, DirectionalRegression),
    ("PCA: the widest plane", "SIR: half of it", "DR: the central subspace"),
    strict=True,
):
    scores = Reducer(n_components=2).fit(X, y).transform(X)
    dots = ax.scatter(*scores.T, c=color, s=4, cmap="viridis")
    ax.set(title=name, xlabel="first score", xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
    ax.set_aspect("equal")
axes[0].set_ylabel("second score")
fig.colorbar(dots, ax=axes, label="share of smaller responses")
