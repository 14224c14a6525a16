"""Diffusion spectral entropy against dense eigenvalues; tests of independence.

python benchmarks/bench_diffusion.py [--entropy] [--classes] [--tests] [--rounds 5]

Without a flag everything runs. The dense peers are written plainly: distances, kernel,
normalisation, all eigenvalues (with or without vectors). dcor and hyppo take part in
the permutation tests where they are installed.
"""

from __future__ import annotations

import argparse

import numpy as np
from _harness import Contestant, contest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits

from skspace.information import (
    diffusion_spectral_entropy,
    diffusion_spectral_mutual_info,
    independence_test,
)


def plain(eigenvalues):
    """Entropy from all eigenvalues that a function of the kernel matrix gives."""

    def entropy(X, sigma):
        G = np.exp(-(cdist(X, X) ** 2) / (2 * sigma**2))
        q = G.sum(axis=1)
        share = np.abs(eigenvalues(G / np.sqrt(np.outer(q, q))))
        share = share / share.sum() + 2.22e-16
        return -np.sum(share * np.log2(share))

    return entropy


DENSE = {
    "np.linalg.eigh": plain(lambda K: np.linalg.eigh(K)[0]),
    "np.linalg.eigvalsh": plain(np.linalg.eigvalsh),
}


def tables():
    """Titles, tables and bandwidths, with spectra that fall slowly or fast."""
    rng = np.random.RandomState(0)
    digits = load_digits().data / 16
    activations = rng.standard_normal((2000, 8)) @ rng.standard_normal((8, 64))
    yield "normal 500 x 20, sigma 2", rng.standard_normal((500, 20)), 2.0
    yield "normal 2000 x 20, sigma 10", rng.standard_normal((2000, 20)), 10.0
    yield "digits 1797 x 64, sigma 2", digits, 2.0
    yield "rectified 2000 x 64, sigma 10", np.maximum(activations, 0), 10.0
    yield "normal 2000 x 3, sigma 1", rng.standard_normal((2000, 3)), 1.0
    yield "normal 2000 x 2, sigma 1", rng.standard_normal((2000, 2)), 1.0
    curve = rng.uniform(0, 6, size=(3000, 1))
    yield (
        "curve 3000 x 50, sigma 1",
        np.cos(curve + np.arange(50)) + 0.01 * rng.standard_normal((3000, 50)),
        1.0,
    )


def bench_entropy(n_rounds):
    """Time one entropy and print how far from the dense value it is."""
    for title, X, sigma in tables():
        truth = DENSE["np.linalg.eigvalsh"](X, sigma)
        contestants = [
            Contestant(
                "diffusion_spectral_entropy",
                lambda X=X, sigma=sigma: diffusion_spectral_entropy(X, sigma=sigma),
            )
        ]
        contestants += [
            Contestant(name, lambda X=X, sigma=sigma, f=f: f(X, sigma))
            for name, f in DENSE.items()
        ]
        contest(
            title,
            contestants,
            accuracy=lambda h, truth=truth: f"{h:.6f} bits, off {h - truth:+.0e}",
            n_rounds=n_rounds,
        )


def bench_classes(n_rounds):
    """Time the information of classes, which is many small entropies."""
    X, y = load_digits(return_X_y=True)
    X = X / 16

    def by_plain(entropy):
        rng, total = np.random.RandomState(0), 0.0
        for label in np.unique(y):
            rows = np.flatnonzero(y == label)
            subsets = [rng.choice(len(X), len(rows), replace=False) for _ in range(5)]
            of_all = np.mean([entropy(X[s], 2.0) for s in subsets])
            total += len(rows) / len(X) * (of_all - entropy(X[rows], 2.0))
        return total

    contest(
        "Information of the ten digits, 1797 x 64, sigma 2",
        [
            Contestant(
                "diffusion_spectral_mutual_info",
                lambda: diffusion_spectral_mutual_info(X, y, sigma=2, random_state=0),
            ),
            *(Contestant(name, lambda f=f: by_plain(f)) for name, f in DENSE.items()),
        ],
        accuracy=lambda bits: f"{bits:.3f} bits",
        n_rounds=n_rounds,
    )


def bench_tests(n_rounds, n_permutations=199):
    """Time permutation tests by distance correlation."""
    rng = np.random.RandomState(0)
    for dx, dy, n in ((1, 1, 1000), (5, 3, 500), (5, 3, 1500)):
        X, Y = rng.standard_normal((n, dx)), rng.standard_normal((n, dy))
        Y[:, 0] += X[:, 0] ** 2 / 4
        contestants = [
            Contestant(
                "independence_test",
                lambda X=X, Y=Y: (
                    independence_test(
                        X, Y, n_permutations=n_permutations, random_state=0
                    ).p_value
                ),
            ),
            *peers(X, Y, n_permutations),
        ]
        contest(
            f"{n_permutations} permutations, {n} rows, {dx} + {dy} columns",
            contestants,
            accuracy=lambda p: f"p {p:.3f}",
            n_rounds=n_rounds,
        )


def peers(X, Y, n_permutations):
    """Tests of dcor and hyppo, as far as they are installed."""
    try:
        import dcor
    except ImportError:
        print("(no dcor)")
    else:
        yield Contestant(
            "dcor distance_covariance_test",
            lambda: (
                dcor.independence.distance_covariance_test(
                    X, Y, num_resamples=n_permutations, random_state=0
                ).pvalue
            ),
        )
    try:
        from hyppo.independence import Dcorr
    except ImportError:
        print("(no hyppo)")
    else:
        yield Contestant(
            "hyppo Dcorr",
            lambda: Dcorr().test(X, Y, reps=n_permutations, auto=False, random_state=0)[
                1
            ],
        )


def main():
    """Run what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("entropy", "classes", "tests")
    for part in parts:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    everything = not any(getattr(given, part) for part in parts)
    if everything or given.entropy:
        bench_entropy(given.rounds)
    if everything or given.classes:
        bench_classes(given.rounds)
    if everything or given.tests:
        bench_tests(given.rounds)


if __name__ == "__main__":
    main()
