"""Course of a fit of MCR2Clustering: networks one by one, and what they agree on."""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import adjusted_rand_score

from .._array import array_namespace
from .._loop import close_task, log, open_task, run
from .._rows import take_rows
from .._validation import check_sizes
from ..linalg._sinkhorn import eta_of_perplexity
from ..nn import SGD, Adam
from ._mcr2_labels import Check, Checks, InputRate, common_labels, cut_membership
from ._mcr2_training import (
    Objective,
    TwoHeads,
    batches,
    check_tables,
    copy_head,
    noisy_views,
    train,
    warm_up,
)

CHECK_EVERY = 10
"""Steps between two looks at labels."""

KEPT_MEMBERSHIP = 5000
"""Most samples whose membership is kept, a dense table of their square."""


class Trained(NamedTuple):
    """One network of a fit."""

    kept: Check  # the look whose labels count
    parameters: dict
    checks: Checks
    eta: float
    n_iter: int


def find_nothing(estimator):
    """Set what `find_labels` would, when one cluster leaves nothing to find."""
    # features then are the prepared rows
    estimator.weights_, estimator.membership_ = {}, None
    estimator.eta_, estimator.kept_step_, estimator.n_iter_ = 0.0, 0, 0
    estimator.training_curves_, estimator.checkpoint_labels_ = {}, {}


def find_labels(estimator, V, n_samples, rng):
    """Cluster prepared, pairwise distinct rows.

    Parameters
    ----------
    estimator : MCR2Clustering
        Whose parameters rule, and which gets the attributes of the network kept.
    V : array of shape (n_rows, n_features)
    n_samples : int
        Of the whole fit.
    rng : RandomState

    Returns
    -------
    labels : ndarray of shape (n_rows,)
        -1 in rows beyond `max_spectral`.
    """
    n = V.shape[0]
    goal = objective(estimator, V)
    check_tables(estimator, V)
    cut_rows = np.arange(n)
    if n > estimator.max_spectral:
        cut_rows = np.sort(rng.choice(n, estimator.max_spectral, replace=False))
    rate = InputRate(take_rows(V, cut_rows), estimator.eps2)

    task = open_task(estimator, n_runs=2 * estimator.n_networks, X=V)
    networks = [
        _train_one(estimator, goal, V, cut_rows, rate, rng, task, f"network {i}, ")
        for i in range(estimator.n_networks)
    ]
    close_task(task, estimator, X=V)

    found = networks[0].kept.labels
    if len(networks) > 1:
        found = rate.best_of(
            common_labels(
                [network.kept.labels for network in networks],
                estimator.n_clusters,
                estimator.n_init,
                rng,
            )
        )[0]
    # new samples are placed among the features of the network that agrees best
    kept = max(networks, key=lambda own: adjusted_rand_score(found, own.kept.labels))
    estimator.eta_, estimator.n_iter_ = kept.eta, kept.n_iter
    estimator.kept_step_, estimator.weights_ = kept.kept.step, kept.parameters
    estimator.training_curves_ = kept.checks.curves()
    looks = kept.checks.found
    estimator.checkpoint_labels_ = {look.step: look.labels for look in looks}
    estimator.membership_ = None
    if len(cut_rows) == n_samples <= KEPT_MEMBERSHIP:
        scaling = kept.checks.cut(kept.parameters).scaling
        estimator.membership_ = (
            scaling.kernel * scaling.factor[:, None]
        ) * scaling.factor
    labels = np.full(n, -1, dtype=np.int64)
    labels[cut_rows] = found
    return labels


def _train_one(estimator, goal, V, cut_rows, rate, rng, task, name):
    parameters = goal.network.start(rng, like=V)
    data = batches(scaled(V), estimator.batch_size, rng)
    if estimator.warmup_steps:
        spread = run(
            estimator,
            warm_up(goal, parameters, data, rng),
            X=V,
            max_iter=estimator.warmup_steps,
            converged=lambda history: False,
            task=task,
            name=f"{name}warm-up",
            warn=False,
        )
        parameters = copy_head(spread.state.parameters)

    eta = _choose_eta(estimator, goal, parameters, scaled(V))
    cut = _cutter(estimator, goal, take_rows(V, cut_rows), eta, rng)
    checks = Checks(rate, cut, CHECK_EVERY)
    checks.look(0, parameters)
    n_iter = 0
    if estimator.max_steps:
        outcome = run(
            estimator,
            checks.follow(train(goal, parameters, data, rng, eta)),
            X=V,
            max_iter=estimator.max_steps,
            tol=estimator.tol,
            task=task,
            name=f"{name}training",
            warn=False,
        )
        n_iter, parameters = outcome.n_iter, outcome.state.parameters
        if n_iter % CHECK_EVERY:
            checks.look(n_iter, parameters)
    if not estimator.restore_best:
        return Trained(checks.found[-1], parameters, checks, eta, n_iter)
    kept = checks.best
    return Trained(kept, kept.parameters, checks, eta, n_iter)


def objective(estimator, V):
    """Make what is fixed during training, or refuse it."""
    if estimator.max_spectral < estimator.n_clusters:
        raise ValueError(
            f"max_spectral={estimator.max_spectral} should be >= "
            f"n_clusters={estimator.n_clusters}."
        )
    if (
        estimator.n_views > 1
        and estimator.augment is None
        and estimator.noise_scale == 0
    ):
        raise ValueError(
            f"n_views={estimator.n_views} views of a sample are equal; set noise_scale "
            "or augment."
        )
    optimizer = {"adam": Adam, "sgd": SGD}[estimator.optimizer]
    deviation = float(array_namespace(V).std(scaled(V)))
    return Objective(
        network=TwoHeads(V.shape[1], layer_sizes(estimator), estimator.n_components),
        optimizer=optimizer(estimator.learning_rate),
        eps2=estimator.eps2,
        membership_reg=estimator.membership_reg,
        compression_columns=estimator.compression_columns,
        views=noisy_views(
            estimator.n_views, estimator.noise_scale, estimator.augment, deviation
        ),
        sinkhorn_max_iter=estimator.sinkhorn_max_iter,
        sinkhorn_tol=estimator.sinkhorn_tol,
    )


def layer_sizes(estimator):
    """Widths of the layers below both heads."""
    return check_sizes(estimator.hidden_layer_sizes, "hidden_layer_sizes")


def scaled(V):
    """Bring prepared rows to entries of order one for any number of columns."""
    return V * V.shape[1] ** 0.5


def _cutter(estimator, goal, V, eta, rng):
    """Make the function that cuts the membership of rows under parameters."""
    seed = rng.randint(2**31)  # equal features get equal labels at every look

    def cut(parameters) -> Any:
        start = perf_counter()
        found = cut_membership(
            goal.network.apply(parameters, scaled(V), head=1),
            eta,
            estimator.n_clusters,
            max_iter=estimator.sinkhorn_max_iter,
            tol=estimator.sinkhorn_tol,
            n_init=estimator.n_init,
            rng=np.random.RandomState(seed),
        )
        log(estimator, f"labels of {V.shape[0]} samples", perf_counter() - start)
        return found

    return cut


def _choose_eta(estimator, goal, parameters, X):
    if estimator.eta != "auto":
        return float(estimator.eta)
    xp = array_namespace(X)
    X = X[: min(estimator.batch_size, X.shape[0]), :]
    C = goal.network.apply(parameters, X, head=1)
    return eta_of_perplexity(xp.abs(C @ C.T), X.shape[0] / estimator.n_clusters)
