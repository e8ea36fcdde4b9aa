"""Look at zips before anything in them is read: what they hold, and what they would swell to."""

import zipfile
from collections import Counter
from pathlib import Path

from geoequity.errors import SourceError, shown

MAX_BYTES = 4 * 1024**3  # of all members, unpacked; as much as a download may have
MAX_RATIO = 200  # unpacked to packed; text that people write stays below 50
RATIO_FLOOR_BYTES = 1024**2  # below this, however dense, no bomb
MAX_MEMBERS = 10_000  # a folder of shapefiles has dozens
_ENCRYPTED = 0x1


def check_zip(path: Path, *, most: int = MAX_BYTES) -> None:
    """
    Refuse bombs, locked members and names that lead out of the zip, all at once.

    What is no zip passes: whoever reads it says so.

    Parameters
    ----------
    path
        A zip, or a workbook, which is one.
    most
        Bytes that it may unpack to.

    Raises
    ------
    SourceError
        If it may do harm.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # no zip, as whoever reads it will say
    check_members(members, path, most=most)


def check_members(members: list[zipfile.ZipInfo], path: Path, *, most: int = MAX_BYTES) -> None:
    """
    Refuse members of a zip that is open, as `check_zip` does.

    Parameters
    ----------
    members
        All that its directory lists.
    path
        The zip, for the message.
    most
        Bytes that they may unpack to.

    Raises
    ------
    SourceError
        If they may do harm; names every fault.
    """
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
        faults.append(f"packed more than {MAX_RATIO} times, as no data are: {shown(dense)}")
    if len(members) > MAX_MEMBERS:
        faults.append(f"{len(members):,} files, over {MAX_MEMBERS:,}")
    if faults:
        msg = f"{path}: refused: {'; '.join(faults)}"
        raise SourceError(msg, source=path)
    total, giga = sum(one.file_size for one in members), 1024**3
    if total > most:
        msg = f"{path}: refused: {total / giga:.1f} GiB unpacked, over {most / giga:g} GiB"
        raise SourceError(msg, source=path)
