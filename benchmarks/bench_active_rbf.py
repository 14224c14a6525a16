"""Gaussian-RBF networks beside their peers: accuracy, time, known truths, scale.

python benchmarks/bench_active_rbf.py [--only tables speed truths scale]

Every model of skspace has its defaults. The peers of the tables are those of the
literature: a forest, support vectors tuned over six points, a Gaussian process with
one length scale per feature, and the original scheme of Gaussian-RBF networks (Adam,
step 0.01, batches of 256, 500 epochs, 32 centres), here in PyTorch on the CPU. Concrete
needs the folder SKSPACE_DATA.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings

import numpy as np
from _harness import Contestant, contest, peak_memory
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from threadpoolctl import threadpool_limits

from skspace.active import GaussianRBFClassifier, GaussianRBFRegressor
from skspace.active._evidence import Evidence, StandardRows
from skspace.active._losses import SquaredLoss
from skspace.datasets import DatasetNotFoundError, fetch_concrete, make_active_subspace

SEEDS = range(10, 15)


class OriginalScheme:
    """The network as first published, with centres that move, in PyTorch.

    Its public implementation forms all differences of rows and centres; `products`
    replaces them by matrix products, which is not in it.
    """

    def __init__(self, *, products=False):
        self.products = products
        self.n_centers, self.penalties, self.n_epochs = 32, (1e-3, 1e-5, 1e-5), 500

    def fit(self, X, y):
        """Follow the gradient by Adam."""
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)
        self.mean, self.scale = np.mean(y), np.std(y)
        C = KMeans(self.n_centers, n_init=1, random_state=0).fit(X).cluster_centers_
        X, T = torch.tensor(X), torch.tensor((y - self.mean) / self.scale)
        n_features = X.shape[1]
        self.C = torch.tensor(C, requires_grad=True)
        self.L = torch.randn(n_features, n_features, dtype=X.dtype).tril()
        self.L.requires_grad_()
        self.w = torch.randn(self.n_centers, dtype=X.dtype, requires_grad=True)
        parts = self.L, self.w, self.C
        adam = torch.optim.Adam(parts, lr=0.01)
        for _ in range(self.n_epochs):
            order = torch.randperm(len(X))
            for batch in order.split(256):
                adam.zero_grad()
                loss = ((self._outputs(X[batch]) - T[batch]) ** 2).mean()
                for factor, part in zip(self.penalties, parts, strict=True):
                    loss = loss + factor * part.norm()
                loss.backward()
                adam.step()
        return self

    def _outputs(self, X):
        import torch

        L = self.L.tril()
        if self.products:
            square = torch.cdist(X @ L, self.C @ L) ** 2
        else:
            D = X[:, None, :] - self.C[None, :, :]
            square = ((D @ (L @ L.T)) * D).sum(dim=2)
        return torch.exp(-square / 2) @ self.w

    def predict(self, X):
        """Outputs in the units of the response."""
        import torch

        with torch.no_grad():
            return self._outputs(torch.tensor(X)).numpy() * self.scale + self.mean


def gaussian_process(n_features):
    """One length scale a feature, one run."""
    kernel = ConstantKernel() * RBF(np.ones(n_features)) + WhiteKernel()
    return GaussianProcessRegressor(kernel, normalize_y=True)


def regressors(n_features):
    """Models by name."""
    grid = {"regressor__C": [1, 10, 100], "regressor__gamma": ["scale", 0.03]}
    return {
        "GaussianRBFRegressor()": GaussianRBFRegressor(),
        "forest, 200 trees": RandomForestRegressor(200, random_state=0),
        "SVR, 6 points, 3-fold": GridSearchCV(
            TransformedTargetRegressor(SVR(), transformer=StandardScaler()), grid, cv=3
        ),
        "Gaussian process, ARD": gaussian_process(n_features),
        "original scheme, 500 epochs": OriginalScheme(),
        "the same by matrix products": OriginalScheme(products=True),
    }


def classifiers():
    """Models by name."""
    grid = {"C": [1, 10, 100], "gamma": ["scale", 0.03]}
    return {
        "GaussianRBFClassifier()": GaussianRBFClassifier(),
        "forest, 200 trees": RandomForestClassifier(200, random_state=0),
        "SVC, 6 points, 3-fold": GridSearchCV(SVC(), grid, cv=3),
    }


def concrete():
    """The concrete table, or None without it."""
    try:
        data = fetch_concrete(data_home=os.environ.get("SKSPACE_DATA"), return_X_y=True)
        return tuple(np.asarray(part, dtype=float) for part in data)
    except (DatasetNotFoundError, ValueError) as error:
        print(f"(no concrete: {error})")
        return None


def tables():
    """Held-out error and seconds over five splits, standardised."""
    digits, target = load_digits(return_X_y=True)
    pair = (target == 3) | (target == 8)
    for name, data, make, measure in (
        ("concrete", concrete(), regressors, rmse),
        ("diabetes", load_diabetes(return_X_y=True), regressors, rmse),
        ("wine", load_wine(return_X_y=True), None, accuracy),
        ("breast cancer", load_breast_cancer(return_X_y=True), None, accuracy),
        ("digits, 3 against 8", (digits[pair], target[pair]), None, accuracy),
    ):
        if data is None:
            continue
        X, y = data
        scores, seconds = {}, {}
        for seed in SEEDS:
            X_train, X_test, y_train, y_test = train_test_split(
                X, y, test_size=0.2, random_state=seed
            )
            scaler = StandardScaler().fit(X_train)
            models = make(X.shape[1]) if make else classifiers()
            for model_name, model in models.items():
                start = time.perf_counter()
                model.fit(scaler.transform(X_train), y_train)
                took = time.perf_counter() - start
                found = measure(y_test, model.predict(scaler.transform(X_test)))
                scores.setdefault(model_name, []).append(found)
                seconds.setdefault(model_name, []).append(took)
        print(f"\n{name} {X.shape[0]} x {X.shape[1]}: {measure.__name__}, seeds 10-14")
        for model_name, each in scores.items():
            print(
                f"  {model_name:30s}{np.mean(each):8.3f} ± {np.std(each):.3f}"
                f"{np.median(seconds[model_name]):9.2f} s"
            )


def rmse(y, predicted):
    """Root mean squared error."""
    return float(np.mean((y - predicted) ** 2) ** 0.5)


def accuracy(y, predicted):
    """Share of right classes."""
    return float(np.mean(y == predicted))


def speed():
    """Time of one fit on concrete beside the process and the original scheme."""
    data = concrete()
    if data is None:
        return
    X, X_test, y, y_test = train_test_split(*data, test_size=0.2, random_state=10)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    models = regressors(X.shape[1])
    del models["forest, 200 trees"], models["SVR, 6 points, 3-fold"]
    contest(
        "one fit of concrete, one thread",
        [Contestant(name, lambda m=m: m.fit(X, y)) for name, m in models.items()],
        accuracy=lambda model: f"RMSE {rmse(y_test, model.predict(X_test)):.2f}",
        n_rounds=3,
    )


def truths(n_seeds=20):
    """Cosine with a known direction, and irrelevant features."""
    print(f"\nknown truths, n=500, {n_seeds} seeds")
    for n_features in (10, 20):
        found = []
        for seed in range(n_seeds):
            X, y, basis = make_active_subspace(
                500, n_features, random_state=seed, return_basis=True
            )
            direction = GaussianRBFRegressor(n_components=1).fit(X, y).components_[0]
            found.append(abs(direction @ basis[:, 0]) / np.linalg.norm(direction))
        print(f"  cosine at D={n_features}: least {min(found):.4f}")
    right = 0
    for seed in range(n_seeds):
        X, y = make_active_subspace(
            500, 20, model="interaction", aligned=True, random_state=seed
        )
        shares = GaussianRBFRegressor().fit(X, y).feature_importances_
        right += set(np.argsort(-shares)[:3]) == {0, 1, 2}
    print(f"  three of 20 features matter: found in {right} of {n_seeds}")


def scale(n_rows=100_000, n_features=30, n_centers=128):
    """One objective and gradient beside the matrix products it needs."""
    rng = np.random.RandomState(0)
    rbf = GaussianRBFRegressor(n_centers, max_iter=3)
    rbf.fit(rng.standard_normal((200, 2)), rng.standard_normal(200))  # compiles
    before = peak_memory()
    X = rng.standard_normal((n_rows, n_features))
    Y = np.sin(X[:, :1])
    rbf.fit(X, Y)
    beyond = (peak_memory() - before - X.nbytes) / 1e6
    print(f"\npeak memory of a fit beyond the data, n={n_rows}: {beyond:.0f} MB")
    rows = StandardRows(X, Y - Y.mean(), np.ones(n_rows), float(n_rows))
    L, C = 0.3 * np.eye(n_features), X[:n_centers]
    objective = Evidence(rows, SquaredLoss(1), 1e-4)
    U = C @ L
    Phi, A = np.empty((n_rows, n_centers)), rng.uniform(size=(n_rows, n_centers))
    Q = rng.standard_normal((n_centers, n_centers))
    w = Q[:, :1]

    def products():
        Z = X @ L
        np.matmul(Z, U.T, out=Phi)
        A.T @ A, A.T @ Y  # moments of the basis
        F = A @ w
        np.matmul(A, Q, out=Phi)
        F @ w.T
        A @ U, A.T @ Z, X.T @ Z  # chain rule
        return Z

    contest(
        f"one objective and gradient, n={n_rows}, D={n_features}, M={n_centers}",
        [
            Contestant("objective and gradient", lambda: objective.value(L, C, 0.0)),
            Contestant("bare matrix products", products),
        ],
        accuracy=lambda _: "",
        n_rounds=5,
    )


def main():
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {"scale": scale, "truths": truths, "speed": speed, "tables": tables}
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    warnings.simplefilter("ignore")  # the process runs into the bounds of its kernel
    with threadpool_limits(1):
        for name in parser.parse_args().only:
            parts[name]()


if __name__ == "__main__":
    main()
