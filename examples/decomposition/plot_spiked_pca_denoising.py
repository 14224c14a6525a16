"""
Denoising with the right number of components
=============================================

How many components should be kept of noisy data, and is keeping or dropping them the
right question?

Noise alone gives the eigenvalues of a sample covariance a wide spread: the
Marchenko-Pastur law. What exceeds its edge is signal. But noise also enlarges the
eigenvalues of signals and turns their vectors, so a component that is kept still brings
noise along. :class:`~skspace.decomposition.SpikedPCA` finds the noise level, keeps what
exceeds the edge, and *shrinks* each component by as much as its vector can be trusted.
"""

# %%
# Handwritten digits, and the same with noise added. Only the noisy ones are fitted.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from skspace.decomposition import SpikedPCA
from skspace.linalg import mp_edges

X = load_digits().data / 16
noise = 0.3
noisy = X + noise * np.random.RandomState(0).standard_normal(X.shape)
pca = SpikedPCA().fit(noisy)
print(f"noise {noise}, estimated {pca.noise_variance_**0.5:.3f}")

# %%
# The spectrum: a bulk that noise explains, and what stands out of it. The bars show the
# factor by which each component is shrunk: near 1 for strong ones, 0 at the edge.

n_samples, n_features = X.shape
edges = mp_edges(n_features / n_samples, pca.noise_variance_)
rank = np.arange(1, n_features + 1)

fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
left.semilogy(rank, pca.eigenvalues_, ".")
left.axhspan(*edges, color="0.85", label="noise (Marchenko-Pastur)")
left.axvline(pca.n_components_ + 0.5, color="C3", label=f"{pca.n_components_} kept")
left.set(xlabel="component", ylabel="eigenvalue")
left.legend()
right.bar(rank[: pca.n_components_], pca.shrinkage_factors_)
_ = right.set(xlabel="component", ylabel="shrinkage factor", ylim=(0, 1))

# %%
# Mean squared error of the digits given back, for PCA with every number of components
# and for SpikedPCA, which was told neither the number nor the noise.


def error(model):
    back = model.inverse_transform(model.fit_transform(noisy))
    return np.mean((back - X) ** 2)


numbers = range(2, 61, 2)
truncated = [error(PCA(k)) for k in numbers]
shrunken = error(SpikedPCA())
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(numbers, truncated, ".-", label="PCA")
ax.axhline(shrunken, color="C3", label="SpikedPCA()")
ax.set(xlabel="components of PCA", ylabel="mean squared error", ylim=(0, None))
_ = ax.legend()
print(f"best PCA {min(truncated):.4f}, SpikedPCA {shrunken:.4f}")

# %%
# The digits themselves. Even the best number of components, which nobody knows without
# the clean digits, leaves more noise.

best = PCA(numbers[int(np.argmin(truncated))]).fit(noisy)
rows = {
    "clean": X,
    "noisy": noisy,
    "best PCA": best.inverse_transform(best.transform(noisy)),
    "SpikedPCA": pca.inverse_transform(pca.transform(noisy)),
}
fig, axes = plt.subplots(4, 10, figsize=(8, 3.4), layout="constrained")
for (name, images), line in zip(rows.items(), axes, strict=True):
    for image, ax in zip(images, line, strict=False):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
