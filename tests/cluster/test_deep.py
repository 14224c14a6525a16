"""Deep subspace clustering: contract, invariances, stages, memory, libraries."""

import pickle
import re
import tracemalloc
import warnings

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn import clone, config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

from skspace.cluster import DeepSubspaceClustering, _deep_views, _dense_rows
from skspace.cluster._deep_encoder import check_convolutions
from skspace.datasets import make_union_of_subspaces
from skspace.metrics import clustering_accuracy


@pytest.fixture(scope="module")
def union():
    return make_union_of_subspaces(
        300, n_features=30, n_subspaces=5, subspace_dim=4, noise=0.01, random_state=0
    )


@pytest.fixture(scope="module")
def pictures():
    """Four patterns, shifted by up to a pixel and lit from changing sides."""
    rng = np.random.RandomState(0)
    patterns = gaussian_filter(rng.uniform(size=(4, 10, 10)), (0, 1.5, 1.5))
    patterns = patterns / patterns.std(axis=(1, 2), keepdims=True)
    X, y = [], []
    for k, pattern in enumerate(patterns):
        for _ in range(12):
            shifted = np.roll(pattern, rng.randint(-1, 2, 2), axis=(0, 1))
            light = 1 + 0.5 * rng.uniform(-1, 1) * np.linspace(-1, 1, 10)
            X.append((shifted * light).ravel())
            y.append(k)
    return np.array(X), np.array(y)


SMALL = {"image_shape": (10, 10), "n_encoders": 2, "n_init": 3, "random_state": 0}
TRAINED = {**SMALL, "n_encoders": 1, "train_encoder": True, "max_iter": 25}


def fit_quietly(model, X, y=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def test_union_of_subspaces_is_found(union):
    X, y = union
    model = DeepSubspaceClustering(5, random_state=0).fit(X)
    assert clustering_accuracy(y, model.labels_) >= 0.98
    assert clustering_accuracy(y, model.predict(X)) >= 0.98


def test_pictures_that_shift_are_found(pictures):
    X, y = pictures
    model = DeepSubspaceClustering(4, **SMALL).fit(X)
    assert clustering_accuracy(y, model.labels_) == 1


@pytest.mark.parametrize("options", [{}, {"train_encoder": True, "max_iter": 5}])
def test_y_is_not_looked_at(pictures, options):
    X, y = pictures
    without, with_y = (
        fit_quietly(DeepSubspaceClustering(4, **SMALL, **options), X, given)
        for given in (None, y[::-1])
    )
    np.testing.assert_array_equal(without.labels_, with_y.labels_)


def test_order_of_samples_does_not_change_the_partition(pictures, rng):
    X, _ = pictures
    order = rng.permutation(len(X))
    a = DeepSubspaceClustering(4, **SMALL).fit(X).labels_
    b = DeepSubspaceClustering(4, **SMALL).fit(X[order]).labels_
    assert adjusted_rand_score(a[order], b) == 1


def test_weights_of_views_follow_their_association(pictures):
    X, _ = pictures
    model = DeepSubspaceClustering(4, **SMALL).fit(X)
    weights, marks = model.view_weights_, model.associations_
    assert sum(weights.values()) == pytest.approx(1)
    assert max(weights, key=weights.get) == max(marks, key=marks.get)
    assert model.view_ == max(weights, key=weights.get).partition(", ")[0]
    assert {name.partition(", ")[0] for name in weights} == {
        "input",
        "local contrast", "layer 1", "layer 2", "all layers"
    }  # fmt: skip


def test_stored_matrices_are_sparse_unless_asked(pictures):
    X, _ = pictures
    model = DeepSubspaceClustering(4, **SMALL).fit(X)
    C, A = model.representation_matrix_, model.affinity_matrix_
    assert np.diff(C.indptr).max() <= 6
    assert not C.diagonal().any()
    assert not A.diagonal().any()
    assert abs(A - A.T).max() < 1e-12
    full = DeepSubspaceClustering(4, dense_representation=True, **SMALL).fit(X)
    dense = full.representation_matrix_
    kept = C.nonzero()
    np.testing.assert_allclose(C[kept].A1, dense[kept], rtol=1e-10)
    np.testing.assert_array_equal(full.labels_, model.labels_)


def test_features_of_new_samples_do_not_depend_on_the_others(pictures):
    X, _ = pictures
    model = DeepSubspaceClustering(4, **SMALL).fit(X)
    features = model.encode(X)
    np.testing.assert_allclose(model.encode(X[3:5]), features[3:5], atol=1e-12)
    far = np.concatenate([X[3:5], 1e18 * X[5:6]])
    np.testing.assert_allclose(model.encode(far)[:2], features[3:5], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1)
    assert model.transform(X).shape == (len(X), 4)
    assert np.isfinite(model.score(X))


@pytest.mark.parametrize("pretrain", ["reconstruction", "distance", None])
@pytest.mark.parametrize("loss", [{}, {"regularization": "l2"}])
def test_trained_stages_run_and_leave_their_curves(pictures, pretrain, loss):
    X, y = pictures
    model = DeepSubspaceClustering(
        4, pretrain=pretrain, pretrain_max_iter=3, **TRAINED, **loss
    )
    fit_quietly(model, X)
    assert model.n_iter_ == len(model.training_curves_["objective"])
    assert model.stop_reason_ in {"tol", "max_iter"}
    assert model.effective_rank_.shape == (2, 2)
    assert (pretrain is not None) == hasattr(model, "pretrain_ok_")
    assert clustering_accuracy(y, model.labels_) > 0.9


def test_joint_training_lowers_its_losses(pictures):
    X, _ = pictures
    curves = fit_quietly(DeepSubspaceClustering(4, **TRAINED), X).training_curves_
    assert curves["objective"][-1] < 0.97 * curves["objective"][0]
    assert curves["self_expression"][0] == curves["reconstruction"][0] == 1


def test_decoder_guards_against_collapse(rng):
    """Self-expression alone is lowered by features of low rank."""
    X = rng.standard_normal((40, 100))
    options = {**TRAINED, "max_iter": 120, "learning_rate": 2e-2}
    ranks = {
        loss: fit_quietly(
            DeepSubspaceClustering(4, encoder_loss=loss, **options), X
        ).effective_rank_[1, -1]
        for loss in ("joint", "self_expression")
    }
    assert ranks["joint"] > 1.5 * ranks["self_expression"]


def test_worse_encoders_are_not_kept(pictures):
    X, _ = pictures
    options = {**TRAINED, "encoder_loss": "self_expression", "learning_rate": 0.1}
    model = fit_quietly(DeepSubspaceClustering(4, **options), X)
    start = DeepSubspaceClustering(4, **{**options, "train_encoder": False}).fit(X)
    name = "all layers, self-expression"
    if not model.training_kept_:
        assert model.associations_ == start.associations_
    assert model.associations_[name] >= start.associations_[name]


def test_failed_pretraining_is_undone_and_said(pictures):
    X, _ = pictures
    options = {**SMALL, "n_encoders": 1}
    model = DeepSubspaceClustering(
        4, pretrain="reconstruction", pretrain_max_iter=1, learning_rate=1e-9, **options
    )
    with pytest.warns(ConvergenceWarning, match="put back to its start"):
        model.fit(X)
    start = DeepSubspaceClustering(4, **options).fit(X).encoder_weights_
    assert not model.pretrain_ok_
    for name, weight in model.encoder_weights_.items():
        np.testing.assert_array_equal(weight, start[name])


def test_long_pretraining_reconstructs(pictures):
    X, _ = pictures
    model = DeepSubspaceClustering(
        4, pretrain="reconstruction", pretrain_max_iter=150, batch_size=16,
        learning_rate=1e-2, **{**SMALL, "n_encoders": 1},
    ).fit(X)  # fmt: skip
    assert model.pretrain_ok_
    curve = model.pretrain_loss_curve_[0]
    assert curve[-1] < 0.5 < curve[0]


@pytest.mark.parametrize("refine", ["structured", "joint"])
def test_refinement_stops_when_a_clustering_repeats(pictures, refine):
    X, y = pictures
    model = DeepSubspaceClustering(4, refine=refine, **SMALL).fit(X)
    assert len(model.refine_curve_) == 5
    assert model.refine_curve_[-1] < model.refine_curve_[0]
    assert clustering_accuracy(y, model.labels_) == 1


def test_one_seed_gives_one_result_and_survives_pickling(pictures):
    X, _ = pictures
    model = DeepSubspaceClustering(4, **SMALL).fit(X)
    again = pickle.loads(pickle.dumps(clone(model).fit(X)))
    np.testing.assert_array_equal(model.labels_, again.labels_)
    np.testing.assert_array_equal(model.transform(X), again.transform(X))


def test_precision_follows_x_unless_given(pictures):
    X, _ = pictures
    half = DeepSubspaceClustering(4, **SMALL).fit(X.astype(np.float32))
    asked = DeepSubspaceClustering(4, dtype="float32", **SMALL).fit(X)
    for model in (half, asked):
        assert model.encode(X[:2].astype(np.float32)).dtype == np.float32
        assert model.encoder_weights_["encoder 0 0.weight"].dtype == np.float32
    np.testing.assert_array_equal(half.labels_, asked.labels_)


def test_too_many_samples_are_refused_and_the_remedy_works(union):
    X, y = union
    wide = np.vstack([X] * 40)
    wide = wide + 1e-3 * np.random.RandomState(0).standard_normal(wide.shape)
    model = DeepSubspaceClustering(5, n_encoders=1, n_init=2, random_state=0)
    with pytest.raises(ValueError, match=r"12000 samples needs .* GB.*max_samples"):
        model.fit(wide)
    model.set_params(max_samples=150).fit(wide)
    assert clustering_accuracy(np.tile(y, 40), model.labels_) > 0.95


def test_memory_is_one_square_matrix_and_blocks(monkeypatch):
    n = 1500
    X, _ = make_union_of_subspaces(n, n_features=30, random_state=0)
    model = DeepSubspaceClustering(
        5, n_encoders=2, n_init=1, hidden_layer_sizes=(20, 10), random_state=0
    )
    monkeypatch.setattr(_deep_views, "KEPT_SUM", 1000)
    for module in (_deep_views, _dense_rows):
        monkeypatch.setattr(module, "BLOCK_BYTES", 2**20)
    model.fit(X[:100])  # compile
    tracemalloc.start()
    model.fit(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * n**2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (9, 9)}, "image_shape=(9, 9) should be"),
        (
            {"image_shape": (10, 10), "channels": (3, 4), "kernel_sizes": (3,)},
            "as many",
        ),
        ({"n_clusters": 49}, "should be >= n_clusters"),
        ({"image_shape": (10, 10.5)}, "image_shape must be one or more positive"),
        ({"image_shape": (10, 10), "channels": ()}, "channels must be one or more"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be one or more"),
        ({"l2_weights": (1.0,)}, "l2_weights must be two numbers"),
        ({"l2_weights": (1.0, 0.0)}, "the second above"),
        ({"dtype": "float32"}, "beyond the range of float32"),
    ],
)
def test_what_cannot_be_is_refused(pictures, options, message):
    X = 1e300 * pictures[0] if "dtype" in options else pictures[0]
    with pytest.raises(ValueError, match=re.escape(message)):
        DeepSubspaceClustering(**options).fit(X)


def test_rows_beyond_the_range_of_numbers_are_refused(pictures):
    X, _ = pictures
    model = DeepSubspaceClustering(4, **SMALL).fit(X)
    model.view_ = "local contrast"  # takes squares
    for method in ("encode", "transform", "predict"):
        with pytest.raises(ValueError, match=f"{method} leads beyond the range"):
            getattr(model, method)(1e305 * X)


def test_training_that_diverges_is_undone_or_refused(pictures):
    X, _ = pictures
    wild = {"n_encoders": 1, "n_init": 3, "learning_rate": 1e30, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="put back to its start"):
        model = DeepSubspaceClustering(
            4, pretrain="reconstruction", pretrain_max_iter=3, **wild
        ).fit(X)
    assert not model.pretrain_ok_
    with pytest.raises(ValueError, match="beyond the range of numbers; lower learning"):
        fit_quietly(
            DeepSubspaceClustering(4, train_encoder=True, max_iter=4, **wild), X
        )


def test_default_layers_follow_the_size_of_images():
    assert check_convolutions("auto", "auto", (1, 32, 28)) == ((10, 20, 30), (5, 3, 3))
    assert check_convolutions("auto", "auto", (1, 16, 30)) == ((10, 20), (3, 3))
    assert check_convolutions((4,), "auto", (1, 64, 64)) == ((4,), (3,))


def test_interrupted_training_leaves_an_estimator_that_fits(pictures, monkeypatch):
    X, _ = pictures
    from skspace.cluster import _deep_training

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    model = DeepSubspaceClustering(4, **TRAINED)
    with monkeypatch.context() as patch:
        patch.setattr(_deep_training, "joint_losses", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
    assert not hasattr(model, "labels_")
    assert hasattr(fit_quietly(model, X), "labels_")


def test_steps_are_reported(pictures, capsys):
    X, _ = pictures
    model = DeepSubspaceClustering(4, verbose=1, **{**TRAINED, "max_iter": 3})
    fit_quietly(model, X)
    printed = capsys.readouterr().out
    assert "joint training iteration 3: objective" in printed
    assert "layer 1, neighbors: association" in printed


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("options", [{}, {"train_encoder": True, "max_iter": 5}])
def test_fit_in_every_library_equals_numpy(pictures, library, options):
    X, _ = pictures
    X = X.astype(np.float32)
    options = {**SMALL, "n_encoders": 1, **options}
    ours = fit_quietly(DeepSubspaceClustering(4, **options), X)
    with config_context(array_api_dispatch=True):
        theirs = fit_quietly(DeepSubspaceClustering(4, **options), library.asarray(X))
        features = theirs.encode(library.asarray(X))
    if "train_encoder" in options:
        assert ours.training_kept_ == theirs.training_kept_
    np.testing.assert_array_equal(ours.labels_, library.to_numpy(theirs.labels_))
    np.testing.assert_allclose(ours.encode(X), library.to_numpy(features), atol=1e-4)
