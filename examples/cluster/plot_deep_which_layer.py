"""
Which layer sees the clusters?
==============================

Does depth help to find clusters, and how would one know without labels?

Things that move a little leave their subspace in pixels and come nearer to one behind a
layer of convolutions. Things that only change their light are a subspace in pixels and
less of one behind every layer.
:class:`~skspace.cluster.DeepSubspaceClustering` draws graphs in every layer and marks
each by how well it falls into clusters.
"""

# %%
# Two sets of pictures are made: textures that shift, turn and bend a little, and bumpy
# surfaces under changing light.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

SIZE, rng = 20, np.random.RandomState(0)
DOWN, ACROSS = np.mgrid[:SIZE, :SIZE].astype(float)


def smooth(width):
    """Random smooth surface of unit variance."""
    surface = gaussian_filter(rng.standard_normal((SIZE, SIZE)), width)
    return surface / surface.std()


def moved(texture):
    """Shift and bend a texture."""
    down, across = 1.4 * rng.standard_normal((2, 1, 1)) + np.array(
        [smooth(4), smooth(4)]
    )
    return map_coordinates(texture, [DOWN + down, ACROSS + across], mode="nearest")


def lit(height):
    """Light a painted surface from a random side."""
    slope = np.gradient(0.5 * height)
    light = rng.uniform(-2, 2, 2)
    shade = (1 - light[0] * slope[0] - light[1] * slope[1]) / np.hypot(1, slope).prod(0)
    return np.exp(0.3 * height) * np.maximum(0, shade)


common = smooth(2)  # what all textures have in common makes the task hard
textures = [common + smooth(2) for _ in range(8)]
surfaces = [common + 0.3 * smooth(2) for _ in range(8)]
y = np.repeat(np.arange(8), 16)
sets = {
    "moving": np.array([moved(t).ravel() for t in textures for _ in range(16)]),
    "lit": np.array([lit(s).ravel() for s in surfaces for _ in range(16)]),
}

fig, axes = plt.subplots(4, 8, figsize=(8, 4.2), layout="constrained")
for X, rows in zip(sets.values(), (axes[:2], axes[2:]), strict=True):
    for k, row in enumerate(rows):
        for picture, ax in zip(X[y == k], row, strict=False):
            ax.imshow(picture.reshape(SIZE, SIZE), cmap="gray")
            ax.set_axis_off()
_ = fig.suptitle("Two classes that move, two under changing light")

# %%
# The linear method looks at pixels alone. The deep one marks its graphs, for which it
# needs no labels; accuracy does.

from skspace.cluster import DeepSubspaceClustering, LeastSquaresSubspaceClustering
from skspace.metrics import clustering_accuracy

fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for (name, X), ax in zip(sets.items(), axes, strict=True):
    linear = LeastSquaresSubspaceClustering(8, random_state=0).fit(X)
    deep = DeepSubspaceClustering(8, image_shape=(SIZE, SIZE), random_state=0).fit(X)
    marks = sorted(deep.associations_.items(), key=lambda item: item[1])
    ax.barh(
        [name for name, _ in marks],
        [mark for _, mark in marks],
        color=[plt.cm.Blues(0.2 + 0.7 * deep.view_weights_[name]) for name, _ in marks],
    )
    pair = [clustering_accuracy(y, model.labels_) for model in (linear, deep)]
    ax.set_title(f"{name}: linear {pair[0]:.0%}, deep {pair[1]:.0%}")
    ax.set(xlabel="association", xlim=(0.5 * marks[0][1], 1))
    print(f"{name}: linear {pair[0]:.3f}, deep {pair[1]:.3f}, view {deep.view_!r}")

# sphinx_gallery_thumbnail_number = 2

# %%
# Bars: how well each graph falls into clusters; the darker, the more weight it has in
# the graph that is cut in the end.
