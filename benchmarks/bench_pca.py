"""SpikedPCA and RobustPCA beside PCA: recovery, accuracy, time.

python benchmarks/bench_pca.py [--spiked] [--robust] [--digits] [--speed]

Without a flag everything runs. No data beyond scikit-learn's own.
"""

from __future__ import annotations

import argparse

import numpy as np
from _harness import Contestant, contest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from skspace.decomposition import RobustPCA, SpikedPCA


def spiked(seed, n=500, p=300, variances=(10.0, 7.0, 5.0, 4.0, 3.0)):
    """Draw signal rows, and the same with white noise of variance 1."""
    rng = np.random.RandomState(seed)
    V = np.linalg.qr(rng.standard_normal((p, len(variances))))[0]
    signal = rng.standard_normal((n, len(variances))) * np.sqrt(variances) @ V.T
    return signal, signal + rng.standard_normal((n, p))


def corrupted(seed, n=500, p=300, rank=5, share=0.1, size=10.0):
    """Draw a basis, and low-rank rows around a mean with gross errors."""
    rng = np.random.RandomState(seed)
    V = np.linalg.qr(rng.standard_normal((p, rank)))[0].T
    X = 3 * rng.standard_normal((n, rank)) @ V + 5 * rng.standard_normal(p)
    wrong = rng.uniform(size=(n, p)) < share
    return V, X + wrong * rng.uniform(-size, size, (n, p))


def recovery(model, noisy, clean):
    """Fit, and return the mean squared error of the rows given back."""
    back = model.inverse_transform(model.fit_transform(noisy))
    return np.mean((back - clean) ** 2)


def sine(A, B):
    """Sine of the largest angle between two row spaces of one dimension."""
    return np.linalg.norm(A.T @ A - B.T @ B, 2)


def spiked_table(n_seeds=20):
    print("\nspiked model, n=500, p=300, 5 spikes, noise 1, 20 seeds")
    models = {
        "SpikedPCA": lambda: SpikedPCA(),
        "gavish-donoho, not shrunk": lambda: SpikedPCA("gavish-donoho", shrinkage=None),
        "PCA(5), the true rank": lambda: PCA(5, svd_solver="full"),
        "PCA('mle')": lambda: PCA("mle", svd_solver="full"),
        "PCA(0.9)": lambda: PCA(0.9, svd_solver="full"),
    }
    for variances in ((10, 7, 5, 4, 3), (20, 15, 10, 5, 2), (5, 4, 3, 2, 1.5)):
        print(f"  variances {variances}")
        for name, make in models.items():
            ranks, errors = [], []
            for seed in range(n_seeds):
                signal, X = spiked(seed, variances=variances)
                model = make()
                errors.append(recovery(model, X, signal))
                ranks.append(model.n_components_)
            right = sum(rank == 5 for rank in ranks)
            print(f"    {name:28s} rank right {right:2d}  mse {np.mean(errors):.4f}")


def robust_table(n_seeds=5):
    print("\nlow rank and 10 % gross errors: largest sine to the truth, 5 seeds")
    for n, p, rank, size in (
        (500, 300, 5, 10),
        (300, 100, 5, 1000),
        (200, 400, 10, 10),
    ):
        ours, stream, pca, found = [], [], [], []
        for seed in range(n_seeds):
            V, X = corrupted(seed, n, p, rank, size=size)
            model = RobustPCA().fit(X)
            found.append(model.n_components_)
            ours.append(sine(model.components_[:rank], V))
            pca.append(sine(PCA(rank, svd_solver="full").fit(X).components_, V))
            batches = RobustPCA()
            for batch in np.array_split(X, 2):
                batches.partial_fit(batch)
            stream.append(sine(batches.components_[:rank], V))
        print(
            f"  {n} x {p}, rank {rank}, errors up to {size}: rank found {set(found)}, "
            f"RobustPCA {max(ours):.0e}, two batches {max(stream):.0e}, "
            f"PCA {min(pca):.2f}"
        )


def digits_tables(n_seeds=5):
    X, y = load_digits(return_X_y=True)
    X = X / 16
    print("\ndigits and Gaussian noise: mean squared error of the rows given back")
    for noise in (0.1, 0.3):
        noisy = X + noise * np.random.RandomState(0).standard_normal(X.shape)
        models = {
            "SpikedPCA": SpikedPCA(),
            "not shrunk": SpikedPCA(shrinkage=None),
            "gavish-donoho, not shrunk": SpikedPCA("gavish-donoho", shrinkage=None),
            "PCA('mle')": PCA("mle", svd_solver="full"),
            "PCA(0.9)": PCA(0.9, svd_solver="full"),
            "PCA(0.99)": PCA(0.99, svd_solver="full"),
        }
        for name, model in models.items():
            error = recovery(model, noisy, X)
            print(f"  {noise} {name:28s} {error:.4f}  rank {model.n_components_}")
    print("\ndigits, salt in train and test: accuracy of logistic regression, 5-NN")
    for share in (0.0, 0.1, 0.2):
        for k in (10, 20, 30):
            scores = {PCA: [], RobustPCA: []}
            for seed in range(n_seeds):
                rng = np.random.RandomState(seed)
                salted = np.where(rng.uniform(size=X.shape) < share, 1.0, X)
                train, test, y_train, y_test = train_test_split(
                    salted, y, test_size=0.4, stratify=y, random_state=seed
                )
                for Reducer, rows in scores.items():
                    reducer = Reducer(k)
                    A, B = reducer.fit_transform(train), reducer.transform(test)
                    rows.append(
                        [
                            classifier.fit(A, y_train).score(B, y_test)
                            for classifier in (
                                LogisticRegression(max_iter=5000),
                                KNeighborsClassifier(),
                            )
                        ]
                    )
            robust, pca = np.array(scores[RobustPCA]), np.array(scores[PCA])
            wins = (robust > pca).sum(axis=0)
            print(
                f"  salt {share:.0%}, {k} components: RobustPCA "
                f"{robust.mean(axis=0).round(3)}, PCA {pca.mean(axis=0).round(3)}, "
                f"better in {wins} of {n_seeds}"
            )


def speed():
    for n, p in ((5000, 100), (1000, 500)):
        signal, X = spiked(0, n, p)
        contest(
            f"fit and give back, {n} x {p}",
            [
                Contestant("SpikedPCA()", lambda X=X: back(SpikedPCA(), X)),
                Contestant(
                    "PCA(5, svd_solver='full')",
                    lambda X=X: back(PCA(5, svd_solver="full"), X),
                ),
                Contestant("PCA(5)", lambda X=X: back(PCA(5, random_state=0), X)),
            ],
            accuracy=lambda got, signal=signal: (
                f"mse {np.mean((got - signal) ** 2):.4f}"
            ),
        )
    V, X = corrupted(0)
    contest(
        "robust fit, 500 x 300, rank 5",
        [
            Contestant("RobustPCA()", lambda: RobustPCA().fit(X)),
            Contestant("PCA(5)", lambda: PCA(5, random_state=0).fit(X)),
        ],
        accuracy=lambda model: f"sine {sine(model.components_, V):.0e}",
        n_rounds=3,
    )


def back(model, X):
    return model.inverse_transform(model.fit_transform(X))


def main():
    parts = {
        "spiked": spiked_table,
        "robust": robust_table,
        "digits": digits_tables,
        "speed": speed,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    asked = vars(parser.parse_args())
    with threadpool_limits(1):
        for name, part in parts.items():
            if asked[name] or not any(asked.values()):
                part()


if __name__ == "__main__":
    main()
