"""A run holds little more than it uses."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from geoequity import schema
from geoequity.errors import DataError

ON_GLIBC = sys.platform == "linux" and "GLIBC" in os.confstr("CS_GNU_LIBC_VERSION").upper()

# Tables of which every second one is let go of: a heap that they came from cannot shrink
HOLES = """
import json
from geoequity import _memory

if {spares}:
    _memory.spare()

def held_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

bytearray(20_000_000)  # once such a one is freed, the C library takes the like out of the heap
before = held_mb()
tables = [bytearray(2_000_000) for _ in range(100)]
del tables[::2]
print(json.dumps([held_mb() - before, len(tables)]))
"""


def held_mb(*, spares: bool, **said: str) -> float:
    """Megabytes that a process holds of a hundred that it needs."""
    kept = {key: one for key, one in os.environ.items() if not key.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", HOLES.format(spares=spares)],
        env=kept | said,
        capture_output=True,
        text=True,
        check=True,
    )
    held, tables = json.loads(done.stdout)
    assert tables == 50
    return held


@pytest.mark.skipif(not ON_GLIBC, reason="only glibc is told so")
def test_what_is_let_go_of_goes_back_to_the_system() -> None:
    assert held_mb(spares=True) == pytest.approx(100, abs=15)
    assert held_mb(spares=False) > 180  # so that there is something to do


@pytest.mark.skipif(not ON_GLIBC, reason="only glibc is told so")
def test_what_the_environment_says_of_memory_stands() -> None:
    assert held_mb(spares=True, MALLOC_MMAP_THRESHOLD_="30000000") > 180


def test_a_program_that_imports_the_package_keeps_the_memory_it_has_chosen() -> None:
    code = (
        "import os, pyarrow\n"
        "before = pyarrow.default_memory_pool().backend_name\n"
        "import geoequity.assessment, geoequity.outputs\n"
        "assert pyarrow.default_memory_pool().backend_name == before\n"
        "assert 'ARROW_DEFAULT_MEMORY_POOL' not in os.environ\n"
    )
    kept = {key: one for key, one in os.environ.items() if not key.startswith("ARROW_")}
    subprocess.run([sys.executable, "-c", code], env=kept, check=True)


def test_what_is_heavy_and_late_is_not_loaded_before_a_run_begins() -> None:
    code = (
        "import sys, geoequity.assessment, geoequity.outputs, geoequity.batch, geoequity.cli\n"
        "late = {'scipy.stats', 'scipy.interpolate', 'folium', 'matplotlib', 'typst'}\n"
        "sys.exit(', '.join(late & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ids", [["a", "b", "c"], [1, 2, 3], pd.array(["a", "b", "c"], "str")])
def test_to_check_ids_leaves_no_table_to_look_them_up_in(ids) -> None:
    index = pd.Index(ids)
    schema.check_unique(index, name="homes")
    assert "_engine" not in index._cache
    twice = index.append(index[:1])
    with pytest.raises(DataError, match="homes: ids stand more than once") as caught:
        schema.check_unique(twice, name="homes")
    assert list(caught.value.ids) == [ids[0]]


def test_ids_of_every_kind_are_checked() -> None:
    days = pd.date_range("2026-01-01", periods=3)
    for index in (pd.RangeIndex(3), days, pd.CategoricalIndex(["a", "b"]), pd.Index([], dtype=str)):
        schema.check_unique(index, name="rows")
    with pytest.raises(DataError, match="1 rows have no id"):
        schema.check_unique(pd.Index(["a", np.nan]), name="rows")
    with pytest.raises(DataError, match="rows: ids of 2 columns, and one is wanted"):
        schema.check_unique(pd.MultiIndex.from_product([["a"], [1, 2]]), name="rows")
