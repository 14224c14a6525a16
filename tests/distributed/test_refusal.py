"""No estimator loads a Dask collection silently."""

import pytest
from test_common import ESTIMATORS, NOT_TABLES, instances

from skspace.distributed import supports


class Collection:
    """What a Dask array looks like, except that it cannot be loaded."""

    shape, ndim, dtype = (60, 5), 2, float

    def __array__(self, *_, **__):
        raise AssertionError("loaded into memory")

    def __len__(self):
        return 60


Collection.__module__ = "dask.array.core"


def estimators():
    first = {name: ESTIMATORS[name]() for name in NOT_TABLES}
    for estimator in instances():
        first.setdefault(type(estimator).__name__, estimator)
    return [pytest.param(e, id=name) for name, e in sorted(first.items())]


@pytest.mark.parametrize("estimator", estimators())
def test_dask_is_refused_not_loaded(estimator):
    remedy = r"skspace\.distributed\.fit" if supports(estimator) else "max_samples"
    with pytest.raises(ValueError, match=rf"Dask collection.*compute\(\).*{remedy}"):
        estimator.fit(Collection(), [0.0, 1.0] * 30)
