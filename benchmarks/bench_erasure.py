"""Concept erasure: what probes see, what labels keep, and the time of plain NumPy.

python benchmarks/bench_erasure.py [--digits] [--weights] [--speed] [--seeds 5]
    [--rounds 5] [--rows 100000]

Without a flag everything runs. Peers are written here: LEACE as its paper has it, in
plain NumPy, and iterative null-space projection (INLP), which fits a linear classifier
of the concept, projects its coefficients out, and begins again.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from _harness import Contestant, contest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from skspace.erasure import SubspaceEraser

METHODS = {
    "nothing erased": None,
    "leace": {},
    "oblique": {"method": "oblique"},
    "orthogonal": {"method": "orthogonal"},
    "spectral": {"method": "spectral"},
    "spectral, retain .1": {"method": "spectral", "alpha_retain": 0.1},
}


def probe():
    """Make a linear classifier."""
    return LogisticRegression(max_iter=3000)


class PlainLeace:
    """LEACE by the formula of its paper."""

    def fit(self, X, z):
        indicators = (z[:, None] == np.unique(z)) * 1.0
        self.mean = X.mean(axis=0)
        C = X - self.mean
        values, V = np.linalg.eigh(C.T @ C / len(X))
        keep = values > 1e-12 * values[-1]
        V, root = V[:, keep], np.sqrt(values[keep])
        cross = C.T @ (indicators - indicators.mean(axis=0)) / len(X)
        U, s, _ = np.linalg.svd((V / root).T @ cross, full_matrices=False)
        U = U[:, s > 1e-10]
        self.E = np.eye(len(V)) - (V * root) @ U @ U.T @ (V / root).T
        return self

    def transform(self, X):
        return self.mean + (X - self.mean) @ self.E.T


class NullSpaceProjection:
    """INLP: linear classifiers of the concept, projected out one after the other."""

    def __init__(self, n_rounds=10):
        self.n_rounds = n_rounds

    def fit(self, X, z):
        self.E = np.eye(X.shape[1])
        for _ in range(self.n_rounds):
            coef = probe().fit(X @ self.E, z).coef_ @ self.E
            _, s, Vt = np.linalg.svd(coef, full_matrices=False)
            V = Vt[s > 1e-8 * max(s[0], 1e-12)]
            self.E = self.E - self.E @ V.T @ V
            Q, s, _ = np.linalg.svd(self.E)
            Q = Q[:, s > 0.5]
            self.E = Q @ Q.T
        return self

    def transform(self, X):
        return X @ self.E


def tasks():
    """Tables with a concept to erase and a label to keep."""
    X, digit = load_digits(return_X_y=True)
    X = X / 16
    frame = np.zeros((8, 8))
    frame[[0, -1]] = 0.25
    style = np.random.RandomState(0).randint(2, size=len(X))
    framed = X + style[:, None] * frame.ravel()
    yield "a faint frame around half of the images; the digit", framed, style, digit
    yield "digit of 5 or more; odd or even", X, (digit >= 5) * 1, digit % 2
    yield "odd or even; digit of 5 or more", X, digit % 2, (digit >= 5) * 1


def measure(X, z, y, rows, new, eraser):
    """Held-out scores of probes of the concept, and of the label."""
    A, B = X[rows], X[new]
    if eraser is not None:
        eraser.fit(A, z[rows])
        A, B = eraser.transform(A), eraser.transform(B)
    linear = probe().fit(A, z[rows])
    tree = DecisionTreeClassifier(max_depth=8, random_state=0).fit(A, z[rows])
    return (
        balanced_accuracy_score(z[new], linear.predict(B)),
        roc_auc_score(z[new], linear.decision_function(B)),
        balanced_accuracy_score(z[new], tree.predict(B)),
        probe().fit(A, y[rows]).score(B, y[new]),
    )


class Sparing:
    """The library's eraser with the label it may spare."""

    def __init__(self, parameters, y):
        self.eraser, self.y = SubspaceEraser(**parameters), y

    def fit(self, X, z):
        self.eraser.fit(X, self.y, concept=z)

    def transform(self, X):
        return self.eraser.transform(X)


def bench_digits(n_seeds):
    """Print what is left of concepts, and of labels."""
    for name, X, z, y in tasks():
        print(f"\nDigits, 60/40, {n_seeds} seeds. Erased; kept: {name}")
        head = ("linear bal.acc", "linear AUC", "tree bal.acc", "label acc")
        print("  " + " " * 22 + "".join(f"{text:>16s}" for text in head))
        found = {method: [] for method in (*METHODS, "INLP, 10 rounds")}
        for seed in range(n_seeds):
            rows, new = train_test_split(
                np.arange(len(X)), test_size=0.4, stratify=2 * y + z, random_state=seed
            )
            for method in found:
                if method.startswith("INLP"):
                    eraser = NullSpaceProjection()
                elif METHODS[method] is None:
                    eraser = None
                else:
                    eraser = Sparing(METHODS[method], y[rows])
                found[method].append(measure(X, z, y, rows, new, eraser))
        for method, each in found.items():
            mean, spread = np.mean(each, axis=0), np.std(each, axis=0)
            cells = [f"{m:.3f} ±{s:.3f}" for m, s in zip(mean, spread, strict=True)]
            print(f"  {method:22s}" + "".join(f"{cell:>16s}" for cell in cells))


def bench_weights():
    """Erase one digit from a fitted model's weights; mean over the ten digits."""
    X, digit = load_digits(return_X_y=True)
    A, B, y, t = train_test_split(
        X / 16, digit, test_size=0.4, stratify=digit, random_state=0
    )
    model = probe().fit(A, y)
    print(
        "\nOne digit erased from the weights of a model, mean over ten "
        f"(accuracy {model.score(B, t):.3f})"
    )
    head = ("that digit", "the others", "probe AUC", "others, refitted")
    print("  " + " " * 34 + "".join(f"{text:>18s}" for text in head))
    variants = {
        "nothing erased": None,
        "leace": {},
        "orthogonal": {"method": "orthogonal"},
        "spectral, centred, 30 / .1": {"method": "spectral", "alpha_retain": 0.1},
        "spectral, centred, 30 / 1": {"method": "spectral"},
        "spectral, uncentred, 30 / 10": {
            "method": "spectral",
            "alpha_retain": 10,
            "center": False,
        },
    }
    for name, parameters in variants.items():
        each = []
        for c in range(10):
            coef, intercept, A_c, B_c = model.coef_, model.intercept_, A, B
            if parameters is not None:
                eraser = SubspaceEraser(forget=[c], **parameters).fit(A, y)
                coef, intercept = eraser.edit_weights(coef, intercept)
                A_c, B_c = eraser.transform(A), eraser.transform(B)
            correct = np.argmax(B @ coef.T + intercept, axis=1) == t
            seen = probe().fit(A_c, y == c).decision_function(B_c)
            refitted = probe().fit(A_c[y != c], y[y != c])
            each.append(
                (
                    np.mean(correct[t == c]),
                    np.mean(correct[t != c]),
                    roc_auc_score(t == c, seen),
                    refitted.score(B_c[t != c], t[t != c]),
                )
            )
        cells = "".join(f"{value:18.3f}" for value in np.mean(each, axis=0))
        print(f"  {name:34s}{cells}")


def bench_speed(n_rows, n_rounds):
    """Time ours and the peers on normal rows with a concept of classes."""
    rng = np.random.RandomState(0)
    for n, p, n_classes in ((n_rows, 64, 2), (n_rows, 64, 10), (n_rows // 10, 512, 2)):
        z = rng.randint(n_classes, size=n)
        X = rng.standard_normal((n, p)) @ rng.standard_normal((p, p))
        X = X + rng.standard_normal((n_classes, p))[z]

        def left(erased, X=X, z=z, n_classes=n_classes):
            shares = np.array([np.mean(z == c) for c in range(n_classes)])
            means = np.array([erased[z == c].mean(axis=0) for c in range(n_classes)])
            largest = np.max(np.abs(means - shares @ means) / X.std(axis=0))
            moved = np.mean((erased - X) ** 2) / np.mean(X.var(axis=0))
            return f"means apart {largest:.0e}, moved {moved:.4f}"

        def run(make, X=X, z=z):
            return lambda: make().fit(X, z).transform(X)

        contestants = [
            Contestant("SubspaceEraser", run(SubspaceEraser)),
            Contestant("LEACE in plain NumPy", run(PlainLeace)),
        ]
        contest(
            f"fit and transform, {n} x {p}, {n_classes} classes",
            contestants,
            accuracy=left,
            n_rounds=n_rounds,
        )
    X, z = X[:2000, :64], z[:2000]

    def left_here(erased):
        return left(erased, X, z, 2)

    contest(
        "fit and transform, 2000 x 64, 2 classes, beside INLP",
        [
            Contestant("SubspaceEraser", run(SubspaceEraser, X, z)),
            Contestant("INLP, 10 rounds", run(NullSpaceProjection, X, z)),
        ],
        accuracy=left_here,
        n_rounds=n_rounds,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("digits", "weights", "speed"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    everything = not (given.digits or given.weights or given.speed)
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        if given.digits or everything:
            bench_digits(given.seeds)
        if given.weights or everything:
            bench_weights()
        if given.speed or everything:
            bench_speed(given.rows, given.rounds)


if __name__ == "__main__":
    main()
