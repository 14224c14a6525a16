"""Dask collections as blocks of rows."""

from __future__ import annotations

import inspect
import uuid
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from sklearn import config_context, get_config

from .._rows import Rows, take_rows

FAN_IN = 8
"""Summaries that one task merges."""


def import_dask():
    """Import Dask, or say how to get it."""
    try:
        import dask
    except ImportError as error:
        raise ImportError(
            "skspace.distributed runs on Dask; install it by pip install "
            '"skspace[dask]".'
        ) from error
    return dask


def refuse_class(estimator):
    """Refuse a class where an instance belongs."""
    if inspect.isclass(estimator):
        raise ValueError(
            f"estimator is the class {estimator.__name__}; pass an instance."
        )


def is_in_blocks(x):
    """Whether `x` is a Dask collection, or a list of delayed blocks."""
    dask = import_dask()
    if isinstance(x, (list, tuple)):
        return bool(x) and all(map(dask.is_dask_collection, x))
    return dask.is_dask_collection(x)


class Table(NamedTuple):
    """Delayed blocks of rows of a table, and how many rows each has, if known."""

    blocks: list[Any]
    sizes: list[int] | None


def as_table_in_blocks(x, name="X"):
    """Read a Dask array, dataframe, series or bag, or delayed blocks: one, or a list.

    Raises
    ------
    ValueError
        If `x` is something else, or blocks without an order of rows.
    """
    from dask.delayed import Delayed

    if isinstance(x, Delayed):
        return Table([x], None)
    if isinstance(x, (list, tuple)):
        if all(isinstance(block, Delayed) for block in x) and x:
            return Table(list(x), None)
    elif hasattr(x, "to_delayed") and hasattr(x, "npartitions"):
        if not hasattr(x, "chunks"):
            return Table(list(x.to_delayed()), None)
        if x.ndim == 0:
            raise ValueError(f"{name} is a Dask array without rows.")
        others = dict.fromkeys(range(1, x.ndim), -1)
        if any(n > 1 for n in x.numblocks[1:]):
            x = x.rechunk(others)
        sizes = None if np.isnan(x.shape[0]) else [int(size) for size in x.chunks[0]]
        return Table(list(x.to_delayed().ravel()), sizes)
    raise ValueError(
        f"{name} must be a Dask array, a Dask dataframe or a list of dask.delayed "
        f"blocks of rows, got {type(x).__name__}. A table in memory goes to the "
        "estimator's own method."
    )


class Blocks(Rows):
    """A table in blocks, as the estimator `estimator` reads each of them.

    Parameters
    ----------
    estimator : estimator
        Not fitted; of its parameters and what `head` tells, workers get a copy.
    table : Table
    """

    def __init__(self, estimator, table):
        self._estimator, self._table = estimator, table
        self.head = None

    @property
    def shape(self):
        """Number of samples; computed where Dask does not know it, which is a pass."""
        return (sum(self.sizes()),)

    def sizes(self):
        """Count the rows of each block."""
        if self._table.sizes is None:
            dask = import_dask()
            counts = dask.compute(*map(dask.delayed(n_rows), self._table.blocks))
            self._table = self._table._replace(sizes=list(counts))
        return self._table.sizes

    def know_sizes(self, table):
        """Take sizes from what lies beside the table, where its own are unknown."""
        alike = len(table.blocks) == len(self._table.blocks)
        if self._table.sizes is None and alike:
            self._table = self._table._replace(sizes=table.sizes)

    def read_head(self):
        """Let the estimator see two rows, which are none too few for any."""
        self.head = self._estimator._read_block(first_rows(self._table), reset=True)

    def reduce(self, function, merge, *columns):
        """Find summaries where blocks lie, and merge them as a tree."""
        dask = import_dask()
        parts = self._each(function, columns)
        merged, merge = dask.delayed(_merged), constant(merge)
        while len(parts) > 1:
            starts = range(0, len(parts), FAN_IN)
            parts = [merged(merge, parts[i : i + FAN_IN]) for i in starts]
        return dask.compute(*parts)[0]

    def gather(self, function, *columns):
        """Find rows where blocks lie, and bring them here."""
        parts = import_dask().compute(*self._each(function, columns))
        found = [0 if part is None else len(part) for part in parts]
        self._table = self._table._replace(sizes=found)
        return np.concatenate([part for part in parts if part is not None])

    def _each(self, function, columns):
        """Delayed results of blocks; None of empty ones."""
        dask = import_dask()
        call = dask.delayed(_of_block)
        task = constant((self._estimator, function, get_config()))
        columns = [self._split(column) for column in columns]
        return [
            call(task, i, block, *own)
            for i, (block, *own) in enumerate(
                zip(self._table.blocks, *columns, strict=True)
            )
        ]

    def _split(self, column):
        """Part of a column that belongs to each block."""
        if column is None:
            return [None] * len(self._table.blocks)
        if isinstance(column, Table):
            return self._beside(column)
        ends = np.cumsum([0, *self.sizes()])
        return _sent([column[a:b] for a, b in pairwise(ends)])

    def _beside(self, table):
        """Blocks of another table, which must be cut in the same places."""
        if len(table.blocks) != len(self._table.blocks) or (
            table.sizes and self._table.sizes and table.sizes != self._table.sizes
        ):
            raise ValueError(
                "A table given beside X must have blocks of the same rows: X has "
                f"{_described(self._table)}, the other {_described(table)}; rechunk "
                "one of them."
            )
        return table.blocks


def _described(table):
    sizes = table.sizes
    return f"{len(table.blocks)} blocks" + (f" of {sizes} rows" if sizes else "")


def constant(value):
    """`value` as one node of the graph, however many tasks use it."""
    name = f"skspace-{uuid.uuid4().hex}"
    return import_dask().delayed(value, name=name, traverse=False)


def _sent(parts):
    """Parts of what is here, sent to the workers of a cluster past its scheduler."""
    dask = import_dask()
    client = getattr(dask.base.get_scheduler(), "__self__", None)
    if hasattr(client, "scatter"):
        return client.scatter(parts, hash=False)
    return parts


def n_rows(block):
    """Count the rows of a frame, an array, a sparse matrix or a list."""
    if hasattr(block, "shape"):
        return block.shape[0]
    if isinstance(block, (list, tuple)):
        return len(block)
    raise ValueError(
        "A block of rows must be an array, a frame, a sparse matrix or a list, got "
        f"{type(block).__name__}."
    )


def first_rows(table):
    """Return the first row of the first block that has one, twice."""
    dask = import_dask()
    sizes = table.sizes or [None] * len(table.blocks)
    for block, size in zip(table.blocks, sizes, strict=True):
        if size != 0:
            (found,) = dask.compute(dask.delayed(_first_row_twice)(block))
            if found is not None:
                return found
    raise ValueError("X has no rows in any of its blocks.")


def _first_row_twice(block):
    return take_rows(block, [0, 0]) if n_rows(block) else None


def _of_block(task, i, block, *columns):
    """Find the summary of a block, on a worker."""
    estimator, function, config = task
    size = n_rows(block)
    for column in columns:
        if column is not None and n_rows(column) != size:
            raise ValueError(
                f"Block {i} of X has {size} rows, but {n_rows(column)} rows are given "
                "beside it. Cut both in the same places; of a Dask array of unknown "
                "sizes, call X.compute_chunk_sizes() before."
            )
    if size == 0:
        return None
    with config_context(**config):
        return function(estimator._read_block(block), *columns)


def _merged(merge, parts):
    """Merge some summaries in their order, on a worker."""
    found = None
    for part in parts:
        if part is not None:
            found = part if found is None else merge(found, part)
    return found
