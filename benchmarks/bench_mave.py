"""MAVE beside the methods that slice: distance to the truth on four models.

python benchmarks/bench_mave.py [--seeds 20] [--models cubic mixed ...]

2,000 rows of 20 features from `make_sdr_regression`; every method with its defaults and
the true number of directions.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from bench_sdr import MODELS, error
from threadpoolctl import threadpool_limits

from skspace.datasets import make_sdr_regression
from skspace.decomposition import (
    DirectionalRegression,
    OuterProductGradients,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
)

METHODS = {
    "SIR": SlicedInverseRegression,
    "SAVE": SlicedAverageVarianceEstimation,
    "DR": DirectionalRegression,
    "OPG": lambda d: OuterProductGradients(d, refine=False, random_state=0),
    "MAVE": lambda d: OuterProductGradients(d, random_state=0),
}


def compare(model, n_seeds):
    """Print mean distances, and in how many draws MAVE beats the best of the others."""
    errors = {name: [] for name in METHODS}
    seconds = dict.fromkeys(METHODS, 0.0)
    for seed in range(n_seeds):
        X, y, basis = make_sdr_regression(
            2000, 20, model=model, random_state=seed, return_basis=True
        )
        for name, make in METHODS.items():
            start = time.perf_counter()
            found = make(basis.shape[1]).fit(X, y)
            seconds[name] += time.perf_counter() - start
            errors[name].append(error(found, basis))
    means = {name: np.mean(each) for name, each in errors.items()}
    rival = min(("SIR", "SAVE", "DR"), key=means.get)
    wins = np.sum(np.array(errors["MAVE"]) <= np.array(errors[rival]))
    cells = "".join(f"{mean:8.3f}" for mean in means.values())
    cost = seconds["MAVE"] / seconds["DR"]
    print(
        f"  {model:12s}{cells}   best rival {rival}, MAVE nearer in {wins} of "
        f"{n_seeds}; time of MAVE {cost:.0f}x that of DR",
        flush=True,
    )


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    options = parser.parse_args()
    print(
        f"Mean distance to the central subspace, n=2000, p=20, {options.seeds} seeds\n"
        + " " * 14
        + "".join(f"{name:>8s}" for name in METHODS)
    )
    with threadpool_limits(1):
        for model in options.models:
            compare(model, options.seeds)


if __name__ == "__main__":
    main()
