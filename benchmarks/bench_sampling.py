"""Row sampling for ℓp norms: distortion at equal numbers of drawn rows, passes, time.

python benchmarks/bench_sampling.py [--distortion] [--passes] [--regression] [--speed]
    [--rounds 5] [--draws 10]

Without a flag everything runs. Every scheme draws exactly the same number of rows: a
draw that clips probabilities at 1 and scales nothing up keeps a quarter of them where
few rows hold most of the scores, and says nothing about the scores.
"""

from __future__ import annotations

import argparse

import numpy as np
from _harness import Contestant, contest
from scipy.optimize import linprog
from sklearn.linear_model import LinearRegression, QuantileRegressor

from skspace.linear_model import LpRegression
from skspace.sampling import LpRowSampler, leverage_scores, lewis_weights

METHODS = ("uniform", "leverage", "root_leverage", "l2_augmented", "lewis")


def isolated(seed, n=20_000, d=20):
    """Heavy tails, and d rows that are alone in their direction."""
    rng = np.random.RandomState(seed)
    X = rng.standard_t(2.5, size=(n, d))
    X[:d] = 1e3 * np.eye(d)
    return X


def overlooked(seed, n=20_000, d=20, n_hidden=100):
    """Half of the columns have 100 rows of ±1 and a gross one of ±100.

    The 100 rows hold half of the sum of absolute values, and a hundredth of the sum
    of squares. The other columns are Gaussian in all other rows.
    """
    rng = np.random.RandomState(seed)
    X, rows, half = np.zeros((n, d)), n_hidden + 1, d // 2
    for j in range(half):
        X[rows * j : rows * (j + 1), j] = rng.choice([-1, 1], rows)
        X[rows * j, j] *= 100
    X[rows * half :, half:] = rng.standard_normal((n - rows * half, d - half))
    return X


def directions(X, seed=1):
    """Draw 2,200: round for the sum of squares, round for the columns, and axes."""
    rng, d = np.random.RandomState(seed), X.shape[1]
    R = np.linalg.qr(X)[1]
    return np.column_stack(
        [
            np.linalg.solve(R, rng.standard_normal((d, 1100))),
            rng.standard_normal((d, 1100 - d)),
            np.eye(d),
        ]
    )


def distortions(X, p, n_samples, method, n_draws, F, **parameters):
    """Largest error of a norm^p over the directions, for every draw."""
    worst, total = [], F.sum(axis=0)
    for seed in range(n_draws):
        s = LpRowSampler(
            p,
            method=method,
            n_samples=n_samples,
            fit_intercept=False,
            random_state=seed,
            **parameters,
        ).fit(X)
        assert len(np.unique(s.indices_)) == n_samples
        worst.append(np.max(np.abs(s.sample_weight_ @ F[s.indices_] / total - 1)))
    return np.array(worst), s.n_iter_


def bench_distortion(n_draws):
    """Print the median distortion of every scheme on two designs."""
    for make in (isolated, overlooked):
        print(f"\n{make.__name__}: 20000 x 20, 3 designs, {n_draws} draws of each;")
        print("median of the largest error over 2,200 directions [worst design]")
        print(f"  {'':28s}" + "".join(f"{m:>22s}" for m in (*METHODS, "one round")))
        for p in (1, 1.5):
            cells = {}
            for seed in range(3):
                X = make(seed)
                F = np.abs(X @ directions(X)) ** p
                for n_samples in (400, 1600):
                    for method in (*METHODS, "one round"):
                        more = {"n_rounds": 1} if method == "one round" else {}
                        name = "root_leverage" if more else method
                        worst, n_iter = distortions(
                            X, p, n_samples, name, n_draws, F, **more
                        )
                        cell = cells.setdefault((n_samples, method), [])
                        cell.append((np.median(worst), n_iter))
            for n_samples in (400, 1600):
                line = f"  p={p:<4} {n_samples:5d} rows drawn      "
                for method in (*METHODS, "one round"):
                    found, n_iter = np.array(cells[n_samples, method]).T
                    cell = f"{np.median(found):.3f} [{found.max():.3f}]"
                    line += f"{cell} x{n_iter.max():.0f}".rjust(22)
                print(line, flush=True)
            ours = np.median([c[0] for c in cells[400, "lewis"]])
            theirs = np.median([c[0] for c in cells[400, "leverage"]])
            print(f"  p={p}: lewis / leverage at 400 rows {ours / theirs:.2f}")


def bench_passes():
    """Print the passes to Lewis weights beside those of the plain fixed point."""

    def plain(X, p, tol, most=200):
        Q = np.linalg.qr(X)[0]
        v = np.full(len(X), np.log(X.shape[1] / len(X)))
        for n in range(1, most + 1):
            S = np.exp((0.5 - 1 / p) * v)[:, None] * Q
            L = np.linalg.cholesky(S.T @ S)
            lengths = np.sum(np.linalg.solve(L, Q.T) ** 2, axis=0)
            target = p / 2 * np.log(lengths)
            if np.max(np.abs(target - v)) <= tol:
                return n
            v = target
        return None

    rng = np.random.RandomState(0)
    designs = {
        "isolated": isolated(0),
        "overlooked": overlooked(0),
        "Gaussian": rng.standard_normal((20_000, 20)),
        "Cauchy": rng.standard_cauchy((20_000, 20)),
        "rows from 1e-6 to 1e6": rng.standard_normal((20_000, 20))
        * 10.0 ** rng.uniform(-6, 6, (20_000, 1)),
    }
    print("\nPasses to 1e-2 and to 1e-6 (fixed point from d/n: the same)")
    for name, X in designs.items():
        line = f"  {name:22s}"
        for p in (0.5, 1, 1.5, 3, 4, 8, 20):
            ours = [
                lewis_weights(X, p, tol=tol, return_n_iter=True)[1]
                for tol in (1e-2, 1e-6)
            ]
            theirs = [plain(X, p, tol) if p < 4 else None for tol in (1e-2, 1e-6)]
            theirs = "/".join("-" if n is None else str(n) for n in theirs)
            line += f"  p={p}: {ours[0]}/{ours[1]} ({theirs})"
        print(line, flush=True)


def bench_regression(n_draws):
    """Print how near fits on drawn rows come to the fit on all rows."""
    rng = np.random.RandomState(0)
    X = rng.standard_t(2.5, size=(20_000, 10))
    y = X @ rng.standard_normal(10) + rng.standard_t(1.5, size=20_000)
    print("\nNorm of all residuals by coefficients of drawn rows, over the least norm")
    for p in (1, 1.5, 3):
        best = LpRegression(p).fit(X, y).objective_
        for n_samples in (200, 1000):
            line = f"  p={p:<4} {n_samples:5d} rows "
            for method in METHODS:
                if p > 2 and method in {"root_leverage", "l2_augmented"}:
                    continue
                ratios = []
                for seed in range(n_draws):
                    s = LpRowSampler(
                        p, method=method, n_samples=n_samples, random_state=seed
                    )
                    rows = s.fit_resample(X, y)
                    fit = LpRegression(p).fit(*rows, s.sample_weight_)
                    norm = np.sum(np.abs(y - fit.predict(X)) ** p) ** (1 / p)
                    ratios.append(norm / best)
                line += f"  {method} {np.median(ratios):.4f} [{max(ratios):.4f}]"
            print(line, flush=True)


def bench_speed(n_rounds):
    """Print contests: least absolute deviations, Lewis weights."""
    rng = np.random.RandomState(0)
    for n, d in ((2000, 10), (20_000, 20)):
        X = rng.standard_normal((n, d))
        y = X @ rng.standard_normal(d) + rng.standard_t(1.5, size=n)
        ones = np.column_stack([np.ones(n), X])
        best = LpRegression(tol=1e-12).fit(X, y).objective_

        def by_linear_program(y=y, ones=ones):
            bounds = (-1, 1)
            zero = np.zeros(ones.shape[1])
            found = linprog(-y, A_eq=ones.T, b_eq=zero, bounds=bounds, method="highs")
            return -found.eqlin.marginals

        def by_ours(X=X, y=y):
            model = LpRegression().fit(X, y)
            return np.r_[model.intercept_, model.coef_]

        def by_drawn_rows(X=X, y=y):
            s = LpRowSampler(n_samples=1000, random_state=0)
            model = LpRegression().fit(*s.fit_resample(X, y), s.sample_weight_)
            return np.r_[model.intercept_, model.coef_]

        def by_scikit_learn(X=X, y=y):
            model = QuantileRegressor(alpha=0).fit(X, y)
            return np.r_[model.intercept_, model.coef_]

        def by_least_squares(X=X, y=y):
            model = LinearRegression().fit(X, y)
            return np.r_[model.intercept_, model.coef_]

        contestants = [
            Contestant("LpRegression(1)", by_ours),
            Contestant("the same, on 1000 drawn rows", by_drawn_rows),
            Contestant("HiGHS, dual program", by_linear_program),
            Contestant("LinearRegression", by_least_squares),
        ]
        if n <= 2000:
            contestants.insert(3, Contestant("QuantileRegressor", by_scikit_learn))

        def accuracy(coef, y=y, ones=ones, best=best):
            excess = min(np.sum(np.abs(y - s * (ones @ coef))) for s in (1, -1))
            return f"excess {excess / best - 1:.1e}"

        contest(
            f"Least absolute deviations, {n} x {d}",
            contestants,
            accuracy=accuracy,
            n_rounds=n_rounds,
        )
    X = isolated(0)
    tau = leverage_scores(X)
    contest(
        "Scores of 20000 x 20",
        [
            Contestant(
                "lewis_weights(p=1, tol=1e-2)", lambda: lewis_weights(X, tol=0.01)
            ),
            Contestant("leverage_scores", lambda: leverage_scores(X)),
            Contestant(
                "leverage by QR", lambda: np.sum(np.linalg.qr(X)[0] ** 2, axis=1)
            ),
        ],
        accuracy=lambda w: (
            f"sum {w.sum():.4f}, from leverage {np.abs(w - tau).max():.1e}"
        ),
        n_rounds=n_rounds,
    )


def main():
    """Run what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("distortion", "passes", "regression", "speed")
    for part in parts:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--draws", type=int, default=10)
    given = parser.parse_args()
    everything = not any(getattr(given, part) for part in parts)
    if everything or given.distortion:
        bench_distortion(given.draws)
    if everything or given.passes:
        bench_passes()
    if everything or given.regression:
        bench_regression(given.draws)
    if everything or given.speed:
        bench_speed(given.rounds)


if __name__ == "__main__":
    main()
