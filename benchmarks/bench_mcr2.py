"""MCR2Clustering: accuracy over steps, its features, and time beside PyTorch.

python benchmarks/bench_mcr2.py [--tables] [--features] [--speed] [--seeds 5]

Without a flag everything runs. Image sets come from the folder SKSPACE_DATA; the times
need PyTorch.
"""

from __future__ import annotations

import argparse

import numpy as np
from _harness import Contestant, contest
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from skspace.cluster import LeastSquaresSubspaceClustering, MCR2Clustering
from skspace.cluster._mcr2_training import (
    Objective,
    TwoHeads,
    copy_head,
    noisy_views,
    train,
)
from skspace.datasets import DatasetNotFoundError, fetch_coil20, fetch_yaleb
from skspace.linalg import sinkhorn
from skspace.metrics import clustering_accuracy
from skspace.nn import Adam


def image_sets():
    """Yield name, float32 pixels and labels of each set at hand."""
    for name, fetch in (("Yale B 10", fetch_yaleb), ("COIL-20", fetch_coil20)):
        try:
            X, y = fetch(return_X_y=True)
        except DatasetNotFoundError:
            print(f"(no {name}: set SKSPACE_DATA to the folder of the data)")
            continue
        yield name, X.astype(np.float32), y


def curves_set(seed=0):
    """An arc of a sine and a small blob in thirty dimensions."""
    rng = np.random.RandomState(seed)
    axes = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    t = np.linspace(-1, 1, 100)
    arc = np.stack([t, np.sin(2 * t), np.ones(100)], axis=1) @ axes[:3]
    blob = 2 * axes[5] + 0.15 * rng.standard_normal((100, 30))
    return np.concatenate([arc, blob]), np.repeat([0, 1], 100)


def tables(n_seeds):
    """Accuracy of the labels; of looks at the network kept: last, by the eigengap."""
    sets = [*image_sets(), ("Two curves", *curves_set())]
    for name, X, y in sets:
        found, last, gap, over_steps = [], [], [], []
        for seed in range(n_seeds):
            model = MCR2Clustering(len(np.unique(y)), random_state=seed).fit(X)
            steps = np.array(list(model.checkpoint_labels_))
            accuracy = [
                clustering_accuracy(y, labels)
                for labels in model.checkpoint_labels_.values()
            ]
            eigengap = model.training_curves_["eigengap"][steps]
            found.append(clustering_accuracy(y, model.labels_))
            last.append(accuracy[-1])
            gap.append(accuracy[int(np.argmax(eigengap))])
            over_steps.append(accuracy)
            print(
                f"  {name} seed {seed}: labels {found[-1]:.3f}; network with step "
                f"{model.kept_step_}, last {last[-1]:.3f}, by eigengap {gap[-1]:.3f}; "
                f"ranks {model.cluster_ranks_.tolist()} of {model.feature_rank_}; "
                f"over steps {np.round(accuracy, 3).tolist()}",
                flush=True,
            )
        best = np.mean([max(accuracy) for accuracy in over_steps])
        print(
            f"{name}: labels {np.mean(found):.3f}, last step {np.mean(last):.3f}, "
            f"eigengap {np.mean(gap):.3f}, best look {best:.3f}"
        )


def features(n_seeds):
    """Print other clusterers on pixels, on principal components and on our features.

    Features are those of one network whatever `n_networks` is, so one is trained.
    """
    for name, X, y in image_sets():
        k = len(np.unique(y))
        unit = X / np.linalg.norm(X, axis=1, keepdims=True)
        cells = {}
        for seed in range(n_seeds):
            model = MCR2Clustering(k, n_networks=1, random_state=seed).fit(X)
            linear = LeastSquaresSubspaceClustering(k, random_state=seed).fit(X)
            inputs = {
                "pixels": unit,
                "PCA(64)": PCA(64, random_state=seed).fit_transform(unit),
                "our features": model.embedding_,
            }
            peers = {
                "KMeans": KMeans(k, n_init=10, random_state=seed),
                "GaussianMixture": GaussianMixture(
                    k, covariance_type="diag", reg_covar=1e-4, random_state=seed
                ),
                "HDBSCAN": HDBSCAN(min_cluster_size=5, copy=True),
            }
            found = {
                (peer, where): method.fit_predict(Z)
                for peer, method in peers.items()
                for where, Z in inputs.items()
            }
            found["MCR2Clustering, one network", "pixels"] = model.labels_
            found["LeastSquares", "pixels"] = linear.labels_
            for cell, labels in found.items():
                cells.setdefault(cell, []).append(clustering_accuracy(y, labels))
        print(f"\n{name}, {n_seeds} seeds")
        for (peer, where), accuracy in cells.items():
            print(f"  {peer:30s}{where:14s}{np.mean(accuracy):.3f}", flush=True)


def speed():
    """Print the time of a step, and of Sinkhorn, beside the same by PyTorch."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.RandomState(0)
    n, d, eta = 1024, 128, 0.15
    X = rng.standard_normal((n, 64)).astype(np.float32)
    network = TwoHeads(64, (512, 512), d)
    goal = Objective(
        network=network,
        optimizer=Adam(1e-5),
        eps2=0.1,
        membership_reg=0.0,
        compression_columns=None,
        views=noisy_views(1, 0.0, None, 1.0),
        sinkhorn_max_iter=20,
        sinkhorn_tol=0.0,
    )
    parameters = copy_head(network.start(rng, X))
    C = network.apply(parameters, X, head=1)
    S = np.abs(C @ C.T)
    n_iter = sinkhorn(S, eta, max_iter=20, tol=0.0).n_iter

    def ours():
        return next(train(goal, parameters, iter([X]), rng, eta)).objective

    their_step = TorchStep(torch, parameters, X, n_iter, eta)
    contest(
        f"One step, n = {n}, d = {d}, {n_iter} Sinkhorn iterations",
        [Contestant("skspace", ours), Contestant("PyTorch CPU", their_step)],
        accuracy=lambda value: f"objective {value:.4f}",
        n_rounds=3,
    )
    table = torch.tensor(S)
    contest(
        f"Sinkhorn, n = {n}, {n_iter} iterations",
        [
            Contestant("skspace", lambda: sinkhorn(S, eta, max_iter=20, tol=0.0).plan),
            Contestant("PyTorch", lambda: torch_sinkhorn(torch, table, eta, n_iter)),
        ],
        accuracy=lambda plan: f"row sums within {abs(plan.sum(1) - 1).max():.1e}",
        n_rounds=5,
    )


def torch_sinkhorn(torch, S, eta, n_iter):
    """Damped fixed point in the log domain, as it is written."""
    f = -(eta / 2) * torch.logsumexp(S / eta, 1)
    for _ in range(n_iter):
        f = 0.5 * (f - eta * torch.logsumexp((S + f) / eta, 1))
    return torch.exp((S + f[:, None] + f) / eta)


class TorchStep:
    """The same step by automatic differentiation, with the implicit gradient."""

    def __init__(self, torch, parameters, X, n_iter, eta):
        self.torch, self.n_iter, self.eta = torch, n_iter, eta
        self.X = torch.tensor(X)
        self.p = {
            name: torch.tensor(value, requires_grad="running" not in name)
            for name, value in parameters.items()
        }
        trained = [p for p in self.p.values() if p.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=1e-5)

        class Implicit(torch.autograd.Function):
            @staticmethod
            def forward(ctx, S):
                plan = torch_sinkhorn(torch, S, eta, n_iter)
                ctx.save_for_backward(plan)
                return plan

            @staticmethod
            def backward(ctx, by_plan):
                (plan,) = ctx.saved_tensors
                H = plan * by_plan
                H = (H + H.T) / 2
                a = torch.linalg.solve(torch.eye(len(plan)) + plan, H.sum(1))
                return (H - plan * (a[:, None] + a)) / eta

        self.implicit = Implicit.apply

    def __call__(self):
        torch, p, F = self.torch, self.p, self.torch.nn.functional
        h = F.batch_norm(
            self.X @ p["trunk.0.weight"],
            p["trunk.1.running_mean"],
            p["trunk.1.running_variance"],
            p["trunk.1.weight"],
            p["trunk.1.bias"],
            training=True,
        )
        h = torch.relu(torch.relu(h) @ p["trunk.3.weight"] + p["trunk.3.bias"])
        Z, C = (
            F.normalize(h @ p[f"{head}.0.weight"] + p[f"{head}.0.bias"], dim=1)
            for head in ("features", "clusters")
        )
        plan = self.implicit(torch.abs(C @ C.T))
        n, d = Z.shape
        eye = torch.eye(d)
        whole = torch.logdet(eye + d / (n * 0.1) * Z.T @ Z) / 2
        products = (Z[:, :, None] * Z[:, None, :]).reshape(n, d * d)
        t = plan.sum(0)
        moments = (plan.T @ products).reshape(n, d, d)
        parts = (t * torch.logdet(eye + (d / (t * 0.1))[:, None, None] * moments)).sum()
        objective = whole - parts / (2 * n)
        self.optimizer.zero_grad()
        (-objective).backward()
        self.optimizer.step()
        return objective.item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag in ("tables", "features", "speed"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    everything = not (chosen.tables or chosen.features or chosen.speed)
    if chosen.speed or everything:
        speed()
    if chosen.features or everything:
        features(chosen.seeds)
    if chosen.tables or everything:
        tables(chosen.seeds)
