"""A graph that can be sliced by vertices, as cross-validation slices samples."""

from __future__ import annotations

import numpy as np

from ._adjacency import as_adjacency

__all__ = ["VertexGraph"]


class VertexGraph:
    """Graph whose rows are vertices: slicing it gives the graph among those left.

    Cross-validation slices the rows of everything that has one row for each sample. Of
    an adjacency matrix that leaves a table of shape (n_train, n). Wrapped in this class
    it leaves the square matrix of the edges among the training vertices, and the slice
    knows which vertices of the whole graph these are.

    Parameters
    ----------
    adjacency : sparse or dense matrix, VertexGraph or networkx graph, of n vertices
        Non-negative weights; entry (i, j) is that of the edge from i to j.

    Attributes
    ----------
    vertices : ndarray of shape (n,), int64
        Number of each vertex in the graph that was sliced first.
    shape : tuple of int
        (n, n), as of the adjacency matrix.

    Raises
    ------
    ValueError
        If the adjacency is not square or has negative or non-finite weights.

    Notes
    -----
    All slices refer to one whole graph, which nobody may change. Slicing costs O(n);
    the matrix among the vertices is taken out when :meth:`tocsr` is called.

    Examples
    --------
    A path of four vertices, of which the first is left out:

    >>> import numpy as np
    >>> from skspace.graph import VertexGraph
    >>> graph = VertexGraph(np.diag([1.0, 2.0, 3.0], 1) + np.diag([1.0, 2.0, 3.0], -1))
    >>> rest = graph[1:]
    >>> rest
    VertexGraph(3 of 4 vertices)
    >>> rest.tocsr().toarray()
    array([[0., 2., 0.],
           [2., 0., 3.],
           [0., 3., 0.]])

    The edges by which the vertex left out is joined to those:

    >>> graph[[0]].edges_to(rest.vertices).toarray()
    array([[1., 0., 0.]])
    """

    def __init__(self, adjacency):
        self._whole = as_adjacency(adjacency)
        self.vertices = np.arange(self._whole.shape[0])

    @property
    def shape(self):
        return (len(self.vertices), len(self.vertices))

    def __len__(self):
        return len(self.vertices)

    def __getitem__(self, rows):
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
            rows = rows[0]  # scikit-learn writes graph[rows, ...]
        if not isinstance(rows, slice):
            numbers = np.asarray(rows)
            if numbers.shape == (0,):
                numbers = numbers.astype(np.intp)
            if (
                isinstance(rows, tuple)
                or numbers.ndim != 1
                or (numbers.dtype.kind not in "biu")
            ):
                raise TypeError(
                    "A VertexGraph is sliced by a slice, a list of vertex numbers or a "
                    "mask, which gives the graph among those vertices; for entries of "
                    "the matrix use tocsr()."
                )
            rows = numbers
        part = object.__new__(type(self))
        part._whole, part.vertices = self._whole, self.vertices[rows]
        return part

    def __iter__(self):
        raise TypeError("A VertexGraph has no single rows to iterate over.")

    def __repr__(self):
        n, n_whole = len(self), self._whole.shape[0]
        of = "" if n == n_whole else f" of {n_whole}"
        return f"VertexGraph({n}{of} vertices)"

    def tocsr(self):
        """Adjacency matrix among the vertices.

        Returns
        -------
        csr_array of shape (n, n)
            Of the whole graph this is the array that all slices share; leave it as it
            is.

        Examples
        --------
        >>> from skspace.graph import VertexGraph
        >>> VertexGraph([[0, 1], [1, 0]])[:1].tocsr().nnz
        0
        """
        if np.array_equal(self.vertices, np.arange(self._whole.shape[0])):
            return self._whole
        return self.edges_to(self.vertices)

    def edges_to(self, vertices):
        """Take out the edges from these vertices to others of the whole graph.

        Parameters
        ----------
        vertices : array-like of shape (m,)
            Numbers in the whole graph, as in the attribute `vertices` of a slice.

        Returns
        -------
        csr_array of shape (n, m)
            Entry (i, j) is the weight of the edge from the i-th vertex of this graph
            to ``vertices[j]``.

        Raises
        ------
        IndexError
            If the whole graph lacks one of them.
        TypeError
            If they are not integers; a mask says nothing of the whole graph.

        Examples
        --------
        >>> from skspace.graph import VertexGraph
        >>> graph = VertexGraph([[0, 1, 0], [1, 0, 5], [0, 5, 0]])
        >>> graph[[2]].edges_to([0, 1]).toarray()
        array([[0., 5.]])
        """
        vertices = np.asarray(vertices)
        if vertices.size and vertices.dtype.kind not in "iu":
            raise TypeError(
                "vertices must be numbers of vertices in the whole graph, got dtype "
                f"{vertices.dtype}."
            )
        vertices = vertices.astype(np.intp)
        block = self._whole[self.vertices][:, vertices]
        block.sort_indices()
        return block
