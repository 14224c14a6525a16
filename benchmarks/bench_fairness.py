"""Fair representations of tables about people: accuracy beside gaps, leaks, speed.

python benchmarks/bench_fairness.py [--table] [--tree] [--path] [--speed] [--rounds 5]
    [--rows 200000]

Without a flag everything runs. Protocol of the table: 70/30 splits stratified on target
and attribute, seeds 10 to 14, dummy-coded and standardised features without the
sensitive column, logistic regression (C=1, 200 iterations). Entries are means over the
splits, of accuracy, demographic parity gap and equalised odds gap on held-out rows; the
standard deviation over splits follows. Needs the data (SKSPACE_DATA).
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from _harness import Contestant, contest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skspace.datasets import fetch_adult, fetch_compas, fetch_law_school
from skspace.erasure import SubspaceEraser
from skspace.fairness import FairPCA, FairSDR, fairness_utility_path
from skspace.metrics import demographic_parity_difference, equalized_odds_difference

SEEDS = range(10, 15)


def adult():
    """Income above 50,000 dollars; sex."""
    data = fetch_adult()
    return data, "sex", ["fnlwgt", "education"], None


def compas():
    """Charged again within two years; African-American and Caucasian."""
    data = fetch_compas()
    keep = data.data["race"].isin(["African-American", "Caucasian"])
    return data, "race", ["decile_score"], keep


def law_school():
    """Passed the bar; race."""
    return fetch_law_school(), "race", [], None


def table_of(fetch):
    """Features, target and attribute as arrays."""
    data, sensitive, left_out, keep = fetch()
    frame, y = data.data, np.asarray(data.target)
    if keep is not None:
        frame, y = frame[keep], y[np.asarray(keep)]
    z = frame[sensitive].astype(str).to_numpy()
    X = pd.get_dummies(frame.drop(columns=[sensitive, *left_out]))
    return X.to_numpy(dtype=float), y, z


def splits(X, y, z, seeds=SEEDS):
    """Yield standardised training and test parts."""
    # The draw depends on the order of strata: men, African-Americans and whites last.
    last = np.isin(z, ["Male", "African-American", "White"])
    strata = 2 * y + last
    for seed in seeds:
        train, test = train_test_split(
            np.arange(len(y)), test_size=0.3, stratify=strata, random_state=seed
        )
        scaler = StandardScaler().fit(X[train])
        yield (
            (scaler.transform(X[train]), y[train], z[train]),
            (scaler.transform(X[test]), y[test], z[test]),
        )


def representations(X, y, z):
    """Fitted transformers by name."""
    fair = FairSDR().fit(X, y, sensitive_features=z)
    quarter = FairPCA(max(1, X.shape[1] // 4)).fit(X, sensitive_features=z)

    def target(n):
        return FairSDR(n, base="target").fit(X, y, sensitive_features=z)

    return {
        "untreated": None,
        "LEACE": SubspaceEraser("leace").fit(X, concept=z),
        "FairPCA, p/4 components": quarter,
        "FairSDR, level 0": fair,
        "FairSDR, target base, 1": target(1),
        "FairSDR, target base, 3": target(3),
        "FairSDR, level all": fair.at_level("all"),
    }


def bench_table():
    """Print accuracy and gaps of every representation on three tables."""
    for fetch in (adult, compas, law_school):
        X, y, z = table_of(fetch)
        majority = max(np.mean(y), 1 - np.mean(y))
        print(
            f"\n{fetch.__name__}: {X.shape[0]} x {X.shape[1]}, majority {majority:.3f}"
            f"\n  {'':28s}{'accuracy':>16s}{'parity gap':>16s}{'odds gap':>16s}"
        )
        found = {}
        for (A, a, g), (B, b, h) in splits(X, y, z):
            for name, model in representations(A, a, g).items():
                R, S = (A, B) if model is None else map(model.transform, (A, B))
                clf = LogisticRegression(C=1.0, max_iter=200).fit(R, a)
                p = clf.predict(S)
                found.setdefault(name, []).append(
                    (
                        np.mean(p == b),
                        demographic_parity_difference(b, p, sensitive_features=h),
                        equalized_odds_difference(b, p, sensitive_features=h),
                    )
                )
        for name, rows in found.items():
            cells = zip(np.mean(rows, axis=0), np.std(rows, axis=0), strict=True)
            text = "".join(f"{m:10.4f} ±{s:.3f}" for m, s in cells)
            print(f"  {name:28s}{text}")
        if fetch is adult:
            _bars({name: np.mean(rows, axis=0) for name, rows in found.items()})


def _bars(mean):
    """Say whether Adult is where it has to be."""
    apart = np.abs(mean["FairSDR, level 0"] - mean["LEACE"])[:2]
    target, kept = mean["FairSDR, target base, 3"], mean["FairSDR, level all"]
    lost = abs(kept[0] - mean["untreated"][0])
    for text, holds in (
        (f"level 0 and LEACE differ by {apart.round(4)}, .005", np.all(apart <= 0.005)),
        (f"target base, 3: accuracy {target[0]:.4f}, .818", target[0] >= 0.818),
        (f"target base, 3: parity gap {target[1]:.4f}, .025", target[1] <= 0.025),
        (f"level all and untreated differ by {lost:.4f}, .003", lost <= 0.003),
    ):
        print(f"    {'holds' if holds else 'FAILS'}: {text}")


def bench_tree():
    """Print how well a linear probe and a tree find the attribute on Adult."""
    from fairlearn.preprocessing import CorrelationRemover

    X, y, z = table_of(adult)
    print("\nAdult: balanced accuracy at predicting sex from the representation")
    print(f"  {'':34s}{'linear':>10s}{'tree, depth 8':>16s}")
    found = {}
    for (A, a, g), (B, _, h) in splits(X, y, z):
        models = {
            "untreated": None,
            "LEACE": SubspaceEraser("leace").fit(A, concept=g),
            "FairSDR, level 0": FairSDR().fit(A, a, sensitive_features=g),
            "FairSDR, 5 second-order": FairSDR(n_sensitive_second_order=5).fit(
                A, a, sensitive_features=g
            ),
            "FairSDR, target base, 3": FairSDR(3, base="target").fit(
                A, a, sensitive_features=g
            ),
            "FairPCA, covariance": FairPCA(constraint="covariance", share=0.5).fit(
                A, sensitive_features=g
            ),
        }
        pairs = {
            name: (A, B) if model is None else tuple(map(model.transform, (A, B)))
            for name, model in models.items()
        }
        remover = CorrelationRemover(sensitive_feature_ids=[0])
        own, new = (np.c_[s == "Male", T] for s, T in ((g, A), (h, B)))
        pairs["CorrelationRemover (knows sex)"] = (
            remover.fit(own).transform(own),
            remover.transform(new),
        )
        for name, (R, S) in pairs.items():
            probe = LogisticRegression(max_iter=200, class_weight="balanced").fit(R, g)
            tree = DecisionTreeClassifier(
                max_depth=8, class_weight="balanced", random_state=0
            ).fit(R, g)
            found.setdefault(name, []).append(
                [balanced_accuracy_score(h, m.predict(S)) for m in (probe, tree)]
            )
    for name, rows in found.items():
        linear, tree = np.mean(rows, axis=0)
        print(f"  {name:34s}{linear:10.3f}{tree:16.3f}")


def larger_gap(y_true, y_pred, *, sensitive_features):
    """Larger of the parity gaps of several attributes, each by itself."""
    return max(
        demographic_parity_difference(y_true, y_pred, sensitive_features=column)
        for column in np.asarray(sensitive_features).T
    )


def bench_path():
    """Print the path of Adult by sex and race, in three orders."""
    data = fetch_adult()
    X = pd.get_dummies(
        data.data.drop(columns=["sex", "race", "fnlwgt", "education"])
    ).to_numpy(dtype=float)
    y, attributes = np.asarray(data.target), data.data[["sex", "race"]].astype(str)
    pipe = make_pipeline(StandardScaler(), FairSDR(), LogisticRegression(max_iter=200))
    for order in ("ratio", "utility", "sensitivity"):
        path = fairness_utility_path(
            pipe.set_params(fairsdr__order=order),
            X,
            y,
            attributes,
            fairness=larger_gap,
            random_state=0,
        )
        print(
            f"\nAdult, sex and race, order={order}: level, accuracy, parity gap, dcor"
        )
        for row in zip(
            path.k, path.utility_mean, path.gap_mean, path.dcor_mean, strict=True
        ):
            print("  {:3.0f}{:10.4f}{:10.4f}{:10.4f}".format(*row))


def by_numpy(X, z):
    """Mean erasure as one would write it: QR, group means, complement."""
    Q, R = np.linalg.qr(X - X.mean(axis=0))
    W = Q * np.sqrt(len(X))
    apart = (W[z].mean(axis=0) - W[~z].mean(axis=0))[:, None]
    basis = np.linalg.qr(apart, mode="complete")[0][:, 1:]
    return np.linalg.solve(R / np.sqrt(len(X)), basis)


def bench_speed(n_rounds, n_rows):
    """Time fits beside a plain implementation and fairlearn's remover."""
    from fairlearn.preprocessing import CorrelationRemover

    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_rows, 100))
    z = rng.uniform(size=n_rows) < 0.4
    X[z, :5] += 0.5
    y = X[:, 0] + X[:, 10] > 0
    joint = np.c_[z, X]

    def remover():
        return CorrelationRemover(sensitive_feature_ids=[0]).fit(joint).transform(joint)

    def gap(result):
        R = X @ result if len(result) == 100 else result
        return f"group gap {np.max(np.abs(R[z].mean(0) - R[~z].mean(0))):.0e}"

    contest(
        f"Fit, {n_rows} x 100, two groups",
        [
            Contestant(
                "FairSDR, mean directions",
                lambda: FairSDR().fit(X, y, sensitive_features=z).components_.T,
            ),
            Contestant(
                "FairSDR(3), second moments of y",
                lambda: FairSDR(3).fit(X, y, sensitive_features=z).components_.T,
            ),
            Contestant("QR and group means, NumPy", lambda: by_numpy(X, z)),
            Contestant("fairlearn CorrelationRemover, with transform", remover),
        ],
        accuracy=gap,
        n_rounds=n_rounds,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag in ("table", "tree", "path", "speed"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=200_000)
    given = parser.parse_args()
    everything = not (given.table or given.tree or given.path or given.speed)
    warnings.simplefilter("ignore", ConvergenceWarning)  # 200 iterations are asked for
    if given.table or everything:
        bench_table()
    if given.tree or everything:
        bench_tree()
    if given.path or everything:
        bench_path()
    if given.speed or everything:
        bench_speed(given.rounds, given.rows)


if __name__ == "__main__":
    main()
