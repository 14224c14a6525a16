"""
What a corridor hides
=====================

Two scans of a corridor are aligned. How far along it is the scanner?

Walls, floor and ceiling look the same from everywhere along the corridor; only what
sticks out of them can tell. :class:`~skspace.registration.PointToPlaneICP` aligns the
scans and says which directions rest on how little.
"""

# %%
# A corridor of 30 m with two pillars, scanned twice with errors of 1 cm. The scans are
# 27 cm and 2 degrees apart.

import matplotlib.pyplot as plt
import numpy as np

from skspace.datasets import make_corridor
from skspace.registration import PointToPlaneICP, TargetIndex

source, target, motion = make_corridor("corridor", random_state=0)
index = TargetIndex(target)  # made ready once for all that follows
icp = PointToPlaneICP().fit(source, index)
print(icp.report_.summary())

# %%
# Seen from above. A point tells of the motion along x by the part of its surface's
# normal that is along x: that of the pillars, and of nothing else.

moved = icp.transform(source)
level = index.level(0)
place, facing = level.points + target.mean(axis=0), np.abs(level.normals[:, 0])
order = np.argsort(facing)

fig, axes = plt.subplots(3, 1, figsize=(8, 5), layout="constrained", sharex=True)
for ax, cloud, title in zip(axes, (source, moved), ("before", "aligned"), strict=False):
    ax.plot(*target[:, :2].T, ",", color="0.6")
    ax.plot(*cloud[:, :2].T, ",", color="tab:blue")
    ax.set(title=title, ylabel="y")
points = axes[2].scatter(
    *place[order, :2].T,
    c=facing[order],
    s=1 + 12 * facing[order],
    cmap="Blues",
    vmin=-0.2,
)
axes[2].set(title="what tells of x", xlabel="x", ylabel="y")
fig.colorbar(points, ax=axes[2], label="|normal along x|")
for ax in axes:
    ax.set(ylim=(-2.3, 2.3))

# %%
# The report, beside that of a room. Bars are ratios of evidence, the best direction of
# rotation or of translation over each. Roll is weak in the corridor too, beside yaw,
# to which 30 m lend a lever; its standard deviation says that it is known well enough.

room = make_corridor("room", random_state=0)
in_room = PointToPlaneICP().fit(*room[:2])
fig, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
for ax, fitted, name in zip(axes, (icp, in_room), ("corridor", "room"), strict=True):
    fitted.report_.plot(ax=ax)
    ax.set_title(f"{name}: {fitted.report_.mask}")

# %%
# Push the aligned scan off, along each axis: along y and z the points leave the planes
# at once, along x next to nothing happens. The misfit cannot be what tells a
# right answer from a wrong one.

shifts = np.linspace(-0.3, 0.3, 13)
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
for axis, name in enumerate("xyz"):
    misfit = [
        -icp.score(source[::8] + shift * icp.rotation_[axis], index) for shift in shifts
    ]
    ax.plot(100 * shifts, 100 * np.array(misfit), label=name)
ax.set(xlabel="pushed off by (cm)", ylabel="distance to planes (cm)")
_ = ax.legend()

# %%
# What to do about weak directions is a choice that the data cannot make. "solve" takes
# what little evidence there is; "damp" does too, in small steps; "freeze" leaves them
# where they were at the start, here 20 cm off; "prior" weighs the evidence against the
# start, with the standard deviations one gives it.

centre = source.mean(axis=0)
truth = motion[:3, :3] @ centre + motion[:3, 3]
choices = {
    "damp": {"tol_trans": 1e-4},
    "prior": {"prior_std_rot": 0.05, "prior_std_trans": 0.003},
    "freeze": {},
}
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
fits = {"solve": icp}
for name, more in choices.items():
    fits[name] = PointToPlaneICP(weak_directions=name, max_iter=60, **more)
    fits[name].fit(source, index)
for name, fitted in fits.items():
    # poses of the history are between the clouds about their centroids
    x = np.array([state.pose[0, 3] for state in fitted.history_]) + target[:, 0].mean()
    ax.plot(np.arange(1, len(x) + 1), 100 * (x - truth[0]), ".-", label=name)
ax.axhline(0, color="0.6", zorder=0)
ax.set(xlabel="iteration", ylabel="error along x (cm)")
_ = ax.legend()
