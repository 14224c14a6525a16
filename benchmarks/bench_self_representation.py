"""Sparse self-representation against loops over scikit-learn's solvers.

python benchmarks/bench_self_representation.py [--rounds 3] [--large]
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from _harness import Contestant, contest, images, peak_memory, union
from scipy.sparse import csr_array
from sklearn.linear_model import enet_path, lars_path_gram, orthogonal_mp_gram
from threadpoolctl import threadpool_limits

from skspace.cluster._omp import omp_self_representation
from skspace.cluster._sparse import kkt_residual, sparse_self_representation
from skspace.graph._top_k import row_top_k

N_ATOMS = 5


class OthersOnly:
    """A Gram matrix from which one row at a time is taken out, without a copy."""

    def __init__(self, X):
        self.whole = X @ X.T
        self.G = self.whole.copy()

    def without(self, i):
        """Return the Gram matrix and correlations as if atom i were zero."""
        g = self.whole[i].copy()
        g[i] = self.G[i] = self.G[:, i] = 0.0
        self.G[i, i] = 1.0
        return self.G, g

    def restore(self, touched):
        """Undo changes to some rows and columns."""
        self.G[touched] = self.whole[touched]
        self.G[:, touched] = self.whole[:, touched]


def omp_by_scikit_learn(X, *, copy_gram):
    """Loop over rows; without the copy, undo the solver's swaps in its place."""
    grams, n = OthersOnly(X), len(X)
    C = np.zeros((n, n))
    for i in range(n):
        G, g = grams.without(i)
        G = G if copy_gram else G.T  # the solver works on Fortran order
        C[i] = orthogonal_mp_gram(
            G, g, n_nonzero_coefs=N_ATOMS, copy_Gram=copy_gram, copy_Xy=False
        )
        swapped = [] if copy_gram else [*range(N_ATOMS), *np.flatnonzero(C[i])]
        grams.restore(np.unique([i, *swapped]))
    return C


def omp_by_numpy(X):
    """The plain loop on the Gram matrix: one small solve per atom, no copies."""
    G, n = X @ X.T, len(X)
    C = np.zeros((n, n))
    for i in range(n):
        corr, chosen = G[i].copy(), []
        for _ in range(N_ATOMS):
            corr[i] = 0
            chosen.append(np.argmax(np.abs(corr)))
            c = np.linalg.solve(G[np.ix_(chosen, chosen)], G[i, chosen])
            corr = G[i] - c @ G[chosen]
        C[i, chosen] = c
    return C


def bench_omp(name, X, n_rounds):
    """Print the contest of pursuits on one table."""
    reference = omp_by_numpy(X)

    def accuracy(C):
        C = C.toarray() if hasattr(C, "toarray") else C
        return f"largest deviation {np.max(np.abs(C - reference)):.0e}"

    contest(
        f"OMP, {N_ATOMS} atoms: {name} {X.shape}",
        [
            Contestant("skspace", lambda: omp_self_representation(X)),
            Contestant(
                "orthogonal_mp_gram", lambda: omp_by_scikit_learn(X, copy_gram=True)
            ),
            Contestant(
                "orthogonal_mp_gram, no copies",
                lambda: omp_by_scikit_learn(X, copy_gram=False),
            ),
            Contestant("NumPy loop, no copies", lambda: omp_by_numpy(X)),
        ],
        accuracy=accuracy,
        n_rounds=n_rounds,
    )


def penalties(g, gamma, l1_ratio):
    """λ₁ and λ₂ of a row with correlations g."""
    lam1 = np.max(np.abs(g)) / gamma
    return lam1, lam1 * (1 - l1_ratio) / l1_ratio


def net_by_coordinate_descent(X, grams, rows, gamma, l1_ratio, tol):
    """Loop over rows on the Gram matrix."""
    C = np.zeros((len(X), len(X)))
    columns = np.asfortranarray(X.T)
    for i in rows:
        G, g = grams.without(i)
        lam1, lam2 = penalties(g, gamma, l1_ratio)
        _, coefs, _ = enet_path(
            columns,
            columns[:, i],
            l1_ratio=l1_ratio,
            alphas=[(lam1 + lam2) / X.shape[1]],
            precompute=G,
            Xy=g,
            check_input=False,
            tol=tol,
            max_iter=100_000,
        )
        C[i] = coefs[:, 0]
        grams.restore([i])
    return C


def lasso_by_lars(X, grams, rows, gamma):
    """Loop over rows with the homotopy on the Gram matrix."""
    C = np.zeros((len(X), len(X)))
    for i in rows:
        G, g = grams.without(i)
        lam1, _ = penalties(g, gamma, 1.0)
        *_, C[i] = lars_path_gram(
            g, G, n_samples=1, alpha_min=lam1, method="lasso", return_path=False
        )
        grams.restore([i])
    return C


def equal_tolerance(X, grams, rows, gamma, l1_ratio):
    """Loosest tolerance of the descent whose worst KKT residual is at most 1e-6."""
    for tol in 10.0 ** -np.arange(4, 13):
        C = net_by_coordinate_descent(X, grams, rows, gamma, l1_ratio, tol)
        if np.max(kkt_residual(X, csr_array(C), gamma, l1_ratio)[rows]) <= 1e-6:
            return tol
    raise RuntimeError("coordinate descent does not reach a KKT residual of 1e-6")


def bench_net(name, X, gamma, l1_ratio, n_rounds, n_rows):
    """Print the contest of elastic nets on one table.

    Ours makes the Gram matrix in its time; the peers, of which only some rows are
    timed, get it for nothing.
    """
    grams = OthersOnly(X)
    rows = np.arange(0, len(X), max(1, len(X) // n_rows))
    share = len(rows) / len(X)
    tol = equal_tolerance(X, grams, rows, gamma, l1_ratio)

    def accuracy(C):
        worst = kkt_residual(X, csr_array(C), gamma, l1_ratio)
        solved = worst if C.format == "csr" else worst[rows]
        return f"worst KKT residual {np.max(solved):.0e}"

    def peer(solve, *args):
        return lambda: csr_array(solve(X, grams, rows, gamma, *args)).tocsc()

    contestants = [
        Contestant(
            "skspace",
            lambda: sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio),
        ),
        Contestant(
            f"enet_path on Gram, tol={tol:.0e}",
            peer(net_by_coordinate_descent, l1_ratio, tol),
            share,
        ),
    ]
    if l1_ratio == 1:
        contestants.append(Contestant("lars_path_gram", peer(lasso_by_lars), share))
    contest(
        f"Elastic net, gamma={gamma:g}, l1_ratio={l1_ratio:g}: {name} {X.shape}",
        contestants,
        accuracy=accuracy,
        n_rounds=n_rounds,
    )


def bench_growth(sizes):
    """Print times and peak memory as the number of samples grows, d = 200."""
    print("\nGrowth, 200 features, 20 subspaces of dimension 6, one thread")
    for n in sizes:
        X, _ = union(20, 6, 200, n // 20)
        with threadpool_limits(1):
            start = time.perf_counter()
            omp_self_representation(X)
            middle = time.perf_counter()
            C = sparse_self_representation(X)
            end = time.perf_counter()
        worst = np.max(kkt_residual(X, C, 50.0, 0.9))
        print(
            f"  n={n:6d}  OMP {middle - start:7.2f} s"
            f"   elastic net {end - middle:7.2f} s"
            f"   worst KKT residual {worst:.0e}"
            f"   peak {peak_memory() / 1e9:.2f} GB"
        )


def bench_top_k(n_rounds):
    """Print the contest of the compiled top-k with its definition."""
    A = np.random.RandomState(0).standard_normal(size=(1440, 1440))
    definition = row_top_k.__wrapped__
    expected = definition(A, 10)
    contest(
        f"Ten largest entries of each row {A.shape}",
        [
            Contestant("compiled twin", lambda: row_top_k(A, 10)),
            Contestant("definition on NumPy", lambda: definition(A, 10)),
        ],
        accuracy=lambda found: (
            "equal" if all(map(np.array_equal, found, expected)) else "NOT EQUAL"
        ),
        n_rounds=n_rounds,
    )


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100, help="rows peers solve")
    parser.add_argument("--large", action="store_true", help="up to 20,000 samples")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # peers warn of early stops, seen in KKT anyway

    tables = {"union 5 x 4 in 30": union(5, 4, 30, 60)}
    for name in ("orl_32x32", "yaleb10_32x32", "coil20_32x32"):
        if (found := images(name)) is not None:
            tables[name] = found
    bench_top_k(options.rounds)
    for name, (X, _) in tables.items():
        bench_omp(name, X, options.rounds)
    for name, (X, _) in tables.items():
        for gamma, l1_ratio in [(10.0, 1.0), (50.0, 0.9)]:
            bench_net(name, X, gamma, l1_ratio, options.rounds, options.rows)
    bench_growth([2000, 5000, 10_000, 20_000] if options.large else [1000, 2000])


if __name__ == "__main__":
    main()
