"""
Rows that leverage overlooks
============================

Which 400 of 10,000 rows should a regression look at?

The usual answer is leverage: how much a row can weigh in a sum of *squares*. For least
absolute deviations it is the wrong question. Here some columns are measured in few rows
only, and one of these readings is grossly wrong. In squares the gross reading is all
that there is; in absolute values the others hold half of the sum.
"""

# %%
# Ten such columns, of 100 good readings and one that is 100 times too large, beside ten
# ordinary ones.

import matplotlib.pyplot as plt
import numpy as np

from skspace.sampling import LpRowSampler, leverage_scores, lewis_weights

rng = np.random.RandomState(0)
n, d, hidden = 10_000, 20, 101
X = np.zeros((n, d))
for j in range(10):
    X[hidden * j : hidden * (j + 1), j] = rng.choice([-1, 1], hidden)
    X[hidden * j, j] *= 100
X[10 * hidden :, 10:] = rng.standard_normal((n - 10 * hidden, 10))
group = np.full(n, 2)
group[: 10 * hidden] = 1
group[: 10 * hidden : hidden] = 0

# %%
# The scores of the three kinds of rows. Each kind's share of all scores is the share of
# rows that are drawn from it, as long as none is certain to come.

scores = {"leverage": leverage_scores(X), "Lewis weights, p=1": lewis_weights(X, p=1)}
kinds = ["gross", "hidden", "ordinary"]
fig, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained", sharey=True)
for ax, (name, score) in zip(axes, scores.items(), strict=True):
    for k, kind in enumerate(kinds):
        values = np.sort(score[group == k])[::-1]
        share = values.sum() / score.sum()
        ax.loglog(
            np.arange(1, len(values) + 1), values, ".", label=f"{kind}: {share:.0%}"
        )
    ax.set(title=name, xlabel="rank within its kind", ylabel="score")
    ax.legend(title="share of the total")

# %%
# Largest error of a sum of absolute values :math:`\sum |x_i^T b|` over 500 directions,
# median of five draws of equally many rows by each score.

B = np.column_stack([np.eye(d), rng.standard_normal((d, 480))])
F = np.abs(X @ B)
sizes = [200, 400, 800, 1600]
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
for method in ("uniform", "leverage", "root_leverage", "lewis"):
    medians = []
    for size in sizes:
        worst = []
        for seed in range(5):
            s = LpRowSampler(
                p=1,
                method=method,
                n_samples=size,
                fit_intercept=False,
                random_state=seed,
            ).fit(X)
            estimate = s.sample_weight_ @ F[s.indices_]
            worst.append(np.max(np.abs(estimate / F.sum(axis=0) - 1)))
        medians.append(np.median(worst))
    ax.loglog(sizes, medians, "o-", label=method)
ax.set(xlabel="rows drawn", ylabel="largest relative error", xticks=sizes)
ax.xaxis.set_major_formatter("{x:.0f}")
ax.minorticks_off()
_ = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))

# %%
# Uniform rows miss the gross readings, rows by leverage the hidden ones; those few that
# are drawn get weights of hundreds, so that more rows can make it worse. Repeating
# root leverage on what it has drawn mends much. With Lewis weights the error falls as
# one over the square root of the number of rows.
