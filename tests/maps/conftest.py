"""The made-up town that the map's tests draw."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from geoequity.study import Study


@pytest.fixture(scope="session")
def town() -> ModuleType:
    """Load ``town.py``: ``make_study`` and ``make_districts``."""
    spec = spec_from_file_location("town", Path(__file__).with_name("town.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def study(town: ModuleType) -> Study:
    """Give the town's study; tests must not change it."""
    return town.make_study()
