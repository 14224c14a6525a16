"""Rigid motions: the exponential of a rotation vector and what goes with it."""

from __future__ import annotations

import math

import numpy as np

from .._validation import as_table

SMALL = 1e-10
"""Angle below which a rotation is its linear part."""


def cross_matrix(w):
    """Return [w]x, with [w]x p = w x p."""
    return np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])


def rotation_exp(w):
    """Rotation by the angle |w| about the axis w (Rodrigues)."""
    angle = math.sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2])
    K = cross_matrix(w)
    if angle < SMALL:
        return np.eye(3) + K
    half = math.sin(angle / 2) / angle  # (1 - cos θ)/θ² without cancellation
    return np.eye(3) + (math.sin(angle) / angle) * K + (2 * half * half) * (K @ K)


def rotation_log(R):
    """Rotation vector of `R`, of length π at most."""
    quaternion = np.empty(4)
    # Shepperd: divide by the largest of the four squares
    squares = np.array([np.trace(R), R[0, 0], R[1, 1], R[2, 2]])
    k = int(np.argmax(squares))
    if k == 0:
        quaternion[0] = 1 + squares[0]
        quaternion[1:] = R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]
    else:
        i, j, m = k - 1, k % 3, (k + 1) % 3
        quaternion[1 + i] = 1 + 2 * R[i, i] - squares[0]
        quaternion[0] = R[m, j] - R[j, m]
        quaternion[1 + j] = R[j, i] + R[i, j]
        quaternion[1 + m] = R[m, i] + R[i, m]
    quaternion /= np.linalg.norm(quaternion)
    if quaternion[0] < 0:
        quaternion = -quaternion
    sine = np.linalg.norm(quaternion[1:])
    angle = 2 * math.atan2(sine, quaternion[0])
    return quaternion[1:] * (angle / sine if sine > SMALL else 2.0)


def left_jacobian(w):
    """Return V(w), by which the SE(3) exponential moves: t = V(w) v."""
    angle = float(np.linalg.norm(w))
    K = cross_matrix(w)
    if angle < 1e-4:  # the series; its next terms are below rounding
        return np.eye(3) + K / 2 + K @ K / 6
    half = math.sin(angle / 2) / angle
    return (
        np.eye(3)
        + 2 * half * half * K
        + ((angle - math.sin(angle)) / angle**3) * (K @ K)
    )


def moved(pose, step, chart):
    """Return the pose after a step (ω, v) in the body frame."""
    R, t, w, v = pose[:, :3], pose[:, 3], step[:3], step[3:]
    if chart == "SE3":
        v = left_jacobian(w) @ v
    return np.concatenate([R @ rotation_exp(w), (t + R @ v)[:, None]], axis=1)


def inverse(pose):
    """Return the (3, 4) pose that undoes another."""
    R, t = pose[:, :3], pose[:, 3]
    return np.concatenate([R.T, -(R.T @ t)[:, None]], axis=1)


def orthonormal(R):
    """Return the rotation nearest to `R`."""
    U, _, Vt = np.linalg.svd(R)
    U[:, 2] *= np.sign(np.linalg.det(U @ Vt))
    return U @ Vt


def check_motion(T, name):
    """Return `T` as a (4, 4) rigid motion, its rotation made exact.

    Raises
    ------
    ValueError
        When it is none.
    """
    T = np.array(as_table(T, input_name=name), dtype=np.float64)
    if T.shape != (4, 4):
        raise ValueError(
            f"{name} must be a (4, 4) matrix [[R, t], [0, 1]], got shape {T.shape}."
        )
    R = T[:3, :3]
    error = max(
        np.max(np.abs(R.T @ R - np.eye(3))), np.max(np.abs(T[3] - [0.0, 0.0, 0.0, 1.0]))
    )
    if error > 1e-3 or np.linalg.det(R) < 0:
        raise ValueError(
            f"{name} must be a rigid motion: a rotation matrix, a translation and the "
            f"row [0, 0, 0, 1]; it is off by {error:.2g}"
            f"{', and mirrors' if np.linalg.det(R) < 0 else ''}. Scale and shear are "
            "not estimated here."
        )
    T[:3, :3] = orthonormal(R)
    return T
