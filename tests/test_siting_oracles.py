"""Siting against spopt: the p-median, maximal covering and the p-center of the literature."""

import numpy as np
import pandas as pd
import pytest

from geoequity import siting

pulp = pytest.importorskip("pulp")
locate = pytest.importorskip("spopt.locate")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # spopt calls PuLP as of old
COUNT, WITHIN_MIN = 4, 15.0


@pytest.fixture(scope="module")
def plane():
    """Spread 60 cells and 12 candidates over a plane."""
    rng = np.random.default_rng(21)
    home, place = rng.uniform(0, 60, (60, 2)), rng.uniform(0, 60, (12, 2))
    minutes = np.hypot(*(home[:, None] - place[None]).transpose(2, 0, 1)).round(2)
    people = rng.integers(1, 60, len(home)).astype(float)
    costs = pd.DataFrame(
        {
            "from_id": np.repeat(np.arange(len(home)), len(place)),
            "to_id": np.tile(np.arange(len(place)), len(home)),
            "minutes": minutes.ravel(),
        }
    )
    costs.attrs["limit_min"] = 100.0
    return costs, pd.Series(people), minutes


def solved(model):
    """Let spopt solve it."""
    return model.solve(pulp.PULP_CBC_CMD(msg=False))


def test_the_mean_is_spopts_p_median(plane):
    costs, people, minutes = plane
    found = siting.site(costs, people, count=COUNT, objective=siting.mean(), method="exact")
    peer = solved(locate.PMedian.from_cost_matrix(minutes, people.to_numpy(), p_facilities=COUNT))
    assert found.exact
    assert found.value == pytest.approx(pulp.value(peer.problem.objective) / people.sum())


def test_coverage_is_spopts_maximal_covering(plane):
    costs, people, minutes = plane
    objective = siting.coverage(within_min=WITHIN_MIN)
    found = siting.site(costs, people, count=COUNT, objective=objective, method="exact")
    peer = solved(
        locate.MCLP.from_cost_matrix(minutes, people.to_numpy(), WITHIN_MIN, p_facilities=COUNT)
    )
    assert found.exact
    assert found.value == pytest.approx(pulp.value(peer.problem.objective) / people.sum())


def test_the_longest_walk_is_spopts_p_center(plane):
    costs, people, minutes = plane
    found = siting.site(costs, people, count=COUNT, objective=siting.p_center(), method="exact")
    peer = solved(locate.PCenter.from_cost_matrix(minutes, p_facilities=COUNT))
    assert found.exact
    assert found.value == pytest.approx(pulp.value(peer.problem.objective))


def test_the_equivalent_is_spopts_p_median_of_exponentials(plane):
    costs, people, minutes = plane
    kappa = 0.08
    found = siting.site(costs, people, count=COUNT, objective=siting.ede(kappa=kappa))
    steep = np.exp(kappa * minutes)
    peer = solved(locate.PMedian.from_cost_matrix(steep, people.to_numpy(), p_facilities=COUNT))
    total = pulp.value(peer.problem.objective) / people.sum()
    assert found.value == pytest.approx(np.log(total) / kappa)
