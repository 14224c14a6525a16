"""The tour of graphs: readings that follow the numbers, data that may be missing."""

import io

import numpy as np

from skspace._tour._stage import Stage
from skspace._tour.families import graph as family


def rows(attributes, edges, both):
    values = zip(family.WAYS, (attributes, edges, both), strict=True)
    return [(name, (accuracy,)) for name, accuracy in values]


def test_the_reading_names_the_better_source_and_the_gain():
    text = family.verdict(rows(0.5, 0.3, 0.7))
    assert "gains 0.20" in text
    assert "KMeans on attributes" in text
    text = family.verdict(rows(0.3, 0.8, 0.7))
    assert "SpectralClustering on edges is ahead of" in text
    assert "by 0.10" in text


def test_missing_cora_is_told_and_replaced(tmp_path):
    stream = io.StringIO()
    stage = Stage(stream, output=tmp_path, data=str(tmp_path), quick=True)
    graph = family.get_graph(stage)
    assert stream.getvalue().startswith("Cora is left out: ")
    assert graph.name == "Generated"
    assert graph.n_classes == 5


def test_both_sources_beat_either_and_edges_help_new_vertices(tmp_path):
    stream = io.StringIO()
    stage = Stage(stream, output=tmp_path, quick=True)
    graph = family.get_graph(stage)
    found = {
        name: family._judge(stage, name, way, graph)[0]
        for name, way in family.WAYS.items()
    }
    *single, both = found.values()
    assert both > max(single) + 0.1
    (_, fitted), (_, with_edges), (_, alone) = family._label_new(stage, graph)
    assert fitted[0] > 0.8
    assert with_edges[0] > alone[0]
    assert np.isfinite([fitted[1], with_edges[1], alone[1]]).all()
