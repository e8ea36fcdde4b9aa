"""Made-up cities for the report."""

import pytest
from made_up import make_study


@pytest.fixture(scope="session")
def study():
    """A city with everything."""
    return make_study()


@pytest.fixture(scope="session")
def bare_study():
    """The same city without a count of residents."""
    return make_study(people=False)


@pytest.fixture(scope="session")
def even_study():
    """A city whose districts are nearly alike."""
    return make_study(material=False)
