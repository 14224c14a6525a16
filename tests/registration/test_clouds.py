"""Thinning by automatic cells: how many points are left, whatever the cloud."""

import numpy as np
import pytest

from skspace import datasets
from skspace.registration import PointToPlaneICP, TargetIndex


def test_large_clouds_are_thinned_to_sixteen_thousand():
    target = datasets.make_corridor("room", 60_000, random_state=0)[1]
    index = TargetIndex(target)
    assert abs(index.n_points_ / 16_000 - 1) < 0.15
    assert index.voxel_size_ == index.spacing_


def test_thinning_hits_its_number_whichever_way_a_tunnel_runs():
    for seed in (1, 2):
        target = datasets.make_corridor("tunnel", 60_000, random_state=seed)[1]
        for axes in ([0, 1, 2], [1, 0, 2], [2, 1, 0]):
            assert abs(TargetIndex(target[:, axes]).n_points_ / 16_000 - 1) < 0.12


@pytest.mark.parametrize("n_places", [2000, 14_000])
def test_points_that_repeat_are_thinned_to_their_places(n_places, error_of):
    source, target, motion = datasets.make_corridor("room", n_places, random_state=0)
    index = TargetIndex(np.repeat(target, 30, axis=0))
    assert 0.5 * n_places < index.n_points_ < 0.85 * n_places
    # cells as wide as the places are apart
    once = TargetIndex(target, voxel_size=None)
    assert 0.5 < index.spacing_ / once.spacing_ < 2
    icp = PointToPlaneICP().fit(np.repeat(source, 30, axis=0), index)
    assert error_of(icp.transformation_, motion, source)[0] < 0.05


def test_rounded_coordinates_are_thinned():
    target = datasets.make_corridor("room", 60_000, random_state=0)[1]
    for step in (0.05, 0.3):
        index = TargetIndex(np.round(target / step) * step)
        assert step < index.spacing_ < 3 * step


def test_a_few_places_or_a_point_far_off_are_named():
    target = datasets.make_corridor("room", 21_000, random_state=0)[1]
    with pytest.raises(ValueError, match="stand in one place"):
        TargetIndex(np.repeat(target[:12], 2000, axis=0))
    target[0] = 1e7
    with pytest.raises(ValueError, match="far from all others"):
        TargetIndex(target)
