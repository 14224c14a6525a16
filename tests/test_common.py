"""Scikit-learn's contract, over every public estimator of skspace."""

import importlib
import inspect
import os
import pkgutil
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.cluster import AgglomerativeClustering
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_param_validation,
    estimator_checks_generator,
)

import skspace
from skspace.information import GaussianMutualInfo

# Instances of classes that need a parameter, and further variants of any class.
# A class that is not named here is checked with its defaults.
INSTANCES = {
    "DecoupledRidge": [{}, {"kappa_target": "loo"}, {"kappa_target": 10.0}],
    "PreconditionedRegression": [
        {},
        {"alpha": 0.1, "refine": False},
        {"preconditioner": "sketch"},
        {"preconditioner": "jacobi", "solver": "lsmr"},
        {"alpha": 1.0, "preconditioner": "nystrom", "solver": "cg"},
    ],
    "FairPCA": [
        {"sensitive_columns": [0]},
        {"sensitive_columns": [0], "constraint": "covariance", "n_components": 0.9},
    ],
    "FairSDR": [
        {"sensitive_columns": [0]},
        {"sensitive_columns": [0], "n_shared": "all", "output": "features"},
        {"sensitive_columns": 0, "drop_sensitive": False, "scale": "raw"},
    ],
    "InductiveClusterer": [{"estimator": AgglomerativeClustering(n_clusters=3)}],
    "LeastSquaresSubspaceClustering": [
        {},
        {"affine": True, "center": False},
        {"affinity": "symmetrize", "assign_labels": "cluster_qr"},
        {"affinity": "doubly_stochastic", "assign_labels": "discretize"},
        {"normalize": False, "subspace_dim": 2, "max_samples": 25},
    ],
    "DeepSubspaceClustering": [
        {"n_encoders": 2, "n_init": 3},
        {
            "hidden_layer_sizes": (8,),
            "n_encoders": 1,
            "n_init": 3,
            "max_iter": 5,
            "pretrain": "reconstruction",
            "pretrain_max_iter": 2,
            "train_encoder": True,
            "refine": "structured",
        },
    ],
    "ThresholdingSubspaceClustering": [{}, {"affine": True}],
    "SparseSubspaceClustering": [{}, {"l1_ratio": 1.0, "affine": True}],
    "OMPSubspaceClustering": [{}, {"dropout": 0.5}, {"affine": True}],
    "LowRankSubspaceClustering": [{}, {"alpha": 1.0}],
    "SlicedInverseRegression": [
        {},
        {"n_components": 1, "scale": "whitened"},
        {"shrinkage": "auto"},
        {"n_components": "bic"},
    ],
    "SlicedAverageVarianceEstimation": [{}, {"shrinkage": 0.2}],
    "DirectionalRegression": [{}, {"shrinkage": "auto"}, {"n_components": "gap"}],
    "PrincipalHessianDirections": [{}, {"response": "y", "scale": "whitened"}],
    "PrincipalFittedComponents": [
        {},
        {"basis": "slices", "target_type": "continuous"},
        {"basis": "polynomial", "shrinkage": "auto"},
    ],
    "S2CAG": [
        {},
        {"objective": "modularity", "row_scaling": "l2"},
        {
            "objective": "conductance",
            "order": 3,
            "alpha": 0.9,
            "assign_labels": "cluster_qr",
        },
        {"solver": "randomized", "assign_labels": "kmeans"},
        {"solver": "exact", "assign_labels": "discretize", "resolution": "auto"},
    ],
    "OuterProductGradients": [{}, {"refine": False}, {"n_components": 1}],
    "SpikedPCA": [
        {},
        {"n_components": 2, "svd_solver": "randomized"},
        {"shrinkage": None},
    ],
    "RobustPCA": [{}, {"n_components": 2}],
    "SubspaceEraser": [
        {},
        {"method": "orthogonal"},
        {"shrinkage": "auto", "concept_type": "continuous", "strength": 0.5},
    ],
    "LpRegression": [{}, {"p": 1.5}, {"p": 3, "fit_intercept": False}],
    "LpRowSampler": [
        {},
        {"n_samples": 1, "p": 4},
        {"method": "leverage", "eps": 0.9},
        {"method": "root_leverage", "n_rounds": 3},
        {"method": "l2_augmented", "p": 1.5},
        {"method": "sensitivity", "fit_intercept": False},
        {"method": "uniform", "eps": 0.9},
    ],
    "GaussianRBFRegressor": [
        {},
        {"solver": "lbfgs", "n_centers": 5, "rank": 1},
        {"early_stopping": True, "importance": "gradient"},
        {"alpha_weights": 1e-3, "n_components": 1},
    ],
    "GaussianRBFClassifier": [
        {},
        {"solver": "adam", "max_iter": 20, "n_centers": 5},
        {"alpha_weights": 1e-2, "importance": "diagonal"},
    ],
    # small networks: the contract asks for many fits, not for good ones
    "MCR2Clustering": [
        {
            "hidden_layer_sizes": (32,),
            "n_components": 8,
            "n_networks": 1,
            "max_steps": 20,
        },
        {
            "hidden_layer_sizes": (16, 16),
            "n_components": 6,
            "n_networks": 2,
            "warmup_steps": 5,
            "max_steps": 5,
            "compression_columns": 10,
            "n_views": 2,
            "noise_scale": 0.1,
        },
    ],
    "KSubspaces": [{}, {"consensus": True, "n_init": 20}],
    "ActiveSubspace": [
        {},
        {"method": "quadratic"},
        {"method": "linear", "standardize": False, "n_components": 1},
        {"n_components": "gap", "n_resamples": 0},
    ],
    "NeuralMutualInfo": [{}, {"critic": "concatenated", "bound": "nwj", "max_iter": 2}],
    "MinRedundancyMaxRelevance": [
        {},
        {"n_features_to_select": 1, "scheme": "quotient", "target_type": "continuous"},
    ],
    "RecursiveFeatureMachineRegressor": [{}, {"kernel": "gaussian", "n_rounds": 1}],
    "CanonicalMutualInfo": [{}, {"n_components": 1, "marginals": "rank"}],
    "GaussianMutualInfo": [{}, {"shrinkage": "auto", "n_permutations": 5}],
    "KSGMutualInfo": [
        {},
        {"method": "ksg2", "metric": "euclidean", "n_permutations": 2},
        {"method": "mixed", "n_jobs": 2},
    ],
    "ReliableMutualInfo": [
        {"estimator": GaussianMutualInfo(shrinkage=0.1), "min_chunk_size": 2},
    ],
}

# Estimators whose input is no table of samples and features; each has a contract test
# of its own, named here.
NOT_TABLES = {
    # X and y are two point clouds in space, each of three columns and any length.
    "PointToPlaneICP": "tests/registration/test_contract.py",
}


def public_modules():
    yield skspace
    for module in pkgutil.iter_modules(skspace.__path__):
        if not module.name.startswith("_"):
            yield importlib.import_module(f"skspace.{module.name}")


def public_estimators():
    """Every public class that is an estimator, found by looking."""
    found = {}
    for module in public_modules():
        for name in getattr(module, "__all__", dir(module)):
            thing = getattr(module, name)
            if (
                inspect.isclass(thing)
                and issubclass(thing, BaseEstimator)
                and thing.__module__.startswith("skspace")
            ):
                found[name] = thing
    return found


ESTIMATORS = public_estimators()
TABLES = {name: cls for name, cls in ESTIMATORS.items() if name not in NOT_TABLES}


def instances():
    for name, cls in sorted(TABLES.items()):
        for parameters in INSTANCES.get(name, [{}]):
            yield cls(**{k: clone(v, safe=False) for k, v in parameters.items()})


def checks():
    for estimator in instances():
        yield from estimator_checks_generator(estimator, mark=None)


def marked_checks():
    """The same, those that need a CUDA device under their mark."""
    for estimator, check in checks():
        keywords = getattr(check, "keywords", None) or {}
        device = any(name in repr(keywords) for name in ("cupy", "cuda"))
        marks = [pytest.mark.gpu] if device else []
        yield pytest.param(estimator, check, marks=marks)


def name_of(thing):
    if isinstance(thing, BaseEstimator):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return " ".join(repr(thing).split())
    return str(getattr(thing, "func", thing).__name__) + _arguments(thing)


def _arguments(check):
    keywords = getattr(check, "keywords", None)
    return f"({keywords})" if keywords else ""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning")
@pytest.mark.parametrize(("estimator", "check"), list(marked_checks()), ids=name_of)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_every_estimator_is_checked():
    """No class is missing and none has few checks."""
    counts = Counter(type(estimator).__name__ for estimator, _ in checks())
    assert set(counts) == set(TABLES)
    assert min(counts.values()) > 30


def test_instance_table_names_real_classes():
    assert set(INSTANCES) <= set(TABLES)


def test_estimators_left_out_have_a_contract_test_of_their_own():
    here = Path(__file__).parents[1]
    for name, file in NOT_TABLES.items():
        if name in ESTIMATORS:
            assert name in (here / file).read_text()


def test_public_classes_are_exported_by_their_family():
    """A class meant for users (no underscore) that no ``__all__`` names is lost."""
    for cls in _subclasses(BaseEstimator):
        if cls.__module__.startswith("skspace.") and not cls.__name__.startswith("_"):
            if inspect.isabstract(cls) or cls.__name__ == "Estimator":
                continue
            assert cls.__name__ in ESTIMATORS, f"{cls} is in no __all__"


def _subclasses(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


@pytest.mark.parametrize("estimator", list(instances()), ids=name_of)
def test_parameters_are_validated_with_scikit_learns_messages(estimator):
    """What scikit-learn runs on its own estimators only."""
    check_param_validation(type(estimator).__name__, estimator)


def weighted():
    for estimator in instances():
        if "sample_weight" in inspect.signature(estimator.fit).parameters:
            if "random_state" in estimator.get_params():
                estimator.set_params(random_state=0)
            yield estimator


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning")
@pytest.mark.parametrize("estimator", list(weighted()), ids=name_of)
def test_rows_of_weight_zero_may_be_far_away(estimator, rng):
    """scikit-learn's own check has them among the others."""
    X = rng.standard_normal((60, 4)) + 3 * (np.arange(60) < 20)[:, None]
    y = X[:, 0] + 0.3 * rng.standard_normal(60)
    y = (y > np.median(y)) * 1 if is_classifier(estimator) else y
    far = 1e12 * rng.choice([-1.0, 1.0], size=(7, 4))
    weights = np.repeat([0.0, 1.0], [7, 60])
    whole = clone(estimator).fit(np.r_[far, X], np.r_[y[:7], y], sample_weight=weights)
    alone = clone(estimator).fit(X, y, sample_weight=np.ones(60))
    method = "predict" if hasattr(alone, "predict") else "transform"
    found, expected = (getattr(model, method)(X) for model in (whole, alone))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.skipif(
    os.environ.get("SCIPY_ARRAY_API") != "1",
    reason="array checks need SCIPY_ARRAY_API=1 before SciPy is imported",
)
@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
def test_array_checks_really_run(library):
    """In the array job the checks of both libraries exist and are not skipped."""
    importlib.import_module(library)
    tagged = {
        type(estimator).__name__
        for estimator in instances()
        if get_tags(estimator).array_api_support
    }
    checked = {
        type(estimator).__name__
        for estimator, check in checks()
        if getattr(check, "keywords", {}).get("array_namespace") == library
    }
    assert tagged
    assert checked == tagged
