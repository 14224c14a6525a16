"""Texts that the docstrings of recursive feature machines share, written once."""

from __future__ import annotations

from .._docs import fill_docs

PARAMETERS = """\
n_rounds : int, default=5
    Rounds after the first regression: each replaces the metric of the kernel by
    the average outer product of the gradients found. Validation rows choose how
    many of them are kept.
kernel : {"laplace", "gaussian"}, default="laplace"
    exp(-d / s) or exp(-d² / (2 s²)) of the distance d in the metric, the former for
    functions with kinks, as most tables have them.
bandwidth : float or "auto", default="auto"
    The scale s in mean distances between training rows, taken anew in each metric.
    "auto" tries three, and validation rows choose.
alpha : float or "auto", default="auto"
    Ridge: variance of the noise over that of the function. "auto" tries 0.001,
    0.01, 0.1 and 1 in each round, and validation rows choose.
n_components : int, float, "gap" or None, default=None
    Directions that `transform` gives. A float in (0, 1) takes the fewest whose
    eigenvalues hold that share of the mean squared gradient, "gap" those up to the
    largest drop; None keeps every direction with an eigenvalue above rounding.
standardize : bool, default=True
    Whether to divide features by their standard deviations.
validation_fraction : float, default=0.2
    Share of the distinct rows that choose; all rows are fitted thereafter. What is
    chosen has seen their features and no response of theirs.
max_samples : int or None, default=None
    Most rows that are fitted, drawn at random. The kernel matrix needs 8 bytes for
    each pair of them and is refused above 2 GiB, about 16,000 rows.
random_state : int, RandomState instance or None, default=None
    Draws the validation rows, and the sample."""

ATTRIBUTES = """\
feature_matrix_ : ndarray of shape (n_features, n_features)
    The metric of the kernel, by standardised features, its largest diagonal
    entry one.
gradient_covariance_ : ndarray of shape (n_features, n_features)
    Mean outer product of the gradients of the final function at the training rows,
    per standard deviations.
eigenvalues_ : ndarray of shape (n_features,)
    Of `gradient_covariance_`, in falling order.
components_ : ndarray of shape (n_components, n_features)
    Its orthonormal eigenvectors.
feature_importances_ : ndarray of shape (n_features,)
    Activity scores Σ λ_k v_jk² over the directions kept, divided by their sum.
best_round_ : int
    Rounds that were kept; 0 is the kernel with plain distances.
validation_errors_ : ndarray of shape (n_rounds + 1,)
    Mean squared error of the validation rows after each round, in variances of
    the outputs; shorter where a round ends without gradients.
alpha_, bandwidth_ : float
    What was chosen.
mean_, scale_ : ndarray of shape (n_features,)
    Means of the features, and standard deviations or ones.
n_components_ : int
    Number of directions.
rank_evidence_ : RankEvidence
    What the rule for `n_components` saw; not with an int or None.
n_features_in_ : int
    Number of features seen in `fit`.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where X had string names."""

NOTES = """\
*Rounds.* A kernel ridge regression is solved; M becomes the mean of ∇f ∇fᵀ over the
training rows, divided by its largest diagonal entry; distances are then
(x - u)ᵀ M (x - u), and so on. Irrelevant features fade, and so do directions.

*Differences from the paper.* Ridge, bandwidth and the number of rounds are chosen
on validation rows, which take no part in M; then the rounds chosen run again on all
rows. Outputs are of unit variance while M is found. Equal rows count as one with
their mean response, so that weights equal repetitions.

*Cost* for n rows, p features, T rounds, b bandwidths and r ridges: O(n³ / 3 b r T)
and O(n² p b T) time, two matrices of n² numbers. Arrays of other libraries go to the
host, and results are NumPy's, in the dtype of X.

*When it fails.* More rows than memory allows: sample them (`max_samples`), or
take a forest of such machines. Sums of many functions of one feature each
have no directions to find."""


REFERENCES = """\
A. Radhakrishnan, D. Beaglehole, P. Pandit and M. Belkin, "Mechanism for feature
learning in neural networks and backpropagation-free machine learning models",
Science 383 (2024). :doi:`10.1126/science.adi5639`"""

recursive_docs = fill_docs(
    parameters=PARAMETERS, attributes=ATTRIBUTES, notes=NOTES, references=REFERENCES
)
"""Fills these parts into the docstring of a class."""
