"""
Is that number settled?
=======================

Every estimator returns a number from any sample. Whether more rows would return another
one can be asked of the rows at hand: estimate on all of them, on halves, on thirds.

:class:`~skspace.information.ReliableMutualInfo` does so with any estimator, extends the
values to infinitely many rows, and flags what speaks against it.
"""

# %%
# Three pairs of variables that share 1 nat, and the same twisted: each row is turned in
# its space by an angle that depends on how far out it is. Turning changes no
# information, only how hard it is to see.

import matplotlib.pyplot as plt

from skspace.datasets import make_correlated_gaussian
from skspace.information import (
    GaussianCopulaMutualInfo,
    KSGMutualInfo,
    ReliableMutualInfo,
    mutual_info,
)
from skspace.inspection import MIExtrapolationDisplay

n = 3000
plain = make_correlated_gaussian(n, 3, 3, mutual_info=1, random_state=0)
twisted = make_correlated_gaussian(
    n, 3, 3, mutual_info=1, transform="spiral", random_state=0
)

# %%
# The Gaussian copula reads the plain sample without bias at any number of rows.
# Nearest neighbours read low, on the twisted sample lower still, and lower the fewer
# rows there are: a bias that falls more slowly than 1/n cannot be extended away. The
# title says so.

estimators = {"copula": GaussianCopulaMutualInfo(), "neighbours": KSGMutualInfo()}
fig, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained", sharey=True)
for row, (shape, (X, y, truth)) in zip(
    axes, {"plain": plain, "twisted": twisted}.items(), strict=True
):
    for ax, (name, estimator) in zip(row, estimators.items(), strict=True):
        model = ReliableMutualInfo(estimator, n_permutations=0, random_state=0)
        MIExtrapolationDisplay.from_estimator(model.fit(X, y), ax=ax)
        ax.axhline(truth, color="0.5", linestyle=":")
        ax.set_title(f"{name}, {shape}\n{ax.get_title()}", fontsize="medium")

# %%
# The copula on the twisted sample is flat, its interval short, and it is wrong: **a
# flat curve is no proof**. A bias that is the same at any number of rows passes this
# test. What gives it away is another one, of the shape that the copula takes for
# granted ("not_gaussian").
#
# :func:`~skspace.information.mutual_info` runs the tests first and then chooses.

for X, y, _ in (plain, twisted):
    result = mutual_info(X, y, random_state=0)
    print(result)
    for line in result.explain():
        print("   ", line)
