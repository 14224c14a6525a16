"""A corridor: two scans, the points that tell of its axis, and the report."""

import matplotlib.pyplot as plt
import numpy as np

from skspace.datasets import make_corridor
from skspace.registration import PointToPlaneICP, TargetIndex

source, target, _ = make_corridor("corridor", 12_000, random_state=0)
icp = PointToPlaneICP().fit(source, target)
level = TargetIndex(target).level(0)
place, facing = level.points + target.mean(axis=0), np.abs(level.normals[:, 0])
order = np.argsort(facing)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 2.6), width_ratios=(3, 2))
points = left.scatter(
    *place[order, :2].T, c=facing[order], s=1 + 9 * facing[order], cmap="Blues"
)
left.set(xlabel="x (m)", ylabel="y (m)", title="from above: what tells of x")
fig.colorbar(points, ax=left, label="|normal along x|")
icp.report_.plot(ax=right)
