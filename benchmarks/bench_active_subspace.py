"""Active subspaces and recursive feature machines beside their peers.

python benchmarks/bench_active_subspace.py [--direction] [--importance] [--tables]
    [--coverage] [--speed] [--seeds 5] [--rounds 3]

Without a flag everything runs. xRFM takes part where it is installed (it needs torch),
with its own tuning left at defaults and one tree.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from _harness import Contestant, contest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skspace.active import (
    ActiveSubspace,
    RecursiveFeatureMachineClassifier,
    RecursiveFeatureMachineRegressor,
)
from skspace.datasets import DatasetNotFoundError, fetch_concrete
from skspace.decomposition import OuterProductGradients

SPLITS = range(10, 15)


def xrfm():
    """Class of the public implementation, or None."""
    try:
        from xrfm import xRFM
    except ImportError:
        print("(no xRFM: pip install xrfm)")
        return None
    return xRFM


def sine(n, p, seed):
    """One direction, seen through a sine with a little noise."""
    rng = np.random.RandomState(seed)
    X, a = rng.standard_normal((n, p)), rng.standard_normal(p)
    a /= np.linalg.norm(a)
    return X, np.sin(2 * X @ a) + 0.05 * rng.standard_normal(n), a


def cosine(direction, a):
    """Absolute cosine between two directions."""
    return abs(direction @ a) / np.linalg.norm(direction)


REDUCERS = {
    "ActiveSubspace": lambda: ActiveSubspace(1, n_resamples=0),
    "  quadratic": lambda: ActiveSubspace(1, method="quadratic", n_resamples=0),
    "RFM": lambda: RecursiveFeatureMachineRegressor(random_state=0),
    "OPG": lambda: OuterProductGradients(1, refine=False, random_state=0),
    "MAVE": lambda: OuterProductGradients(1, random_state=0),
}


def bench_direction(n_seeds):
    """Print cosines to the true direction of a sine."""
    print("\nCosine to the direction of sin(2 a'x), mean (least), and seconds")
    for p, n in [(10, 500), (10, 2000), (20, 500), (20, 2000)]:
        draws = [sine(n, p, seed) for seed in range(n_seeds)]
        for name, make in REDUCERS.items():
            start, found = time.perf_counter(), []
            for X, y, a in draws:
                found.append(cosine(make().fit(X, y).components_[0], a))
            seconds = (time.perf_counter() - start) / n_seeds
            print(
                f"  p={p:2d} n={n:5d} {name:16s} {np.mean(found):.3f} "
                f"({min(found):.3f}) {seconds:7.2f} s",
                flush=True,
            )


def bench_importance(n_seeds):
    """Print how often the three relevant features of twenty are ranked first."""
    models = {
        "ActiveSubspace": lambda: ActiveSubspace(n_resamples=0),
        "  quadratic": lambda: ActiveSubspace(method="quadratic", n_resamples=0),
        "RFM": lambda: RecursiveFeatureMachineRegressor(random_state=0),
        "random forest": lambda: RandomForestRegressor(200, random_state=0),
    }
    print("\ny = x1 x2 + x3, 20 features, n=500: top three right, share of the rest")
    for name, make in models.items():
        right, rest, start = 0, [], time.perf_counter()
        for seed in range(n_seeds):
            X = np.random.RandomState(seed).standard_normal((500, 20))
            y = X[:, 0] * X[:, 1] + X[:, 2]
            shares = make().fit(X, y).feature_importances_
            right += set(np.argsort(-shares)[:3]) == {0, 1, 2}
            rest.append(np.sum(shares[3:]))
        seconds = (time.perf_counter() - start) / n_seeds
        print(
            f"  {name:16s} {right}/{n_seeds}   {np.mean(rest):.3f} {seconds:7.2f} s",
            flush=True,
        )


def tables():
    """Yield real tables: name, X, y and whether y holds classes."""
    try:
        X, y = fetch_concrete(return_X_y=True)
        yield "concrete", np.asarray(X, dtype=float), np.asarray(y, dtype=float), False
    except DatasetNotFoundError:
        print("(no concrete: set SKSPACE_DATA to the folder of the data)")
    yield "diabetes", *load_diabetes(return_X_y=True), False
    yield "wine", *load_wine(return_X_y=True), True
    yield "breast cancer", *load_breast_cancer(return_X_y=True), True


def bench_tables():
    """Print test errors and accuracies on five splits of real tables."""
    peer = xrfm()
    print("\nRMSE or accuracy on 80/20 splits, seeds 10 to 14, defaults; seconds a fit")
    for table, X, y, classes in tables():
        makers = {
            "RFM, laplace": (
                RecursiveFeatureMachineClassifier
                if classes
                else RecursiveFeatureMachineRegressor
            ),
            "RFM, gaussian": lambda random_state, c=classes: (
                RecursiveFeatureMachineClassifier
                if c
                else RecursiveFeatureMachineRegressor
            )(kernel="gaussian", random_state=random_state),
            "random forest": lambda random_state, c=classes: (
                RandomForestClassifier if c else RandomForestRegressor
            )(200, random_state=random_state),
        }
        for name in [*makers, *(["xRFM"] if peer else [])]:
            scores, seconds = [], 0.0
            for seed in SPLITS:
                order = np.random.RandomState(seed).permutation(len(X))
                cut = int(0.8 * len(X))
                train, test = order[:cut], order[cut:]
                scaler = StandardScaler().fit(X[train])
                A, B = scaler.transform(X[train]), scaler.transform(X[test])
                start = time.perf_counter()
                if name == "xRFM":
                    fitted = fit_peer(peer, A, y[train], classes)
                else:
                    fitted = makers[name](random_state=seed).fit(A, y[train])
                seconds += time.perf_counter() - start
                values = np.asarray(fitted.predict(B)).reshape(len(B))
                scores.append(
                    np.mean(values == y[test])
                    if classes
                    else np.sqrt(np.mean((values - y[test]) ** 2))
                )
            print(
                f"  {table:14s}{name:16s}{np.mean(scores):8.3f} ± {np.std(scores):.3f}"
                f"{seconds / len(SPLITS):8.2f} s",
                flush=True,
            )


def fit_peer(peer, X, y, classes):
    """Fit xRFM with its defaults; it asks for validation rows."""
    order = np.random.RandomState(0).permutation(len(X))
    cut = int(0.8 * len(X))
    train, held = order[:cut], order[cut:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tuning = "accuracy" if classes else "mse"
        model = peer(device="cpu", tuning_metric=tuning, verbose=False)
        X = X.astype(np.float32)
        y = y if classes else y.astype(np.float32)
        model.fit(X[train], y[train], X[held], y[held])
    return Peer(model)


class Peer:
    """xRFM as it wants its input."""

    def __init__(self, model):
        self.model = model

    def predict(self, X):
        """Predict rows."""
        return self.model.predict(X.astype(np.float32))


def bench_coverage(n_draws=200):
    """Print how often intervals of level 0.95 hold the truth."""
    print(f"\nCoverage at 0.95 of y = z + 0.3 z² + noise, z = a'x, {n_draws} draws")
    for n, p, noise in [(250, 3, 0.1), (250, 3, 0.7), (500, 6, 0.3)]:
        a = np.arange(1, p + 1.0)
        a /= np.linalg.norm(a)
        for method in ("local_linear", "quadratic"):
            held = {"direction": [], "angle": [], "importances": []}
            for seed in range(n_draws):
                rng = np.random.RandomState(seed)
                X = rng.standard_normal((n, p))
                z = X @ a
                y = z + 0.3 * z**2 + noise * rng.standard_normal(n)
                active = ActiveSubspace(
                    1, method=method, standardize=False, random_state=0
                ).fit(X, y)
                v = a * np.sign(active.components_[0] @ a)
                low, high = active.direction_intervals_
                held["direction"].append(np.mean((low <= v) & (v <= high)))
                angle = np.arccos(min(1.0, cosine(active.components_[0], v)))
                held["angle"].append(angle <= active.direction_angle_)
                low, high = active.feature_importance_intervals_
                held["importances"].append(np.mean((low <= a**2) & (a**2 <= high)))
            cells = ", ".join(f"{name} {np.mean(x):.3f}" for name, x in held.items())
            print(f"  n={n} p={p} noise={noise} {method:13s}: {cells}", flush=True)


def bench_speed(n_rounds):
    """Print the contest of one fit of each method on one table."""
    X, y, a = sine(2000, 10, 0)
    contest(
        "One direction of 2000 x 10",
        [
            Contestant(
                "ActiveSubspace, no intervals",
                lambda: ActiveSubspace(1, n_resamples=0).fit(X, y),
            ),
            Contestant(
                "ActiveSubspace, 100 resamples",
                lambda: ActiveSubspace(1, random_state=0).fit(X, y),
            ),
            Contestant("OPG", lambda: REDUCERS["OPG"]().fit(X, y)),
            Contestant("MAVE", lambda: REDUCERS["MAVE"]().fit(X, y)),
        ],
        accuracy=lambda found: f"cosine {cosine(found.components_[0], a):.4f}",
        n_rounds=n_rounds,
    )


def main():
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parts = {
        "direction": lambda: bench_direction(options.seeds),
        "importance": lambda: bench_importance(options.seeds),
        "tables": bench_tables,
        "coverage": bench_coverage,
        "speed": lambda: bench_speed(options.rounds),
    }
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    asked = [name for name in parts if getattr(options, name)]
    with threadpool_limits(1):
        for name in asked or parts:
            parts[name]()


if __name__ == "__main__":
    main()
