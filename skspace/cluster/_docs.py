"""Texts that the docstrings of all subspace clusterers share, written once."""

from __future__ import annotations

from .._docs import fill_docs, join_texts

PARAMETERS = {
    "subspace_dim": """subspace_dim : int or "auto", default="auto"
    Dimension of the subspaces that new samples are compared with, and number of
    coefficients per row kept by ``affinity="topk"``, there at least six. "auto"
    gives each cluster the fewest dimensions that hold 98 % of its energy, up to nine
    (what images of a face under any light need). Never more than the space has, less
    one.""",
    "affine": """affine : bool, default=False
    Allow subspaces that miss the origin, by appending a constant to every sample
    (homogeneous coordinates). For clouds around different centres.""",
    "center": """center : bool, default={center}
    Subtract column means, before rows are scaled.""",
    "normalize": """normalize : bool, default=True
    Scale rows to unit length. Otherwise all are divided by their root mean square
    length, so that penalties keep their meaning.""",
    "affinity": """affinity : {{"symmetrize", "topk", "nearest_neighbors", \
"doubly_stochastic"}}, default="{affinity}"
    How coefficients become a graph, see :func:`subspace_affinity`.""",
    "assign_labels": """assign_labels : {{"kmeans", "cluster_qr", "discretize"}}, \
default="kmeans"
    How eigenvectors become labels. Cluster-QR has no random start.""",
    "max_samples": """max_samples : int, default=None
    Find clusters on this many samples drawn at random, and put the others into
    the nearest subspace. None uses all.""",
    "n_init": """n_init : int, default=20
    Starts of k-means on the eigenvectors.""",
    "n_jobs": """n_jobs : int, default=None
    Threads over blocks of rows. Results do not depend on it.""",
    "random_state": """random_state : int, RandomState instance or None, default=None
    Fixes k-means and the choice of `max_samples`.""",
    "verbose": """verbose : int, default=0
    Print the time of each step.""",
}

ATTRIBUTES = {
    "labels_": """labels_ : array of shape (n_samples,), int64
    Cluster of each sample, from 0 without gaps. Identical samples share one.""",
    "representation_matrix_": """representation_matrix_ : sparse matrix of shape \
(n_samples, n_samples)
    Coefficients; row i rebuilds sample i. Rows of zero samples, of later copies of
    a sample, and of samples not drawn for `max_samples` are empty.""",
    "affinity_matrix_": """affinity_matrix_ : sparse matrix of shape \
(n_samples, n_samples)
    The graph that was cut.""",
    "n_connected_components_": """n_connected_components_ : int
    Components of that graph with more than one sample.""",
    "subspace_components_": """subspace_components_ : array of shape \
(n_clusters, n_dims, n_features)
    Orthonormal rows spanning the subspace of each cluster, in prepared coordinates
    (one more column with ``affine=True``); zero rows where it has fewer dimensions.""",
    "mean_": """mean_ : array of shape (n_features,)
    Subtracted column means; zeros without `center`.""",
    "mixture_": """mixture_log_weights_, mixture_means_, mixture_components_, \
mixture_variances_, mixture_noise_variances_, mixture_scale_ : arrays and float
    The mixture of probabilistic subspaces in input space that `score` evaluates;
    lengths are in units of ``mixture_scale_``.""",
    "n_features_in_": """n_features_in_ : int
    Number of features seen in `fit`.""",
    "feature_names_in_": """feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of features seen in `fit`, where they are all strings.""",
}


def shared_docs(*, omit=(), **values):
    """Fill ``{shared}`` and ``{attributes}`` in the docstring of a class.

    Parameters
    ----------
    omit : tuple of str
        Shared texts that the class does not have.
    **values : str
        Defaults that differ between classes.
    """
    return fill_docs(
        shared=join_texts(PARAMETERS, omit=omit, **values),
        attributes=join_texts(ATTRIBUTES, omit=omit, **values),
    )
