"""Open timetables without trusting them: zips and folders, looked at before they are read."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from geoequity.errors import SourceError, shown
from geoequity.sources._gtfs_files import FARES_V2, LAYOUTS, Opener
from geoequity.sources._zips import check_members

MAX_BYTES = 4 * 1024**3  # of all files of a feed, unpacked


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
    check_members(members, path, most=MAX_BYTES)
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


def _too_large(path: Path, total: int) -> str:
    """Say that a feed is too large to be read."""
    giga = 1024**3
    return f"{path}: refused: {total / giga:.1f} GiB unpacked, over {MAX_BYTES / giga:g} GiB"


def _one_place(places: set[str], path: Path) -> None:
    """Refuse tables that lie in several folders."""
    if len(places) > 1:
        msg = f"{path}: holds timetables in several folders: {shown(sorted(places))}"
        raise SourceError(msg, source=path)
