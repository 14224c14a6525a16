"""S2CAG against a plain transcription of the published procedure, and its growth.

python benchmarks/bench_s2cag.py --speed     # published settings, one thread
python benchmarks/bench_s2cag.py --defaults  # no settings, no labels, ten seeds
python benchmarks/bench_s2cag.py --tables    # published settings, accuracy
python benchmarks/bench_s2cag.py --spectral  # beside SpectralClustering, 7,000 vertices
python benchmarks/bench_s2cag.py --growth [--largest 1000000]

The peer is the published procedure in NumPy and SciPy: dense attributes, smoothing by
scipy products, power iterations without orthonormalisation, 100 rounds of assignment.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings

import numpy as np
import scipy.sparse as sp
from _harness import Contestant, contest, peak_memory
from sklearn.cluster import SpectralClustering
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from skspace.cluster import S2CAG
from skspace.datasets import (
    fetch_acm,
    fetch_citeseer,
    fetch_cora,
    fetch_wiki,
    make_attributed_graph,
)
from skspace.metrics import clustering_accuracy

GRAPHS = {
    "acm": fetch_acm,
    "cora": fetch_cora,
    "citeseer": fetch_citeseer,
    "wiki": fetch_wiki,
}
# order, alpha of S2CAG; order, alpha, resolution, iterations of M-S2CAG
PUBLISHED = {
    "acm": ((15, 0.8), (15, 0.8, 1.0, 50)),
    "cora": ((20, 0.9), (16, 1.2, 1.0, 50)),
    "citeseer": ((60, 0.8), (40, 0.8, 0.9, 100)),
    "wiki": ((6, 1.7), (12, 1.7, 0.9, 50)),
}


def figures(y, labels):
    """Accuracy, NMI and ARI in percent."""
    return 100 * np.array(
        [
            clustering_accuracy(y, labels),
            normalized_mutual_info_score(y, labels),
            adjusted_rand_score(y, labels),
        ]
    )


def in_words(y):
    return lambda labels: "/".join(f"{v:.1f}" for v in figures(y, labels))


# -- the published procedure, plainly --


def prepare(X, A):
    """Weighted attributes, made dense, and the transition matrix."""
    F = TfidfTransformer().fit_transform(X).toarray()
    degree = F @ F.sum(axis=0)
    degree[degree == 0] = 1
    F = F / np.sqrt(degree)[:, None]
    A = sp.csr_matrix(A + sp.eye(A.shape[0]))
    root = sp.diags(1 / np.sqrt(np.asarray(A.sum(axis=1)).ravel()))
    P = root @ A @ root + sp.eye(A.shape[0])
    return F, sp.csr_matrix(normalize(P, norm="l1"))


def smooth(P, M, order, alpha):
    total, term, weight, weights = M.copy(), M, 1.0, 1.0
    for _ in range(order):
        term, weight = P @ term, weight * alpha
        total = total + weight * term
        weights += weight
    return total / weights


def rounds(U):
    labels, k = np.argmax(U, axis=1), U.shape[1]
    for _ in range(100):
        C = np.eye(k)[labels]
        R = (C / np.sqrt(np.maximum(C.sum(axis=0), 1))).T @ U
        labels = np.argmax(U @ R.T, axis=1)
    return labels


def plain_s2cag(X, A, k, order, alpha, n_iter=7, seed=0):
    """Randomised SVD; the cheaper of the two strategies by its own count."""
    F, P = prepare(X, A)
    (n, d), q = F.shape, k + 10
    integrated = P.nnz * d * order + 2 * (n_iter + 1) * n * d * q
    on_the_fly = 2 * (n_iter + 1) * (n * d + P.nnz * order) * q
    if integrated < on_the_fly:
        Z = smooth(P, F, order, alpha)
        forward, back = (lambda M: Z @ M), (lambda M: Z.T @ M)
    else:
        T = sp.csr_matrix(P.T)
        forward = lambda M: smooth(P, F @ M, order, alpha)  # noqa: E731
        back = lambda M: F.T @ smooth(T, M, order, alpha)  # noqa: E731
    Q = forward(np.random.RandomState(seed).standard_normal((d, q)))
    for _ in range(n_iter):
        Q = forward(back(Q))
    Q = np.linalg.qr(Q)[0]
    U = Q @ np.linalg.svd(back(Q).T, full_matrices=False)[0]
    U = U[:, 1 : k + 1]
    return rounds(U * np.sign(U[np.argmax(np.abs(U), axis=0), np.arange(k)]))


def plain_m_s2cag(X, A, k, order, alpha, resolution, n_iter, seed=0):
    """QR iterations on the implicit modularity matrix, smoothed attributes formed."""
    F, P = prepare(X, A)
    Z = smooth(P, F, order, alpha)
    Z = Z * np.sqrt(np.maximum(Z.sum(axis=1), 0))[:, None]
    omega = Z @ Z.sum(axis=0)
    Q = np.random.RandomState(seed).standard_normal((len(Z), k))
    for _ in range(n_iter):
        Q = Z @ (Z.T @ Q) - resolution / omega.sum() * np.outer(omega, omega @ Q)
        Q = np.linalg.qr(Q)[0]
    return rounds(Q * np.sign(Q[np.argmax(np.abs(Q), axis=0), np.arange(k)]))


# -- what is measured --


def quiet(model, graph):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(graph.data, adjacency=graph.adjacency).labels_


def speed(n_rounds):
    """Published settings, one start, preprocessing on both sides."""
    ratios = {"conductance": [], "modularity": []}
    for name, fetch in GRAPHS.items():
        graph, k = fetch(), len(np.unique(fetch().target))
        X, A = graph.data, graph.adjacency
        (order, alpha), (m_order, m_alpha, resolution, n_iter) = PUBLISHED[name]
        ours = S2CAG(
            k,
            objective="conductance",
            order=order,
            alpha=alpha,
            n_init=1,
            random_state=0,
        )
        m_ours = S2CAG(
            k,
            objective="modularity",
            order=m_order,
            alpha=m_alpha,
            resolution=resolution,
            n_init=1,
            random_state=0,
        )
        peer = f"plain, {n_iter} iterations"
        found = contest(
            f"{name}, conductance: accuracy/NMI/ARI",
            [
                Contestant("S2CAG", lambda m=ours, g=graph: quiet(m, g)),
                Contestant(
                    "plain, 7 iterations",
                    lambda X=X, A=A, k=k, o=order, a=alpha: plain_s2cag(X, A, k, o, a),
                ),
            ],
            accuracy=in_words(graph.target),
            n_rounds=n_rounds,
        )
        ratios["conductance"].append(found["plain, 7 iterations"])
        settings = (k, m_order, m_alpha, resolution, n_iter)
        found = contest(
            f"{name}, modularity: accuracy/NMI/ARI",
            [
                Contestant("S2CAG", lambda m=m_ours, g=graph: quiet(m, g)),
                Contestant(peer, lambda X=X, A=A, s=settings: plain_m_s2cag(X, A, *s)),
            ],
            accuracy=in_words(graph.target),
            n_rounds=max(1, n_rounds // 2),
        )
        ratios["modularity"].append(found[peer])
    for objective, each in ratios.items():
        mean = np.exp(np.mean(np.log(each)))
        print(f"{objective}: geometric mean {mean:.1f}x, least {min(each):.1f}x")


def defaults(n_seeds):
    """No settings and no labels."""
    means = []
    for name, fetch in GRAPHS.items():
        graph, k, rows, chosen = fetch(), len(np.unique(fetch().target)), [], []
        for seed in range(n_seeds):
            model = S2CAG(k, random_state=seed)
            rows.append(figures(graph.target, quiet(model, graph)))
            s = model.setting_
            chosen.append(f"{s['objective'][:4]}.{s['row_scaling'] or ''}{s['order']}")
        means.append(np.mean(rows, axis=0))
        spread = np.std(rows, axis=0)
        print(name, means[-1].round(1), "+-", spread.round(1), sorted(set(chosen)))
    print("average", np.mean(means, axis=0).round(2))


def tables(n_seeds=3):
    """Published settings: one start, and twenty."""
    for name, fetch in GRAPHS.items():
        graph, k = fetch(), len(np.unique(fetch().target))
        (order, alpha), (m_order, m_alpha, resolution, _) = PUBLISHED[name]
        for title, settings in {
            "conductance": {"order": order, "alpha": alpha},
            "modularity sum": {
                "order": m_order,
                "alpha": m_alpha,
                "resolution": resolution,
            },
            "modularity l2": {
                "order": m_order,
                "alpha": m_alpha,
                "resolution": resolution,
                "row_scaling": "l2",
            },
        }.items():
            objective = title.split()[0]
            for n_init in (1, 20):
                rows = [
                    figures(
                        graph.target,
                        quiet(
                            S2CAG(
                                k,
                                objective=objective,
                                n_init=n_init,
                                random_state=seed,
                                **settings,
                            ),
                            graph,
                        ),
                    )
                    for seed in range(1 if n_init == 1 else n_seeds)
                ]
                print(
                    f"{name:9s} {title:15s} n_init={n_init:<3d}",
                    np.mean(rows, axis=0).round(1),
                    "+-",
                    np.std(rows, axis=0).round(1),
                )


def spectral(n_rounds):
    """A graph of the size at which eigenvectors of the Laplacian still come fast."""
    graph = make_attributed_graph(7000, n_clusters=10, random_state=0)
    contest(
        "7,000 vertices: accuracy/NMI/ARI",
        [
            Contestant(
                "S2CAG, defaults",
                lambda: quiet(S2CAG(10, random_state=0), graph),
            ),
            Contestant(
                "S2CAG, conductance, 10 steps",
                lambda: quiet(
                    S2CAG(
                        10,
                        objective="conductance",
                        order=10,
                        alpha=1.0,
                        random_state=0,
                    ),
                    graph,
                ),
            ),
            Contestant(
                "SpectralClustering on the graph",
                lambda: SpectralClustering(
                    10, affinity="precomputed", random_state=0
                ).fit_predict(graph.adjacency),
            ),
            Contestant(
                "SpectralClustering on attributes",
                lambda: SpectralClustering(
                    10, affinity="nearest_neighbors", random_state=0
                ).fit_predict(graph.data),
            ),
        ],
        accuracy=in_words(graph.target),
        n_rounds=n_rounds,
    )


def growth(largest):
    """Each size in a process of its own, so that its peak memory is its own."""
    sizes = [n for n in (10**3, 10**4, 10**5, 10**6) if n <= largest]
    seconds, edges = [], []
    for n in sizes:
        line = subprocess.run(
            [sys.executable, __file__, "--one", str(n)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        print(line, flush=True)
        numbers = line.split()
        edges.append(float(numbers[3]))
        seconds.append(float(numbers[5]))
    steps = np.diff(np.log(seconds)) / np.diff(np.log(edges))
    slope = np.polyfit(np.log(edges), np.log(seconds), 1)[0]
    print(f"exponent of time in edges {slope:.2f}; between sizes {steps.round(2)}")


def one_size(n):
    """Time and memory of default fits on one generated graph."""
    k = 10
    graph = make_attributed_graph(
        n,
        n_features=1000,
        n_clusters=k,
        average_degree=20,
        n_nonzero=50,
        random_state=0,
    )
    X, A = graph.data, graph.adjacency
    size = sum(M.data.nbytes + M.indices.nbytes + M.indptr.nbytes for M in (X, A))
    size += 8 * n * (k + 10)
    warm = make_attributed_graph(500, n_clusters=3, random_state=0)
    quiet(S2CAG(3, random_state=0), warm)
    before = peak_memory()
    with threadpool_limits(1):
        start = time.perf_counter()
        model = S2CAG(k, random_state=0, verbose=0)
        labels = quiet(model, graph)
        seconds = time.perf_counter() - start
    peak = peak_memory()
    print(
        f"n {n} edges {A.nnz // 2} seconds {seconds:.2f} peak/GB {peak / 1e9:.2f} "
        f"before {before / 1e9:.2f} ratio {peak / size:.1f} order {model.order_} "
        f"accuracy {clustering_accuracy(graph.target, labels):.3f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("speed", "defaults", "tables", "spectral", "growth"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--largest", type=int, default=10**6)
    parser.add_argument("--one", type=int)
    options = parser.parse_args()
    if options.one:
        one_size(options.one)
    if options.speed:
        speed(options.rounds)
    if options.defaults:
        defaults(options.seeds)
    if options.tables:
        tables()
    if options.spectral:
        spectral(options.rounds)
    if options.growth:
        growth(options.largest)


if __name__ == "__main__":
    main()
