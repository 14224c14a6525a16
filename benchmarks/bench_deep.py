"""Deep subspace clustering beside the linear method and scikit-learn's clusterers.

python benchmarks/bench_deep.py [--tables] [--views] [--stages] [--peers] [--speed]
                                [--seeds 5] [--sets ORL COIL-20]

Without a flag everything runs, on all four sets unless some are named. Image sets come
from the folder SKSPACE_DATA. The peer of the speed table is PyTorch, with the same
network and batch, one thread.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from _harness import Contestant, contest
from bench_cluster import image_tables
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from skspace.cluster import DeepSubspaceClustering, LeastSquaresSubspaceClustering
from skspace.metrics import clustering_accuracy

REPORTED = ["ORL", "Yale B 10", "COIL-20", "USPS-2000"]
"""Sets that are run; the command line may shorten the list."""


def tables_at_hand():
    """Yield name, pixels, labels, image shape and number of classes."""
    found = {name: (X, y) for name, X, y in image_tables()}
    for name in REPORTED:
        if name in found:
            X, y = found[name]
            side = int(X.shape[1] ** 0.5)
            yield name, X, y, (side, side), len(np.unique(y))


def line(label, cells):
    """Print one row of a table, the mean of the cells last."""
    text = "".join(f"{c:12.3f}" for c in [*cells, np.mean(cells)])
    print(f"{label:58s}{text}", flush=True)


def head(title, sets):
    """Print the first rows of a table."""
    names = [name for name, *_ in sets] + ["mean"]
    print(f"\n{title}\n{'':58s}" + "".join(f"{name:>12s}" for name in names))


def mean_accuracy(make, X, y, n_seeds):
    """Mean accuracy and the lowest of several seeds."""
    found = [
        clustering_accuracy(y, make(seed).fit(X).labels_) for seed in range(n_seeds)
    ]
    return float(np.mean(found)), min(found)


def tables(n_seeds):
    """Print accuracy of the deep and of the linear methods."""
    sets = list(tables_at_hand())
    head(f"Accuracy, defaults, {n_seeds} seeds", sets)
    least = []
    rows = {
        "DeepSubspaceClustering": lambda k, shape: (
            lambda seed: DeepSubspaceClustering(k, image_shape=shape, random_state=seed)
        ),
        "LeastSquares": lambda k, shape: (
            lambda seed: LeastSquaresSubspaceClustering(k, random_state=seed)
        ),
        "LeastSquares, affine=True": lambda k, shape: (
            lambda seed: LeastSquaresSubspaceClustering(
                k, affine=True, random_state=seed
            )
        ),
    }
    for label, make in rows.items():
        cells = []
        for _, X, y, shape, k in sets:
            mean, lowest = mean_accuracy(make(k, shape), X, y, n_seeds)
            cells.append(mean)
            if label.startswith("Deep"):
                least.append(lowest)
        line(label, cells)
        if label.startswith("Deep"):
            line("  lowest of the seeds", least)


def views(n_seeds):
    """Print accuracy and association of every graph on its own."""
    from skspace.cluster import _deep_fit, _deep_views

    for name, X, y, shape, k in tables_at_hand():
        print(f"\n{name}: every graph on its own (association, accuracy), seed 0")
        seen = []
        consensus = _deep_views.consensus

        def spy(graphs, seen=seen, consensus=consensus):
            seen.extend(graphs)
            return consensus(graphs)

        _deep_fit.consensus = spy
        model = DeepSubspaceClustering(k, image_shape=shape, random_state=0).fit(X)
        _deep_fit.consensus = consensus
        for graph in seen:
            labels = _deep_fit.spectral_labels(
                graph.affinity, k, assign_labels="kmeans", n_init=20,
                rng=np.random.RandomState(0),
            ).labels  # fmt: skip
            weight = model.view_weights_[f"{graph.view}, {graph.kind}"]
            print(
                f"  {graph.view:16s}{graph.kind:18s}{graph.association:8.4f}"
                f"{clustering_accuracy(y, labels):8.3f}   weight {weight:.3f}"
            )


def stages(n_seeds):
    """Print what training adds, on the two smaller sets."""
    settings = {
        "8 random encoders (default)": {},
        "1 random encoder": {"n_encoders": 1},
        "pre-trained": {"n_encoders": 1, "pretrain": "reconstruction"},
        "joint training from random": {"n_encoders": 1, "train_encoder": True},
        "pre-trained, joint training": {
            "n_encoders": 1, "pretrain": "reconstruction", "train_encoder": True,
        },
        "the same, self-expression alone": {
            "n_encoders": 1, "pretrain": "reconstruction", "train_encoder": True,
            "encoder_loss": "self_expression",
        },
        "default, refined": {"refine": "structured"},
    }  # fmt: skip
    print(f"\nStages: accuracy (kept), seconds, {n_seeds} seeds, float32")
    for name, X, y, shape, k in tables_at_hand():
        if name not in ("ORL", "Yale B 10"):
            continue
        for label, options in settings.items():
            found = []
            for seed in range(n_seeds):
                start = time.perf_counter()
                model = DeepSubspaceClustering(
                    k, image_shape=shape, random_state=seed, dtype="float32",
                    pretrain_max_iter=100, max_iter=60, **options,
                ).fit(X)  # fmt: skip
                found.append(
                    (
                        clustering_accuracy(y, model.labels_),
                        getattr(model, "training_kept_", True),
                        time.perf_counter() - start,
                    )
                )
            accuracy, kept, seconds = np.mean(found, axis=0)
            print(
                f"  {name:12s}{label:36s}{accuracy:.3f} ({kept:.1f}) {seconds:7.1f} s",
                flush=True,
            )


def peers(n_seeds):
    """Print KMeans, GaussianMixture and HDBSCAN on pixels, PCA and our features."""

    def clusterers(k, seed):
        yield "KMeans", KMeans(k, n_init=10, random_state=seed)
        yield (
            "GaussianMixture",
            GaussianMixture(k, covariance_type="diag", random_state=seed),
        )
        yield "HDBSCAN", HDBSCAN(min_cluster_size=5)

    sets = list(tables_at_hand())
    head(f"scikit-learn's clusterers, {n_seeds} seeds", sets)
    cells = {}
    for _, X, y, shape, k in sets:
        for seed in range(n_seeds):
            deep = DeepSubspaceClustering(
                k, image_shape=shape, random_state=seed, dtype="float32", n_init=5
            ).fit(X)
            features = {
                "pixels": X,
                "50 principal components": PCA(50, random_state=seed).fit_transform(X),
                "encode": deep.encode(X),
            }
            for what, F in features.items():
                for name, model in clusterers(k, seed):
                    labels = model.fit_predict(F)
                    cell = cells.setdefault((what, name), {})
                    cell.setdefault(id(X), []).append(clustering_accuracy(y, labels))
    for (what, name), by_set in cells.items():
        line(f"{name}, {what}", [np.mean(v) for v in by_set.values()])


def speed(n_rounds):
    """Print one joint step beside PyTorch's, and a fit beside the linear method's."""
    speed_of_step(n_rounds)
    for name, X, y, shape, k in tables_at_hand():
        methods = {
            "DeepSubspaceClustering": DeepSubspaceClustering(
                k, image_shape=shape, random_state=0
            ),
            "LeastSquares": LeastSquaresSubspaceClustering(k, random_state=0),
        }
        contest(
            f"A fit, {name}, n = {len(X)}, one thread",
            [
                Contestant(label, lambda model=model, X=X: model.fit(X).labels_)
                for label, model in methods.items()
            ],
            accuracy=lambda labels, y=y: f"{clustering_accuracy(y, labels):.3f}",
            n_rounds=n_rounds,
        )


def speed_of_step(n_rounds):
    """Print one joint step on COIL-20 beside PyTorch's, same network and data."""
    import torch
    from torch.nn import functional

    from skspace.cluster._deep_encoder import build_encoders
    from skspace.cluster._deep_training import Problem, train_jointly
    from skspace.linalg._self_expression import align

    torch.set_num_threads(1)
    X = next((X for name, X, *_ in tables_at_hand() if name == "COIL-20"), None)
    if X is None:
        return
    X = X.astype(np.float32)
    n = len(X)
    model = build_encoders(
        1, 1024, (1, 32, 32), (15,), (3,), (), np.random.RandomState(0), X
    )
    V = align(X)[0]
    C = np.full((n, n), 1e-4, dtype=np.float32)
    steps = train_jointly(
        Problem(model, X, V, V @ V.T, 2.0), C, loss="joint", weights=(1, 1),
        learning_rate=1e-3,
    )  # fmt: skip

    weights = {
        k: torch.tensor(v, requires_grad=True) for k, v in model.parameters.items()
    }
    weights["C"] = torch.tensor(C, requires_grad=True)
    images, table = torch.tensor(X).reshape(n, 1, 32, 32), torch.tensor(V)
    adam = torch.optim.Adam(weights.values(), 1e-3)
    off = 1 - torch.eye(n)
    names = list(model.parameters)

    def torch_step():
        adam.zero_grad()
        padded = functional.pad(images, (0, 1, 0, 1))
        hidden = functional.relu(
            functional.conv2d(padded, weights[names[0]], weights[names[1]], stride=2)
        )
        rows = hidden.flatten(1)
        rows = rows - rows.mean(0)
        rows = rows / rows.norm(dim=1, keepdim=True)
        free = weights["C"] * off
        loss = 2 * (free**2).sum()
        for layer in (table, rows):
            loss = loss + ((layer - free @ layer) ** 2).sum()
        back = functional.conv_transpose2d(
            hidden, weights[names[2]], weights[names[3]], stride=2
        )[:, :, :32, :32]
        loss = loss / n + 0.5 * ((back - images) ** 2).sum() / n
        loss.backward()
        adam.step()
        return float(loss.detach())

    contest(
        "One joint step, COIL-20, 15 channels, n = 1440, float32, one thread",
        [
            Contestant("skspace", lambda: next(steps).objective),
            Contestant("PyTorch", torch_step),
        ],
        accuracy=lambda value: f"loss {value:.4g}",
        n_rounds=n_rounds,
    )


def main():
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    sections = {
        "tables": tables, "views": views, "stages": stages, "peers": peers,
    }  # fmt: skip
    for name in (*sections, "speed"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", nargs="+", choices=tuple(REPORTED), default=None)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    REPORTED[:] = options.sets or REPORTED
    every = not any(getattr(options, name) for name in (*sections, "speed"))
    for name, section in sections.items():
        if every or getattr(options, name):
            section(options.seeds)
    if every or options.speed:
        speed(options.rounds)


if __name__ == "__main__":
    main()
