"""How many directions to keep: one rule for all methods, with its evidence."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import chi2

from ._sklearn import Interval, RealNotInt, StrOptions
from .exceptions import DegenerateDataWarning

N_BOOTSTRAP = 100
"""Draws of the ladle rule."""

LEVEL = 0.05
"""Level of the chi-squared tests."""


class NotEnoughYetError(ValueError):
    """The rows so far do not determine directions, but more rows could."""


class RankEvidence(NamedTuple):
    """Why a rule chose its number of directions.

    Attributes
    ----------
    rule : str
        Name of the rule.
    n_components : int
        What it chose, before at least one direction is kept.
    criterion : ndarray
        Its number for each candidate: ``criterion[i]`` belongs to ``candidates[i]``.
    candidates : ndarray of int
        Numbers of directions it considered.
    meaning : str
        What the criterion is and which value wins.
    """

    rule: str
    n_components: int
    criterion: Any
    candidates: Any
    meaning: str


class Spectrum(NamedTuple):
    """What rank rules look at, on the host.

    `eigenvalues` are magnitudes, largest first; those beyond the array are zero.
    """

    eigenvalues: Any
    rank: int
    most: int
    n_samples: float
    n_slices: int
    first_order: bool


def constraints(*rules):
    """Return the entries of ``_parameter_constraints`` for ``n_components``."""
    return [
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="neither"),
        StrOptions(set(rules)),
        None,
    ]


def choose_rank(rule, spectrum, *, bootstrap=None):
    """Apply a rule.

    Parameters
    ----------
    rule : int, float, str or None
        The parameter ``n_components``.
    spectrum : Spectrum
    bootstrap : callable, optional
        ``bootstrap(n_directions)`` yields matrices ``G[:, :k]ᵀ G*[:, :k]`` of the
        directions with those of resampled rows; needed by "ladle".

    Returns
    -------
    n_components : int, at least 1
    evidence : RankEvidence or None
        None for an int and for None.

    Raises
    ------
    NotEnoughYetError
        A ValueError, if more directions are asked for than there are.
    """
    if rule is None:
        return spectrum.most, None
    if not isinstance(rule, (str, float, np.floating)):
        if rule > spectrum.most:
            raise NotEnoughYetError(
                f"n_components={rule} is more than the {spectrum.most} directions "
                f"these data can show: there are {spectrum.rank} independent features"
                f"{_slices(spectrum)}. Ask for at most {spectrum.most}."
            )
        return int(rule), None
    evidence = rank_evidence(rule, spectrum, bootstrap=bootstrap)
    if evidence.n_components == 0:
        warnings.warn(
            f"n_components={rule!r} finds no direction on which the response "
            "depends; the first is kept.",
            DegenerateDataWarning,
            stacklevel=2,
        )
    return max(1, evidence.n_components), evidence


def rank_evidence(rule, spectrum, *, bootstrap=None):
    """Return what a named rule, or a share of the eigenvalues, finds."""
    if rule == "ladle":
        return _ladle(spectrum, bootstrap)
    if isinstance(rule, str):
        return {"gap": _gap, "chi2": _chi2, "bic": _bic}[rule](spectrum)
    return _share(spectrum, float(rule))


def _slices(spectrum):
    if not spectrum.first_order:
        return ""
    return f", and {spectrum.n_slices} slices, whose means span one dimension fewer"


def _padded(spectrum, length):
    values = np.zeros(max(length, len(spectrum.eigenvalues)))
    values[: len(spectrum.eigenvalues)] = spectrum.eigenvalues
    return values[:length]


def _share(spectrum, share):
    values = _padded(spectrum, spectrum.most)
    reached = np.cumsum(values) / max(np.sum(values), np.finfo(float).tiny)
    chosen = 1 + int(np.searchsorted(reached, share * (1 - 1e-12)))
    return RankEvidence(
        f"share {share:g}",
        min(chosen, spectrum.most),
        reached,
        np.arange(1, spectrum.most + 1),
        "share of the eigenvalues held; the first to reach the share",
    )


def _gap(spectrum):
    length = spectrum.most + (spectrum.most < spectrum.rank)
    values = _padded(spectrum, length)
    drops = values[:-1] - values[1:]
    if not len(drops):
        drops = values
    return RankEvidence(
        "gap",
        1 + int(np.argmax(drops)),
        drops,
        np.arange(1, len(drops) + 1),
        "drop of the eigenvalues after each; the largest",
    )


def _chi2(spectrum):
    """Sequential tests of Li (1991): what is left of the spectrum is noise."""
    values = _padded(spectrum, spectrum.most)
    candidates = np.arange(spectrum.most)
    left = np.cumsum(values[::-1])[::-1]
    freedom = (spectrum.rank - candidates) * (spectrum.n_slices - candidates - 1)
    p_values = chi2.sf(spectrum.n_samples * left, freedom)
    accepted = np.flatnonzero(p_values > LEVEL)
    return RankEvidence(
        "chi2",
        int(accepted[0]) if len(accepted) else spectrum.most,
        p_values,
        candidates,
        f"p-value of having no further direction; the first above {LEVEL}",
    )


def _bic(spectrum):
    """Criterion of Zhu, Miao and Peng (2006)."""
    values = _padded(spectrum, spectrum.rank)
    candidates = np.arange(spectrum.most + 1)
    # log(1 + x) - x, summed over the eigenvalues that are not modelled.
    loss = np.log1p(values) - values
    left = np.append(np.cumsum(loss[::-1])[::-1], 0.0)[candidates]
    n = spectrum.n_samples
    unit = np.log(n) if spectrum.first_order else np.sqrt(n)
    penalty = unit * candidates * (2 * spectrum.rank - candidates + 1) / 2
    criterion = n / 2 * left - penalty
    return RankEvidence(
        "bic",
        int(np.argmax(criterion)),
        criterion,
        candidates,
        "penalised log-likelihood of the eigenvalues; the largest",
    )


def most_of_ladle(spectrum):
    """Largest number of directions that the ladle considers."""
    r = spectrum.rank
    most = r - 1 if r <= 10 else int(r / np.log(r))
    return min(most, spectrum.most)


def _ladle(spectrum, bootstrap):
    """Eigenvalues that are small and directions that move, added (Luo, Li 2016)."""
    most = most_of_ladle(spectrum)
    if most == 0:  # one independent feature, whose direction cannot move
        meaning = "one direction is all there can be"
        return RankEvidence("ladle", 1, np.zeros(1), np.ones(1, dtype=int), meaning)
    values = _padded(spectrum, most + 1)
    moved = np.zeros(most + 1)
    for n_draws, product in enumerate(bootstrap(most), 1):
        for k in range(1, most + 1):
            change = 1 - abs(np.linalg.det(product[:k, :k])) - moved[k]
            moved[k] += change / n_draws
    criterion = moved / (1 + np.sum(moved)) + values / (1 + np.sum(values))
    return RankEvidence(
        "ladle",
        int(np.argmin(criterion)),
        criterion,
        np.arange(most + 1),
        "movement of the directions under resampling plus next eigenvalue; smallest",
    )
