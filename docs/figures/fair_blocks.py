"""The plane of a target and an attribute, and what each direction tells of both."""

import matplotlib.pyplot as plt
import numpy as np

from skspace.fairness import FairSDR

rng = np.random.RandomState(0)
X = rng.standard_normal((4000, 5))
z = X[:, 1] + 0.3 * rng.standard_normal(4000) > 0
y = 0.8 * X[:, 0] + 0.6 * X[:, 1] + 0.3 * rng.standard_normal(4000) > 0
fair = FairSDR(n_shared="all").fit(X, y, sensitive_features=z)
R, blocks = fair.transform(X), fair.block_slices_
T, C = R[:, blocks["target"]][:, 0], R[:, blocks["shared"]][:, 0]
T, C = T * np.sign(np.corrcoef(T, y)[0, 1]), C * np.sign(np.corrcoef(C, z)[0, 1])

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), width_ratios=(1.2, 1))
ax = axes[0]
for group, color in ((False, "#E69F00"), (True, "#0072B2")):
    for wanted, marker in ((False, "x"), (True, "o")):
        some = np.flatnonzero((z == group) & (y == wanted))[:90]
        ax.plot(C[some], T[some], marker, color=color, markersize=3, alpha=0.5)
cosine = float(fair.canonical_cosines_[0])
arrows = (
    ("$G_z = C$: the attribute", (2.4, 0), (0.5, -0.5)),
    ("$T$: the target alone", (0, 2.4), (-2.7, 2.55)),
    (
        "$G_y$: the target",
        (2.4 * cosine, 2.4 * np.sqrt(1 - cosine**2)),
        (2.4 * cosine + 0.1, 2.1),
    ),
)
for label, tip, at in arrows:
    ax.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "-|>", "lw": 2})
    ax.text(*at, label, weight="bold", bbox={"fc": "w", "ec": "none", "alpha": 0.8})
ax.plot(*[[2.4 * cosine] * 2, [0, 2.4 * np.sqrt(1 - cosine**2)]], ":", color="0.3")
ax.set(xlim=(-3, 4.4), ylim=(-3, 3.2), xlabel="shared score", ylabel="target score")
ax.set_aspect("equal")
ax.set_title("colour: attribute; circles: positive target", fontsize="medium")

names = ["target", "shared", "residual"]
known = np.array(
    [
        [
            sum(np.corrcoef(score, v)[0, 1] ** 2 for score in R[:, blocks[name]].T)
            for v in (y, z)
        ]
        for name in names
    ]
)
ax, at = axes[1], np.arange(len(names))
ax.bar(at - 0.2, known[:, 0], 0.4, label="of the target", color="#009E73")
ax.bar(at + 0.2, known[:, 1], 0.4, label="of the attribute", color="#D55E00")
sizes = [R[:, blocks[name]].shape[1] for name in names]
ax.set_xticks(at, [f"{n}\n({s})" for n, s in zip(names, sizes, strict=True)])
ax.set(ylabel="share explained linearly", title="what each block knows")
ax.legend(frameon=False)
