"""Schur complements of column blocks: their definition, invariances and alignment."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspace.linalg._schur_blocks import (
    align,
    analyze_schur_blocks,
    block_spectrum,
    check_groups,
    factor_of_hessian,
    factor_of_rows,
    preconditioner,
    right_preconditioner,
    schur_factors,
)

PAIR = [np.array([0, 1, 2]), np.array([3, 4, 5])]


def rows(rng, n=40, p=6):
    """A Jacobian whose blocks lean on each other, its columns in various units."""
    J = rng.standard_normal((n, p)) @ rng.standard_normal((p, p))
    return J * 10.0 ** rng.uniform(-2, 2, size=p)


def schur(J, group):
    """By the definition: what remains of the group's columns beside all others."""
    own, others = J[:, group], np.delete(J, group, axis=1)
    own = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
    return own.T @ own


def complements(R, groups):
    return [F.T @ F for F in schur_factors(R, groups)[0]]


@pytest.mark.parametrize(
    "groups", [PAIR, [[4, 0], [2], [1, 5, 3]], [[0, 1, 2, 3, 4, 5]]]
)
@pytest.mark.parametrize(
    "factor", [factor_of_rows, lambda J: factor_of_hessian(J.T @ J)]
)
def test_it_is_the_evidence_no_other_block_imitates(rng, factor, groups):
    J = rows(rng)
    groups = check_groups(groups, 6)
    for S, group in zip(complements(factor(J), groups), groups, strict=True):
        scale = np.sqrt(np.diag(S))
        expected = schur(J, group)
        error = (S - expected) / scale / scale[:, None]
        assert np.max(np.abs(error)) < 1e-9


def test_its_inverse_is_the_block_of_the_inverse(rng):
    J = rng.standard_normal((30, 6))
    inverse = np.linalg.inv(J.T @ J)
    for S, group in zip(complements(factor_of_rows(J), PAIR), PAIR, strict=True):
        np.testing.assert_allclose(
            np.linalg.inv(S), inverse[np.ix_(group, group)], rtol=1e-10, atol=1e-12
        )


def test_two_blocks_give_the_textbook_formula(rng):
    H = rows(rng).T
    H = H @ H.T
    a, b = H[:3, :3], H[:3, 3:]
    expected = a - b @ np.linalg.solve(H[3:, 3:], b.T)
    (S, _) = complements(factor_of_hessian(H), PAIR)
    scale = np.sqrt(np.diag(expected))
    assert np.max(np.abs(S - expected) / scale / scale[:, None]) < 1e-8


def test_mixing_or_scaling_the_other_block_changes_nothing(rng):
    """Units of translation do not touch the evidence on rotation, and vice versa."""
    J = rows(rng)
    for k, other in ((0, PAIR[1]), (1, PAIR[0])):
        mixed = J.copy()
        mixed[:, other] = J[:, other] @ rng.standard_normal((3, 3)) * 1000.0
        S = complements(factor_of_rows(J), PAIR)[k]
        T = complements(factor_of_rows(mixed), PAIR)[k]
        scale = np.sqrt(np.diag(S))
        assert np.max(np.abs(S - T) / scale / scale[:, None]) < 1e-10


def test_rotation_evidence_knows_no_centre_and_translation_evidence_does(rng):
    P, N = rng.uniform(-5, 5, size=(60, 3)), rng.standard_normal((60, 3))

    def blocks(centre):
        J = np.concatenate([np.cross(P - centre, N), N], axis=1)
        return complements(factor_of_rows(J), PAIR)

    here, there = blocks(np.zeros(3)), blocks(np.array([30.0, -20.0, 10.0]))
    np.testing.assert_allclose(here[0], there[0], rtol=1e-10, atol=1e-10)
    assert np.max(np.abs(here[1] - there[1])) > 0.1 * np.max(np.abs(here[1]))


def test_small_eigenvalues_survive_the_route_over_rows(rng):
    """Forming H loses what is below rounding of its largest entry; a QR does not."""
    Q = np.linalg.qr(rng.standard_normal((50, 4)))[0]
    V = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    s = np.array([1.0, 1.0, 1e-9, 1e-10])
    J = (Q * s) @ V.T
    blocks, singular = analyze_schur_blocks(factor_of_rows(J), [np.arange(4)])
    assert not singular
    np.testing.assert_allclose(np.sort(blocks[0].eigenvalues), np.sort(s**2), rtol=1e-4)


def test_a_plane_is_singular_and_still_says_what_is_open(rng):
    P = np.c_[rng.uniform(-1, 1, size=(50, 2)), np.zeros(50)]
    N = np.tile([0.0, 0.0, 1.0], (50, 1))
    J = np.concatenate([np.cross(P, N), N], axis=1)
    for R in (factor_of_rows(J), factor_of_hessian(J.T @ J)):
        blocks, singular = analyze_schur_blocks(R, PAIR)
        assert singular
        assert np.concatenate([b.weak for b in blocks]).tolist() == [0, 0, 1, 1, 1, 0]
        assert np.all(np.isfinite(preconditioner(blocks)))
        assert blocks[1].ambiguous.tolist() == [True, True, False]


def test_no_rows_at_all():
    blocks, singular = analyze_schur_blocks(np.zeros((0, 6)), PAIR)
    assert singular
    assert all(np.all(block.weak) for block in blocks)


def test_ridge_is_the_analysis_of_the_penalised_hessian(rng):
    J = rows(rng, n=4)
    H = J.T @ J + 0.5 * np.eye(6)
    ours, singular = schur_factors(factor_of_rows(J), PAIR, alpha=0.5)
    assert not singular
    for F, S in zip(ours, complements(factor_of_hessian(H), PAIR), strict=True):
        np.testing.assert_allclose(F.T @ F, S, rtol=1e-6, atol=1e-8 * np.max(S))


@given(seed=st.integers(0, 10_000), p=st.integers(1, 5))
def test_alignment_is_a_best_assignment_that_keeps_the_matrix(seed, p):
    rng = np.random.RandomState(seed)
    V = np.linalg.qr(rng.standard_normal((p, p)))[0]
    values = np.cumsum(rng.uniform(1, 2, size=p) * 2.0 ** np.arange(p))
    aligned, W, ambiguous = align(values, V)
    assert not ambiguous.any()
    np.testing.assert_allclose(W.T @ W, np.eye(p), atol=1e-12)
    np.testing.assert_allclose((W * aligned) @ W.T, (V * values) @ V.T, atol=1e-10)
    assert np.all(np.diag(W) >= 0)
    best = max(
        sum(abs(V[a, j]) for a, j in enumerate(order))
        for order in permutations(range(p))
    )
    assert np.isclose(np.trace(W), best)
    # in any order of the eigenvectors
    shares = block_spectrum(np.sqrt(values)[:, None] * V.T, np.arange(p)).contributions
    np.testing.assert_allclose(shares, W**2, atol=1e-8)
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-12)


def test_equal_eigenvalues_turn_to_the_axes(rng):
    V = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    values, W, ambiguous = align(np.array([2.0, 2.0, 2.0]), V)
    np.testing.assert_allclose(W, np.eye(3), atol=1e-12)
    assert ambiguous.all()
    c, s = np.cos(0.7), np.sin(0.7)
    turned = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])[:, [2, 0, 1]]
    values, W, ambiguous = align(np.array([1.0, 5.0, 5.1]), turned)
    np.testing.assert_allclose(W, np.eye(3), atol=1e-12)
    assert values[2] == 1.0
    assert ambiguous.tolist() == [True, True, False]


def test_weak_by_ratio_by_deviation_by_both():
    factor = np.diag(np.sqrt([100.0, 9.0, 4.0]))

    def weak(**keywords):
        return block_spectrum(factor, np.arange(3), **keywords).weak.tolist()

    assert weak() == [False, True, True]
    assert weak(degeneracy_threshold=20) == [False, False, True]
    std = {"sigma": 2.0, "max_std": 0.8}
    assert weak(criterion="std", **std) == [False, False, True]
    assert weak(criterion="both", **std) == [False, False, True]
    tight = {"sigma": 2.0, "max_std": 0.1}
    assert weak(criterion="std", **tight) == [True, True, True]
    assert weak(criterion="both", **tight) == [False, True, True]


def test_clamping_lifts_weak_directions_and_no_other():
    factor = np.diag(np.sqrt([100.0, 9.0, 30.0]))
    block = block_spectrum(factor, np.arange(3), kappa_target=5)
    np.testing.assert_allclose(block.clamped, [100, 20, 30])
    np.testing.assert_allclose(block.ratios, [1, 100 / 9, 100 / 30])


def test_exact_blocks_condition_as_block_jacobi_does(rng):
    """Spectrum {1/(1 ∓ c)}, c the canonical correlations; clamping only raises it."""
    J = rows(rng)
    Q1, Q2 = (np.linalg.qr(J[:, group])[0] for group in PAIR)
    c = np.linalg.svd(Q1.T @ Q2)[1]
    H = J.T @ J
    never = {"degeneracy_threshold": np.inf}
    blocks, _ = analyze_schur_blocks(factor_of_rows(J), PAIR, **never)
    L = right_preconditioner(blocks)
    found = np.linalg.eigvalsh(L.T @ H @ L)
    expected = np.sort(np.concatenate([1 / (1 - c), 1 / (1 + c)]))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    jacobi = np.zeros((6, 6))
    for group in PAIR:
        jacobi[np.ix_(group, group)] = np.linalg.inv(H[np.ix_(group, group)])
    root = np.linalg.cholesky(jacobi)
    spectrum = np.linalg.eigvalsh(root.T @ H @ root)
    np.testing.assert_allclose(spectrum[-1] / spectrum[0], (1 + c[0]) / (1 - c[0]))
    clamped, _ = analyze_schur_blocks(factor_of_rows(J), PAIR, degeneracy_threshold=2)
    L = right_preconditioner(clamped)
    raised = np.linalg.eigvalsh(L.T @ H @ L)
    assert raised[-1] / raised[0] >= found[-1] / found[0] * (1 - 1e-9)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[0, 1], [1, 2]], r"groups overlap: columns \[1\]"),
        ([[0], [2]], r"groups miss columns \[1\]"),
        ([[0, 1], [2, 3]], "there are columns 0 to 2"),
        ([[0, 1, 2], []], r"groups\[1\] must list column numbers"),
        ([[0.5, 1], [2]], r"groups\[0\] must list column numbers"),
        ([], "groups miss columns"),
    ],
)
def test_groups_that_are_no_partition_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        check_groups(groups, 3)


def test_an_indefinite_hessian_is_refused():
    with pytest.raises(ValueError, match="positive semi-definite"):
        factor_of_hessian(np.diag([1.0, -1.0]))
