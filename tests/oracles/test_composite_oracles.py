"""The ASEM connectivity index: 51 published scores and ranks, step by step."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geoequity import composite
from geoequity.errors import DataWarning

ASEM = Path(__file__).parents[3] / "shared" / "oracles" / "asem"
pytestmark = pytest.mark.skipif(not ASEM.is_dir(), reason="../shared/oracles/asem is absent")
WINSORISED = {
    "Flights", "Bord", "Gas", "Services", "FDI", "ForPort", "CostImpEx", "Tariff", "StMob",
    "CultServ", "Forest", "Poverty", "NGOs", "FemLab", "PubDebt",
}  # fmt: skip


@pytest.fixture(scope="module")
def countries():
    return pd.read_csv(ASEM / "ASEM_iData.csv").set_index("uCode")


@pytest.fixture(scope="module")
def about():
    return pd.read_csv(ASEM / "ASEM_iMeta.csv")


@pytest.fixture(scope="module")
def data(countries, about):
    """Indicators by their denominators."""
    leaves = about[about["Type"] == "Indicator"].set_index("iCode")
    by = {name: countries[one] for name, one in leaves["Denominator"].dropna().items()}
    return composite.denominate(countries[leaves.index.tolist()].astype(float), by=by)


@pytest.fixture(scope="module")
def built(countries, about, data):
    nodes = about[about["Type"].isin(["Indicator", "Aggregate"])]
    tree = pd.DataFrame(
        {
            "id": nodes["iCode"],
            "parent": nodes["Parent"],
            "weight": nodes["Weight"],
            "better": np.where(nodes["Direction"] > 0, "higher", "lower"),
        }
    )
    with pytest.warns(DataWarning, match="filled in by the mean"):
        return composite.build(
            data,
            tree,
            normalise=composite.min_max,
            impute=partial(composite.impute, groups=countries["EurAsia_group"]),
            treat=composite.tame_outliers,
        )


def test_the_published_scores_and_ranks_come_out(built):
    published = pd.read_csv(ASEM / "expected_index_scores.csv").set_index("uCode")
    found = built.scores["Index"].reindex(published.index)
    assert (found - published["Score"]).abs().max() < 1e-9
    assert built.ranks["Index"].reindex(published.index).tolist() == published["Rank"].tolist()


@pytest.mark.filterwarnings("ignore:.*filled in")
def test_the_indicators_that_were_winsorised_are_those_published(data, countries):
    filled = composite.impute(data, groups=countries["EurAsia_group"])
    tamed = composite.tame_outliers(filled).attrs["tamed"]
    assert set(tamed) == WINSORISED
    assert not {"log", "box-cox"} & set(tamed.values())
