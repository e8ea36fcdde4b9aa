"""Where downloads are kept, and the list beside them of where each came from."""

import json
import os
import sys
from pathlib import Path
from typing import Any

NAME = "fetched.json"


def cache_folder() -> Path:
    """
    Tell where downloads are kept.

    Returns
    -------
    folder
        ``GEOEQUITY_CACHE``, or ``geoequity`` in the user's folder for caches.
    """
    if given := os.environ.get("GEOEQUITY_CACHE"):
        return Path(given)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "geoequity"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "geoequity"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "geoequity"


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """
    Read the list of a folder.

    Parameters
    ----------
    folder
        Any folder.

    Returns
    -------
    entries
        File name -> where it came from; empty where there is no list.
    """
    try:
        entries = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def entry_of(path: Path, *, sha256: str) -> dict[str, Any] | None:
    """
    Find where a file came from.

    Parameters
    ----------
    path
        The file.
    sha256
        Its fingerprint: a file that was changed since came from elsewhere.

    Returns
    -------
    entry
        Address, day and so on; None where it was not fetched.
    """
    entry = read(path.parent).get(path.name)
    known = isinstance(entry, dict) and entry.get("sha256") == sha256 and "retrieved" in entry
    return entry if known else None
