"""Texts that the docstrings of sufficient dimension reducers share, written once."""

from __future__ import annotations

from .._docs import fill_docs, join_texts

PARAMETERS = {
    "n_components": """n_components : int, float, str or None, default=None
    Number of directions,
    at most {most}.
    A float in (0, 1) takes the fewest whose eigenvalues hold that share of their
    sum. None keeps every direction the method can tell, the important ones first.
    Or one of these rules, which leave their evidence in ``rank_evidence_``:

    - "gap": up to the largest drop of the eigenvalues;
    - "bic": a penalised likelihood of the eigenvalues;
    - "ladle": eigenvalues and the movement of directions under 100 bootstrap
      samples together; costs 100 fits{chi2}.""",
    "n_slices": """n_slices : int or array-like of shape (n_edges,), default=10
    Slices of a continuous response, of about equal size, or the rising values that
    separate them. Fewer are made where a slice would have under `min_slice` samples.
    For more than one output the slices are the combinations of the slices of each,
    about `n_slices` in number.""",
    "target_type": """target_type : {{"auto", "continuous", "discrete"}}, \
default="auto"
    Whether the response holds numbers or classes. "auto" takes strings, booleans and
    at most `n_slices` distinct numbers as classes.""",
    "min_slice": """min_slice : int, default=5
    Classes with fewer samples are pooled, with a neighbour where classes are numbers
    and with each other elsewhere, with a warning.""",
    "scale": """scale : {{"raw", "whitened"}}, default="raw"
    Whether scores are coordinates along unit directions, or have unit variance.""",
    "whiten_rcond": """whiten_rcond : float, default=1e-6
    Directions of the features whose share of the largest eigenvalue of their
    correlation matrix is at most this count as dependent and are left out.""",
    "shrinkage": """shrinkage : float, "auto" or None, default=None
    Weight ρ in the covariance (1 - ρ) Σ + ρ trace(Σ)/p I of the features; "auto" is
    the estimate of Ledoit and Wolf. For more features than samples, or nearly so.
    Standardise features of different units first. `whiten_rcond` is not used then.""",
    "random_state": """random_state : int, RandomState instance or None, default=None
    Fixes the resampling of the rule "ladle".""",
}

ATTRIBUTES = {
    "components_": """components_ : array of shape (n_components, n_features)
    Directions in rows, of unit length, the entry of largest magnitude positive. They
    are orthogonal in the metric of the covariance, not in the plain one.""",
    "eigenvalues_": """eigenvalues_ : array
    All eigenvalues of the kernel matrix, by falling magnitude; the first
    `n_components_` belong to the directions.""",
    "mean_": """mean_ : array of shape (n_features,)
    Mean of the features.""",
    "component_scales_": """component_scales_ : array of shape (n_components,)
    Factors that give the raw scores unit variance.""",
    "loadings_": """loadings_ : array of shape (n_components, n_features)
    Covariances of the features with the scores of unit variance; `inverse_transform`
    adds them up.""",
    "n_components_": """n_components_ : int
    Number of directions kept.""",
    "rank_": """rank_ : int
    Number of independent features.""",
    "n_slices_": """n_slices_ : int
    Number of slices used, after pooling.""",
    "slice_edges_": """slice_edges_ : array of shape (n_edges,) or None
    Values that separate the slices of a continuous response of one column.""",
    "rank_evidence_": """rank_evidence_ : RankEvidence
    Fields `rule`, `n_components`, `criterion`, `candidates` and `meaning`, where
    `n_components` is a rule.""",
    "n_features_in_": """n_features_in_ : int
    Number of features seen in `fit`.""",
    "feature_names_in_": """feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of features seen in `fit`, where they are all strings.""",
}

NOTES = """The slices, the pass over the rows and the merging of chunks (`partial_fit`)
are exact under weights: an integer weight equals repetition. Weights with a mean
below one cannot be repetitions; tests and `min_slice` then count rows. Directions of
one and the same eigenvalue are ordered by the variance of the data along them.
"""


def shared_docs(*, omit=(), texts=None, **values):
    """Fill ``{parameters}``, ``{attributes}`` and ``{notes}`` of a class.

    Parameters
    ----------
    omit : tuple of str
        Shared texts that the class does not have.
    texts : dict, optional
        Parameters that the class describes in its own words, in their place.
    **values : str
        What differs between classes.
    """
    parameters = {**PARAMETERS, **(texts or {})}
    return fill_docs(
        parameters=join_texts(parameters, omit=omit, **values),
        attributes=join_texts(ATTRIBUTES, omit=omit, **values),
        notes=NOTES,
    )
