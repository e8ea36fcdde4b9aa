"""What shapes results besides their inputs: our code, the libraries, the machine."""

import functools
import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path

import shapely

_SHELLS = (  # that draw and write what is made, or ask for it: no result is made of them
    "batch.py", "cache", "cli", "compare", "fetching.py", "locale", "maps", "outputs", "palette.py",
    "places.py", "report", "scenario", "starter.py",
)  # fmt: skip
_SUFFIXES = {".py", ".toml"}
_LIBRARIES = (
    "esda", "exactextract", "geopandas", "h3", "libpysal", "networkx", "numba", "numpy", "openpyxl",
    "osmium", "pandas", "pyarrow", "pydantic", "pyogrio", "pyproj", "rasterio", "scikit-learn",
    "scipy", "segregation", "shapely",
)  # fmt: skip
_SETTINGS = ("GDAL_DATA", "PROJ_DATA", "PROJ_LIB", "PROJ_NETWORK")


@functools.cache
def version() -> bytes:
    """
    Fingerprint what shapes results besides their inputs.

    Returns
    -------
    version
        Another one wherever the same inputs might lead to another result.
    """
    import pyproj  # noqa: PLC0415 - loaded by then
    import rasterio  # noqa: PLC0415 - heavy, and loaded by then

    digest = hashlib.blake2b(digest_size=16)
    for path in sources():
        digest.update(path.relative_to(_root()).as_posix().encode() + path.read_bytes() + b"\0")
    said = [
        *(f"{one} {metadata.version(one)}" for one in _LIBRARIES),
        f"GEOS {shapely.geos_version} GDAL {rasterio.__gdal_version__}",
        f"PROJ {pyproj.proj_version_str}",
        f"{platform.python_version()} {platform.machine()} {platform.system()}",
        *(f"{one}={os.environ.get(one)}" for one in _SETTINGS),
    ]
    digest.update("\n".join(said).encode())
    return digest.digest()


def sources() -> list[Path]:
    """
    List the files of this package that results are made of.

    Returns
    -------
    sources
        All but those that only draw, write and ask.
    """
    root = _root()
    return [
        one
        for one in sorted(root.rglob("*"))
        if one.suffix in _SUFFIXES and one.relative_to(root).parts[0] not in {*_SHELLS, "_data"}
    ]


def _root() -> Path:
    """Find this package."""
    return Path(__file__).parents[1]
