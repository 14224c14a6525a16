"""Texts that the docstrings of the estimators share, written once."""

from __future__ import annotations

from .._docs import fill_docs

MARGINALS = """marginals : {{"none", "standard", "normal_score", "rank"}}, \
default="{marginals}"
    Increasing map of every column, which changes no mutual information: none; to mean
    0 and variance 1; to normal scores, quantiles of the standard normal distribution
    at rank / (n + 1); to rank / (n + 1)."""

PARAMETERS = """n_permutations : int, default={n_permutations}
    Permutations of `y` behind the p-value; each costs an estimate. {p_value}
confidence_level : float or None, default={level}
    Probability with which the interval should cover the truth, from the spread of
    estimates on disjoint chunks of the rows; it costs {cost}. None leaves the interval
    out, and the flags that need it.
units : {{"nats", "bits"}}, default="nats"
    Of estimates, intervals and curves.
n_jobs : int or None, default=None
    Threads, by joblib. Results do not depend on it.
random_state : int, RandomState instance or None, default=None
    Draws permutations and chunks."""

ATTRIBUTES = """mi_ : float
    Estimate, at least 0.
raw_ : float
    Estimate before negative values are set to 0.
ci_ : ConfidenceInterval or None
    Named tuple (low, high, level).
se_ : float or None
    Standard error of the estimate.
p_value_ : float or None
    Of independence.
flags_ : tuple of str
    What speaks against the estimate; ``result_.explain()`` says it in words.
reliable_ : bool
    Whether no flag is a reason to distrust the estimate.
result_ : MIResult
    All of these, and the evidence: tables in ``result_.curves``.
n_features_in_ : int
    Number of features seen in `fit`.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of features seen in `fit`, where they are all strings."""

TEXTS = {"marginals": MARGINALS, "parameters": PARAMETERS, "attributes": ATTRIBUTES}

DEFAULTS = {
    "marginals": "normal_score",
    "level": "0.95",
    "cost": "about two more estimates of cost O(n²), or nine of cost O(n)",
    "n_permutations": "0",
    "p_value": "0 leaves ``p_value_`` None.",
}


def shared_docs(*, own=None, **values):
    """Fill ``{marginals}``, ``{parameters}`` and ``{attributes}`` of a class.

    Parameters
    ----------
    own : dict, optional
        Further texts, by the names of their places.
    **values : str
        What differs from ``DEFAULTS``: `marginals`, `level`, `cost`, `p_value`,
        `n_permutations`.
    """
    values = DEFAULTS | values
    shared = {name: text.format(**values) for name, text in TEXTS.items()}
    return fill_docs(**shared, **(own or {}))
