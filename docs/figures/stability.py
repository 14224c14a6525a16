"""Likelihood of held-out samples and agreement of halves, by number of clusters."""

import matplotlib.pyplot as plt
from sklearn.model_selection import ShuffleSplit, cross_val_score

from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.model_selection import prediction_strength

X, _ = make_union_of_subspaces(300, noise=0.1, random_state=0)
folds = ShuffleSplit(4, test_size=0.4, random_state=0)
numbers, likelihood, strength = [2, 3, 4, 5, 6, 7, 8], [], []
for k in numbers:
    model = LeastSquaresSubspaceClustering(k, random_state=0)
    likelihood.append(cross_val_score(model, X, cv=folds).mean())
    strength.append(prediction_strength(model, X, cv=folds).mean)

fig, axes = plt.subplots(1, 2, figsize=(7.5, 2.8))
for ax, values, name in zip(
    axes,
    (likelihood, strength),
    ("score, in nats", "prediction strength"),
    strict=True,
):
    ax.plot(numbers, values, "o-", color="#0072B2")
    ax.axvline(5, color="0.6", linestyle="--")
    ax.set(xlabel="clusters", xticks=numbers, title=name)
