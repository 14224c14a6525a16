"""Fits to blocks of rows on one and on two workers, beside the fit in one process.

python benchmarks/bench_distributed.py [--rows 500000] [--features 100] [--rounds 3]

Workers are processes of one thread each and hold their blocks in memory, so that what
is timed is the fit: summaries, their merging, what travels, and the solution. The two
clusters stay up together and take turns with the ordinary fit of the same rows. Beside
the times stand the seconds of processor that this process and the busiest worker took,
which other work on the machine does not change: their sum is what a fit takes at best.
"""

from __future__ import annotations

import argparse
import logging
import time

import numpy as np
from _harness import Contestant, contest
from sklearn.base import clone

from skspace.decomposition import (
    PrincipalHessianDirections,
    SlicedInverseRegression,
    SpikedPCA,
)
from skspace.distributed import fit
from skspace.fairness import FairSDR
from skspace.sampling import LpRowSampler

N_BLOCKS = 16


def table(n_rows, n_features):
    """Blocks that any worker can make again, a response and a group."""
    import dask.array as da

    draws = da.random.RandomState(0)
    blocks = draws.standard_normal(
        (n_rows, n_features), chunks=(-(-n_rows // N_BLOCKS), -1)
    )
    X = blocks.compute(scheduler="threads")
    y = X[:, 0] + X[:, 1] ** 2 + 0.1 * np.random.RandomState(1).standard_normal(n_rows)
    return blocks, X, y, X[:, 2] > 0


def problems(group):
    """Yield an estimator, what it fits to besides X, and what to compare."""
    yield SlicedInverseRegression(2), True, {}, "components_"
    yield SpikedPCA(2), False, {}, "eigenvalues_"
    yield FairSDR(), True, {"sensitive_features": group}, "components_"
    yield LpRowSampler(random_state=0), False, {}, "scores_"
    yield PrincipalHessianDirections(2), True, {}, "components_"


def worked(client):
    """Seconds of processor each worker has taken."""
    return np.array(list(client.run(time.process_time).values()))


def main():
    import distributed

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    blocks, X, y, group = table(args.rows, args.features)

    def cluster(n_workers):
        return distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        )

    with (
        cluster(1) as one,
        cluster(2) as two,
        distributed.Client(one, set_as_default=False) as alone,
        distributed.Client(two, set_as_default=False) as both,
    ):
        held = {}
        for client in (alone, both):
            with client.as_current():
                held[client] = client.persist(blocks)
                distributed.wait(held[client])
        for estimator, needs_y, params, name in problems(group):
            response = y if needs_y else None

            def on(client, e=estimator, response=response, params=params):
                before, own = worked(client), time.process_time()
                with client.as_current():
                    model = fit(clone(e), held[client], response, **params)
                own = time.process_time() - own
                return model, own, np.max(worked(client) - before)

            def here(e=estimator, response=response, params=params):
                own = time.process_time()
                model = clone(e).fit(X, response, **params)
                return model, time.process_time() - own, 0.0

            wanted = getattr(here()[0], name)
            on(alone), on(both)  # imports, and what compiles

            def accuracy(outcome, wanted=wanted, name=name):
                model, own, busiest = outcome
                off = np.max(np.abs(getattr(model, name) - wanted))
                cpu = f"processor {own:.2f} + {busiest:.2f} s"
                return f"{cpu}  {name} off by {off:.0e}"

            contest(
                f"{type(estimator).__name__}, {args.rows} x {args.features}",
                [
                    Contestant("two workers", lambda on=on: on(both)),
                    Contestant("one worker", lambda on=on: on(alone)),
                    Contestant("one process, fit", here),
                ],
                accuracy=accuracy,
                n_rounds=args.rounds,
            )


if __name__ == "__main__":
    main()
