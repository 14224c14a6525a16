"""MCR² clustering: gradients of a step, the guard, invariances, memory."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from skspace.cluster import MCR2Clustering, _mcr2_fit
from skspace.cluster._mcr2_labels import (
    Checks,
    Cut,
    InputRate,
    common_labels,
    cut_membership,
)
from skspace.cluster._mcr2_training import (
    Objective,
    TwoHeads,
    _agreement,
    _sampled_parts,
    batches,
    copy_head,
    noisy_views,
    train,
    warm_up,
)
from skspace.datasets import make_union_of_subspaces
from skspace.linalg import sinkhorn
from skspace.linalg._coding_rate import rate_of_parts, rate_of_whole
from skspace.metrics import clustering_accuracy, rate_reduction
from skspace.nn import SGD

SMALL = {
    "hidden_layer_sizes": (32, 32),
    "n_components": 12,
    "n_networks": 1,
    "warmup_steps": 20,
    "max_steps": 30,
    "learning_rate": 1e-3,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def union():
    return make_union_of_subspaces(
        120, n_subspaces=3, n_features=20, subspace_dim=2, noise=0.02, random_state=0
    )


def curves(rng):
    """An arc of a sine and a small blob, 100 samples each, in thirty dimensions."""
    axes = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    t = np.linspace(-1, 1, 100)
    arc = np.stack([t, np.sin(2 * t), np.ones(100)], axis=1) @ axes[:3]
    blob = 2 * axes[5] + 0.15 * rng.standard_normal((100, 30))
    return np.concatenate([arc, blob]), np.repeat([0, 1], 100)


def goal_of(**changes):
    settings = {
        "network": TwoHeads(5, (7, 6), 4),
        "optimizer": SGD(1.0, momentum=0.0),
        "eps2": 0.3,
        "membership_reg": 0.2,
        "compression_columns": None,
        "views": noisy_views(1, 0.0, None, 1.0),
        "sinkhorn_max_iter": 2000,
        "sinkhorn_tol": 1e-13,
    }
    return Objective(**settings | changes)


def two_views(x, rng):
    """Two fixed views, so that the objective is a function of the parameters."""
    return [x, x + 0.3 * np.sin(3 * x)]


def objective_of_training(goal, parameters, x, eta):
    """What a step lowers, written out with public functions."""
    Z, plans = [], []
    for view in goal.views(x, None):
        outputs, _ = goal.network.forward(parameters, view, 2)
        Z.append(outputs[0])
        S = np.abs(outputs[1] @ outputs[1].T)
        plans.append(sinkhorn(S, eta, tol=1e-13, max_iter=5000).plan)
    Z, plan = np.mean(Z, axis=0), np.mean(plans, axis=0)
    Z = Z / np.linalg.norm(Z, axis=1, keepdims=True)
    reduction = rate_reduction(Z, plan, goal.eps2)
    return -reduction + goal.membership_reg / 2 * np.sum(plan**2)


def objective_of_warm_up(goal, parameters, x):
    Z = [goal.network.forward(parameters, v, 1)[0][0] for v in goal.views(x, None)]
    value = -rate_of_whole(np.mean(Z, axis=0), goal.eps2).value
    if len(Z) > 1:
        value -= 30 * np.mean(np.abs(np.sum(Z[0] * Z[1], axis=1)))
    return value


@pytest.mark.parametrize("views", [noisy_views(1, 0.0, None, 1.0), two_views])
@pytest.mark.parametrize("stage", ["warm-up", "training"])
def test_a_step_follows_the_gradient_by_every_parameter(stage, views, rng):
    """One step of plain descent moves by the gradient, which differences confirm."""
    goal = goal_of(views=views)
    x = rng.standard_normal((9, 5))
    start = goal.network.start(rng, x)
    for name in start:  # the heads apart, biases off zero
        if "running" not in name:
            start[name] = start[name] + 0.1 * rng.standard_normal(start[name].shape)
    if stage == "warm-up":
        state = next(warm_up(goal, start, iter([x]), rng))

        def f(parameters):
            return objective_of_warm_up(goal, parameters, x)
    else:
        state = next(train(goal, start, iter([x]), rng, 0.3))

        def f(parameters):
            return objective_of_training(goal, parameters, x, 0.3)

    moved = [n for n in start if "running" not in n]
    if stage == "warm-up":
        moved = [n for n in moved if not n.startswith("clusters.")]
    for name in moved:
        direction = rng.standard_normal(start[name].shape)
        h = 1e-5
        up, down = (f(start | {name: start[name] + s * direction}) for s in (h, -h))
        slope = np.sum((start[name] - state.parameters[name]) * direction)
        assert slope == pytest.approx((up - down) / (2 * h), rel=1e-5, abs=1e-8)


def test_agreement_of_three_views_is_the_mean_over_pairs(rng):
    Z = list(rng.standard_normal((3, 6, 4)))
    total, pulls = _agreement(Z)
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = np.mean([np.abs(np.sum(Z[a] * Z[b], axis=1)) for a, b in pairs])
    assert total == pytest.approx(expected)
    step = 1e-6 * rng.standard_normal((6, 4))
    slope = (_agreement([Z[0] + step, *Z[1:]])[0] - total) / 1e-6
    assert slope == pytest.approx(np.sum(pulls[0] * step) / 1e-6, rel=1e-4)


def test_columns_estimate_the_rate_of_the_parts_without_bias(rng):
    Z = rng.standard_normal((12, 3))
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    plan = sinkhorn(np.abs(Z @ Z.T), 0.2).plan
    exact = rate_of_parts(Z, plan, 0.3)
    goal = goal_of(compression_columns=4)
    draws = [_sampled_parts(Z, plan, goal, rng) for _ in range(2000)]
    for name in exact._fields:
        found = np.array([getattr(draw, name) for draw in draws])
        deviation = np.std(found, axis=0) / np.sqrt(2000)
        off = np.abs(np.mean(found, axis=0) - getattr(exact, name))
        # three standard errors, of the worst of a hundred entries four
        assert np.all(off <= (3 if off.ndim == 0 else 4.5) * deviation + 1e-12)
    all_columns = _sampled_parts(Z, plan, goal_of(compression_columns=12), rng)
    assert all_columns.value == exact.value


def test_after_the_copy_the_membership_is_that_of_the_features(rng):
    network = TwoHeads(5, (7, 6), 4)
    x = rng.standard_normal((20, 5))
    parameters = network.start(rng, x)
    head = "features.0.weight"
    parameters = copy_head(parameters | {head: rng.standard_normal((6, 4))})
    Z, C = (network.apply(parameters, x, head) for head in (0, 1))
    np.testing.assert_array_equal(Z, C)
    cut = cut_membership(C, 0.2, 2, max_iter=200, tol=1e-10, n_init=2, rng=rng)
    plan = cut.scaling.kernel * cut.scaling.factor[:, None] * cut.scaling.factor
    expected = sinkhorn(np.abs(Z @ Z.T), 0.2, tol=1e-10).plan
    np.testing.assert_allclose(plan, expected, rtol=1e-9)


def test_sparse_and_dense_eigenvectors_agree(rng, monkeypatch):
    from skspace.cluster import _mcr2_labels

    C = np.repeat(np.eye(4), 20, axis=0) + 0.3 * rng.standard_normal((80, 4))
    C /= np.linalg.norm(C, axis=1, keepdims=True)
    found = []
    for bound in (0, 600):
        monkeypatch.setattr(_mcr2_labels, "DENSE_BELOW", bound)
        rng_ = np.random.RandomState(0)
        found.append(
            cut_membership(C, 0.1, 4, max_iter=99, tol=1e-9, n_init=5, rng=rng_)
        )
    assert found[0].eigengap == pytest.approx(found[1].eigengap, rel=1e-6)
    for ours, theirs in zip(*(cut.labels for cut in found), strict=True):
        assert clustering_accuracy(ours, theirs) == 1
        assert clustering_accuracy(np.repeat(range(4), 20), ours) > 0.9


def test_two_curves_become_two_subspaces(rng):
    X, y = curves(rng)
    model = MCR2Clustering(2, noise_scale=0.1, n_networks=1, random_state=0)
    model.set_params(hidden_layer_sizes=(64, 64), n_components=24)
    model.set_params(compression_columns=50).fit(X.astype(np.float32))
    assert clustering_accuracy(y, model.labels_) == 1
    assert np.all(model.cluster_ranks_ < model.feature_rank_)
    np.testing.assert_array_equal(model.predict(X), model.labels_)


def test_what_most_labellings_say_is_the_truth(rng):
    """Each merges, splits or muddles another part, under names of its own."""
    y = np.repeat(range(4), 15)
    merged, split, muddled = y.copy(), y.copy(), y.copy()
    merged[y == 1] = 0
    split[:7] = 4
    muddled[y > 1] = rng.permutation(y[y > 1])
    names = rng.permutation(5)
    labellings = [np.unique(merged, return_inverse=True)[1], names[split], muddled]
    for labels in common_labels([*labellings[:2], y], 4, 5, rng):
        assert clustering_accuracy(y, labels) == 1
    for labels in common_labels([*labellings[1:], y], 4, 5, rng):
        assert clustering_accuracy(y, labels) == 1


def test_common_labels_cut_the_graph_of_how_often_rows_are_together(rng, monkeypatch):
    from skspace.cluster import _mcr2_labels

    labellings = [np.r_[rng.randint(0, k, 40), np.arange(k)][:40] for k in (3, 4, 5)]
    labellings = [np.unique(labels, return_inverse=True)[1] for labels in labellings]
    together = sum(labels[:, None] == labels for labels in labellings)
    scale = together.sum(axis=1) ** -0.5
    vectors = np.linalg.eigh(scale[:, None] * together * scale)[1][:, -3:]
    seen = []
    monkeypatch.setattr(
        _mcr2_labels, "_roundings", lambda found, n_init, rng: seen.append(found)
    )
    common_labels(labellings, 3, 1, rng)
    np.testing.assert_allclose(seen[0] @ seen[0].T, vectors @ vectors.T, atol=1e-10)


def test_the_network_that_agrees_best_is_kept(union, monkeypatch):
    X, _ = union
    seen = []

    def spy(labellings, *rest):
        seen.extend(labellings)
        return common_labels(labellings, *rest)

    monkeypatch.setattr(_mcr2_fit, "common_labels", spy)
    model = MCR2Clustering(3, **SMALL | {"n_networks": 3}).fit(X)
    agreement = [adjusted_rand_score(model.labels_, labels) for labels in seen]
    kept = model.checkpoint_labels_[model.kept_step_]
    np.testing.assert_array_equal(kept, seen[int(np.argmax(agreement))])
    np.testing.assert_allclose(model.embedding_, model.embed(X), atol=1e-12)


def test_y_and_repetition_change_nothing(union):
    X, y = union
    model = MCR2Clustering(3, **SMALL).fit(X)
    assert clustering_accuracy(y, model.labels_) > 0.9
    for other in (y, np.roll(y, 1), None):
        again = clone(model).fit(X, other)
        np.testing.assert_array_equal(again.labels_, model.labels_)
        np.testing.assert_array_equal(again.embedding_, model.embedding_)


def test_the_best_look_is_kept_and_the_last_where_asked(union):
    X, _ = union
    best = MCR2Clustering(3, **SMALL, tol=0).fit(X)
    seen = best.training_curves_["input_reduction"]
    steps = [0, 10, 20, 30]
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(seen)), steps)
    assert best.kept_step_ == np.nanargmax(seen)
    for step in steps:
        V = X / np.linalg.norm(X, axis=1, keepdims=True)
        V = V - V.mean(axis=0)
        V /= np.linalg.norm(V, axis=1, keepdims=True)
        reduction = rate_reduction(V, best.checkpoint_labels_[step])
        assert seen[step] == pytest.approx(reduction)
    last = MCR2Clustering(3, **SMALL, tol=0, restore_best=False).fit(X)
    assert last.kept_step_ == last.n_iter_ == 30
    np.testing.assert_array_equal(last.labels_, best.checkpoint_labels_[30])


def test_checks_keep_the_parameters_of_the_first_best_only():
    V = np.eye(4)
    labels = iter([[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1]])

    def cut(parameters):
        return Cut([np.array([0, 1, 1, 1]), np.array(next(labels))], None, 0.0)

    checks = Checks(InputRate(V, 0.1), cut, 10)
    for step in range(4):
        checks.look(step, {"step": step})
    assert checks.best.step == 1
    assert [check.parameters for check in checks.found] == [
        None,
        {"step": 1},
        None,
        None,
    ]


def test_five_steps_agree_between_libraries(library, union):
    X = (union[0] / np.linalg.norm(union[0], axis=1, keepdims=True)).astype(np.float32)
    network = TwoHeads(20, (32, 16), 8)
    goal = goal_of(
        network=network, views=noisy_views(2, 0.1, None, 1.0), sinkhorn_tol=1e-6
    )
    found = []
    for x in (X, library.asarray(X)):
        rng = np.random.RandomState(0)
        parameters = network.start(rng, x)
        data = batches(x, 80, rng)
        spread = warm_up(goal, parameters, data, rng)
        parameters = [next(spread) for _ in range(5)][-1].parameters
        steps = train(goal, copy_head(parameters), data, rng, 0.2)
        found.append([next(steps) for _ in range(5)][-1])
    ours, theirs = found
    assert theirs.objective == pytest.approx(ours.objective, rel=1e-4)
    for key, value in ours.parameters.items():
        other = library.to_numpy(theirs.parameters[key])
        assert other.dtype == np.float32
        assert np.max(np.abs(other - value)) <= 1e-4 * max(1, np.max(np.abs(value)))


def test_batches_are_rows_of_the_table_and_incomplete_ones_are_dropped(rng):
    X = np.arange(10.0)[:, None]
    data = batches(X, 4, rng)
    first = [next(data) for _ in range(2)]
    assert all(len(batch) == 4 for batch in first)
    assert len(np.unique(np.concatenate(first))) == 8
    np.testing.assert_array_equal(np.sort(next(batches(X, 99, rng)), axis=0), X)


def test_more_samples_than_are_cut_go_to_their_subspace(union):
    X, _ = union
    model = MCR2Clustering(3, **SMALL, max_spectral=60).fit(X)
    assert len(next(iter(model.checkpoint_labels_.values()))) == 60
    assert model.membership_ is None
    assert model.labels_.min() == 0
    # only what was cut may have another label than its nearest subspace
    assert np.sum(model.labels_ != model.predict(X)) <= 60
    assert np.sum(model.labels_ == model.predict(X)) >= 60
    few = MCR2Clustering(3, **SMALL, max_samples=60).fit(X)
    assert np.sum(few.labels_ == few.predict(X)) >= 60


def test_memory_is_refused_with_the_figure_and_a_remedy_that_works(union, monkeypatch):
    from skspace import _validation

    X, _ = union
    monkeypatch.setattr(_validation, "MEMORY_BOUND", 210_000)
    with pytest.raises(ValueError, match=r"membership of 120 .* lower max_spectral"):
        MCR2Clustering(3, **SMALL).fit(X)
    MCR2Clustering(3, **SMALL, max_spectral=50, batch_size=50).fit(X)
    with pytest.raises(ValueError, match=r"step with 120 samples .* batch_size=1024"):
        MCR2Clustering(3, **SMALL, max_spectral=50).fit(X)
    MCR2Clustering(3, **SMALL, max_samples=50).fit(X)


def test_users_views_see_prepared_rows_and_the_generator(union):
    X, _ = union
    seen = []

    def augment(V, rng):
        seen.append(V.shape)
        return V + 0.01 * rng.standard_normal(V.shape)

    settings = SMALL | {"warmup_steps": 2, "max_steps": 2}
    MCR2Clustering(3, **settings, n_views=2, augment=augment).fit(X)
    assert seen == [(120, 20)] * 8


def test_an_interruption_leaves_an_estimator_that_can_be_fitted(union):
    X, _ = union

    def interrupt(V, rng):
        raise KeyboardInterrupt

    model = MCR2Clustering(3, **SMALL, augment=interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert not hasattr(model, "labels_")
    model.set_params(augment=None).fit(X)


def test_one_cluster_learns_nothing(union):
    X, _ = union
    model = MCR2Clustering(1, **SMALL).fit(X)
    assert not np.any(model.labels_)
    assert model.embed(X).shape == X.shape


def test_what_is_refused(union):
    X, _ = union
    with pytest.raises(ValueError, match="views of a sample are equal"):
        MCR2Clustering(3, n_views=2).fit(X)
    for sizes in ((), (8.5,), [[3]]):
        with pytest.raises(ValueError, match="must be one or more positive integers"):
            MCR2Clustering(3, hidden_layer_sizes=sizes).fit(X)
    with pytest.raises(ValueError, match="max_spectral=2 should be >= n_clusters=3"):
        MCR2Clustering(3, max_spectral=2).fit(X)
    for augment in (lambda V, rng: V[:3], lambda V, rng: V * np.nan):
        with pytest.raises(ValueError, match=r"finite rows of the shape \(120, 20\)"):
            MCR2Clustering(3, **SMALL, augment=augment).fit(X)


def test_float32_stays_and_other_optimizers_run(union):
    X, _ = union
    model = MCR2Clustering(3, **SMALL, optimizer="sgd", eta=0.2).fit(
        X.astype(np.float32)
    )
    assert model.eta_ == 0.2
    assert model.embedding_.dtype == model.membership_.dtype == np.float32
    np.testing.assert_allclose(model.membership_.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(model.embed(X[:5]), axis=1), 1, rtol=1e-5)


def test_progress_is_printed(union, capsys):
    MCR2Clustering(3, **SMALL | {"max_steps": 2}, verbose=1).fit(union[0])
    printed = capsys.readouterr().out
    assert "warm-up iteration 20: objective" in printed
    assert "labels of 120 samples" in printed
    assert _mcr2_fit.CHECK_EVERY == 10
