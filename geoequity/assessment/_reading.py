"""What is read of a city once, and the books that are kept of it."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from geoequity.city import City, IndexBlock, ReportBlock
from geoequity.collect import Collected, collect
from geoequity.indicators import Definition
from geoequity.keeping import FORGETFUL, Kept
from geoequity.sources.files import Record, companions, sha256

T = TypeVar("T")
_OF_UNITS = frozenset(("districts", "cells", "rasters"))  # books open after all is read


def unruled(city: City) -> City:
    """
    Leave out the rules of the index and the titles: nothing is measured by them.

    Parameters
    ----------
    city
        A checked city file.

    Returns
    -------
    city
        The same, with the rules that stand where a file gives none.
    """
    of_draws = {"draws": city.index.draws, "seed": city.index.seed}
    return city.model_copy(update={"index": IndexBlock(**of_draws), "report": ReportBlock()})


@dataclass(frozen=True)
class Inputs:
    """
    All that a city is measured by, to know what was made of it.

    Parameters
    ----------
    city
        The city file, but for the rules of its index.
    definitions
        The catalogue, with the city's changes.
    marks
        Fingerprints of all files that it names.
    """

    city: City
    definitions: list[Definition]
    marks: dict[str, str]

    @classmethod
    def of(cls, city: City, definitions: list[Definition], kept: Kept) -> "Inputs":
        """
        Look at the files as they are now, if results are kept at all.

        Parameters
        ----------
        city
            A checked city file.
        definitions
            The catalogue, with the city's changes.
        kept
            Results that are known, to which those made anew are added.

        Returns
        -------
        inputs
            As they are now.
        """
        marks = {} if kept is FORGETFUL else _marks(city)
        return cls(unruled(city), definitions, marks)

    def named(self) -> tuple[object, ...]:
        """
        Name everything, for `Kept`.

        Returns
        -------
        named
            Blocks, catalogue and marks.
        """
        blocks = {key: getattr(self.city, key) for key in City.model_fields if key != "file"}
        return blocks, self.definitions, self.marks

    def have_changed(self) -> bool:
        """
        Tell whether files were written since.

        Returns
        -------
        changed
            Whether any differs from what was found at first.
        """
        return _marks(self.city) != self.marks


def read(inputs: Inputs, kept: Kept) -> Collected:
    """
    Read all files, unless they were read before as they are now.

    Parameters
    ----------
    inputs
        All that the city is measured by.
    kept
        Results that are known, to which those made anew are added.

    Returns
    -------
    sources
        Everything that was read, with the marks of the files.
    """
    is_new = []

    def reading() -> Collected:
        is_new.append(True)
        return collect(inputs.city, inputs.definitions)

    sources = kept.once("read", reading, *inputs.named(), unless=inputs.have_changed)
    if not is_new:
        warn_again(sources.records)
    return replace(sources, marks=inputs.marks)


def warn_again(records: Iterable[Record]) -> None:
    """
    Warn of the faults in books of an earlier run.

    Parameters
    ----------
    records
        Books of sources.
    """
    for book in records:
        book.warn_again()


def _marks(city: City) -> dict[str, str]:
    """Fingerprint all files that a city file names; never alike where that cannot be done."""
    found: dict[str, str] = {}
    for path in city.files():
        parts = companions(path)
        unknown = {str(path): secrets.token_hex()}
        found |= unknown if parts is None else {str(one): sha256(one) for one in parts}
    return found


def noted(
    kept: Kept, name: str, make: Callable[[Collected], T], *of: object, sources: Collected
) -> T:
    """
    Make a result once, and note in the books of the sources what its making notes.

    What is known from before was noted in books of another run. Only those of units
    and rasters are open here: others of that run need not be there in this one.

    Parameters
    ----------
    kept
        Results that are known, to which those made anew are added.
    name
        Name of the stage.
    make
        Makes the result, with books that are blank.
    *of
        All that it is made of, but for the books.
    sources
        What was read.

    Returns
    -------
    result
        Known or made; what its making noted stands in the books.
    """
    books = [one for one in sources.records if one.name.split(".")[0] in _OF_UNITS]

    def noting() -> tuple[T, list[Record]]:
        blank = [one.blank() for one in books]
        return make(with_books(sources, dict(zip(map(id, books), blank, strict=True)))), blank

    made, books_of_it = kept.once(name, noting, *of, [(one.name, one.path) for one in books])
    for book, found in zip(books, books_of_it, strict=True):
        book.add(found)
    return made


def with_books(sources: Collected, books: dict[int, Record]) -> Collected:
    """
    Give sources other books, by the id of those that they take the place of.

    Parameters
    ----------
    sources
        What was read.
    books
        Book that takes the place of another, by the other's id.

    Returns
    -------
    sources
        The same, but for the books.
    """
    records = [books.get(id(one), one) for one in sources.records]
    rasters = [(spec, books.get(id(one), one)) for spec, one in sources.rasters]
    return replace(sources, records=records, rasters=rasters)


def rasters_of(sources: Collected) -> list[tuple[object, ...]]:
    """
    Say what is in the rasters, which are read when units are final.

    Parameters
    ----------
    sources
        What was read.

    Returns
    -------
    listed
        Spec and marks of the files of each raster.
    """
    listed: list[tuple[object, ...]] = []
    for spec, _ in sources.rasters:
        parts = [one for path in spec.path for one in companions(path) or (path,)]
        listed.append((spec, [sources.marks.get(str(one)) for one in parts]))
    return listed
