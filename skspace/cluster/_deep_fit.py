"""Course of a fit of deep subspace clustering, from prepared rows to labels."""

from __future__ import annotations

import warnings
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from .._array import array_namespace, asarray_like, device, to_numpy
from .._loop import close_task, log, open_task, run, scalars
from .._validation import check_memory, check_range, check_sizes, sparse_output
from ..linalg._self_expression import effective_rank
from . import _deep_training as stages
from ._base import kept_per_row
from ._deep_encoder import (
    Encoders,
    build_encoders,
    check_convolutions,
    check_image_shape,
)
from ._deep_views import (
    ALPHA,
    Views,
    affine_coefficients,
    consensus,
    graph_of,
    judge,
    view_gram,
    view_graphs,
)
from ._dense_rows import number_bytes
from ._rounding import spectral_labels

TABLES_OF_VIEWS = 2
"""n x n matrices at the peak of the closed form."""

TABLES_OF_TRAINING = 9
"""The same while encoder and joint matrix are trained: C, its gradient, two moments,
Gram matrices, and products on the way."""


class Found(NamedTuple):
    """What a fit finds about the rows it clusters."""

    labels: np.ndarray
    affinity: sp.csr_array
    coefficients: Any  # csr_array, or ndarray where all are kept
    views: Views
    view: str


def in_precision(X, dtype):
    """Bring X to the precision asked for, or leave its own for None."""
    if dtype is None:
        return X
    xp = array_namespace(X)
    check_range(xp.max(xp.abs(X)), dtype, "The largest entry of X")
    return xp.astype(X, getattr(xp, dtype))


def check_tables(estimator, n, X):
    """Refuse n samples whose square matrices would not fit into memory."""
    trained = estimator.train_encoder or estimator.refine is not None
    check_memory(
        (TABLES_OF_TRAINING if trained else TABLES_OF_VIEWS) * number_bytes(X) * n * n,
        what=f"Deep subspace clustering of {n} samples",
        remedy="set max_samples to cluster that many and place the others by their "
        'nearest subspace, or dtype="float32"',
    )


def start_views(estimator, X, rng):
    """Make views through encoders as they are before any training.

    Parameters
    ----------
    estimator : DeepSubspaceClustering
    X : array of shape (n_samples, n_features)
    rng : RandomState

    Returns
    -------
    Views
    """
    shape = check_image_shape(estimator.image_shape, X.shape[1])
    channels, kernel_sizes = check_convolutions(
        estimator.channels, estimator.kernel_sizes, shape
    )
    sizes = ()
    if shape is None:
        sizes = check_sizes(estimator.hidden_layer_sizes, "hidden_layer_sizes")
    weights = np.asarray(estimator.l2_weights)
    numbers = weights.shape == (2,) and weights.dtype.kind in "iuf"
    if not (numbers and 0 <= weights[0] < np.inf and 0 < weights[1] < np.inf):
        raise ValueError(
            "l2_weights must be two numbers, the first at least 0 and the second "
            f"above, got {estimator.l2_weights!r}."
        )
    encoders = build_encoders(
        estimator.n_encoders, X.shape[1], shape, channels, kernel_sizes, sizes, rng, X
    )
    return Views(encoders, shape, estimator.center)


def find_nothing(estimator, n_samples):
    """Set what `find_labels` would, when one cluster leaves nothing to find."""
    empty = sparse_output(sp.csr_array((n_samples, n_samples)))
    estimator.representation_matrix_ = estimator.affinity_matrix_ = empty
    estimator.n_connected_components_ = 1
    estimator.view_ = "input"
    estimator.view_weights_, estimator.associations_ = {}, {}
    estimator.n_iter_, estimator.stop_reason_ = 1, "closed_form"


def find_labels(estimator, views, V, inputs, rng):
    """Cluster prepared, pairwise distinct rows.

    Parameters
    ----------
    estimator : DeepSubspaceClustering
        Whose parameters rule, and which gets the attributes of every stage.
    views : Views
        With encoders at their start.
    V, inputs : arrays of shape (n_rows, n_features)
    rng : RandomState

    Returns
    -------
    Found
    """
    n = V.shape[0]
    n_runs = estimator.n_encoders * (estimator.pretrain is not None)
    n_runs += estimator.train_encoder + (estimator.refine is not None)
    task = open_task(estimator, n_runs=n_runs, X=inputs) if n_runs else None
    n_keep = min(kept_per_row(estimator.subspace_dim), max(1, n - 1))

    def graphs_of(views):
        return list(_judged(estimator, views, V, inputs, n_keep, rng))

    graphs = graphs_of(views)
    estimator.n_iter_, estimator.stop_reason_ = 1, "closed_form"
    if estimator.pretrain is not None or estimator.train_encoder:
        with np.errstate(over="ignore", invalid="ignore"):
            trained = _train(estimator, views, V, inputs, rng, task)
        _check_trained(estimator, trained.encoders, inputs)
        candidates = graphs_of(trained)
        # Judged where both stages work: by the graph of the joint matrix.
        estimator.training_kept_ = joint(candidates) >= joint(graphs)
        before, after = (_ranks(v.encoders, inputs) for v in (views, trained))
        estimator.effective_rank_ = asarray_like([before, after], V)
        if estimator.training_kept_:
            views, graphs = trained, candidates
    affinity, weights = consensus(graphs)
    names = [f"{g.view}, {g.kind}" for g in graphs]
    estimator.view_weights_ = dict(zip(names, weights.tolist(), strict=True))
    marks = [g.association for g in graphs]
    estimator.associations_ = dict(zip(names, marks, strict=True))
    view = graphs[int(np.argmax(weights))].view

    def cut(affinity):
        return spectral_labels(
            affinity,
            estimator.n_clusters,
            assign_labels="kmeans",
            n_init=estimator.n_init,
            rng=rng,
        )

    rounding = cut(affinity)
    labels, n_connected = rounding.labels, rounding.n_connected
    C = graphs[-1].coefficients
    if estimator.refine is not None or estimator.dense_representation:
        C = _joint_matrix(views, V, inputs)
    if estimator.refine is not None:
        C, labels = _refine(estimator, views, C, V, inputs, n_keep, cut, task)
        graph = graph_of("all layers", C, n_keep)
        affinity = graph.affinity
    if estimator.dense_representation:
        C = to_numpy(C)
    elif estimator.refine is not None:
        C = graph.coefficients
    if task is not None:
        close_task(task, estimator, X=inputs)
    estimator.n_connected_components_ = n_connected
    return Found(labels, affinity, C, views, view)


def joint(graphs):
    """Association of the graph of the joint representation."""
    return graphs[-1].association


def _judged(estimator, views, V, inputs, n_keep, rng):
    start = perf_counter()
    for graph in view_graphs(views, V, inputs, n_keep):
        graph = judge(graph, estimator.n_clusters, estimator.n_init, rng)
        what = f"{graph.view}, {graph.kind}: association {graph.association:.4f}"
        log(estimator, what, perf_counter() - start)
        start = perf_counter()
        yield graph


def _joint_matrix(views, V, inputs):
    return affine_coefficients(_joint_gram(views, V, inputs))


def _joint_gram(views, V, inputs):
    """Gram matrix of all layers, mean diagonal 1."""
    K = view_gram(views, "all layers", V, inputs)
    xp = array_namespace(K)
    K /= float(xp.mean(xp.linalg.diagonal(K)))
    return K


def _ranks(encoders, inputs):
    return [effective_rank(layer) for layer in encoders.layers(0, inputs)]


def _recorded(states, into):
    """Pass states on and keep their numbers."""
    try:
        for state in states:
            into.append(scalars(state))
            yield state
    finally:
        states.close()


def _train(estimator, views, V, inputs, rng, task):
    """Run the stages asked for and return views through the trained encoders."""
    encoders = views.encoders
    if estimator.pretrain is not None:
        encoders = _pretrain(estimator, encoders, inputs, rng, task)
    if estimator.train_encoder:
        encoders = _train_jointly(
            estimator, Views(encoders, views.image_shape, views.center), V, inputs, task
        )
    return Views(encoders, views.image_shape, views.center)


def _check_trained(estimator, encoders, inputs):
    """Refuse encoders that training drove beyond the range of numbers."""
    xp = array_namespace(inputs)
    with np.errstate(over="ignore", invalid="ignore"):
        last = [
            encoders.layer(i, encoders.n_layers, inputs)
            for i in range(len(encoders.encoders))
        ]
        fine = all(bool(xp.isfinite(xp.sum(layer * layer))) for layer in last)
    if not fine:
        raise ValueError(
            "Training led beyond the range of numbers; lower "
            f"learning_rate={estimator.learning_rate:g}."
        )


def _pretrain(estimator, encoders, inputs, rng, task):
    estimator.pretrain_ok_ = True
    estimator.pretrain_loss_curve_ = []
    parameters = dict(encoders.parameters)
    for i in range(len(encoders.encoders)):
        history = []
        states = stages.pretrain(
            encoders,
            i,
            inputs,
            loss=estimator.pretrain,
            batch_size=estimator.batch_size,
            learning_rate=estimator.learning_rate,
            rng=rng,
        )
        outcome = run(
            estimator,
            _recorded(states, history),
            X=inputs,
            max_iter=estimator.pretrain_max_iter,
            converged=lambda past: stages.pretrained(past, estimator.tol),
            task=task,
            name=f"pre-training {i}",
            warn=False,
        )
        curve = np.array([h["objective"] for h in history])
        estimator.pretrain_loss_curve_.append(curve)
        if estimator.pretrain == "reconstruction":
            passed = curve[-1] <= stages.BAD_ERROR  # false of NaN
        else:
            passed = len(curve) == 1 or curve[-1] < curve[0]
        if passed:
            parameters |= outcome.state.parameters
            continue
        estimator.pretrain_ok_ = False
        warnings.warn(
            f"Pre-training of encoder {i} ended after {len(curve)} epochs at a loss of "
            f"{curve[-1]:.2g} (1 is that of a constant); it was put back to its start. "
            "Increase pretrain_max_iter or learning_rate, or set pretrain=None.",
            ConvergenceWarning,
            stacklevel=7,  # the caller of fit, past two decorators
        )
    return Encoders(encoders.encoders, encoders.decoders, parameters)


def _train_jointly(estimator, views, V, inputs, task):
    C = _joint_matrix(views, V, inputs)
    xp = array_namespace(V)
    n_tables = 1 + len(views.encoders.encoders) * views.encoders.n_layers
    # Rows of unit length and a constant in every table, as in the closed form.
    constant = xp.full((V.shape[0], 1), n_tables**0.5, dtype=V.dtype, device=device(V))
    V = xp.concat([V, constant], axis=1)
    problem = stages.Problem(
        views.encoders, inputs, V, V @ xp.matrix_transpose(V), ALPHA * n_tables
    )
    loss = estimator.encoder_loss if estimator.regularization is None else "dsc"
    history = []
    states = stages.train_jointly(
        problem,
        C,
        loss=loss,
        weights=tuple(estimator.l2_weights),
        learning_rate=estimator.learning_rate,
    )
    outcome = run(
        estimator,
        _recorded(states, history),
        X=inputs,
        converged=lambda past: stages.settled(past, estimator.tol),
        task=task,
        name="joint training",
        remedy="increase max_iter or learning_rate",
    )
    estimator.n_iter_ = outcome.n_iter
    estimator.stop_reason_ = "tol" if outcome.converged else "max_iter"
    estimator.training_curves_ = {
        name: np.array([h[name] for h in history])
        for name in ("objective", "self_expression", "reconstruction")
    }
    parameters = outcome.state.parameters
    kept = {k: v for k, v in parameters.items() if k != "C"}
    return Encoders(views.encoders.encoders, views.encoders.decoders, kept)


def _refine(estimator, views, C, V, inputs, n_keep, cut, task):
    K = None
    if estimator.refine == "joint":
        K = _joint_gram(views, V, inputs)
        K += 1.0

    def labels_of(C):
        return cut(graph_of("all layers", C, n_keep).affinity).labels

    history = []
    states = stages.refine(
        C,
        K,
        ALPHA,
        labels_of,
        joint=estimator.refine == "joint",
        every=estimator.refine_every,
        learning_rate=estimator.learning_rate,
    )
    outcome = run(
        estimator,
        _recorded(states, history),
        X=inputs,
        max_iter=estimator.refine_max_iter,
        converged=lambda past: past[-1]["change"] <= estimator.tol,
        task=task,
        name="refinement",
        warn=False,
    )
    estimator.refine_curve_ = [h["objective"] for h in history]
    C = outcome.state.coefficients
    return C, labels_of(C)
