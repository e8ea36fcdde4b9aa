"""Open timetables without trusting them: zips and folders, looked at before they are read."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from geoequity.errors import SourceError, shown
from geoequity.sources._gtfs_files import FARES_V2, LAYOUTS, Opener

MAX_BYTES = 4 * 1024**3  # of all files of a feed, unpacked
MAX_RATIO = 200  # unpacked to packed; text that people write stays below 50
RATIO_FLOOR_BYTES = 1024**2  # below this, however dense, no bomb
_ENCRYPTED = 0x1


@contextmanager
def opened(path: Path) -> Iterator[dict[str, Opener]]:
    """
    Open a zip or a folder; nothing is ever unpacked to the disk.

    Parameters
    ----------
    path
        The feed.

    Yields
    ------
    files
        What opens each file of GTFS that the feed has.

    Raises
    ------
    SourceError
        If it cannot be opened, is too large, or may do harm.
    """
    if path.is_dir():
        yield _in_folder(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no zip and no folder"
        msg = f"{path}: {reason}"
        raise SourceError(msg, source=path) from error
    with archive:
        yield _in_zip(archive, path)


def _in_folder(path: Path) -> dict[str, Opener]:
    """Find the tables in a folder, or in its one sub-folder."""
    known = {*LAYOUTS, FARES_V2}
    found = [one for one in sorted(path.glob("*.txt")) if one.name in known]
    if not found:
        found = [one for one in sorted(path.glob("*/*.txt")) if one.name in known]
    _one_place({one.parent.name for one in found}, path)
    total = sum(one.stat().st_size for one in found)
    if total > MAX_BYTES:
        raise SourceError(_too_large(path, total), source=path)
    return {one.name: lambda one=one: one.open("rb") for one in found}  # type: ignore[misc]


def _in_zip(archive: zipfile.ZipFile, path: Path) -> dict[str, Opener]:
    """Find the tables in a zip, at its root or in its one folder, once it proves harmless."""
    members = archive.infolist()
    _check_harmless(members, path)
    by_place: dict[str, dict[str, Opener]] = {}
    for one in members:
        place = PurePosixPath(one.filename)
        hidden = "__MACOSX" in place.parts or place.name.startswith("._")
        if hidden or len(place.parts) > 2 or place.name not in {*LAYOUTS, FARES_V2}:  # noqa: PLR2004 - a folder and a name
            continue
        # zipfile hands out no byte more than the header says, and checks the sum of the rest
        by_place.setdefault(str(place.parent), {})[place.name] = lambda one=one: archive.open(one)  # type: ignore[misc]
    if "." in by_place:
        return by_place["."]
    _one_place(set(by_place), path)
    return next(iter(by_place.values()), {})


def _check_harmless(members: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse bombs, locked members and names that lead out of the zip, before reading any."""
    faults = []
    names = [one.filename for one in members]
    parts = [name.replace("\\", "/").split("/") for name in names]
    outside = [
        name
        for name, steps in zip(names, parts, strict=True)
        if ".." in steps or not steps[0] or steps[0].endswith(":")
    ]
    if outside:
        faults.append(f"names that lead out of the zip: {shown(outside)}")
    locked = [one.filename for one in members if one.flag_bits & _ENCRYPTED]
    if locked:
        faults.append(f"encrypted: {shown(locked)}")
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        faults.append(f"more than one file of one name: {shown(twice)}")
    dense = [
        one.filename
        for one in members
        if one.file_size > max(RATIO_FLOOR_BYTES, MAX_RATIO * one.compress_size)
    ]
    if dense:
        faults.append(f"packed more than {MAX_RATIO} times, as no timetable is: {shown(dense)}")
    if faults:
        msg = f"{path}: refused: {'; '.join(faults)}"
        raise SourceError(msg, source=path)
    total = sum(one.file_size for one in members)
    if total > MAX_BYTES:
        raise SourceError(_too_large(path, total), source=path)


def _too_large(path: Path, total: int) -> str:
    """Say that a feed is too large to be read."""
    giga = 1024**3
    return f"{path}: refused: {total / giga:.1f} GiB unpacked, over {MAX_BYTES / giga:g} GiB"


def _one_place(places: set[str], path: Path) -> None:
    """Refuse tables that lie in several folders."""
    if len(places) > 1:
        msg = f"{path}: holds timetables in several folders: {shown(sorted(places))}"
        raise SourceError(msg, source=path)
