"""
How much accuracy does parity cost?
===================================

Who earns more than 50,000 dollars, and how fairly can that be predicted?

In the census of 1994 men and women, and people of different race, are above that line
at different rates, and a model repeats it even if it never sees these columns: others
stand in for them. A fair decomposition (after [1]_) leaves out every direction in which
the groups differ and puts them back one by one. Each step buys accuracy and costs
parity.

.. [1] Shi, Bhagwat, Yang, Kong & Jiang (2025). Understanding fairness and prediction
   error through subspace decomposition and influence analysis. NeurIPS.
   :arxiv:`2510.23935`
"""

# %%
# Adult is used where it is installed (see :func:`skspace.datasets.fetch_adult`), a
# sample of it to save time; otherwise a table of the same kind is generated. Groups of
# race with few people count as one: gaps of small groups are mostly noise.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.datasets import DatasetNotFoundError, fetch_adult

try:
    census = fetch_adult()
    rows = np.random.RandomState(0).permutation(len(census.target))[:12_000]
    table, y = census.data.iloc[rows], census.target.iloc[rows].to_numpy()
    attributes = table[["sex", "race"]].astype(str)
    small = ~attributes["race"].isin(["White", "Black"])
    attributes.loc[small, "race"] = "Other"
    left_out = ["sex", "race", "fnlwgt", "education"]
    X = pd.get_dummies(table.drop(columns=left_out)).astype(float)
except DatasetNotFoundError:
    rng = np.random.RandomState(0)
    sex = rng.choice(["Female", "Male"], 8000, p=[0.33, 0.67])
    race = rng.choice(["White", "Black", "Other"], 8000, p=[0.8, 0.12, 0.08])
    attributes = pd.DataFrame({"sex": sex, "race": race})
    X = rng.standard_normal((8000, 12))
    X[:, 0] += 0.8 * (sex == "Male")
    X[:, 1] += 0.9 * (sex == "Male")
    X[:, 2] += 0.7 * (race == "White")
    X[:, 3] += 0.9 * (race == "Black")
    score = X @ [0.9, 0.1, 0.5, -0.2, 1, 0.7, 0.5, 0, 0, 0, 0, 0]
    y = (score + rng.standard_normal(8000) > 2.4).astype(int)
    X = pd.DataFrame(X, columns=[f"x{i}" for i in range(12)])
print(f"{X.shape[0]} people, {X.shape[1]} features, {y.mean():.0%} above the line")
print(pd.Series(y).groupby([attributes["sex"].to_numpy()]).mean().round(2).to_dict())

# %%
# Where is the conflict? The decomposition finds the direction that income depends on,
# and one direction less than there are groups for each attribute. The cosine says how
# far the two point the same way. The rest tells neither.

from skspace.fairness import FairSDR, fairness_utility_path
from skspace.inspection import (
    FairnessUtilityPathDisplay,
    SubspaceDecompositionDisplay,
)

fair = make_pipeline(StandardScaler().set_output(transform="pandas"), FairSDR())
fair.fit(X, y, fairsdr__sensitive_features=attributes)
fig, axes = plt.subplots(
    2, 1, figsize=(9, 6), height_ratios=(1, 1.4), layout="constrained"
)
SubspaceDecompositionDisplay.from_estimator(fair[-1], ax=axes[0])
_ = SubspaceDecompositionDisplay.from_estimator(
    fair[-1], kind="loadings", n_features=12, ax=axes[1]
)

# %%
# The target's own direction is what a fair model can build on; the shared ones, in
# their order, show which features carry the conflict.
#
# Now the price. For each number of directions put back, accuracy and the larger of the
# two parity gaps of a logistic regression, on held-out rows:

from skspace.metrics import demographic_parity_difference


def larger_gap(y_true, y_pred, *, sensitive_features):
    return max(
        demographic_parity_difference(y_true, y_pred, sensitive_features=column)
        for column in np.asarray(sensitive_features).T
    )


model = LogisticRegression(max_iter=200)
fig, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
path = fairness_utility_path(
    make_pipeline(StandardScaler(), FairSDR(), model),
    X,
    y,
    attributes,
    cv=3,
    fairness=larger_gap,
    random_state=0,
)
display = FairnessUtilityPathDisplay.from_path(path, ax=ax)
_ = ax.set(xlabel="larger parity gap", ylabel="accuracy")
# sphinx_gallery_thumbnail_number = 2

# %%
# Up and to the left is better; the dashed line can be reached by mixing two levels at
# random. Level 0 has equal group means in every score. Its decisions still differ: a
# threshold looks at more than means.
#
# One criterion is not the other. The ends of the path by equalised odds:

from skspace.metrics import equalized_odds_difference


def larger_odds_gap(y_true, y_pred, *, sensitive_features):
    return max(
        equalized_odds_difference(y_true, y_pred, sensitive_features=column)
        for column in np.asarray(sensitive_features).T
    )


odds = fairness_utility_path(
    make_pipeline(StandardScaler(), FairSDR(), model),
    X,
    y,
    attributes,
    ks=[0, path.k[-1]],
    cv=3,
    fairness=larger_odds_gap,
    random_state=0,
)
for name, found in (("parity", path), ("equalised odds", odds)):
    low, high = found.gap_mean[0], found.gap_mean[-1]
    print(f"{name} gap: {low:.2f} at level 0, {high:.2f} with everything")
