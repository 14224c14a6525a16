"""Texts that the docstrings of the Gaussian-RBF estimators share, written once."""

from __future__ import annotations

from .._docs import fill_docs

PARAMETERS = """n_centers : int or "auto", default="auto"
    Number of centres M. "auto" is a quarter of the different rows, at least 10 and at
    most 200.
centers : {{"kmeans", "random"}} or array-like of shape (n_centers, n_features), \
default="kmeans"
    Where centres start: k-means of the rows (always from the same draws), rows drawn
    at random, or the rows given, whose number overrides `n_centers`.
learn_centers : bool, default=True
    Whether centres move from there.
rank : int or None, default=None
    Most independent directions of the precision matrix; None sets no limit. A small
    rank makes fits of many features cheap.
alpha_precision : float or "auto", default="auto"
    Factor of ``|L|²``, of the precision matrix LL'; "auto" is the number of features by
    the weight of all rows under `alpha_weights` "auto", and 1e-3 otherwise.
alpha_weights : float or "auto", default="auto"
    A number penalises the squared weights by this factor. "auto" integrates them out:
    noise and signal variances follow from the training rows, and no factor needs
    tuning. That is for ``solver="varpro"``; the other solvers take 1e-4 then.
alpha_centers : float, default=0.0
    Factor of the squared centres where `alpha_weights` is a number.
penalty : {{"squared", "norm"}}, default="squared"
    Whether factors multiply squared norms, or norms as in the original implementation
    (not for ``solver="varpro"``).
solver : {{"varpro", "lbfgs", "adam"}}, default="varpro"
    "varpro" eliminates the weights and minimises over the rest by L-BFGS; "lbfgs"
    minimises over everything; "adam" does so over mini-batches.
max_iter : int, default=300
    Most iterations (epochs of "adam").
tol : float, default=1e-3
    Stop when an iteration gains less than this in the log-likelihood per row, on
    average over five; for squared errors with given penalties, in half the logarithm
    of the objective.
n_restarts : int, default=1
    Runs from perturbed starts, the best of which is kept.
early_stopping : bool, default=False
    Whether to hold rows out, stop when their loss no longer falls, and keep the best.
    One row of each class always stays.
validation_fraction : float, default=0.1
    Share of the different rows held out.
n_iter_no_change : int, default=20
    Iterations without a better loss of the rows held out before stopping.
batch_size : int, default=256
    Rows of a mini-batch of "adam".
learning_rate : float, default=0.01
    Step of "adam".
n_components : int, float in (0, 1), "gap" or None, default=0.95
    Directions that `transform` keeps: so many, the fewest whose eigenvalues of the
    precision matrix hold this share of their sum, those before the largest drop, or
    all.
importance : {{"eigen", "diagonal", "gradient"}}, default="eigen"
    What `feature_importances_` are. With eigenvalues g and eigenvectors V of the
    precision matrix P: ``|V| g``; the diagonal of P, which does not depend on the
    eigenvectors of equal eigenvalues; or the activity scores of the mean outer product
    of gradients, of which the first `n_components` directions count.
standardize : bool, default=True
    Whether to scale features to unit variance. Otherwise a fit divides all by one
    number, the root of their mean variance, which penalties refer to, and what it finds
    is in the units of X.{class_weight}
warm_start : bool, default=False
    Whether the next fit starts from what this one finds; with another number in
    `n_centers` or `centers`, from new centres.
random_state : int, RandomState instance or None, default=None
    Draws random centres, perturbed starts, rows held out and mini-batches. The
    default fit draws nothing.
verbose : int, default=0
    Above 0, a line per iteration."""

ATTRIBUTES = """centers_ : array of shape (n_centers, n_features)
    Centres, in the units of the rows.
dual_coef_ : array of shape (n_centers, n_outputs)
    Weights of the basis functions.
intercept_ : array of shape (n_outputs,)
    What is added.
precision_ : array of shape (n_features, n_features)
    Precision matrix P of standardised features.
cholesky_ : array of shape (n_features, rank)
    Lower trapezoidal L with ``P = L L'``.
eigenvalues_ : array of shape (n_features,)
    Eigenvalues of P, falling.
components_ : array of shape (n_components, n_features)
    Directions in rows: eigenvectors of P by `scale_`, so that scores are
    ``(X - mean_) @ components_.T``. ``components_ * scale_`` is orthonormal.
explained_precision_ratio_ : array of shape (n_components,)
    Shares of the eigenvalues of these directions.
n_components_ : int
    Number of directions kept.
rank_evidence_ : RankEvidence
    Why, where a rule chose `n_components`.
feature_importances_ : array of shape (n_features,)
    Non-negative, with sum one unless nothing matters.
gradient_covariance_ : array of shape (n_features, n_features)
    Mean over the training rows of the outer products of the gradients of the outputs
    by standardised features, summed over outputs{outputs}.
mean_, scale_ : array of shape (n_features,)
    Mean and standard deviation of the features; ones without `standardize`.
objective_ : float
    What was minimised, per unit of weight: by default a bound of minus the log
    evidence, and the penalised loss elsewhere.
loss_curve_ : list of float
    Its value after each iteration.
n_iter_ : int
    Iterations run.
converged_ : bool
    Whether the fit ended by `tol` or by itself.
n_features_in_ : int
    Number of features seen in `fit`.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of features seen in `fit`, where they are all strings."""

CLASS_WEIGHT = """
class_weight : dict, "balanced" or None, default=None
    Weights of classes, which multiply those of rows."""

NOTES = """*Model.* For standardised x,
``f(x) = b + Σ w_m exp(-(x - c_m)'P(x - c_m)/2)`` with centres c_m, weights w_m and one
precision matrix P = LL' for all. Directions in which P has small eigenvalues hardly
change f; the leading eigenvectors span the *active subspace*.

*Why it does not overfit.* A penalty that suits one table fails on the next. By default
weights have the prior under which f is a Gaussian process with P as its metric, known
at the centres, and all weights are integrated out: the objective is the variational
bound of the evidence (Titsias 2009){bound}. It charges for complexity by itself,
chooses the noise, and lets centres move without overfitting. Entries of L have a normal
prior of variance 1/(2 n_features), and the signal variance an exponential one.

*Differences from the paper.* There is an intercept; outputs are scaled; penalties of
given size are squared norms unless ``penalty="norm"``; weights are eliminated (variable
projection) instead of followed by Adam, and L is optimised without its triangular form,
which makes the fit independent of rotations where nothing is scaled.

*Weights of rows.* Identical rows are grouped first, and starts see sums of weights
only: an integer weight equals repetition and the order of rows does not matter. Weights
count evidence, so their sum should be about the number of rows.

Cost: O(n M (M + q) + M³) per iteration for n rows, M centres and rank q, with rows in
blocks: beyond 2e7 basis functions none are kept. Usually 15 to 60 iterations. Fitted
arrays are float64, since weights of both signs cancel; what methods return has the
dtype of X.

*When it fails.* The model is smooth: jumps and many unrelated local features are for
trees. One metric serves the whole space, so relations that use different features in
different places show all of them. Features that are copies of each other share their
importance."""

REFERENCES = """D. D'Agostino, I. Ilievski and C. A. Shoemaker, "Learning active
subspaces and discovering important features with Gaussian radial basis functions neural
networks", Neural Networks 176 (2024).
:doi:`10.1016/j.neunet.2024.106335`

M. Titsias, "Variational learning of inducing variables in sparse Gaussian processes",
Proceedings of Machine Learning Research 5 (2009).
{more}"""

BOHNING = """
D. Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of
Statistical Mathematics 44 (1992). :doi:`10.1007/BF00048682`
"""


def rbf_docs(**values):
    """Fill ``{parameters}``, ``{attributes}``, ``{notes}`` and ``{references}``."""
    texts = {
        "parameters": PARAMETERS,
        "attributes": ATTRIBUTES,
        "notes": NOTES,
        "references": REFERENCES,
    }
    return fill_docs(**{name: text.format(**values) for name, text in texts.items()})
