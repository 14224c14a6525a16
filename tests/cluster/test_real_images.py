"""Accuracy on real images: the floor below which something is broken.

Floors are published or reference figures of the methods, not our own output. Means
of three seeds; data from the folder SKSPACE_DATA.
"""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedShuffleSplit

from skspace.cluster import (
    LeastSquaresSubspaceClustering,
    OMPSubspaceClustering,
    SparseSubspaceClustering,
    ThresholdingSubspaceClustering,
)
from skspace.datasets import fetch_coil20, fetch_orl, fetch_yaleb
from skspace.metrics import clustering_accuracy

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.mark.parametrize(
    ("fetch", "model", "floor"),
    [
        (fetch_yaleb, OMPSubspaceClustering(n_nonzero_coefs=5), 0.915),
        (fetch_orl, SparseSubspaceClustering(gamma=50, l1_ratio=0.9), 0.75),
        (fetch_coil20, SparseSubspaceClustering(gamma=10, l1_ratio=1), 0.77),
        (fetch_yaleb, LeastSquaresSubspaceClustering(alpha=1), 0.91),
        (
            fetch_yaleb,
            LeastSquaresSubspaceClustering(alpha=1, subspace_dim=9),
            0.91,
        ),
        (fetch_orl, LeastSquaresSubspaceClustering(alpha=1), 0.79),
        (fetch_coil20, ThresholdingSubspaceClustering(n_neighbors=4), 0.82),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_accuracy_reaches_the_reference(fetch, model, floor):
    X, y = fetch(return_X_y=True)
    model.set_params(n_clusters=len(np.unique(y)))
    found = [
        clustering_accuracy(y, model.set_params(random_state=seed).fit_predict(X))
        for seed in range(3)
    ]
    assert np.mean(found) >= floor


@pytest.mark.parametrize(
    "model", [LeastSquaresSubspaceClustering(10), OMPSubspaceClustering(10)]
)
def test_new_faces_go_where_the_fitted_ones_went(model):
    """Fit on four fifths, predict the rest; both judged by one matching of labels."""
    X, y = fetch_yaleb(return_X_y=True)
    fitted, predicted, agreement = [], [], []
    split = StratifiedShuffleSplit(3, test_size=0.2, random_state=0)
    for seed, (train, test) in enumerate(split.split(X, y)):
        model.set_params(random_state=seed).fit(X[train])
        everything = np.r_[model.labels_, model.predict(X[test])]
        truth = np.r_[y[train], y[test]]
        fitted.append(clustering_accuracy(y[train], model.labels_))
        n = len(train)
        joint = clustering_accuracy(truth, everything) * len(truth)
        predicted.append((joint - fitted[-1] * n) / len(test))
        agreement.append(np.mean(model.predict(X[train]) == model.labels_))
    assert np.mean(predicted) >= np.mean(fitted) - 0.03
    assert np.mean(agreement) >= 0.9
