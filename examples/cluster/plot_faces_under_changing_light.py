"""
Faces under changing light
==========================

Can pictures be sorted by person when the light changes more than the person?

All pictures of one matt object under a distant light are combinations of a few
basis pictures: nine hold nearly all of them, whatever the light
[1]_. So each person is a *subspace* of low dimension in the space of pictures, and two
pictures of one person may lie far apart in it. Distances are the wrong question; who
can be written as a combination of whom is the right one.

.. [1] Basri & Jacobs (2003). Lambertian reflectance and linear subspaces. IEEE TPAMI
   25(2). :doi:`10.1109/TPAMI.2003.1177153`
"""

# %%
# Pictures of ten people under 64 lights. Extended Yale B is used where it is installed
# (see :func:`skspace.datasets.fetch_yaleb`); otherwise ten random smooth shapes are lit
# by computer, with the same physics: brightness is the cosine between surface and
# light, and what turns away from the light is black. They are easier than real faces,
# which also cast shadows, shine, and move a little.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter

from skspace.datasets import DatasetNotFoundError, fetch_yaleb


def lit_shapes(n_shapes=10, n_lights=64, size=32, seed=0):
    """Pictures of random smooth heads, all under the same random lights."""
    rng = np.random.RandomState(seed)
    axis = np.linspace(-1, 1, size)
    round_head = 1.2 * np.sqrt(2.2 - axis[:, None] ** 2 - axis**2)
    light = rng.standard_normal((n_lights, 3)) * [1.2, 0.6, 0.0] + [0, 0, 1]
    light = light[np.argsort(light[:, 0])]  # from left to right
    light /= np.linalg.norm(light, axis=1, keepdims=True)
    images = []
    for _ in range(n_shapes):
        bumps = gaussian_filter(rng.standard_normal((size, size)), 3.0)
        skin = gaussian_filter(rng.standard_normal((size, size)), 1.5)
        height = round_head + 0.12 * bumps / bumps.std()
        reflectance = np.clip(0.75 + 0.1 * skin / skin.std(), 0.1, 1.0)
        slope_y, slope_x = np.gradient(height, axis, axis)
        normal = np.stack([-slope_x, -slope_y, np.ones_like(height)], axis=-1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        brightness = np.tensordot(light, normal, axes=(1, 2))
        images.append(reflectance * np.maximum(0.0, brightness))
    X = np.concatenate(images).reshape(n_shapes * n_lights, -1)
    return X, np.repeat(np.arange(n_shapes), n_lights)


try:
    X, person = fetch_yaleb(return_X_y=True)
except DatasetNotFoundError:
    X, person = lit_shapes()

fig, axes = plt.subplots(3, 8, figsize=(8, 3.2), layout="constrained")
for who, row in enumerate(axes):
    pictures = X[person == who]
    for picture, ax in zip(pictures[:: len(pictures) // 8], row, strict=False):
        ax.imshow(picture.reshape(32, 32), cmap="gray", vmin=0, vmax=1)
        ax.set_axis_off()
_ = fig.suptitle("Three people, eight lights each")

# %%
# KMeans compares distances, which follow the light. Least squares writes every
# picture as a combination of *all* others, orthogonal matching pursuit as one of *five*
# others. Both find combinations of the same person, and the graph of who helps to
# represent whom falls into blocks.

from sklearn.cluster import KMeans
from sklearn.metrics.pairwise import euclidean_distances

from skspace.cluster import LeastSquaresSubspaceClustering, OMPSubspaceClustering
from skspace.inspection import AffinityDisplay, EmbeddingDisplay
from skspace.metrics import clustering_accuracy

kmeans = KMeans(n_clusters=10, n_init=10, random_state=0).fit(X)
lsr = LeastSquaresSubspaceClustering(n_clusters=10, random_state=0).fit(X)
omp = OMPSubspaceClustering(n_clusters=10, random_state=0).fit(X)

squared = euclidean_distances(X, squared=True)
nearness = np.exp(-squared / np.median(squared))  # all that KMeans can see

fig, axes = plt.subplots(2, 3, figsize=(10, 7), layout="constrained")
AffinityDisplay.from_matrix(nearness, labels=person, ax=axes[0, 0])
AffinityDisplay.from_estimator(lsr, labels=person, ax=axes[0, 1])
AffinityDisplay.from_estimator(omp, labels=person, ax=axes[0, 2])

centred = X - X.mean(axis=0)
principal = np.linalg.svd(centred, full_matrices=False)[2][:2]
EmbeddingDisplay.from_points(centred @ principal.T, labels=person, ax=axes[1, 0])
for model, ax in ((lsr, axes[1, 1]), (omp, axes[1, 2])):
    EmbeddingDisplay.from_estimator(model, labels=person, n_components=2, ax=ax)

names = "distances (KMeans)", "least squares", "matching pursuit"
for name, model, (above, below) in zip(names, (kmeans, lsr, omp), axes.T, strict=True):
    accuracy = clustering_accuracy(person, model.labels_)
    above.set(title=f"{name}\naccuracy {accuracy:.0%}", xlabel="person", ylabel="")
    below.get_legend().remove()
_ = axes[0, 0].set_ylabel("person")
# sphinx_gallery_thumbnail_number = 2

# %%
# Above: who is joined to whom, sorted by true person. Below: the same pictures,
# coloured by person, along the two largest principal components of the pictures (left)
# and of the spectral embedding of each graph. Ten people do not fit into two
# dimensions, but where the graph has blocks, each person gathers in one place.
#
# Clusters come with subspaces, so new pictures find their person without a new fit:

known = np.arange(len(X)) % 4 > 0
model = LeastSquaresSubspaceClustering(n_clusters=10, random_state=0).fit(X[known])
found = clustering_accuracy(person[known], model.labels_)
predicted = clustering_accuracy(person[~known], model.predict(X[~known]))
print(f"accuracy on fitted pictures {found:.0%}, on new ones {predicted:.0%}")
