"""Read what people write by hand, TOML or JSON, however it is written."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

MAX_BYTES = 64 << 20  # edits that draw every street of a city stay far below
MAX_DEPTH = 32  # of tables and lists in one another; the deepest block has seven


def read_settings(file: Path, *, language: Literal["TOML", "JSON"]) -> Any:
    """
    Read a file of settings; callers tell its faults in their own words.

    Parameters
    ----------
    file
        The file.
    language
        What it is written in.

    Returns
    -------
    settings
        Plain values.

    Raises
    ------
    ValueError
        If it is too large, no such text, or too deep; `UnicodeDecodeError`, which is one,
        where it is not UTF-8. A file that is not there raises `OSError`.
    """
    with file.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)  # and not all of what never ends
    if len(raw) > MAX_BYTES:
        msg = f"over {MAX_BYTES >> 20} MiB"
        raise ValueError(msg)
    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    try:
        found = tomllib.loads(text) if language == "TOML" else json.loads(text)
        too_deep = _is_deeper(found, MAX_DEPTH)
    except RecursionError:
        too_deep = True
    if too_deep:
        msg = f"over {MAX_DEPTH} tables and lists in one another"
        raise ValueError(msg)
    return found


def _is_deeper(root: Any, depth: int) -> bool:
    """Tell whether values lie deeper in one another."""
    level = [root]
    for _ in range(depth):
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [
            value for one in inner for value in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)
