"""Write independence_peers.json: what dcor 0.7 and hyppo 0.5.2 say of these samples.

pip install dcor==0.7 hyppo==0.5.2, then python tests/data/independence_peers.py
"""

import json
from pathlib import Path

import numpy as np

N_PERMUTATIONS = 4999


def samples():
    """Pairs of samples by name; the tests draw the same."""
    rng = np.random.RandomState(0)
    x, e = rng.standard_normal((2, 80))
    yield "line", x, 0.25 * x + e
    yield "parabola", x, 0.35 * x**2 + e
    yield "independent", x, e
    X, E = rng.standard_normal((2, 60, 3))
    yield "table", X, (0.5 * X[:, :2] ** 2 + 1.4 * E[:, :2])
    yield "independent table", X, E
    few = rng.randint(0, 3, size=(2, 70)).astype(float)
    yield "ties", few[0], np.where(few[1] == 2, few[0], few[1])


def main():
    import dcor
    from hyppo.independence import Dcorr

    found = {}
    for name, x, y in samples():
        test = dcor.independence.distance_covariance_test(
            x, y, num_resamples=N_PERMUTATIONS, random_state=0
        )
        columns = [np.reshape(z, (len(z), -1)) for z in (x, y)]
        peer = Dcorr().test(*columns, reps=N_PERMUTATIONS, auto=False, random_state=0)
        found[name] = {
            "dcor": {
                "statistic": float(dcor.u_distance_correlation_sqr(x, y)),
                "p_value": float(test.pvalue),
            },
            "hyppo": {"statistic": float(peer[0]), "p_value": float(peer[1])},
        }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
