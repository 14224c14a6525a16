"""
Training that goes too far
==========================

A network that is trained to make clusters apart ends by making them up. When to stop,
without labels?

:class:`~skspace.cluster.MCR2Clustering` raises the rate reduction of its features. That
objective rises for as long as one trains; the labels are best somewhere on the way.
"""

# %%
# Four closed curves of three frequencies in thirty dimensions. The mean of a curve says
# nothing about it. (Each fills six dimensions, so a linear method finds them, too, and
# would be the better choice; here they show what training does.)

import matplotlib.pyplot as plt
import numpy as np

from skspace.cluster import MCR2Clustering
from skspace.inspection import TrainingCurvesDisplay
from skspace.metrics import clustering_accuracy

rng = np.random.RandomState(0)
angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
waves = np.concatenate([[np.cos(k * angle), np.sin(k * angle)] for k in (1, 2, 3)])
X = np.concatenate([waves.T @ rng.standard_normal((6, 30)) for _ in range(4)])
X += 0.3 * rng.standard_normal(X.shape)
y = np.repeat(np.arange(4), 40)

# %%
# Every ten steps the estimator looks at the labels and measures how much rate they save
# **on the input**, which the network cannot change. The best are kept. The truth is
# used here for the last panel only. (One network will do; by default three are trained
# and their labels combined.)

model = MCR2Clustering(
    4,
    hidden_layer_sizes=(128, 128),
    n_components=32,
    n_networks=1,
    random_state=0,
    tol=0,
).fit(X)
accuracy = np.full(len(model.training_curves_["step"]), np.nan)
for step, labels in model.checkpoint_labels_.items():
    accuracy[step] = clustering_accuracy(y, labels)

display = TrainingCurvesDisplay.from_curves(
    {**model.training_curves_, "accuracy": accuracy},
    panels=[["rate", "rate_of_parts"], ["input_reduction"], ["accuracy"]],
    kept_step=model.kept_step_,
)
display.figure_.suptitle("the features improve; do the labels?")
plt.show()

# %%
# The rate of the parts falls to the end, so the objective alone would train on. The
# reduction on the input says how far to believe it.

print(f"kept step {model.kept_step_}: {clustering_accuracy(y, model.labels_):.2f}")
print(f"last step: {accuracy[np.flatnonzero(np.isfinite(accuracy))[-1]]:.2f}")
