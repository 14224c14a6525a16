"""Points on a plane and two lines: distances and combinations see different things."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans

from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.inspection import EmbeddingDisplay

rng = np.random.RandomState(2)
plane = rng.uniform(-1, 1, (150, 2)) @ [[1, 0, 0.1], [0, 1, -0.2]]
lines = [
    rng.uniform(-1.2, 1.2, (60, 1)) * direction
    for direction in ([0.5, 0.4, 1.0], [-0.7, 0.5, 0.9])
]
X = np.concatenate([plane, *lines]) + 0.01 * rng.standard_normal((270, 3))

kmeans = KMeans(3, n_init=10, random_state=0).fit(X)
lsr = LeastSquaresSubspaceClustering(3, center=False, random_state=0).fit(X)

fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), subplot_kw={"projection": "3d"})
for ax, model, name in zip(
    axes, (kmeans, lsr), ("KMeans", "least squares"), strict=True
):
    EmbeddingDisplay.from_points(X, labels=model.labels_, ax=ax)
    ax.get_legend().remove()
    ax.set(title=name, xlabel="", ylabel="", zlabel="")
    ax.set(xticklabels=[], yticklabels=[], zticklabels=[])
    ax.view_init(18, -70)
    ax.set_box_aspect(None, zoom=1.1)
