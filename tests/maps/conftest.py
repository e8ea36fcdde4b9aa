"""The made-up town that the map's tests draw."""

import pytest
from town import make_study

from geoequity.study import Study


@pytest.fixture(scope="session")
def study() -> Study:
    """Give the town's study; tests must not change it."""
    return make_study()
