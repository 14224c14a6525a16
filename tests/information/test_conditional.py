"""Conditional and multivariate information: reductions, closed forms, refusals."""

import math

import numpy as np
import oracles
import pytest
from scipy.special import digamma

from skspace.exceptions import DegenerateDataWarning, TiedValuesWarning
from skspace.information import conditional_mutual_info, multi_information
from skspace.information._ksg import ksg

PLAIN = {"marginals": "none"}


def chain(rng, n):
    """X and y that depend on each other and on z; a normal triple."""
    z = rng.standard_normal(n)
    x = z + rng.standard_normal(n)
    return x, 0.5 * x + z + rng.standard_normal(n), z


def normal_information(x, y, z):
    """Of normal variables, by their partial correlation."""
    P = np.linalg.inv(np.corrcoef([x, y, z]))
    return -0.5 * math.log(1 - P[0, 1] ** 2 / (P[0, 0] * P[1, 1]))


def test_conditional_value_is_the_definition(rng):
    x, y, z = chain(rng, 60)
    V = [a[:, None] for a in (x, y, z)]
    groups = [[0, 2], [1, 2], [2]]
    for sample, rule in ((V, "strict"), ([np.round(a) for a in V], "mixed")):
        _, counts, piles = oracles.neighbor_counts(sample, 3, groups, rule, "chebyshev")
        psi = digamma(np.array(counts) + 1) @ [-1, -1, 1]
        expected = np.mean(digamma(piles) + psi)
        if rule == "mixed":
            with pytest.warns(TiedValuesWarning):
                found = conditional_mutual_info(*sample, **PLAIN)
            assert "ties" in found.flags
        else:
            found = conditional_mutual_info(*sample, **PLAIN)
        assert found.raw == pytest.approx(expected, abs=1e-12)


def test_normal_chain_has_its_partial_information(rng):
    found, truth = [], []
    for _ in range(6):
        sample = chain(rng, 1500)
        found.append(conditional_mutual_info(*sample).raw)
        truth.append(normal_information(*sample))
    assert np.mean(found) == pytest.approx(np.mean(truth), abs=0.03)


def test_what_z_explains_does_not_count(rng):
    z = rng.standard_normal(2000)
    x, y = z + 0.3 * rng.standard_normal((2, 2000))
    assert ksg(x, y) > 0.5
    assert float(conditional_mutual_info(x, y, z)) < 0.05


def test_nothing_known_leaves_mutual_information(rng):
    x, y, _ = chain(rng, 200)
    with pytest.warns(DegenerateDataWarning, match="columns of z"):
        found = conditional_mutual_info(x, y, np.ones(200), **PLAIN)
    assert found.raw == ksg(x, y)
    assert found.flags == ("constant_columns",)
    with pytest.warns(DegenerateDataWarning, match="columns of X"):
        found = conditional_mutual_info(np.ones(200), y, x)
    assert float(found) == 0.0
    assert found.flags == ("constant_columns", "no_signal")
    assert not found.reliable


def test_two_samples_share_their_mutual_information(rng):
    x, y, _ = chain(rng, 200)
    for method in ("ksg1", "ksg2"):
        found = multi_information([x, y], method=method, **PLAIN)
        assert found.raw == ksg(x, y, method=method)


def test_columns_of_a_table_are_variables(rng):
    sample = chain(rng, 100)
    table = np.column_stack(sample)
    assert multi_information(table).raw == multi_information(list(sample)).raw


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
def test_multi_information_of_normal_variables(method, rng):
    found, truth = [], []
    for _ in range(6):
        sample = chain(rng, 1200)
        found.append(multi_information(list(sample), method=method).raw)
        truth.append(-0.5 * np.linalg.slogdet(np.corrcoef(sample))[1])
    assert np.mean(found) == pytest.approx(np.mean(truth), abs=0.05)


def test_units_are_converted(rng):
    sample = chain(rng, 100)
    for function, args in (
        (conditional_mutual_info, sample),
        (multi_information, [list(sample)]),
    ):
        nats, bits = function(*args), function(*args, units="bits")
        assert bits.raw == pytest.approx(nats.raw / math.log(2), abs=1e-12)
        assert bits.units == "bits"


def test_bad_input_is_refused(rng):
    x, y, z = chain(rng, 30)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        conditional_mutual_info(x, y, z[:-1])
    with pytest.raises(ValueError, match="NaN"):
        multi_information([x, np.where(y > 1, np.nan, y)])
    with pytest.raises(ValueError, match="needs two variables or more, got 1"):
        multi_information([x])
    with pytest.raises(ValueError, match="needs two variables or more, got 1"):
        multi_information(x[:, None])
    with pytest.raises(ValueError, match="2D array"):
        multi_information(x)
    with pytest.raises(ValueError, match="n_neighbors=29 needs at least 31"):
        multi_information([x, y], n_neighbors=29)


def test_repeated_values_and_constants_of_many_samples(rng):
    x, y, z = chain(rng, 300)
    with pytest.warns(TiedValuesWarning):
        found = multi_information([np.round(x), y, z])
    assert found.flags == ("ties",)
    with pytest.warns(DegenerateDataWarning, match=r"variables\[1\]"):
        alone = multi_information([x, np.ones(300)])
    assert float(alone) == 0.0
    assert not alone.reliable


@pytest.mark.usefixtures("dispatch")
def test_arrays_of_other_libraries(library, rng):
    sample = chain(rng, 60)
    moved = [library.asarray(a) for a in sample]
    expected = conditional_mutual_info(*sample).raw
    assert conditional_mutual_info(*moved).raw == pytest.approx(expected, abs=1e-12)
    expected = multi_information(list(sample)).raw
    for given in (moved, library.asarray(np.column_stack(sample))):
        assert multi_information(given).raw == pytest.approx(expected, abs=1e-12)


def test_columns_of_data_frames(rng):
    pandas = pytest.importorskip("pandas")
    x, y, z = chain(rng, 60)
    frame = pandas.DataFrame({"x": x, "y": y, "z": z})
    found = conditional_mutual_info(frame.x, frame.y, frame.z)
    assert found.raw == conditional_mutual_info(x, y, z).raw
    assert multi_information([frame.x, frame.y]).raw == multi_information([x, y]).raw
    assert multi_information(frame).raw == multi_information([x, y, z]).raw
