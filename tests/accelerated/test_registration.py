"""Kernels of registration: searches, planes, associations, sums and voxels."""

import itertools

import numpy as np
import pytest
from kernel_cases import prepared


def lattice_and_clouds(rng):
    """Clouds with ties, duplicates and without; sizes around those of a leaf."""
    for n in (1, 5, 16, 17, 60):
        yield rng.standard_normal((n, 3))
    yield np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3)
    yield np.repeat(rng.standard_normal((9, 3)), 7, axis=0)
    yield np.ones((40, 3))
    yield np.sort(rng.standard_normal((50, 3)), axis=0)
    yield rng.standard_normal((50, 3)) * [1.0, 0.0, 0.0]
    # deep enough for every axis to be halved twice on the way down
    yield rng.standard_normal((700, 3))


def search_space():
    from skspace._numba.kd_tree import DEPTH

    return (
        np.empty(DEPTH, np.int64),
        np.empty((DEPTH, 2), np.int64),
        np.empty((DEPTH, 4)),
    )


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_kd_tree_finds_what_trying_all_points_finds(order, writeable, rng):
    from skspace._numba.kd_tree import (
        build,
        nearest_k,
        nearest_two,
        neighbor_distances,
    )

    space = search_space()
    for X in lattice_and_clouds(rng):
        m = len(X)
        (given,) = prepared((X,), np.float64, order, writeable)
        places, points, axes, splits = build(given)
        assert sorted(places) == list(range(m))
        np.testing.assert_array_equal(points, X[places])
        queries = np.concatenate([X[:6], X[:6] + 0.5, 2 * rng.standard_normal((6, 3))])
        for q in queries:
            squares = np.sum((points - q) ** 2, axis=1)
            ranked = np.sort(squares)
            for bound in (np.inf, 1.0, 1e-3):
                inside = ranked[ranked < bound]
                best, first, second = nearest_two(
                    points, axes, splits, *q, bound, *space
                )
                full = np.concatenate([inside, [bound, bound]])
                np.testing.assert_allclose([first, second], full[:2], rtol=1e-14)
                assert (best < 0) == (inside.size == 0)
                if best >= 0:
                    np.testing.assert_allclose(squares[best], ranked[0], rtol=1e-14)
                for k in (1, 4, 20):
                    found, near = np.empty(k, np.int64), np.empty(k)
                    count = nearest_k(
                        points, axes, splits, *q, bound, k, found, near, *space
                    )
                    assert count == min(k, inside.size)
                    np.testing.assert_allclose(
                        near[:count], inside[:count], rtol=1e-14, atol=1e-300
                    )
                    assert len(set(found[:count])) == count
                    np.testing.assert_allclose(
                        squares[found[:count]], near[:count], rtol=1e-14, atol=1e-300
                    )
                    assert np.all(found[count:] == -1)
                    assert np.all(near[count:] == bound)
        if m > 5:
            gaps = np.sum((points[:, None] - points) ** 2, axis=2)
            np.testing.assert_allclose(
                neighbor_distances(points, axes, splits, 5, 3),
                np.sqrt(np.sort(gaps, axis=1)[::3, 5]),
                atol=1e-12,
            )


def symmetric_matrices(rng):
    for _ in range(20):
        Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        for values in ([1, 2, 3], [0, 1, 1], [1, 1, 2], [0, 1e-9, 1], [-1, 0, 1]):
            yield Q * np.array(values, dtype=float) @ Q.T
    for values in ([0, 0, 0], [2, 2, 2], [3, 1, 2], [0, 0, 1], [1, 0, 1]):
        yield np.diag(np.array(values, dtype=float))
    yield 1e-12 * np.diag([1.0, 2, 3])
    yield 1e12 * np.array([[2.0, 1, 0], [1, 2, 0], [0, 0, 5]])


def test_least_eigenvector_is_that_of_the_matrix(rng):
    from skspace._numba.planes import least_eigenvector

    for A in symmetric_matrices(rng):
        values, vectors = np.linalg.eigh(A)
        least, middle, *v = least_eigenvector(
            A[0, 0], A[1, 1], A[2, 2], A[0, 1], A[0, 2], A[1, 2]
        )
        size = max(np.max(np.abs(values)), 1e-300)
        # half the digits where roots of a polynomial are double
        np.testing.assert_allclose([least, middle], values[:2], atol=4e-8 * size)
        np.testing.assert_allclose(np.linalg.norm(v), 1, rtol=1e-12)
        # minimal, whichever vector of an eigenspace it is
        assert np.dot(v, A @ v) - values[0] <= 1e-7 * size
        if values[1] - values[0] > 0.1 * size:
            assert abs(vectors[:, 0] @ v) > 1 - 1e-9


def test_planes_are_principal_components_of_neighbours(rng):
    from skspace._numba.kd_tree import build
    from skspace._numba.planes import fit_normals, plane_through

    X = rng.standard_normal((70, 3)) * [3, 2, 0.2]
    _, points, axes, splits = build(X)
    normals, trust = np.zeros((70, 3)), np.full(70, -1.0)
    fit_normals(points, axes, splits, 8, np.arange(-1, 60), normals, trust)
    for i in range(60):
        near = np.argsort(np.sum((points - points[i]) ** 2, axis=1))[:8]
        values, vectors = np.linalg.eigh(np.cov(points[near].T))
        assert abs(vectors[:, 0] @ normals[i]) > 1 - 1e-7
        share = (1 - values[0] / values[1]) * min(1, 2 * values[1] / values[2])
        np.testing.assert_allclose(trust[i], share, atol=1e-7)
        *center, _, _, _, _ = plane_through(points, near, 8)
        np.testing.assert_allclose(center, points[near].mean(axis=0), atol=1e-12)
    assert np.all(trust[60:] == -1)  # not asked for
    before = normals.copy()
    normals[:60] *= -1
    fit_normals(points, axes, splits, 8, np.arange(70), normals, trust)
    np.testing.assert_array_equal(normals[:60], -before[:60])  # not fitted again
    assert np.all(trust >= 0)
    fit_normals(points, axes, splits, 500, np.arange(70), normals, np.full(70, -1.0))
    assert abs(np.linalg.eigh(np.cov(X.T))[1][:, 0] @ normals[3]) > 1 - 1e-9
    # points on a line or in one place have no plane
    for cloud in (np.outer(np.arange(9.0), [1, 2, 3]), np.ones((9, 3))):
        assert plane_through(cloud, np.arange(9), 9)[-1] == 0


@pytest.mark.parametrize("m", [1, 15, 16, 17, 100, 1000])
def test_leaves_of_a_tree_are_its_halves_of_halves(m, rng):
    from skspace._numba.kd_tree import build, leaf_edges
    from skspace._numba.planes import planes_of_runs

    _, points, axes, _ = build(rng.standard_normal((m, 3)) * [3, 2, 0.2])
    edges = [0, m]
    while len(edges) - 2 < len(axes):  # a tree has one leaf more than inner nodes
        middles = [(a + b) // 2 for a, b in itertools.pairwise(edges)]
        edges = sorted(edges + middles)
    np.testing.assert_array_equal(leaf_edges(m), edges)
    r = len(edges) - 1
    planes = np.empty((r, 3)), np.empty((r, 3)), np.empty(r), np.empty(r)
    planes_of_runs(points, np.array(edges), *planes)
    for j, (a, b) in enumerate(itertools.pairwise(edges)):
        centroid, normal, trust, thickness = (part[j] for part in planes)
        np.testing.assert_allclose(centroid, points[a:b].mean(axis=0), atol=1e-12)
        if m == 1:
            assert trust == thickness == 0
            continue
        values, vectors = np.linalg.eigh(np.cov(points[a:b].T, bias=True))
        assert abs(normal @ vectors[:, 0]) > 1 - 1e-7
        np.testing.assert_allclose(thickness, values[0], atol=1e-7 * values[2])
        share = (1 - values[0] / values[1]) * min(1, 2 * values[1] / values[2])
        np.testing.assert_allclose(trust, share, atol=1e-6)


def a_pose(rng, size):
    from scipy.spatial.transform import Rotation

    R = Rotation.from_rotvec(size * rng.standard_normal(3)).as_matrix()
    return np.concatenate([R, size * rng.standard_normal((3, 1))], axis=1)


@pytest.mark.parametrize("writeable", [True, False])
def test_associations_are_nearest_points_however_often_they_are_kept(writeable, rng):
    from skspace._numba.kd_tree import build
    from skspace._numba.point_to_plane import associate

    X, source = rng.standard_normal((2, 60, 3))
    _, points, axes, splits = build(X)
    points, source = prepared((points, source), np.float64, "C", writeable)
    index, seen, margin = np.full(60, -1), np.zeros((60, 3)), np.full(60, -1.0)
    pose, searches = np.eye(4)[:3], []
    for _ in range(6):
        pose = pose + a_pose(rng, 1e-3) - np.eye(4)[:3]
        searches.append(
            associate(points, axes, splits, source, pose, 0.9, index, seen, margin)
        )
        moved = source @ pose[:, :3].T + pose[:, 3]
        gaps = np.sum((moved[:, None] - points) ** 2, axis=2)
        nearest = np.argmin(gaps, axis=1)
        nearest[np.min(gaps, axis=1) >= 0.81] = -1
        np.testing.assert_array_equal(index, nearest)
    assert np.any(index < 0)
    assert searches[0] == 60
    assert max(searches[1:]) < 60


def a_problem(rng, n=25):
    source, centroids, normals = rng.standard_normal((3, n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return source, a_pose(rng, 0.2), rng.randint(-1, n, n), centroids, normals


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", range(5))
def test_sums_are_over_derivatives_of_residuals(kind, reverse, writeable, rng):
    from scipy.spatial.transform import Rotation

    from skspace._numba.point_to_plane import accumulate, residuals, weight_of

    problem = a_problem(rng)
    trust, scale = rng.uniform(0.1, 1, 25), 0.8
    source, pose, index, centroids, normals, trust = prepared(
        (*problem, trust), np.float64, "C", writeable
    )

    def signed(step):
        """Residuals after a step in the body frame, by the other kernel."""
        R = pose[:, :3] @ Rotation.from_rotvec(step[:3]).as_matrix()
        t = pose[:, 3] + pose[:, :3] @ step[3:]
        out = np.full(25, np.nan)
        if reverse:  # points of the target against planes of the source
            back = np.concatenate([R.T, -(R.T @ t)[:, None]], axis=1)
            residuals(source, back, index, centroids, normals, out)
            return -out
        there = np.concatenate([R, t[:, None]], axis=1)
        residuals(source, there, index, centroids, normals, out)
        return out

    h = 1e-5
    J = np.stack([(signed(e) - signed(-e)) / (2 * h) for e in h * np.eye(6)], axis=1)
    r = signed(np.zeros(6))
    assert np.all(r[index < 0] == 0)
    w = trust[index] * np.array([weight_of(x, kind, scale) for x in r]) ** 2
    w[index < 0] = 0
    hessian, gradient, sums = np.zeros((6, 6)), np.zeros(6), np.zeros(3)
    for _ in range(2):  # they add up
        accumulate(
            source, pose, index, centroids, normals, trust, kind, scale, reverse,
            hessian, gradient, sums,
        )  # fmt: skip
    np.testing.assert_allclose(hessian, 2 * J.T @ (w[:, None] * J), atol=1e-6)
    np.testing.assert_allclose(gradient, -2 * J.T @ (w * r), atol=1e-6)
    expected = [2 * np.sum(w > 0), 2 * np.sum(r[w > 0] ** 2), 2 * np.sum(w * r**2)]
    np.testing.assert_allclose(sums, expected, rtol=1e-9)


# hashes wrap around, which NumPy remarks on where nothing is compiled
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_voxels_are_those_of_a_dictionary(order, writeable, rng):
    from skspace._numba.voxels import (
        bounds,
        centroid,
        count_voxels,
        voxel_centroids,
    )

    for n, cell in ((1, 1.0), (80, 0.7), (80, 0.01), (1500, 0.4)):
        X, weights = rng.standard_normal((n, 3)), rng.uniform(1, 3, n)
        low = X.min(axis=0) - 0.3
        X_, weights_ = prepared((X, weights), np.float64, order, writeable)
        np.testing.assert_array_equal(bounds(X_), [X.min(axis=0), X.max(axis=0)])
        np.testing.assert_allclose(centroid(X_), X.mean(axis=0), atol=1e-14)
        cells = {}
        for i, key in enumerate(map(tuple, np.floor((X - low) / cell))):
            cells.setdefault(key, []).append(i)
        centroids, counts = voxel_centroids(X_, weights_, low, cell)
        expected = [
            np.average(X[c], axis=0, weights=weights[c]) for c in cells.values()
        ]
        np.testing.assert_allclose(centroids, expected, atol=1e-12)
        np.testing.assert_allclose(counts, [weights[c].sum() for c in cells.values()])
        assert count_voxels(X_, low, cell, 5000) == len(cells)
        if len(cells) > 3:
            assert count_voxels(X_, low, cell, 3) == 4
        # cells of one in eight by their hash: about as many, each of them whole
        some = count_voxels(X_, low, cell, 5000, 3)
        assert abs(8 * some - len(cells)) <= 8 * 4 * np.sqrt(len(cells) / 8 + 1)
        mixed = rng.permutation(n)
        again, _ = voxel_centroids(X[mixed], weights[mixed], low, cell)
        places = np.lexsort(again.T), np.lexsort(centroids.T)
        np.testing.assert_allclose(again[places[0]], centroids[places[1]], atol=1e-12)


def test_morton_codes_interleave_bits(rng):
    from skspace._numba.voxels import morton_codes

    X = rng.uniform(-1, 3, (60, 3)) * [1, 2, 0.5]
    codes = morton_codes(X)
    low, side = X.min(axis=0), np.max(np.ptp(X, axis=0))
    whole = ((X - low) * (2097151.0 / side)).astype(int)
    for code, cell in zip(codes, whole, strict=True):
        bits = "".join(
            "".join(str(int(cell[a]) >> b & 1) for a in (2, 1, 0))
            for b in range(20, -1, -1)
        )
        assert int(code) == int(bits, 2)
    assert not np.any(morton_codes(np.ones((3, 3))))


def test_local_planes_are_fitted_to_the_nearest_points(rng):
    from skspace.registration._pairs import Side
    from skspace.registration._target import make_level

    level, _ = make_level(rng.uniform(-1, 1, (70, 3)) * [1, 1, 0.1])
    source, points, k = rng.uniform(-1, 1, (30, 3)), level.points, 5
    for radius, thickness in ((0.5, np.inf), (5.0, 0.04), (0.05, np.inf)):
        side, pose = Side(source, level, k, thickness), a_pose(rng, 0.05)
        for _ in range(4):  # planes that are kept are right, too
            pose = pose + a_pose(rng, 3e-3) - np.eye(4)[:3]
            side.associate(pose, radius)
            moved = source @ pose[:, :3].T + pose[:, 3]
            gaps = np.sum((moved[:, None] - points) ** 2, axis=2)
            for i in range(30):
                near = np.argsort(gaps[i])[:k]
                center = points[near].mean(axis=0)
                values, vectors = np.linalg.eigh(np.cov(points[near].T))
                off = np.abs((points[near] - center) @ vectors[:, 0])
                inside = gaps[i, near[-1]] < radius**2
                assert side.index[i] == (
                    i if inside and np.all(off < thickness) else -1
                )
                if side.index[i] >= 0:
                    centroids, normals, trust = side.planes
                    np.testing.assert_allclose(centroids[i], center, atol=1e-12)
                    np.testing.assert_allclose(
                        abs(normals[i] @ vectors[:, 0]), 1, atol=1e-6
                    )
                    share = (1 - values[0] / values[1]) * min(
                        1, 2 * values[1] / values[2]
                    )
                    np.testing.assert_allclose(trust[i], share, atol=1e-6)
