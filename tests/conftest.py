"""
Worlds that many tests share.

``make_city`` writes a town of two by two districts, four by four cells and a
street grid through the middle of the cells, so that every number can be worked
out by hand: districts of 1000 m, cells of 500 m, and 500 m of street (6.25 min
at 4.8 km/h) from the middle of a cell to that of the next.
"""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from tiny_city import CityMaker, write_city

import geoequity as ge
from geoequity.cache import Cache
from geoequity.errors import DataWarning
from geoequity.study import Study

# Deadlines would measure how busy the machine is; what must be fast has a benchmark
settings.register_profile("hand", deadline=None)
# Random examples explore by hand; what must pass before a change lands is the same each time,
# and a sample: where a test names no number, a third of the usual hundred
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=33)
settings.load_profile("ci" if os.environ.get("CI") else "hand")


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep commands off the cache of whoever runs the tests; give where those of tests lie."""
    folder = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOEQUITY_CACHE", str(folder / "shared"))
        yield folder


@pytest.fixture(autouse=True)
def _empty_cache(caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test live on what another left."""
    monkeypatch.setenv("GEOEQUITY_CACHE", str(caches / uuid4().hex))


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all workers keep what the demo city takes, for tests of something else than that."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kept"


@pytest.fixture
def _demo_kept(_empty_cache: None, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command live on what another test took from the demo city."""
    monkeypatch.setenv("GEOEQUITY_CACHE", str(kept))


@pytest.fixture
def make_city(tmp_path: Path) -> CityMaker:
    """
    Write the town and its city file, and give the city file's path.

    Keywords change keys of the city file: ``make_city(cells={"id": "zone"})``;
    None takes a block or a key out. The files lie beside it, to be spoilt.
    """

    def make(**changes: Any) -> Path:
        return write_city(tmp_path, **changes)

    return make


@pytest.fixture(scope="session")
def demo_study(kept: Path) -> Iterator[Study]:
    """
    Assess the embedded demo city once; tests must not change it.

    It may come from what another worker kept; `test_demo` holds it to an assessment
    that knows of none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the demo has planted faults
        yield ge.assess(ge.City.preset("demo"), cache=Cache(kept))
