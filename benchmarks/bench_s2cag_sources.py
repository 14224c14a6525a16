"""When attributes or edges alone suffice, and what the criteria of S2CAG follow.

python benchmarks/bench_s2cag_sources.py --sources   # generated graphs, accuracy
python benchmarks/bench_s2cag_sources.py --peers     # real graphs, accuracy
python benchmarks/bench_s2cag_sources.py --criteria  # rank correlations, real graphs
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import scipy.sparse as sp
from bench_s2cag import GRAPHS, PUBLISHED, quiet
from scipy.stats import spearmanr
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.feature_extraction.text import TfidfTransformer

from skspace.cluster import S2CAG
from skspace.datasets import make_attributed_graph
from skspace.graph._agreement import Agreement
from skspace.graph._similarity import weight_attributes
from skspace.graph._snem import round_embedding
from skspace.metrics import clustering_accuracy

N_CLUSTERS = 5
HOMOPHILY = (0.2, 0.4, 0.5, 0.6, 0.8)
SIGNAL = (0.0, 0.1, 0.2, 0.3, 0.5)
ORDERS = (2, 5, 10, 15, 20, 30, 40, 60, 90)
N_STARTS = 40


def single_sources(k):
    """Labels from attributes alone, and from edges alone."""
    return {
        "KMeans, attributes": lambda g: KMeans(
            k, n_init=10, random_state=0
        ).fit_predict(TfidfTransformer().fit_transform(g.data)),
        "S2CAG, attributes": lambda g: quiet(
            S2CAG(k, objective="conductance", order=0, alpha=1.0, random_state=0), g
        ),
        "SpectralClustering, graph": lambda g: SpectralClustering(
            k, affinity="precomputed", random_state=0
        ).fit_predict(g.adjacency),
        "S2CAG, graph": lambda g: (
            S2CAG(k, random_state=0)
            .fit(sp.eye_array(len(g.target)), adjacency=g.adjacency)
            .labels_
        ),
    }


def sources(n_seeds):
    """Edges and attributes made weaker and stronger, 1,000 vertices of degree 10."""
    k = N_CLUSTERS
    ways = single_sources(k)
    for name, way in ways.items():
        by_graph = name.endswith("graph")
        row = [
            mean(n_seeds, way, **({"homophily": v} if by_graph else {"signal": v}))
            for v in (HOMOPHILY if by_graph else SIGNAL)
        ]
        print(f"{name:26s} {'homophily' if by_graph else 'signal'}", np.round(row, 2))
    print("S2CAG, both; columns signal", SIGNAL)
    for h in HOMOPHILY:
        row = [
            mean(
                n_seeds,
                lambda g: quiet(S2CAG(k, random_state=0), g),
                homophily=h,
                signal=s,
            )
            for s in SIGNAL
        ]
        print(f"homophily {h}", np.round(row, 2), flush=True)


def mean(n_seeds, cluster, *, homophily=0.8, signal=0.2):
    found = []
    for seed in range(n_seeds):
        graph = make_attributed_graph(
            1000,
            n_clusters=N_CLUSTERS,
            homophily=homophily,
            attribute_signal=signal,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            labels = cluster(graph)
        found.append(clustering_accuracy(graph.target, labels))
    return np.mean(found)


def peers():
    """Each source by itself, on the real graphs."""
    for name, fetch in GRAPHS.items():
        graph = fetch()
        for way, cluster in single_sources(len(np.unique(graph.target))).items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                labels = cluster(graph)
            accuracy = clustering_accuracy(graph.target, labels)
            print(f"{name:9s} {way:26s} {accuracy:.3f}", flush=True)


def criteria():
    """Spearman's rho with accuracy: J among starts, agreement among settings."""
    for name, fetch in GRAPHS.items():
        graph = fetch()
        k = len(np.unique(graph.target))
        among_starts = []
        (order, alpha), (m_order, m_alpha, resolution, _) = PUBLISHED[name]
        published = [
            ("conductance", "sum", order, alpha, 1.0),
            ("modularity", "sum", m_order, m_alpha, resolution),
            ("modularity", "l2", m_order, m_alpha, resolution),
        ]
        for setting in published:
            U = fit(graph, k, *setting).embedding_
            among_starts.append(rank_of_starts(U, k, graph.target))
        weighted = weight_attributes(graph.data, "tfidf").rows
        agreement = Agreement(sp.csr_array(graph.adjacency), weighted, k)
        values, truth = [], []
        for objective, scaling, *_ in published:
            for order in ORDERS:
                labels = fit(graph, k, objective, scaling, order, 1.0, 1.0).labels_
                values.append(agreement(labels))
                truth.append(clustering_accuracy(graph.target, labels))
        print(
            f"{name:9s} J among starts (rho, range of accuracy) "
            + " ".join(f"({rho:.2f}, {width:.3f})" for rho, width in among_starts)
            + f"; agreement among {len(values)} settings "
            f"({spearmanr(values, truth).statistic:.2f}, {np.ptp(truth):.3f})",
            flush=True,
        )


def fit(graph, k, objective, row_scaling, order, alpha, resolution):
    model = S2CAG(
        k,
        objective=objective,
        row_scaling=row_scaling,
        order=order,
        alpha=alpha,
        resolution=resolution,
        random_state=0,
    )
    quiet(model, graph)
    return model


def rank_of_starts(U, k, target):
    """Each start flips signs of columns at random, as the rounding does."""
    rng = np.random.RandomState(0)
    values, truth = [], []
    for _ in range(N_STARTS):
        flipped = U * rng.choice([-1.0, 1.0], U.shape[1])
        partition = round_embedding(flipped, k, 1, rng)
        values.append(partition.objective)
        truth.append(clustering_accuracy(target, partition.labels))
    return spearmanr(values, truth).statistic, np.ptp(truth)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("sources", "peers", "criteria"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    if options.sources:
        sources(options.seeds)
    if options.peers:
        peers()
    if options.criteria:
        criteria()


if __name__ == "__main__":
    main()
