"""
When a critic should stop training
==================================

A network can learn any table by heart. How much of what it tells is information?

:class:`~skspace.information.NeuralMutualInfo` trains networks to tell pairs (x, y) of a
row from pairs of different rows. How well they do is a lower bound on the mutual
information, as long as they do as well on rows they have not seen.
"""

# %%
# Three samples of 1000 rows whose information is known: normal variables turned into
# spirals, heavy-tailed variables that share nothing but their spread, and independent
# ones.

import matplotlib.pyplot as plt

from skspace.datasets import make_correlated_gaussian, make_correlated_student
from skspace.information import GaussianCopulaMutualInfo, NeuralMutualInfo
from skspace.inspection import MITrainingDisplay

samples = {
    "spiral": make_correlated_gaussian(
        1000, 2, 2, mutual_info=1.0, transform="spiral", random_state=0
    ),
    "shared spread": make_correlated_student(1000, 3, 3, df=2.0, random_state=0),
    "independent": make_correlated_gaussian(
        1000, 3, 3, correlation=0.0, random_state=0
    ),
}

# %%
# On training rows the bound rises for ever. On held-out rows it rises, then falls: from
# there on the networks learn rows by heart. The parameters of the highest point of that
# curve are kept, and the bound on the training rows *there* is the value. The truth
# lies between the two curves, but for chance, and the interval reaches from one to the
# other.

fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
models = {}
for (name, (X, y, truth)), ax in zip(samples.items(), axes, strict=True):
    model = models[name] = NeuralMutualInfo(random_state=0).fit(X, y)
    MITrainingDisplay.from_estimator(model, ax=ax)
    ax.axhline(truth, color="black", linestyle=":", label="truth")
    ax.set_title(f"{name}: {', '.join(model.flags_) or 'no flags'}")
    ax.set_ylim(-0.2, max(0.5, 1.4 * truth))
_ = axes[0].legend(frameon=False, fontsize="small")

# %%
# The Gaussian copula, where training starts, misses what is no correlation.

for name, (X, y, truth) in samples.items():
    copula = GaussianCopulaMutualInfo().fit(X, y).mi_
    result = models[name].result_
    print(
        f"{name:14s}truth {truth:.2f}   copula {copula:.2f}   neural "
        f"{result.estimate:.2f} ({result.ci.low:.2f} to {result.ci.high:.2f})"
    )

# %%
# A fitted critic scores rows it has never seen, in the same units; pairs in the wrong
# order have less than nothing to say about each other.

X, y, _ = make_correlated_gaussian(
    1000, 2, 2, mutual_info=1.0, transform="spiral", random_state=1
)
model = models["spiral"]
print(f"new rows:       {model.score(X, y):6.2f} nats")
print(f"in wrong order: {model.score(X, y[::-1]):6.2f} nats")
