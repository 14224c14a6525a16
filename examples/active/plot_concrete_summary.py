"""
What makes concrete strong?
===========================

Which ingredients matter, in which direction, and how sure can we be?

Eight numbers describe a concrete: seven ingredients and its age. A random forest ranks
them. An active subspace says more: *in which combination* they matter. It is the
direction along which the mean squared slope of the strength is largest, and bootstrap
intervals say how far it can be trusted.
"""

# %%
# Concrete is used where it is installed (see :func:`skspace.datasets.fetch_concrete`);
# otherwise a table of the same kind is generated.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.frozen import FrozenEstimator

from skspace.active import ActiveSubspace, RecursiveFeatureMachineRegressor
from skspace.datasets import DatasetNotFoundError, fetch_concrete

try:
    X, y = fetch_concrete(return_X_y=True)
    X = X.assign(log_age=np.log(X["age"])).drop(columns="age")
except DatasetNotFoundError:
    rng = np.random.RandomState(0)
    names = ["cement", "slag", "fly_ash", "water", "sand", "gravel", "log_age"]
    X = pd.DataFrame(rng.standard_normal((600, 7)), columns=names)
    strength = X["cement"] + 0.6 * X["slag"] - 0.7 * X["water"] + X["log_age"]
    y = 35 + 12 * np.tanh(strength / 2) + 2 * rng.standard_normal(600)
print(f"{X.shape[0]} concretes, {X.shape[1]} features")

# %%
# A kernel machine learns the strength. Its gradients are averaged over the concretes;
# the eigenvalues of their mean outer product fall fast when few directions matter.

from skspace.inspection import (
    ActiveSubspaceDisplay,
    EigenvalueDecayDisplay,
    FeatureImportanceDisplay,
)

machine = RecursiveFeatureMachineRegressor(random_state=0).fit(X, y)
active = ActiveSubspace(2, estimator=FrozenEstimator(machine), random_state=0)
active.fit(X)
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
EigenvalueDecayDisplay.from_estimator(active, ax=left)
_ = FeatureImportanceDisplay.from_estimator(active, kind="direction", ax=right)

# %%
# The right panel is the recipe: what raises strength and what lowers it, per standard
# deviation, each with its interval. Now the strength along that direction, with the
# prediction of the machine. One number made of the whole recipe explains much of the
# strength; what is left around the curve are the other directions, and noise.

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
ActiveSubspaceDisplay.from_estimator(active, X, y, model=machine, ax=left)
_ = ActiveSubspaceDisplay.from_estimator(
    active, X, y, n_components=2, model=machine, ax=right
)
# sphinx_gallery_thumbnail_number = 2

# %%
# The forest agrees on the first two. It has no signs, and no intervals: those on the
# left say which ranks are certain.

forest = RandomForestRegressor(200, random_state=0).fit(X, y)
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
FeatureImportanceDisplay.from_estimator(active, ax=left)
FeatureImportanceDisplay.from_estimator(forest, ax=right)
left.set_title("active subspace")
_ = right.set_title("random forest")

# %%
# The intervals are those of the *given* machine under another draw of concretes. To
# see what the noise of the strength itself does, let the gradients be estimated from
# the values: planes through nearest neighbours, and their noise is resampled.

local = ActiveSubspace(2, random_state=0).fit(X, y)
print(f"machine: direction within {np.degrees(active.direction_angle_):.0f} degrees")
print(f"neighbours: direction within {np.degrees(local.direction_angle_):.0f} degrees")
cosine = abs(local.components_[0] @ active.components_[0])
print(f"cosine between the two directions: {cosine:.2f}")
