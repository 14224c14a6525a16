"""Texts that the docstrings of fair transformers share, written once."""

from __future__ import annotations

from .._docs import fill_docs

SENSITIVE_COLUMNS = """sensitive_columns : int, str, list of them, callable or None, \
default=None
    Columns of X that hold the attributes, by position, by name, or by a function
    of X that gives them. None: they come as ``sensitive_features`` of `fit`.
drop_sensitive : bool, default=True
    Whether these columns are left out of the features."""

COLUMNS_SEEN = """analysed_columns_ : list of int
    Positions of the columns of X that are features.
sensitive_columns_ : list of int
    Positions of the sensitive columns, where `sensitive_columns` is set.
n_features_in_ : int
    Number of columns of X seen in `fit`, dropped ones included.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the columns of X seen in `fit`, where they are all strings."""

SENSITIVE_FEATURES = """sensitive_features : array-like of shape (n_samples,) or \
(n_samples, n_attributes), default=None
    Sensitive attributes: numbers, or classes of any kind. Needed unless
    `sensitive_columns` is set.
sample_weight : array-like of shape (n_samples,), default=None
    How often each row counts."""

NEW_ROWS = """X : array-like or sparse matrix of shape (n_samples, n_features)
    Rows, in the array library of the training data. Frames may lack the
    sensitive columns that were dropped."""

shared_docs = fill_docs(
    sensitive_columns=SENSITIVE_COLUMNS,
    columns_seen=COLUMNS_SEEN,
    sensitive_features=SENSITIVE_FEATURES,
    new_rows=NEW_ROWS,
)
