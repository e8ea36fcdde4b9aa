"""
The errors and warnings of geoequity, all of them here.

::

    GeoEquityError(Exception)
    ├── ConfigError(…, ValueError)     city file wrong: names the key and the file
    ├── SourceError(…, RuntimeError)   a file or download that cannot be read: carries .source
    ├── DataError(…, ValueError)       a table breaks its contract: carries .ids
    │   └── CRSError                   missing, geographic, not metric, or mismatched
    └── CoverageError(…, ValueError)   too many people in units with unknown values: carries .share
    DataWarning(UserWarning)           a fault that was mended as declared: carries .ids
    CacheWarning(UserWarning)          results of earlier runs cannot be kept, or were damaged

Each error is also a builtin, so callers who know nothing of geoequity can
still catch ``ValueError``. The command line turns any ``GeoEquityError`` into
one message and exit code 1; anything else is a bug and shows its traceback.
"""

from collections.abc import Iterable

SHOWN_IDS = 5
SHOWN_LETTERS = 200  # of an id
SHOWN_COLUMNS = 60  # among which somebody looks for theirs


def shown(ids: Iterable[object], *, most: int = SHOWN_IDS) -> str:
    """
    List the first few ids and how many more there are.

    Parameters
    ----------
    ids
        Ids of any kind.
    most
        How many.

    Returns
    -------
    shown
        Text for a message.
    """
    everything = [_cut(str(one)) for one in ids]
    more = len(everything) - most
    listed = ", ".join(everything[:most])
    return f"{listed} and {more} more" if more > 0 else listed


def _cut(text: str) -> str:
    """Leave the beginning of what is no name but a mishap of quotes or columns."""
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}…"


class GeoEquityError(Exception):
    """Base of every error that geoequity raises on purpose."""


class ConfigError(GeoEquityError, ValueError):
    """
    A city file is wrong.

    Parameters
    ----------
    message
        What is wrong, naming the file.
    faults
        Every fault found, one sentence each, naming its key.
    """

    def __init__(self, message: str, *, faults: Iterable[str] = ()) -> None:
        self.faults = tuple(faults)
        lines = [message, *(f"  - {fault}" for fault in self.faults)]
        super().__init__("\n".join(lines))


class SourceError(GeoEquityError, RuntimeError):
    """
    A file or download cannot be read.

    Parameters
    ----------
    message
        What is wrong, naming the file.
    source
        Path or address that could not be read.
    """

    def __init__(self, message: str, *, source: object = None) -> None:
        self.source = source
        super().__init__(message)


class DataError(GeoEquityError, ValueError):
    """
    A table breaks its contract.

    Parameters
    ----------
    message
        What is wrong, naming the table and the field.
    ids
        Ids of the rows at fault, all of them; the message shows the first few.
    """

    def __init__(self, message: str, *, ids: Iterable[object] = ()) -> None:
        self.ids = tuple(ids)
        super().__init__(message)


class CRSError(DataError):
    """A coordinate reference system is missing, geographic, not metric, or mismatched."""


class CoverageError(GeoEquityError, ValueError):
    """
    Too many people live in units whose value is unknown.

    Parameters
    ----------
    message
        What is wrong.
    share
        Share of people whose value is known, 0-1.
    """

    def __init__(self, message: str, *, share: float) -> None:
        self.share = share
        super().__init__(message)


class DataWarning(UserWarning):
    """
    A fault in the data that was mended as declared.

    Parameters
    ----------
    message
        What was mended, naming the file and the first few ids.
    ids
        Ids of the rows concerned.
    """

    def __init__(self, message: str, *, ids: Iterable[object] = ()) -> None:
        self.ids = tuple(ids)
        super().__init__(message)


class CacheWarning(UserWarning):
    """Results cannot be kept for later runs, or were damaged; what is made is not touched."""
