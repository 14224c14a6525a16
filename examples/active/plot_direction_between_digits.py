"""
Which pixels tell a three from an eight?
========================================

A classifier that is right is one thing; what it looks at is another.

:class:`~skspace.active.GaussianRBFClassifier` is a sum of Gaussian bumps that share one
learned metric. The metric says along which combinations of pixels the prediction
changes at all: here it is *one* direction of 64, found together with the classifier and
without any setting.
"""

# %%
# Threes and eights of 8 x 8 pixels. Five splits, defaults only.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from skspace.active import GaussianRBFClassifier

digits = load_digits()
chosen = (digits.target == 3) | (digits.target == 8)
X, y = digits.data[chosen], digits.target[chosen]
scores = []
for seed in range(5):
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=seed
    )
    rbf = GaussianRBFClassifier().fit(X_train, y_train)
    scores.append(rbf.score(X_test, y_test))
print(f"accuracy {np.mean(scores):.3f}, directions kept: {rbf.n_components_}")
print("share of the metric:", np.round(rbf.explained_precision_ratio_, 3))

# %%
# The direction as an image: more ink where it is red speaks for one digit, where it is
# blue for the other. It is the left side that closes a three to an eight. Beside it,
# the importances of the network and of a random forest, which have no sign.

forest = RandomForestClassifier(200, random_state=0).fit(X_train, y_train)
direction = rbf.components_[0] * rbf.scale_
towards = np.sign(np.corrcoef(rbf.transform(X)[:, 0], y)[0, 1])
images = {
    "direction: red for an eight": towards * direction,
    "importance, network": rbf.feature_importances_,
    "importance, forest": forest.feature_importances_,
}
fig, axes = plt.subplots(1, 3, figsize=(8, 2.9), layout="constrained")
for (name, image), ax in zip(images.items(), axes, strict=True):
    signed = image.min() < 0
    size = np.max(np.abs(image))
    ax.imshow(
        image.reshape(8, 8),
        cmap="RdBu_r" if signed else "Greys",
        vmin=-size if signed else 0,
        vmax=size,
    )
    ax.set(xticks=[], yticks=[])
    ax.set_title(name, fontsize=10)

# %%
# Scores of held-out digits along that one direction, and the probability of an eight as
# the network gives it: nearly a function of the score alone.

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
z, p = rbf.transform(X_test)[:, 0], rbf.predict_proba(X_test)[:, 1]
for digit, marker in ((3, "o"), (8, "s")):
    ax.plot(z[y_test == digit], p[y_test == digit], marker, label=f"{digit}", alpha=0.7)
ax.set(xlabel="score along the direction", ylabel="probability of an eight")
_ = ax.legend()
