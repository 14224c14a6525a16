"""
Dependence that correlation misses
==================================

Which columns of a table have to do with each other, and which of them should a model
get?

A correlation matrix answers the first question for straight lines only, and not at all
for classes. The informational coefficient :math:`\\sqrt{1 - e^{-2 I}}` of the mutual
information I has the same units, equals the absolute correlation for jointly normal
columns, and sees any dependence.
"""

# %%
# A sensor and its twin, a signal with a bent relation to it, one that shares only its
# spread, a class, and a column that has nothing to do with anything.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skspace.information import (
    MinRedundancyMaxRelevance,
    independence_test,
    mutual_info_regression,
)
from skspace.inspection import DependenceMatrixDisplay

rng = np.random.RandomState(1)
n = 500
sensor = rng.standard_normal(n)
frame = pd.DataFrame(
    {
        "sensor": sensor,
        "twin": sensor + 0.5 * rng.standard_normal(n),
        "bent": sensor**2 + 0.5 * rng.standard_normal(n),
        "spread": np.exp(0.8 * sensor) * rng.standard_normal(n),
        "class": np.where(np.abs(sensor) < 0.7, "inner", "outer"),
        "stray": rng.standard_normal(n),
    }
)

fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
numbers = frame.assign(**{"class": frame["class"] == "outer"}).corr().abs()
axes[0].imshow(numbers, cmap="cividis", vmin=0, vmax=1)
axes[0].set_xticks(range(6), frame.columns, rotation=45, ha="right")
axes[0].set_yticks(range(6), frame.columns)
axes[0].set_title("absolute correlation")
for (i, j), value in np.ndenumerate(numbers.to_numpy()):
    color = "black" if value > 0.6 else "white"
    axes[0].text(j, i, f"{value:.2f}", ha="center", va="center", color=color)
_ = DependenceMatrixDisplay.from_data(frame, n_neighbors=8, ax=axes[1])

# %%
# Estimates of independent columns are small, but not 0. A permutation test says what
# chance gives: the p-value is the share of permutations with so large a statistic.

for name in ("bent", "spread", "stray"):
    for method in ("distance_correlation", "mutual_information"):
        result = independence_test(
            frame["sensor"],
            frame[name],
            method=method,
            n_permutations=99,
            random_state=0,
        )
        print(f"{name:8s}{method:24s}p = {result.p_value:.3f}")

# %%
# A target made of the sensor and of the stray column: the two most relevant features
# are the sensor and its twin, which tell the same story twice. Taking off what a
# feature shares with those chosen before brings the stray column in.

X = frame[["sensor", "twin", "bent", "stray"]]
y = 1.5 * frame["sensor"] + frame["stray"]
relevance = mutual_info_regression(X, y)
selector = MinRedundancyMaxRelevance(2).fit(X, y)
print("most relevant:          ", list(X.columns[np.argsort(-relevance)[:2]]))
print("and not redundant:      ", list(selector.get_feature_names_out()))

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
place = np.arange(4)
ax.bar(place - 0.2, selector.relevance_, 0.4, label="with the target")
ax.bar(place + 0.2, selector.redundancy_, 0.4, label="with the feature chosen first")
ax.set_xticks(place, X.columns)
ax.set(ylim=(0, 1.3), ylabel="information (nats)", title="relevance and redundancy")
_ = ax.legend()
