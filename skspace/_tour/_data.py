"""The data of the tour: real images where there is a folder, else what comes along."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits

from ..datasets import (
    DatasetNotFoundError,
    fetch_coil20,
    fetch_orl,
    fetch_yaleb,
    make_union_of_subspaces,
)
from ._stage import TourError

IMAGES = {
    "Yale B": (fetch_yaleb, "faces under changing light"),
    "ORL": (fetch_orl, "faces, expressions and poses"),
    "COIL-20": (fetch_coil20, "objects on a turntable"),
}


class DataSet(NamedTuple):
    """Samples with known classes."""

    name: str
    story: str
    X: np.ndarray
    y: np.ndarray

    @property
    def n_classes(self):
        """Number of classes, the number of clusters that methods are told."""
        return len(np.unique(self.y))

    def describe(self):
        """One line for the heading of a table."""
        n, d = self.X.shape
        return f"{self.name}: {self.story} ({n} x {d}, {self.n_classes} classes)"


def check_folder(folder):
    """Refuse a data folder that is none."""
    if folder and not Path(folder).expanduser().is_dir():
        raise TourError(
            f"The data folder {folder!r} does not exist; name another one with --data "
            "or in SKSPACE_DATA, or go without."
        )


def make_union(quick=False, n_subspaces=10):
    """Generate subspaces that cross one another."""
    X, y = make_union_of_subspaces(
        (20 if quick else 50) * n_subspaces,
        n_subspaces=n_subspaces,
        noise=0.1,
        random_state=0,
    )
    story = f"{n_subspaces} subspaces of dimension 4, noise 0.1"
    return DataSet("Union", story, X, y)


def get_digits(quick=False):
    """Read scikit-learn's digits, grey levels from 0 to 1 as in the other images."""
    X, y = load_digits(return_X_y=True)
    keep = slice(200 if quick else None)
    return DataSet("Digits", "scikit-learn's 8 x 8 digits", X[keep] / 16, y[keep])


def get_images(stage, names=tuple(IMAGES)):
    """Read images from the data folder; what is not there is told and left out."""
    found = []
    if not stage.data:
        return found
    for name in names:
        fetch, story = IMAGES[name]
        try:
            X, y = fetch(data_home=stage.data, return_X_y=True)
        except (DatasetNotFoundError, ValueError, ImportError) as error:
            stage.say(f"{name} is left out: {error}")
        else:
            found.append(DataSet(name, story, X, y))
    return found
