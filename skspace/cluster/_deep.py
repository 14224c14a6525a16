"""Deep subspace clustering: self-expression through the layers of encoders."""

from __future__ import annotations

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._rows import take_rows
from .._sklearn import Interval, StrOptions, fit_context
from .._validation import check_enough_samples, check_overflow, validate_X
from ._base import SubspaceClusterer, place_among
from ._deep_fit import (
    check_tables,
    find_labels,
    find_nothing,
    in_precision,
    start_views,
)
from ._docs import shared_docs
from ._geometry import find_geometry, prepare

UNCHANGED = ("affine", "normalize", "n_jobs")


@shared_docs(
    center="True", omit=("affine", "normalize", "affinity", "assign_labels", "n_jobs")
)
class DeepSubspaceClustering(SubspaceClusterer):
    r"""Subspace clustering through the layers of small encoders.

    Objects that bend or shift are no subspace in their pixels, but may be nearly one
    after a layer or two of convolutions; lit from changing sides they are one in their
    pixels, and less so behind every layer. This estimator looks at the input, at the
    local contrast of images, at every layer of several encoders, and at all together,
    draws two graphs in each view (who represents whom, who is at a small angle to
    whom), measures without labels how well each graph falls into clusters, and cuts
    their weighted mean.

    Encoders are random unless training is asked for. The user guide says what training
    adds and when the linear method is enough.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
    image_shape : tuple of int, default=None
        (height, width) or (n_channels, height, width) of an image, whose pixels are
        the row, channel by channel, line by line. None takes fully connected
        encoders.
    channels : tuple of int or "auto", default="auto"
        Channels of each convolution; "auto" is (10, 20, 30), or (10, 20) for images
        whose shorter side is below 28.
    kernel_sizes : tuple of int or "auto", default="auto"
        Sides of their kernels, as many; "auto" is 5 for the first of three layers and
        3 for every other.
    hidden_layer_sizes : tuple of int, default=(500, 200, 50)
        Outputs of each layer without `image_shape`.
    n_encoders : int, default=8
        Encoders whose Gram matrices are averaged layer by layer.
    pretrain : {"reconstruction", "distance"} or None, default=None
        Train every encoder first: with a decoder to return its input, or to keep the
        pattern of distances. None leaves it random.
    pretrain_max_iter : int, default=500
        Epochs of pre-training at most.
    batch_size : int, default=64
        Rows of a mini-batch in pre-training.
    train_encoder : bool, default=False
        Train encoders together with one joint representation matrix, starting from
        the closed form. With True `n_encoders` of 1 is advised.
    encoder_loss : {"joint", "self_expression"}, default="joint"
        What that training minimises: self-expression and reconstruction, each
        relative to its start, or self-expression alone, under which features
        collapse.
    regularization : {"l2"} or None, default=None
        "l2" takes the loss of DSC-Net in place of `encoder_loss`.
    l2_weights : (float, float), default=(1.0, 1.0)
        Weights of :math:`\|C\|^2` and self-expression in that loss.
    learning_rate : float, default=1e-3
        Of Adam, in all stages.
    max_iter : int, default=200
        Steps of joint training at most.
    tol : float, default=1e-3
        Training ends when the mean relative change of the last ten steps, or over
        twenty epochs of pre-training, is below.
    refine : {"structured", "joint"} or None, default=None
        Then weaken coefficients between clusters by the structured norm, alone or
        together with the self-expression loss, until a clustering repeats. It
        confirms what was found rather than testing it.
    refine_max_iter : int, default=30
        Steps of the refinement at most.
    refine_every : int, default=5
        Steps between clusterings.
    dense_representation : bool, default=False
        Keep all coefficients of the joint matrix, not the largest of each row.
    dtype : {"float32", "float64"} or None, default=None
        Precision of everything. None follows X.
    {shared}

    Attributes
    ----------
    {attributes}
    view_weights_ : dict of str to float
        Weight of each graph, by view ("input", "local contrast", "layer 1", ...,
        "all layers") and kind ("self-expression" or "neighbors"), as in
        "layer 1, neighbors". Sum 1.
    associations_ : dict of str to float
        What they were weighted by: the mean share of a cluster's edges that stay
        inside, when this graph alone is cut.
    view_ : str
        View with the largest weight: in its features new samples are compared.
    encoder_weights_ : dict of str to array
        Weights and biases of encoders and decoders.
    effective_rank_ : array of shape (2, n_layers)
        With training: exponential of the entropy of the spectrum of each layer of the
        first encoder, before and after. A fall to a handful is a collapse.
    pretrain_ok_ : bool
        With `pretrain`: whether all encoders passed. One that did not was put back
        to its start.
    pretrain_loss_curve_ : list of ndarray
        With `pretrain`: share of the variance lost in reconstruction, or loss of the
        pattern of distances, after each epoch, one array an encoder.
    training_kept_ : bool
        With training: whether the trained encoder gave the better graph. If not, the
        encoder is as it was before training.
    training_curves_ : dict of str to ndarray
        With `train_encoder`: losses by step. See
        :class:`~skspace.inspection.TrainingCurvesDisplay`.
    refine_curve_ : list of float
        With `refine`: loss by step.
    n_iter_ : int
        Steps of joint training; 1 for the closed form.
    stop_reason_ : {"closed_form", "tol", "max_iter"}
        Why it ended.

    See Also
    --------
    LeastSquaresSubspaceClustering : The same on the input alone.

    Notes
    -----
    *Notation.* :math:`V_0` is the centred input and :math:`V_l` layer l, rows at
    unit length and a constant 1 appended; C (`representation_matrix_`) rebuilds every
    row from the others, the same in all layers:

    .. math:: \min_C \sum_l \|V_l - \bar C V_l\|_F^2 + \rho \|\bar C\|_F^2,
              \qquad \bar C = C - \mathrm{diag}(C)

    with :math:`\rho` the number of tables, the mean squared length of their rows
    without the constant. Its graph joins i and j by the positive part of
    :math:`\sqrt{C_{ij} C_{ji}}`, the partial correlation of both given
    all others.

    *Cost* of the closed form: O(n² Σ d_l) for Gram matrices and O(n³) for each view;
    memory up to 16 n² bytes in float64, half in float32, refused above 2 GiB (11585
    samples; 16384 in float32), where `max_samples` helps. Training keeps nine matrices
    of n² numbers. Runs on NumPy, CuPy and PyTorch arrays under scikit-learn's array API
    dispatch; graphs, being sparse, are cut on the host.

    *Differences from the papers.* Both train the encoder; here training is an option,
    and a trained encoder is kept where its graph falls into clusters better. Rows of
    each layer are centred and scaled to unit length, the diagonal of C is zero (else
    C = I is optimal), a ridge stands for early stopping, and the joint loss holds the
    decoder. The last layer of decoders is affine. Local contrast, graphs of neighbours,
    positive partial correlations and weights by the normalised cut are additions.

    References
    ----------
    Sindičić & Kopriva (2025). Label-independent hyperparameter-free self-supervised
    single-view deep subspace clustering. :doi:`10.48550/arXiv.2504.18179`

    Ji, Zhang, Li, Salzmann & Reid (2017). Deep subspace clustering networks. NIPS.
    :doi:`10.48550/arXiv.1709.02508`

    Shi & Malik (2000). Normalized cuts and image segmentation. IEEE TPAMI 22(8).
    :doi:`10.1109/34.868688`

    Examples
    --------
    >>> from skspace.cluster import DeepSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    >>> model = DeepSubspaceClustering(n_clusters=5, random_state=0).fit(X)
    >>> from skspace.metrics import clustering_accuracy
    >>> clustering_accuracy(y, model.labels_)
    1.0
    >>> model.encode(X[:3]).shape
    (3, 30)
    """

    affine: ClassVar = False
    normalize: ClassVar = True

    _parameter_constraints: dict = {
        **{
            name: constraint
            for name, constraint in SubspaceClusterer._parameter_constraints.items()
            if name not in UNCHANGED
        },
        "image_shape": ["array-like", None],
        "channels": ["array-like", StrOptions({"auto"})],
        "kernel_sizes": ["array-like", StrOptions({"auto"})],
        "hidden_layer_sizes": ["array-like"],
        "n_encoders": [Interval(Integral, 1, None, closed="left")],
        "pretrain": [StrOptions({"reconstruction", "distance"}), None],
        "pretrain_max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "train_encoder": ["boolean"],
        "encoder_loss": [StrOptions({"joint", "self_expression"})],
        "regularization": [StrOptions({"l2"}), None],
        "l2_weights": ["array-like"],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "refine": [StrOptions({"structured", "joint"}), None],
        "refine_max_iter": [Interval(Integral, 1, None, closed="left")],
        "refine_every": [Interval(Integral, 1, None, closed="left")],
        "dense_representation": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"}), None],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        image_shape=None,
        channels="auto",
        kernel_sizes="auto",
        hidden_layer_sizes=(500, 200, 50),
        n_encoders=8,
        pretrain=None,
        pretrain_max_iter=500,
        batch_size=64,
        train_encoder=False,
        encoder_loss="joint",
        regularization=None,
        l2_weights=(1.0, 1.0),
        learning_rate=1e-3,
        max_iter=200,
        tol=1e-3,
        refine=None,
        refine_max_iter=30,
        refine_every=5,
        dense_representation=False,
        dtype=None,
        subspace_dim="auto",
        center=True,
        max_samples=None,
        n_init=20,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.image_shape = image_shape
        self.channels = channels
        self.kernel_sizes = kernel_sizes
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_encoders = n_encoders
        self.pretrain = pretrain
        self.pretrain_max_iter = pretrain_max_iter
        self.batch_size = batch_size
        self.train_encoder = train_encoder
        self.encoder_loss = encoder_loss
        self.regularization = regularization
        self.l2_weights = l2_weights
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol
        self.refine = refine
        self.refine_max_iter = refine_max_iter
        self.refine_every = refine_every
        self.dense_representation = dense_representation
        self.dtype = dtype
        self.subspace_dim = subspace_dim
        self.center = center
        self.max_samples = max_samples
        self.n_init = n_init
        self.random_state = random_state
        self.verbose = verbose

    @fit_context
    def fit(self, X, y=None):
        """Cluster the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples. float32 stays float32; everything else becomes float64.
        y : Ignored
            Present for pipelines.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            NaN or infinite entries, or too large ones for `dtype`; fewer samples, or
            fewer distinct directions, than clusters; an image shape that does not fit
            the rows; matrices that would not fit into memory; training that leads
            beyond the range of numbers.

        Warns
        -----
        ConvergenceWarning
            When training reached `max_iter`, or pre-training left more than half of
            the variance.
        """
        X, _ = validate_X(self, X, ensure_min_samples=2)
        X = in_precision(X, self.dtype)
        n = X.shape[0]
        check_enough_samples(n, self.n_clusters)
        rng = check_random_state(self.random_state)

        geometry = find_geometry(X, center=self.center, normalize=True, affine=False)
        V, directionless = prepare(X, geometry)
        rows, copy_of = self._choose_rows(V, to_numpy(directionless), rng)
        check_tables(self, len(rows), X)
        self._store_geometry(geometry)
        self._unit = float(array_namespace(X).max(array_namespace(X).abs(X))) or 1.0
        inputs = self._inputs(X, V)
        self._views = start_views(self, X, rng)

        if self.n_clusters == 1:
            labels = np.zeros(n, dtype=np.int64)
            find_nothing(self, n)
        else:
            labels = np.full(n, -1, dtype=np.int64)
            labels[rows] = self._find_labels(
                take_rows(V, rows), rows, n, rng, inputs=take_rows(inputs, rows)
            )
            labels = np.where(copy_of >= 0, labels[copy_of], -1)
        n_found = int(labels.max()) + 1

        F = self._views.features(self.view_, V, inputs)
        self._store_subspaces(F, labels, n_found)
        nearest = to_numpy(self._nearest(F))
        labels = np.where(labels < 0, nearest, labels)
        self._store_mixture(X, nearest, n_found)
        self.encoder_weights_ = self._views.encoders.parameters
        self.labels_ = asarray_like(labels, X)
        self._n_features_out = n_found
        return self

    def encode(self, X):
        """Compute the features of samples in the view with the largest weight.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        features : array of shape (n_samples, n_view_features)
            Output of the layer (or layers) of the first encoder, centred by the means
            of the training samples, rows of unit length.
        """
        return self._prepare_new(X, "encode")

    def _find_labels(self, V, rows, n_samples, rng, *, inputs):
        found = find_labels(self, self._views, V, inputs, rng)
        self._views = found.views
        self.view_ = found.view
        self.affinity_matrix_ = place_among(found.affinity, rows, n_samples)
        C = found.coefficients
        if self.dense_representation:
            full = np.zeros((n_samples, n_samples), dtype=C.dtype)
            full[np.ix_(rows, rows)] = C
            self.representation_matrix_ = full
        else:
            self.representation_matrix_ = place_among(C, rows, n_samples)
        return found.labels

    def _prepare_new(self, X, method):
        check_is_fitted(self)
        X, _ = validate_X(
            self, X, reset=False, fitted=self.subspace_components_, method=method
        )
        X = in_precision(X, self.dtype)
        V, _ = prepare(X, self._geometry_of_fit())
        with np.errstate(over="ignore", invalid="ignore"):
            features = self._views.features(self.view_, V, self._inputs(X, V))
        return check_overflow(features, self, method)

    def _inputs(self, X, V):
        """Rows as encoders see them: pixels in units of the largest, else prepared."""
        return V if self.image_shape is None else X / self._unit

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
