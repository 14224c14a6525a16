"""PCA that knows noise: rank by random-matrix theory, shrunken eigenvalues."""

from __future__ import annotations

import math
from functools import partial
from numbers import Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like
from .._sklearn import Interval, StrOptions, fit_context
from .._validation import refuses_overflow, validate_scores, validate_X
from ..linalg._principal_axes import axes_of_spread, check_squares, principal_axes
from ..linalg._shrinkage import denoising_factors, shrink_eigenvalues
from ..linalg._table_spread import merge_spreads, table_spread
from ._normal_model import NormalModel
from ._pca_base import NUMBERS, PrincipalComponents
from ._spikes import choose_solver, find_noise, keep


class SpikedPCA(NormalModel, PrincipalComponents):
    r"""Principal component analysis that separates signal from noise.

    Takes the place of :class:`sklearn.decomposition.PCA`. Where features are many,
    noise alone spreads the eigenvalues of a sample covariance over a wide range (the
    Marchenko-Pastur law), inflates those of true signals, and turns their vectors.
    Random-matrix theory tells how much: it finds the noise level, how many components
    are signal, what their variance really is, and by which factor their coordinates
    are to be shrunk so that the rows come nearest to what they were without noise.

    Parameters
    ----------
    n_components : "mp", "gavish-donoho", int, float in (0, 1) or None, default="mp"
        Components to keep.

        - "mp": those with an eigenvalue that noise alone exceeds once in a hundred
          fits (edge of the Marchenko-Pastur law, and the Tracy-Widom law beyond). A
          few times in a hundred where its variance is estimated.
        - "gavish-donoho": those worth keeping in full, the optimal hard threshold of
          [2]_. Fewer than "mp"; best with ``shrinkage=None``.
        - int: that many. float: the fewest that hold more than this share of the
          variance. None: all, min(n_samples, n_features). As in PCA.

        The rules keep one component at least.
    shrinkage : {"frobenius", "operator", "stein"} or None, default="frobenius"
        Loss of the covariance for which ``explained_variance_`` is optimal [1]_.
        With any of them ``inverse_transform`` denoises. None leaves both as in PCA.
    noise_variance : "median" or float, default="median"
        Variance of the noise of each feature, in squared units of X. "median"
        estimates it from the median of the eigenvalues that are not signal; with
        ``svd_solver="randomized"``, which does not see them, from the total variance.
    whiten : bool, default=False
        Scale the columns of ``transform`` to unit variance on the training data.
    svd_solver : {"auto", "full", "covariance_eigh", "randomized"}, default="auto"
        "full" decomposes the table, "covariance_eigh" the covariance matrix,
        "randomized" finds the leading components by random projections and needs an
        int for `n_components`. "auto" takes "covariance_eigh" for at most 1000
        features and at least ten times as many samples, else "full".
    random_state : int, RandomState instance or None, default=None
        Of the randomized solver.

    Attributes
    ----------
    components_ : array of shape (n_components_, n_features)
        Orthonormal principal axes, by falling variance; those of PCA.
    explained_variance_ : array of shape (n_components_,)
        Estimated population variance along each axis, noise included; the noise
        variance for axes that cannot be told from noise. Sample variances with
        ``shrinkage=None``.
    explained_variance_ratio_ : array of shape (n_components_,)
        The same as a share of the total variance of X.
    singular_values_ : array of shape (n_components_,)
        Singular values of the centred training data.
    shrinkage_factors_ : array of shape (n_components_,)
        Factor in [0, 1] by which ``inverse_transform`` multiplies each coordinate.
    noise_variance_ : float
        Variance of the noise.
    eigenvalues_ : array of shape (min(n_samples, n_features),)
        All eigenvalues of the sample covariance, the evidence for the rank. As many
        as found with ``svd_solver="randomized"``.
    threshold_ : float
        Eigenvalues above it are signal: that of the rule chosen, of "mp" where
        `n_components` is no rule.
    n_spikes_ : int
        Number of eigenvalues above the threshold of "mp".
    mean_ : array of shape (n_features,)
        Mean of the training data.
    n_components_ : int
        Number of components kept.
    n_samples_ : int
        Number of training samples.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has them.

    Warns
    -----
    DegenerateDataWarning
        When a rule finds no signal. One component is kept, so that later steps of a
        pipeline run, and ``inverse_transform`` returns the mean.

    See Also
    --------
    RobustPCA : For few gross errors in place of noise everywhere.
    sklearn.decomposition.PCA : Neither noise level nor shrinkage.
    skspace.linalg.spike_debias : What an eigenvalue says of the signal beneath it.

    Notes
    -----
    *Model.* Rows are a mean, a signal in a subspace of few dimensions, and white noise
    of one variance :math:`\sigma^2` in every feature. Standardising features of
    different units breaks that; scale them by their noise instead. Where noise is not
    white the rank is too large.

    *Transform.* ``transform`` gives the coordinates PCA gives. Shrinking happens on
    the way back, so ``inverse_transform(transform(X))`` is the denoised table.

    *Notation* of [1]_, with noise variance 1: :math:`\gamma` n_features / (n_samples -
    1), :math:`\lambda` ``eigenvalues_``, :math:`\ell(\lambda)` the debiased
    eigenvalue, :math:`c^2` the squared cosine between sample and true axis,
    :math:`s^2 = 1 - c^2`. Variances are :math:`\ell` (operator norm), :math:`c^2 \ell +
    s^2` (Frobenius norm) and :math:`\ell / (c^2 + s^2 \ell)` (Stein's loss).

    *Denoising* uses the shrinkage of singular values that is optimal for the mean
    squared error of the training rows [3]_, :math:`c^2 (\ell - 1) / \ell`, whatever the
    loss of the covariance. New rows did not turn the axes; for them :math:`c^2 (\ell -
    1) / (c^2 (\ell - 1) + 1)` would be optimal, which is a little larger. Rows do not
    tell whether they are new, and the factor used here loses less in the case it is
    not meant for than the other does.

    *Noise.* The median of the eigenvalues is set against the median of the
    Marchenko-Pastur law, as in [2]_. Signals lift it; so they are left out, and what is
    found then, until no more are found. A noise variance of 0 (most eigenvalues are
    zero) leaves everything as in PCA; ``SpikedPCA(None, shrinkage=None,
    noise_variance=0.0)`` is PCA.

    *Rank.* The edge of the law is exceeded by noise about once in six fits; the
    threshold adds the .99 quantile of the Tracy-Widom law [4]_. Signals of a variance
    below :math:`\sigma^2 \sqrt\gamma` leave no trace in the eigenvalues and are lost
    to every rule.

    Cost O(n d min(n, d)), or O(n d²) with a small constant for "covariance_eigh", or
    O(n d k) for "randomized". Runs on NumPy, CuPy and PyTorch arrays under
    scikit-learn's array API dispatch.

    References
    ----------
    .. [1] Donoho, Gavish & Johnstone (2018). Optimal shrinkage of eigenvalues in the
       spiked covariance model. Annals of Statistics 46(4). :doi:`10.1214/17-AOS1601`
    .. [2] Gavish & Donoho (2014). The optimal hard threshold for singular values is
       4/√3. IEEE Transactions on Information Theory 60(8).
       :doi:`10.1109/TIT.2014.2323359`
    .. [3] Gavish & Donoho (2017). Optimal shrinkage of singular values. IEEE
       Transactions on Information Theory 63(4). :doi:`10.1109/TIT.2017.2653801`
    .. [4] Johnstone (2001). On the distribution of the largest eigenvalue in principal
       components analysis. Annals of Statistics 29(2). :doi:`10.1214/aos/1009210544`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import SpikedPCA
    >>> rng = np.random.RandomState(0)
    >>> signal = rng.standard_normal((200, 3)) @ rng.standard_normal((3, 100))
    >>> X = signal + rng.standard_normal((200, 100))
    >>> pca = SpikedPCA().fit(X)
    >>> pca.n_components_, round(pca.noise_variance_, 2)
    (3, 0.98)
    >>> denoised = pca.inverse_transform(pca.transform(X))
    >>> round(float(np.mean((denoised - signal) ** 2)), 3)
    0.047
    """

    _parameter_constraints: dict = {
        "n_components": [StrOptions({"mp", "gavish-donoho"}), *NUMBERS],
        "shrinkage": [StrOptions({"frobenius", "operator", "stein"}), None],
        "noise_variance": [
            StrOptions({"median"}),
            Interval(Real, 0, None, closed="left"),
        ],
        "whiten": ["boolean"],
        "svd_solver": [StrOptions({"auto", "full", "covariance_eigh", "randomized"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components="mp",
        *,
        shrinkage="frobenius",
        noise_variance="median",
        whiten=False,
        svd_solver="auto",
        random_state=None,
    ):
        self.n_components = n_components
        self.shrinkage = shrinkage
        self.noise_variance = noise_variance
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.random_state = random_state

    @fit_context
    def fit(self, X, y=None):
        """Find axes, noise level, rank and shrinkage.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data, at least two samples.
        y : Ignored
            Not used, present for scikit-learn's conventions.

        Returns
        -------
        self : SpikedPCA
            The fitted estimator.

        Raises
        ------
        ValueError
            If `n_components` exceeds min(n_samples, n_features), is no int with
            ``svd_solver="randomized"``, or squares of X leave the range of its dtype.
        """
        X, xp = validate_X(self, X, ensure_min_samples=2)
        solver = choose_solver(self.svd_solver, self.n_components, *X.shape)
        mean = xp.mean(X, axis=0)
        varies = xp.max(X, axis=0) > xp.min(X, axis=0)
        centered = X - mean
        check_squares(centered, X.dtype)
        axes = principal_axes(
            centered,
            solver=solver,
            n_axes=self.n_components,
            rng=check_random_state(self.random_state),
        )
        self._finish(X.shape[0], mean, varies, axes)
        return self

    def _read_block(self, X, *, reset=False):
        return validate_X(self, X, reset=reset)[0]

    def _fit_blocks(self, rows, y=None):
        """Fit to :class:`Rows`."""
        head, xp = rows.head, array_namespace(rows.head)
        shape = (*rows.shape, head.shape[1])
        if shape[0] < 2:
            raise ValueError(
                f"Found {shape[0]} sample(s) while a minimum of 2 is required by "
                "SpikedPCA."
            )
        solver = choose_solver(self.svd_solver, self.n_components, *shape)
        if solver == "randomized":
            raise ValueError(
                "svd_solver='randomized' projects the same rows again and again; pass "
                "'auto' for rows in blocks."
            )
        summarise = partial(table_spread, triangular=solver == "full")
        spread = rows.reduce(summarise, merge_spreads)
        extremes = xp.stack([spread.least, spread.largest]) - spread.mean
        check_squares(extremes, head.dtype, math.prod(shape))
        axes = axes_of_spread(spread)
        axes = axes._replace(vectors=xp.astype(axes.vectors, head.dtype))
        mean = xp.astype(spread.mean, head.dtype)
        self._finish(spread.n_rows, mean, spread.largest > spread.least, axes)

    def _finish(self, n_samples, mean, varies, axes):
        """Find noise level, rank and shrinkage, and store everything."""
        xp = array_namespace(mean)
        # features that never vary carry no noise
        n_noisy = max(1, int(xp.sum(xp.astype(varies, xp.int64))))
        size = n_samples - 1, n_noisy
        noise = find_noise(
            axes,
            *size,
            given=self.noise_variance,
            leading=self.svd_solver == "randomized",
        )
        n_kept, self.threshold_ = keep(self.n_components, axes, noise, *size)
        values, gamma = axes.eigenvalues, n_noisy / (n_samples - 1)
        kept = values[:n_kept]
        if self.shrinkage is None:
            variance, factors = kept, np.ones(n_kept)
        else:
            variance = shrink_eigenvalues(kept, gamma, noise.variance, self.shrinkage)
            factors = denoising_factors(kept, gamma, noise.variance)

        def on_device(numbers):
            return asarray_like(numbers, mean)

        self.mean_ = mean
        self.components_ = xp.asarray(axes.vectors[:n_kept, :], copy=True)
        self.eigenvalues_ = on_device(values)
        self.singular_values_ = on_device(np.sqrt(kept * (n_samples - 1)))
        self.explained_variance_ = on_device(variance)
        self.explained_variance_ratio_ = on_device(
            variance / axes.total if axes.total > 0 else np.zeros(n_kept)
        )
        self.shrinkage_factors_ = on_device(factors)
        self.noise_variance_ = noise.variance
        self.n_spikes_ = noise.n_spikes
        self.n_components_ = n_kept
        self.n_samples_ = n_samples

    @refuses_overflow
    def transform(self, X):
        """Project rows on the components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New data.

        Returns
        -------
        X_new : array of shape (n_samples, n_components_)
            The projections of X minus the mean, not shrunk; divided by their standard
            deviation on the training data under ``whiten``.
        """
        check_is_fitted(self)
        X, _ = validate_X(
            self, X, reset=False, fitted=self.components_, method="transform"
        )
        coordinates = (X - self.mean_) @ self.components_.T
        return (
            coordinates / self._scale(self.n_samples_) if self.whiten else coordinates
        )

    @refuses_overflow
    def inverse_transform(self, X):
        """Denoise: rows without noise, from their coordinates.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components_)
            Coordinates as ``transform`` gives them.

        Returns
        -------
        X_original : array of shape (n_samples, n_features)
            The mean plus the coordinates times ``shrinkage_factors_`` along the
            components. With ``shrinkage=None`` the projection that PCA gives.
        """
        X = validate_scores(self, X)
        factors = self.shrinkage_factors_
        if self.whiten:
            factors = factors * self._scale(self.n_samples_)
        return (X * factors) @ self.components_ + self.mean_
