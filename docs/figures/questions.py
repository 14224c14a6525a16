"""Four questions with one answer each: the few directions that matter."""

import matplotlib.pyplot as plt
import numpy as np

from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.datasets import make_corridor, make_sdr_regression
from skspace.decomposition import DirectionalRegression
from skspace.fairness import FairSDR

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "0.6"
rng = np.random.RandomState(2)
fig = plt.figure(figsize=(6.4, 6.2), layout="constrained")
fig.get_layout_engine().set(hspace=0.06, wspace=0.04)
panels = fig.add_gridspec(2, 2)


def panel(place, question, answer, **options):
    """One question as a title, its answer below it, no ticks."""
    ax = fig.add_subplot(panels[place], **options)
    ax.set_title(question, weight="bold", fontsize=11, pad=22)
    place = ax.transAxes
    text = ax.text2D if hasattr(ax, "text2D") else ax.text
    text(0.5, 1.02, answer, transform=place, ha="center", color="0.35", fontsize=9.5)
    ax.set(xticks=[], yticks=[])
    return ax


# Which samples belong together? A plane and two lines in space.
plane = rng.uniform(-1, 1, (150, 2)) @ [[1, 0, 0.1], [0, 1, -0.2]]
lines = [
    rng.uniform(-1.2, 1.2, (60, 1)) * direction
    for direction in ([0.5, 0.4, 1.0], [-0.7, 0.5, 0.9])
]
X = np.concatenate([plane, *lines]) + 0.01 * rng.standard_normal((270, 3))
found = LeastSquaresSubspaceClustering(3, center=False, random_state=0).fit(X)
ax = panel(
    (0, 0),
    "Which samples belong together?",
    "those of one plane or line",
    projection="3d",
    computed_zorder=False,
)
ax.scatter(*X.T, c=np.array([BLUE, ORANGE, GREEN])[found.labels_], s=9, alpha=0.9)
ax.set(zticks=[])
ax.view_init(18, -70)
ax.set_box_aspect(None, zoom=1.25)

# What does the response depend on? One combination of ten features.
X, y = make_sdr_regression(600, 10, model="symmetric", noise=0.1, random_state=0)
score = DirectionalRegression(1, scale="whitened").fit(X, y).transform(X)[:, 0]
ax = panel((0, 1), "What does y depend on?", "one combination of ten features")
ax.plot(X[:, 0], y, ".", color=GREY, markersize=3, alpha=0.6, label="a feature")
ax.plot(score, y, ".", color=BLUE, markersize=4, label="the score found")
ax.set(ylabel="y", ylim=(None, np.quantile(y, 0.995)))
ax.legend(loc="upper center", fontsize=8.5, markerscale=3)

# What tells the groups apart? Scores with the attribute's direction and without it.
X = rng.standard_normal((3000, 5))
group = X[:, 1] + 0.4 * rng.standard_normal(3000) > 0
y = X[:, 0] + X[:, 1] + 0.5 * rng.standard_normal(3000) > 0
fair = FairSDR(n_shared="all").fit(X, y, sensitive_features=group)
scores, blocks = fair.transform(X), fair.block_slices_
ax = panel((1, 0), "What do groups differ in?", "a direction that can be left out")
bins = np.linspace(-4, 4, 41)
for name, base in (("shared", 0.55), ("target", 0)):
    column = scores[:, blocks[name]][:, 0]
    for members, color in ((~group, ORANGE), (group, BLUE)):
        height, _ = np.histogram(column[members], bins, density=True)
        ax.stairs(base + height, bins, baseline=base, fill=True, color=color, alpha=0.6)
ax.text(-4, 0.6, "the score\nthey share\nwith y", fontsize=8.5)
ax.text(-4, 0.05, "the rest\nof y", fontsize=8.5)

# What do the data leave open? The way along a corridor, seen from above.
cloud = make_corridor("corridor", 12_000, random_state=0)[1]
low, high = cloud.min(axis=0), cloud.max(axis=0)
height = (cloud[:, 2] - low[2]) / (high[2] - low[2])
cloud = cloud[(height > 0.1) & (height < 0.9)]  # without floor and ceiling
ax = panel((1, 1), "What do the data leave open?", "the way along the corridor")
ax.plot(cloud[:, 0], cloud[:, 1], ".", color="0.3", markersize=1.5)
(x, y, _), (length, width, _) = (low + high) / 2, high - low
arrow = {"arrowstyle": "<|-|>", "color": ORANGE, "lw": 3, "mutation_scale": 20}
ax.annotate("", (x + 0.38 * length, y), (x - 0.38 * length, y), arrowprops=arrow)
ax.text(x, y + 0.2, "here or there?", ha="center", color="#B36B00")
ax.set_ylim(y - 0.9 * width, y + 0.9 * width)
