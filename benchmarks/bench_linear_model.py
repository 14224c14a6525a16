"""Digits, time and what a ridge on weak directions does, beside NumPy and scikit-learn.

python benchmarks/bench_linear_model.py [--digits] [--cost] [--sketch] [--ridge]
    [--rows 1000000] [--columns 100] [--rounds 3]

Without a flag everything runs. ``--digits`` needs SKSPACE_DATA for the public problems;
``--sketch`` needs 4 GB.
"""

from __future__ import annotations

import argparse
import warnings
from decimal import Decimal, localcontext

import numpy as np
import scipy.linalg
from _harness import Contestant, contest
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV

from skspace.datasets import (
    DatasetNotFoundError,
    fetch_ill_conditioned,
    get_ill_conditioned_names,
)
from skspace.linear_model import DecoupledRidge, PreconditionedRegression


def exact(X, y, digits=150):
    """Least squares of exactly these doubles by normal equations in many digits."""
    with localcontext() as context:
        context.prec = digits
        rows = [[Decimal(float(v)) for v in row] for row in np.column_stack([X, y])]
        p = X.shape[1]
        A = [
            [sum(row[i] * row[j] for row in rows) for j in range(p + 1)]
            for i in range(p)
        ]
        for i in range(p):
            for k in range(p):
                if k != i:
                    f = A[k][i] / A[i][i]
                    A[k] = [a - f * b for a, b in zip(A[k], A[i], strict=True)]
        return np.array([float(A[i][p] / A[i][i]) for i in range(p)])


def correct_digits(coef, truth):
    """Digits of the worst coefficient, from 0 to 15."""
    with np.errstate(divide="ignore"):
        return float(np.clip(np.min(-np.log10(np.abs(coef / truth - 1))), 0, 15))


def problems():
    """Name, X with its constant column, y, and the truth in 150 digits."""
    for name in get_ill_conditioned_names():
        try:
            data = fetch_ill_conditioned(name)
        except DatasetNotFoundError:
            print("(no public problems: set SKSPACE_DATA to the folder of the data)")
            break
        yield name, data.data, data.target, data.coef
    rng = np.random.RandomState(0)
    t = np.linspace(0, 1, 40)
    designs = {
        "vandermonde 12": (t + 1)[:, None] ** np.arange(12),
        "hilbert 8": 1 / (np.arange(20)[:, None] + np.arange(8) + 1),
        "years, cubic": (1950.0 + np.arange(60))[:, None] ** np.arange(4),
        "random, 1e10": np.linalg.qr(rng.standard_normal((60, 8)))[0]
        * np.logspace(0, -10, 8)
        @ np.linalg.qr(rng.standard_normal((8, 8)))[0],
    }
    for name, X in designs.items():
        X = X if np.all(X[:, 0] == 1) else np.column_stack([np.ones(len(X)), X])
        y = X @ np.ones(X.shape[1]) + rng.standard_normal(len(X))
        yield name, X, y, exact(X, y)


def bench_digits():
    """Correct digits with default settings, with the constant given and fitted."""
    solvers = {
        "skspace": (PreconditionedRegression(fit_intercept=False), False),
        "skspace, intercept": (PreconditionedRegression(), True),
        "numpy lstsq": (None, False),
        "numpy, no cut-off": (0.0, False),
        "LinearRegression": (LinearRegression(), True),
        "Ridge(1e-12)": (Ridge(1e-12), True),
    }
    print("\ncorrect digits of the worst coefficient")
    print(f"  {'':16s}{'cond':>9s}" + "".join(f"{name:>20s}" for name in solvers))
    for name, X, y, truth in problems():
        line = f"  {name:16s}{np.linalg.cond(X):9.1e}"
        for solver, drops in solvers.values():
            constant = np.all(X[:, 0] == 1)
            if not hasattr(solver, "fit"):
                coef = np.linalg.lstsq(X, y, rcond=solver)[0]
            elif drops and constant:
                model = solver.fit(X[:, 1:], y)
                coef = np.r_[model.intercept_, model.coef_]
            else:
                coef = solver.set_params(fit_intercept=False).fit(X, y).coef_
                solver.set_params(fit_intercept=drops)
            line += f"{correct_digits(coef, truth):20.1f}"
        print(line, flush=True)


def bench_cost(n_rounds):
    """Time of the default at an ordinary size."""
    rng = np.random.RandomState(0)
    X, y = rng.standard_normal((10_000, 50)), rng.standard_normal(10_000)

    def truth(coef):
        return f"gradient {np.linalg.norm(X.T @ (y - X @ coef)):.1e}"

    def fit(**parameters):
        return PreconditionedRegression(fit_intercept=False, **parameters).fit(X, y)

    contest(
        "10,000 x 50",
        [
            Contestant("skspace", lambda: fit().coef_),
            Contestant("skspace, refine=False", lambda: fit(refine=False).coef_),
            Contestant("numpy lstsq", lambda: np.linalg.lstsq(X, y)[0]),
            Contestant("scipy lstsq", lambda: scipy.linalg.lstsq(X, y)[0]),
            Contestant(
                "LinearRegression",
                lambda: LinearRegression(fit_intercept=False).fit(X, y).coef_,
            ),
        ],
        accuracy=truth,
        n_rounds=4 * n_rounds,
    )


def tall(n, p, condition):
    """Rows with singular values falling evenly in logarithms, and responses."""
    rng = np.random.RandomState(0)
    X = np.empty((n, p))
    turn = np.logspace(0, -np.log10(condition), p)[:, None]
    turn = turn * np.linalg.qr(rng.standard_normal((p, p)))[0]
    for start in range(0, n, 10_000):
        block = X[start : start + 10_000]
        block[:] = rng.standard_normal(block.shape) @ turn
    y = X @ rng.standard_normal(p)
    y += 1e-3 * np.std(y) * rng.standard_normal(n)
    return X, y


def backward_error(X, y):
    """Return a function: least relative change of X for which a solution is exact.

    The estimate of Karlson and Waldén, within a factor of √2 of the least change.
    """
    R = None
    for start in range(0, len(X), 50_000):
        block = X[start : start + 50_000]
        R = np.linalg.qr(block if R is None else np.r_[R, block], mode="r")
    _, s, Vt = np.linalg.svd(R)

    def of(coef):
        r = y - X @ coef
        g = Vt @ (X.T @ r)
        size = np.sqrt((np.linalg.norm(coef) * s) ** 2 + np.linalg.norm(r) ** 2)
        return float(np.linalg.norm(g / size) / np.linalg.norm(s))

    return of


def bench_sketch(n, p, n_rounds):
    """Very tall data at equal backward error."""
    X, y = tall(n, p, 1e8)
    error = backward_error(X, y)

    def ours(**parameters):
        model = PreconditionedRegression(
            fit_intercept=False, preconditioner="sketch", random_state=0, **parameters
        )
        return model.fit(X, y).coef_

    contest(
        f"{n:,} x {p}, condition 1e8",
        [
            Contestant("skspace, sketch + LSQR", ours),
            Contestant("skspace, the same, tol=1e-12", lambda: ours(tol=1e-12)),
            Contestant("scipy lstsq (gelsd)", lambda: scipy.linalg.lstsq(X, y)[0]),
            Contestant(
                "scipy lstsq (gelsy)",
                lambda: scipy.linalg.lstsq(X, y, lapack_driver="gelsy")[0],
            ),
        ],
        accuracy=lambda coef: f"backward error {error(coef):.1e}",
        n_rounds=n_rounds,
    )


def confounded(seed, strong, n=120):
    """Two groups of five, with two directions of one nearly those of the other."""
    rng = np.random.RandomState(seed)
    A, B = rng.standard_normal((2, n, 5))
    B[:, 0] = A[:, 0] + 0.03 * B[:, 0]
    B[:, 1] = (A[:, 1] + A[:, 2]) / np.sqrt(2) + 0.03 * B[:, 1]
    X, beta = np.hstack([A, B]), rng.standard_normal(10)
    well = [3, 4, 7, 8, 9]
    beta[well] *= strong
    return X, X @ beta + 3 + rng.standard_normal(n), beta, well


def bench_ridge(n_seeds=100):
    """Coefficient errors where some directions are confounded and others are not."""
    groups = [0] * 5 + [1] * 5
    models = {
        "LinearRegression": LinearRegression(tol=1e-15),
        "RidgeCV": RidgeCV(np.logspace(-4, 4, 41)),
        "DecoupledRidge": DecoupledRidge(groups),
        "DecoupledRidge(loo)": DecoupledRidge(groups, kappa_target="loo"),
    }
    print(f"\nmean squared errors over {n_seeds} draws, 120 x 10, noise 1")
    print(f"  {'':24s}{'well determined':>18s}{'confounded':>14s}{'fitted':>10s}")
    for strong in (1.0, 30.0):
        print(f"  well-determined coefficients of size {strong:g}")
        for name, model in models.items():
            errors = []
            for seed in range(n_seeds):
                X, y, beta, well = confounded(seed, strong)
                e = model.fit(X, y).coef_ - beta
                rest = np.setdiff1d(np.arange(10), well)
                centred = (X - X.mean(axis=0)) @ e
                errors.append(
                    [np.mean(e[well] ** 2), np.mean(e[rest] ** 2), np.mean(centred**2)]
                )
            a, b, c = np.mean(errors, axis=0)
            print(f"    {name:22s}{a:18.4f}{b:14.2f}{c:10.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("digits", "cost", "sketch", "ridge"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    all_of_it = not (args.digits or args.cost or args.sketch or args.ridge)
    warnings.simplefilter("ignore")
    if args.digits or all_of_it:
        bench_digits()
    if args.cost or all_of_it:
        bench_cost(args.rounds)
    if args.ridge or all_of_it:
        bench_ridge()
    if args.sketch or all_of_it:
        bench_sketch(args.rows, args.columns, args.rounds)


if __name__ == "__main__":
    main()
