"""Generators of data with known truth, and fetchers of real data.

Generators need nothing. A ``fetch_*`` function reads one data file from

- the folder named by the environment variable ``SKSPACE_DATA``, laid out as
  ``images/orl_32x32.npz``, ``graphs/cora.npz``, ...; else
- the address in ``SKSPACE_DATA_URL``, which serves the same layout; files are
  downloaded by pooch (``pip install skspace[data]``) and kept in the folder given as
  `data_home`, in ``SKSPACE_CACHE``, or in the user's cache folder.

There is no default address, because the licences of the files differ; each `DESCR`
states origin and licence. The SHA-256 of every file is checked every time, and nothing
is ever unpickled.
"""

from ._active import make_active_subspace
from ._attributed_graph import make_attributed_graph
from ._clouds import fetch_car_lidar, fetch_corridor, fetch_street_lidar
from ._corridor import make_corridor
from ._fetch import DatasetNotFoundError
from ._generators import make_union_of_subspaces
from ._graphs import fetch_acm, fetch_citeseer, fetch_cora, fetch_wiki
from ._images import (
    fetch_coil20,
    fetch_mnist_sample,
    fetch_orl,
    fetch_usps,
    fetch_yaleb,
)
from ._known_information import (
    make_additive_noise,
    make_correlated_gaussian,
    make_correlated_student,
)
from ._mutual_information import fetch_mi_task, get_mi_task_names
from ._regression import fetch_ill_conditioned, get_ill_conditioned_names
from ._sdr import make_sdr_regression
from ._tabular import fetch_adult, fetch_compas, fetch_concrete, fetch_law_school

__all__ = [
    "DatasetNotFoundError",
    "fetch_acm",
    "fetch_adult",
    "fetch_car_lidar",
    "fetch_citeseer",
    "fetch_coil20",
    "fetch_compas",
    "fetch_concrete",
    "fetch_cora",
    "fetch_corridor",
    "fetch_ill_conditioned",
    "fetch_law_school",
    "fetch_mi_task",
    "fetch_mnist_sample",
    "fetch_orl",
    "fetch_street_lidar",
    "fetch_usps",
    "fetch_wiki",
    "fetch_yaleb",
    "get_ill_conditioned_names",
    "get_mi_task_names",
    "make_active_subspace",
    "make_additive_noise",
    "make_attributed_graph",
    "make_correlated_gaussian",
    "make_correlated_student",
    "make_corridor",
    "make_sdr_regression",
    "make_union_of_subspaces",
]
