"""City files and folders that a command names."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoequity.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from geoequity.cache import Cache
    from geoequity.city import City
    from geoequity.study import Study


def city_of(options: argparse.Namespace, *, must_exist: bool = True) -> "City":
    """Open a city file or a preset."""
    from geoequity.city import City, presets  # noqa: PLC0415 - pydantic takes its time

    name = str(options.city)
    if name in presets():
        return City.preset(name, data=folder_of(options), must_exist=must_exist)
    path = Path(name)
    if path.suffix != ".toml" and not path.exists():
        msg = f"{name}: neither a city file nor a preset; presets are {', '.join(presets())}"
        raise ConfigError(msg)
    return City.from_toml(path, data=folder_of(options), must_exist=must_exist)


def folder_of(options: argparse.Namespace) -> Path:
    """Tell where the files of a city lie: beside its city file, if nobody says otherwise."""
    from geoequity.city import default_folder, presets  # noqa: PLC0415 - pydantic takes its time

    if options.data is not None:
        return Path(options.data)
    name = str(options.city)
    if name == "demo":
        return presets()[name].parent
    return default_folder(name) if name in presets() else Path(name).parent


def cache_of(options: argparse.Namespace) -> "Cache | None":
    """Open the cache, unless it is not wanted."""
    from geoequity.cache import Cache  # noqa: PLC0415 - heavy

    if options.no_cache:
        return None
    return Cache(options.cache, tell=lambda said: print(f"geoequity: {said}", file=sys.stderr))


def studies_of(folders: Sequence[Path]) -> list["Study"]:
    """Read the folders of several cities, with every fault of any of them at once."""
    from geoequity import compare, outputs  # noqa: PLC0415 - heavy

    read, faults = {}, []
    for folder in dict.fromkeys(folders):
        try:
            read[str(folder)] = outputs.load(folder)
        except SourceError as error:
            faults.append(str(error))
    twice = [str(one) for one in dict.fromkeys(folders) if folders.count(one) > 1]
    faults += [f"{one}: stands twice" for one in twice]
    if len(read) > 1 or not faults:  # else what cannot be read is reason enough
        faults += compare.city_faults(read.values(), names=list(read))
    if faults:
        msg = "these folders cannot be set side by side"
        raise ConfigError(msg, faults=faults)
    return list(read.values())
