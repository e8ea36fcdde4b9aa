"""The made-up town that the map's tests draw."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from town import make_study  # noqa: E402

from geoequity.study import Study  # noqa: E402


@pytest.fixture(scope="session")
def study() -> Study:
    """Give the town's study; tests must not change it."""
    return make_study()
