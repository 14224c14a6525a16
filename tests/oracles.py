"""Slow, obvious reference implementations, written to be read.

Nothing here is fast. Every fast path of skspace is compared with one of these.
"""

from fractions import Fraction

import numpy as np
from scipy.special import digamma


def orthogonal_matching_pursuit(X, n_nonzero, tol=0.0, dictionary=None):
    """Greedy self-representation: search all atoms, refit by least squares, repeat."""
    n = len(X)
    longest = np.max(np.linalg.norm(X, axis=1))
    C = np.zeros((n, n))
    for i, x in enumerate(X):
        atoms = [j for j in range(n) if dictionary is None or j in dictionary]
        chosen, coefs, residual = [], np.zeros(0), x
        while len(chosen) < n_nonzero:
            if residual @ residual <= max(tol, 1e-12 * (x @ x)):
                break
            size = {j: abs(X[j] @ residual) for j in atoms if j not in (i, *chosen)}
            rounding = 1e-14 * np.linalg.norm(x) * longest
            top = max(size.values(), default=0.0)
            if top <= rounding:
                break
            j = min(j for j, s in size.items() if s >= top - rounding)
            left = X[j] - _projection(X[j], X[chosen])
            if left @ left <= 1e-10 * (X[j] @ X[j]):
                atoms.remove(j)  # it adds no direction to those chosen
                continue
            chosen.append(j)
            coefs = np.linalg.lstsq(X[chosen].T, x, rcond=None)[0]
            residual = x - coefs @ X[chosen]
        C[i, chosen] = coefs
    return C


def _projection(x, basis):
    return np.linalg.lstsq(basis.T, x, rcond=None)[0] @ basis if len(basis) else 0 * x


def elastic_net_self_representation(X, gamma, l1_ratio, n_sweeps=200):
    """Coordinate descent, one coefficient at a time, a fixed number of sweeps."""
    n = len(X)
    C = np.zeros((n, n))
    for i in range(n):
        others = [j for j in range(n) if j != i and X[j] @ X[j] > 0]
        alpha0 = max((abs(X[j] @ X[i]) for j in others), default=0.0)
        if alpha0 <= 1e-14:
            continue
        weight = gamma * l1_ratio / alpha0
        residual = X[i].copy()
        for _ in range(n_sweeps):
            for j in others:
                slope = weight * (X[j] @ residual + C[i, j] * (X[j] @ X[j]))
                shrunk = np.sign(slope) * max(abs(slope) - l1_ratio, 0.0)
                new = shrunk / (weight * (X[j] @ X[j]) + 1 - l1_ratio)
                residual -= (new - C[i, j]) * X[j]
                C[i, j] = new
    return C


def elastic_net_objective(X, C, gamma, l1_ratio):
    """Objective of every row of a self-representation, straight from its formula."""
    values = []
    for i in range(len(X)):
        alpha0 = max(abs(X[j] @ X[i]) for j in range(len(X)) if j != i)
        fit = np.sum((X[i] - C[i] @ X) ** 2)
        ridge, lasso = np.sum(C[i] ** 2), np.sum(np.abs(C[i]))
        values.append(
            l1_ratio * lasso
            + (1 - l1_ratio) / 2 * ridge
            + gamma * l1_ratio / alpha0 / 2 * fit
        )
    return np.array(values)


def row_top_k(A, k):
    """Sort each row by magnitude, then by index; keep k; order by index."""
    values, indices = [], []
    for row in A:
        order = sorted(range(len(row)), key=lambda j, row=row: (-abs(row[j]), j))
        indices.append(sorted(order[:k]))
        values.append([row[j] for j in indices[-1]])
    k = min(k, A.shape[1])
    return np.reshape(values, (-1, k)), np.reshape(indices, (-1, k)).astype(int)


def smoothed_attributes(F, A, order, alpha):
    """Attributes over roots of similarity degrees, averaged over dense walks."""
    degree = F @ F.sum(axis=0)
    X = F / np.sqrt(np.where(degree > 0, degree, 1))[:, None]
    loops = A + np.eye(len(A))
    root = np.sqrt(loops.sum(axis=1))
    S = loops / np.outer(root, root) + np.eye(len(A))
    P = S / S.sum(axis=1, keepdims=True)
    total = sum(float(alpha) ** t for t in range(order + 1))
    return sum(
        float(alpha) ** t / total * np.linalg.matrix_power(P, t) @ X
        for t in range(order + 1)
    )


def modularity_matrix(Y, resolution):
    """Of the graph with weights ``Y @ Y.T``."""
    W = Y @ Y.T
    degree = W.sum(axis=1)
    return W - resolution * np.outer(degree, degree) / degree.sum()


def snem(U, n_clusters, max_rounds=100):
    """Alternate normalised sums and assignments, from the largest entry of each row."""
    labels = [max(range(n_clusters), key=lambda j, u=u: u[j]) for u in U]
    for _ in range(max_rounds):
        directions = []
        for j in range(n_clusters):
            members = [u for u, label in zip(U, labels, strict=True) if label == j]
            total = np.sum(members, axis=0) if members else np.zeros(U.shape[1])
            directions.append(total / np.sqrt(max(len(members), 1)))
        previous = labels
        labels = [
            max(range(n_clusters), key=lambda j, u=u: u @ directions[j]) for u in U
        ]
        if labels == previous:
            break
    return np.array(labels)


def exact_least_squares(X, Y, weights=None, ridge=None):
    """Normal equations in rational numbers: the solution for exactly these doubles.

    `ridge` gives each column its penalty. Returns doubles of the shape (p, k).
    """
    n, p = X.shape
    exact = np.vectorize(Fraction, otypes=[object])
    A, B = exact(X.astype(float)), exact(Y.astype(float).reshape(n, -1))
    W = exact(np.ones(n) if weights is None else np.asarray(weights, dtype=float))
    H, g = (A.T * W) @ A, (A.T * W) @ B
    if ridge is not None:
        H = H + np.diag(exact(np.asarray(ridge, dtype=float)))
    table = np.concatenate([H, g], axis=1)
    for i in range(p):  # Gauss and Jordan, no pivots: H is positive definite
        table[i] = table[i] / table[i, i]
        for k in range(p):
            if k != i:
                table[k] = table[k] - table[k, i] * table[i]
    return table[:, p:].astype(float)


def central_differences(objective, x, step=1e-6):
    """Return the derivative of a number by every entry of an array."""
    gradient = np.empty_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (objective(up) - objective(down)) / (2 * step)
    return gradient


def projector(columns):
    """Return the orthogonal projector on the span of independent columns."""
    Q = np.linalg.qr(columns)[0]
    return Q @ Q.T


def relative_error(found, expected):
    """Distance of two arrays in units of the length of the second."""
    return np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-300)


def neighbor_counts(variables, k, groups, rule, metric):
    """Distance to the k-th neighbour of every row, and rows within it, by loops.

    Returns radii, a list of counts for each row, and k or the size of the pile that
    the row is in (rule "mixed").
    """

    def distance(a, b):
        gaps = [abs(q - p) for p, q in zip(a, b, strict=True)]
        if metric == "euclidean" and len(gaps) > 1:
            square = 0.0
            for gap in gaps:
                square += gap * gap
            return float(np.sqrt(square))
        return max(gaps)

    n, everything = len(variables[0]), range(len(variables))
    between = [
        [[distance(a, b) for b in rows] for a in rows]
        for rows in (x.tolist() for x in variables)
    ]
    radii, counts, piles = [], [], []
    for i in range(n):
        others = [j for j in range(n) if j != i]
        joint = {j: max(between[v][i][j] for v in everything) for j in others}
        r = sorted(joint.values())[k - 1]
        near = [j for j in others if joint[j] <= r]
        row = []
        for group in groups:
            apart = {j: max(between[v][i][j] for v in group) for j in others}
            if rule == "rectangle":
                side = max(apart[j] for j in near)
                row.append(sum(apart[j] <= side for j in others))
            elif rule == "mixed" and r == 0:
                row.append(sum(apart[j] == 0 for j in others))
            else:
                row.append(sum(apart[j] < r for j in others))
        radii.append(r)
        counts.append(row)
        piles.append(1 + len(near) if rule == "mixed" and r == 0 else k)
    return radii, counts, piles


def ksg(X, Y, k):
    """Kraskov's first estimate from all distances, a row at a time."""
    n = len(X)
    value = digamma(k) + digamma(n)
    for i in range(n):
        dx = np.delete(np.max(np.abs(X - X[i]), axis=1), i)
        dy = np.delete(np.max(np.abs(Y - Y[i]), axis=1), i)
        radius = np.sort(np.maximum(dx, dy))[k - 1]
        n_x, n_y = np.sum(dx < radius), np.sum(dy < radius)
        value -= (digamma(n_x + 1) + digamma(n_y + 1)) / n
    return value
