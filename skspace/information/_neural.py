"""Mutual information by a trained critic, stopped where held-out rows say so."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._loop import run
from .._sklearn import Interval, StrOptions
from ._base import BaseMutualInfo, check_pair
from ._bounds import BOUNDS
from ._critic_judgement import judge, value_of
from ._critic_training import FittedCritic, Settings, Training, normal_scores, settled
from ._critics import CRITICS, gaussian_ratio
from ._docs import shared_docs
from ._gaussian import GaussianCopulaMutualInfo
from ._result import UNITS

__all__ = ["NeuralMutualInfo"]

LEAST_SAMPLES = 64
"""Below this nothing is trained."""


@shared_docs()
class NeuralMutualInfo(BaseMutualInfo):
    """Mutual information by a neural critic with max-test stopping.

    Networks learn to tell pairs (x, y) of a row from pairs of different rows; how well
    they can is a lower bound on the mutual information. They start from the log density
    ratio of a normal copula and learn what it leaves. Held-out rows choose the amount
    of training; the value is the bound on the training rows there. For relations that
    bend, and for many columns that depend on few variables, given a thousand rows or
    more.

    Parameters
    ----------
    critic : {"separable", "concatenated", "probabilistic"}, default="separable"
        "separable" compares embeddings of x and y made by a network each.
        "concatenated" gives every pair to one network: better where the density has
        edges, at many times the cost. "probabilistic" is separable with noise on the
        embeddings, which slows memorising: for heavy tails in a thousand rows or fewer;
        with more it reads low, and it learns no sharp bends.
    bound : {"infonce", "smile", "nwj"}, default="infonce"
        "infonce" [2]_ is the steadiest, and never exceeds log n_scored, the rows scored
        at once: it reads low within about two nats of that. "nwj" has no such ceiling,
        at the price of variance; take it there. "smile" has none either, is no bound,
        and reads high beyond 4 nats; it serves as a second opinion.
    embedding_dim : int, default=16
        Dimensions in which x and y are compared: canonical pairs, half of them at most,
        and columns of the embeddings. No part in "concatenated".
    hidden_layer_sizes : array-like of int, default=None
        Hidden layers of each network. None takes (128, 128), for "concatenated"
        (64, 64).
    batch_size : int, default=None
        Rows scored at once in training. None takes 256, for "concatenated" 128; never
        more than half the training rows.
    learning_rate : float, default=3e-3
        Of Adam at the start; it falls to 0 along a cosine.
    max_iter : int, default=None
        Passes over the training rows. None takes as many as make 1000 steps, at least
        20 and at most 200.
    n_iter_no_change : int, default=20
        Passes without a relative rise of the smoothed held-out bound by 0.001 after
        which training ends.
    test_size : float, default=0.1
        Share of the rows held out; at least 64 or a third of the rows, at most 2000.
    n_permutations : int, default=0
        Permutations of `y` behind the p-value; each costs a training. 0 leaves
        ``p_value_`` None.
    confidence_level : float or None, default=0.95
        Probability with which the interval should cover the truth; it costs nothing,
        see Notes. None leaves it out.
    units : {"nats", "bits"}, default="nats"
        Of estimates, intervals and curves.
    n_jobs : int or None, default=None
        Threads over permutations, by joblib. Results do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws held-out rows, start values, mini-batches and permutations.
    verbose : int, default=0
        Whether to print the held-out bound of every pass.

    Attributes
    ----------
    {attributes}
    training_curves_ : dict of str to ndarray
        By "step", the passes (0 before training): the bound on held-out rows, "test",
        the same "smoothed", and on as many training rows, "train". Empty where nothing
        was trained. See :class:`~skspace.inspection.TrainingCurvesDisplay`.
    kept_step_ : int
        Pass whose parameters were kept.
    n_iter_ : int
        Passes made.
    critic_ : FittedCritic or None
        What :meth:`score` evaluates; None where nothing varies.

    Raises
    ------
    ValueError
        If lengths differ, or values are not finite.

    See Also
    --------
    ReliableMutualInfo : Repeats it on parts of the rows and on other dimensions.
    CanonicalMutualInfo : Nearest neighbours on the canonical variates, much faster.
    skspace.inspection.MITrainingDisplay : Picture of the training.

    Notes
    -----
    Columns become normal scores, which changes no information. The score of a pair is
    the log density ratio of the significant canonical pairs, as many of them as score
    best on held-out rows, plus that of the critic. After every pass the bound is taken
    on the held-out rows; the curve is smoothed (running median of 5, Gaussian of 1),
    and the parameters of its maximum are kept, those before training included [1]_.

    Training rows are scored together with held-out rows, at most 5000 and 2000 of them
    ("concatenated": 2000), in blocks. ``result_.params`` holds the bound on the
    held-out rows, too ("test_value"; chance that a control variate shows is taken off),
    another bound of the same critic ("other_bound"), and what three nearest neighbours
    see on training rows beyond the value ("neighbor_excess") and beyond what they see
    in the same rows paired as the critic has it ("unexplained"), 0 where values repeat.
    For the latter, rows exchange their y until pairings are as likely as the ratio says
    [3]_; as neighbours are blind to both alike, it tells in many columns, too.

    Standard error: the sampling error of the mean, half the gap between the bounds on
    training and held-out rows, and the standard error of the latter, within which no
    amount of training is better than another: ``se_² = var / n + (gap / 2)² +
    se_test²``. It knows of no bias that both share: a relation that the critic does not
    find. Where neighbours see it clearly there is a flag.

    ====================== ==========================================================
    flag                   raised when
    ====================== ==========================================================
    no_signal              the smoothed held-out bound is never positive (the value is
                           0), or the held-out bound is within two standard errors of
                           0, or p > 0.05
    ceiling                InfoNCE at 0.9 of the logarithm of the rows scored, or more
    train_test_gap         held-out rows lack half of the training value
    estimator_disagreement another bound of the same critic differs by more than
                           15 % and two standard errors; or nearest neighbours see
                           more by 10 % and three, or more than is explained by
                           10 % and four
    too_few_samples        fewer than 64: the value is that of the Gaussian copula
    early_peak             (a note) the best pass is among the first two after the
                           start, or the curve still rises at the end
    ====================== ==========================================================

    Cost: about 1000 steps, each O(b² k) for batches of b rows and k dimensions plus the
    networks, and O(n² k) for the reading; neighbours are counted 21 times among 1000
    rows. Computed in float32; sums of exponentials in float64.

    *Differences from the paper.* The Gaussian start, the falling learning rate, the
    quadratic terms of the critic, the standard error, the comparisons with neighbours;
    stopping by patience.

    References
    ----------
    .. [1] E. Abdelaleem, K. M. Martini and I. Nemenman, "Accurate estimation of mutual
       information in high dimensional data" (2025). :doi:`10.48550/arXiv.2506.00330`
    .. [2] A. van den Oord, Y. Li and O. Vinyals, "Representation learning with
       contrastive predictive coding" (2018). :doi:`10.48550/arXiv.1807.03748`
    .. [3] T. B. Berrett, Y. Wang, R. F. Barber and R. J. Samworth, "The conditional
       permutation test for independence while controlling for confounders", Journal of
       the Royal Statistical Society B 82 (2020). :doi:`10.1111/rssb.12340`

    Examples
    --------
    A circle, which no correlation sees:

    >>> import numpy as np
    >>> from skspace.information import NeuralMutualInfo
    >>> rng = np.random.RandomState(0)
    >>> angle = rng.uniform(0, 2 * np.pi, 1000)
    >>> x = np.cos(angle) + 0.1 * rng.standard_normal(1000)
    >>> y = np.sin(angle) + 0.1 * rng.standard_normal(1000)
    >>> model = NeuralMutualInfo(random_state=0).fit(x[:, None], y)
    >>> bool(0.6 < model.mi_ < 0.75)  # 0.68 by integration
    True
    """

    _parameter_constraints = {
        **BaseMutualInfo._parameter_constraints,
        "critic": [StrOptions(set(CRITICS))],
        "bound": [StrOptions(set(BOUNDS))],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like", None],
        "batch_size": [Interval(Integral, 2, None, closed="left"), None],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "test_size": [Interval(Real, 0, 1, closed="neither")],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        critic="separable",
        *,
        bound="infonce",
        embedding_dim=16,
        hidden_layer_sizes=None,
        batch_size=None,
        learning_rate=3e-3,
        max_iter=None,
        n_iter_no_change=20,
        test_size=0.1,
        n_permutations=0,
        confidence_level=0.95,
        units="nats",
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.critic = critic
        self.bound = bound
        self.embedding_dim = embedding_dim
        self.hidden_layer_sizes = hidden_layer_sizes
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.n_iter_no_change = n_iter_no_change
        self.test_size = test_size
        self.n_permutations = n_permutations
        self.confidence_level = confidence_level
        self.units = units
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def score(self, X, y):
        """Return the bound of the fitted critic on other rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            First sample.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Second sample.

        Returns
        -------
        score : float
            Bound `bound` on these rows at once, in `units`. On rows that were not in
            the fit it is low on average ("infonce" and "nwj"), and may be negative.

        Raises
        ------
        ValueError
            If there is one row only, if columns are not those of the fit, or values
            are not finite.
        """
        check_is_fitted(self)
        X, Y = check_pair(self, X, y, reset=False)
        if len(X) < 2:
            raise ValueError("A bound needs two rows or more, got one.")
        if Y.shape[1] != self._n_targets:
            raise ValueError(
                f"y has {Y.shape[1]} columns, but {type(self).__name__} was fitted "
                f"with {self._n_targets}."
            )
        if self.critic_ is None:
            return 0.0
        values = self.critic_.values(BOUNDS[self.bound], X, Y)
        return float(np.mean(values)) * UNITS[self.units]

    def _fit(self, X, y):
        self.critic_, self.n_iter_ = None, 0
        super()._fit(X, y)
        X, Y = check_pair(self, X, y)
        self._n_targets = Y.shape[1]
        if self.critic_ is not None:
            columns = tuple(np.any(Z[:1] != Z, axis=0) for Z in (X, Y))
            self.critic_ = self.critic_._replace(columns=columns)
        curves = dict(self.result_.curves.get("training", {}))
        if curves:
            curves = {"step": curves.pop("epoch"), **curves}
        self.training_curves_ = curves
        self.kept_step_ = self.result_.params.get("best_epoch", 0)
        return self

    def _estimate(self, X, Y, rng, n_jobs=None):
        if len(X) < LEAST_SAMPLES:
            found, self.critic_ = self._without_training(X, Y, rng)
            return found
        training = Training(X, Y, self._settings(X, Y), rng)
        outcome = run(
            self,
            training.epochs(),
            X=X,
            max_iter=training.max_iter,
            converged=lambda _: settled(training.curve, self.n_iter_no_change),
            tol=0.0,
            warn=False,
        )
        self.n_iter_ = outcome.n_iter
        reading = training.read()
        self.critic_ = reading.fitted
        excess = training.neighbor_excess(reading.values, n_jobs)
        unexplained = training.unexplained(reading.fitted, n_jobs)
        return judge(reading, self.bound, training.max_iter, excess, unexplained)

    def _replicate(self, X, Y, rng):
        if len(X) < LEAST_SAMPLES:
            return self._without_training(X, Y, rng)[0].value
        training = Training(X, Y, self._settings(X, Y), rng)
        for epoch, _ in enumerate(training.epochs(), 1):
            if epoch == training.max_iter or settled(
                training.curve, self.n_iter_no_change
            ):
                break
        return value_of(training.read())

    def _subsample(self, X, Y, value, rng):
        """Training on chunks is the business of ReliableMutualInfo."""

    def _settings(self, X, Y):
        large = self.critic == "concatenated"
        hidden = self.hidden_layer_sizes
        if hidden is None:
            hidden = (64, 64) if large else (128, 128)
        hidden = tuple(hidden)
        if not all(isinstance(size, Integral) and size >= 1 for size in hidden):
            raise ValueError(
                "hidden_layer_sizes must be positive integers, one a layer, got "
                f"{self.hidden_layer_sizes!r}."
            )
        hidden = tuple(int(size) for size in hidden)
        if large and not hidden:
            raise ValueError(
                "critic='concatenated' needs a hidden layer, got hidden_layer_sizes="
                f"{self.hidden_layer_sizes!r}: without one it knows no pairs."
            )
        return Settings(
            CRITICS[self.critic](X.shape[1], Y.shape[1], hidden, self.embedding_dim),
            BOUNDS[self.bound],
            self.batch_size or (128 if large else 256),
            self.learning_rate,
            self.max_iter,
            self.n_iter_no_change,
            self.test_size,
        )

    def _without_training(self, X, Y, rng):
        """Value of the Gaussian copula, and its ratio as the critic."""
        maps = normal_scores(X), normal_scores(Y)
        x, y = maps[0](X), maps[1](Y)
        enough = len(X) > X.shape[1] + Y.shape[1] + 1
        copula = GaussianCopulaMutualInfo(shrinkage=None if enough else "auto")
        found = copula._estimate(x, y, rng)
        found = found._replace(flags=("too_few_samples", *found.flags))
        ratio = gaussian_ratio(x, y)
        return found, FittedCritic(maps, ratio, BOUNDS[self.bound].offset)
