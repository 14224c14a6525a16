"""
Gains of sensors, from what they read
=====================================

Sensors whose gains nobody knows measure a signal that nobody knows. Can both be found?

A few snapshots through different random operators are enough:
:func:`~skspace.calibration.blind_gain_calibration`.
"""

# %%
# A signal of length 64, 64 sensors with gains between .5 and 1.5, and four snapshots
# with 5 % noise.

import matplotlib.pyplot as plt
import numpy as np

from skspace.calibration import blind_gain_calibration

rng = np.random.RandomState(0)
p, m, n = 4, 64, 64
t = np.linspace(0, 1, n)
signal = np.sin(9 * t) + (t > 0.6) - 0.5
A = rng.standard_normal((p, m, n))
gains = rng.uniform(0.5, 1.5, m)
gains /= gains.mean()
clean = gains * (A @ signal)
y = clean + 0.05 * clean.std() * rng.standard_normal((p, m))

# %%
# Least squares that takes all gains as one smears the wrong gains over the signal.

naive = np.linalg.lstsq(A.reshape(-1, n), y.ravel(), rcond=None)[0]
found = blind_gain_calibration(A, y)
descent = blind_gain_calibration(A, y, solver="pgd")

fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
left.plot(t, signal, "0.7", linewidth=4, label="truth")
left.plot(t, naive, ":", label="all gains 1")
left.plot(t, found.signal, label="calibrated")
left.set(xlabel="position", ylabel="signal")
left.legend()
right.plot(gains, found.gains, ".")
right.plot([0.4, 1.6], [0.4, 1.6], "0.7", zorder=0)
_ = right.set(xlabel="true gain", ylabel="gain found", aspect="equal")

# %%
# Both solvers end at the same loss, which is that of the noise; variable projection in
# a few steps.

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for name, result in {"variable projection": found, "descent": descent}.items():
    steps = np.arange(len(result.loss_curve)) + 1
    ax.loglog(steps, result.loss_curve, ".-", label=name)
ax.set(xlabel="step + 1", ylabel="loss")
_ = ax.legend()
print(found)
print(descent)
