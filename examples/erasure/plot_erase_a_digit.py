"""
Erasing a concept: what probes still see
========================================

Is a concept gone when a linear model cannot find it?

:class:`~skspace.erasure.SubspaceEraser` takes "this is a three" out of images of
digits. A linear probe then guesses; a tree does not, and the other digits stay.
"""

# %%
# A *probe* is a classifier of the concept, fitted after the erasure. Half of the images
# find the eraser and fit the probes; the other half tests them.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from skspace.erasure import SubspaceEraser

X, digit = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, digit, test_size=0.5, stratify=digit, random_state=0
)


def scores(A, B, c):
    """What two probes find of digit c, and how well the others are told apart."""
    linear = LogisticRegression(max_iter=2000).fit(A, y_train == c)
    tree = DecisionTreeClassifier(max_depth=8, random_state=0).fit(A, y_train == c)
    others, rest = y_train != c, y_test != c
    label = LogisticRegression(max_iter=2000).fit(A[others], y_train[others])
    return (
        roc_auc_score(y_test == c, linear.decision_function(B)),
        roc_auc_score(y_test == c, tree.predict_proba(B)[:, 1]),
        label.score(B[rest], y_test[rest]),
    )


METHODS = {
    "before": None,
    "leace": SubspaceEraser(forget=[3]),
    "orthogonal": SubspaceEraser("orthogonal", forget=[3]),
    "spectral": SubspaceEraser("spectral", forget=[3]),
}
found = {}
for name, eraser in METHODS.items():
    A, B = X_train, X_test
    if eraser is not None:
        A = eraser.fit_transform(A, y_train)
        B = eraser.transform(B)
    found[name] = scores(A, B, 3)

# %%
# Probes are judged by the area under the curve, one half for guesses. The last group is
# the accuracy among the nine other digits.

fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
at = np.arange(3)
for i, (name, values) in enumerate(found.items()):
    ax.bar(at + 0.2 * i, values, width=0.18, label=name)
ax.axhline(0.5, color="0.5", linewidth=1, linestyle="--")
ax.set_xticks(at + 0.3, ["linear probe", "tree, depth 8", "other digits"])
ax.set(ylim=(0, 1.2), yticks=np.linspace(0, 1, 6), ylabel="on new images")
_ = ax.legend(ncols=4, loc="upper center", fontsize=8)

# %%
# After "leace" and "orthogonal" no pixel is correlated with the concept, so a linear
# probe has nothing to hold on to; they take one direction of 64. The tree looks at
# regions of pixel values, which still differ. "spectral" softly takes the directions
# along which images of threes lie: faint traces are left, which a probe fitted anew
# finds. It is meant for models that are *not* fitted anew, by
# :meth:`~skspace.erasure.SubspaceEraser.edit_weights`:

model = LogisticRegression(max_iter=2000).fit(X_train, y_train)
for name, eraser in METHODS.items():
    coef, intercept = model.coef_, model.intercept_
    if eraser is not None:
        coef, intercept = eraser.edit_weights(coef, intercept)
    predicted = np.argmax(X_test @ coef.T + intercept, axis=1)
    threes = np.mean(predicted[y_test == 3] == 3)
    others = np.mean(predicted[y_test != 3] == y_test[y_test != 3])
    print(f"{name:12s} threes recognised {threes:.2f}, other digits {others:.2f}")

# %%
# What the erasers do to three images, a three among them. "leace" moves them least of
# all maps that leave no correlation.

shown = [int(np.flatnonzero(y_test == c)[0]) for c in (3, 8, 0)]
fig, axes = plt.subplots(3, 4, figsize=(5, 3.9), layout="constrained")
for column, (name, eraser) in zip(axes.T, METHODS.items(), strict=True):
    images = X_test[shown] if eraser is None else eraser.transform(X_test[shown])
    column[0].set_title(name, fontsize=9)
    for ax, image in zip(column, images, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
