"""What changed in the data: sources, what rests on them, and how fully they are mapped."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from geoequity.indicators import read_catalogue
from geoequity.schema import MAP
from geoequity.study import Study

_CELLS = "cells"
_NUMBERED = re.compile(r"\d+")
_SURE = 0.05  # of a campaign of mapping, two-sided
_WALKED = {"services", "stops", "streets", "streets_tagged", "timetable"}  # needs that use streets
_WALKED_TO = {"services", "stops", "timetable"}
_COUNTED = {"services_per", "places_per", "area_per_person", "services_exposed_share"}  # no walks
_COLUMNS = ["source", "status", "path_old", "path_new", "year_old", "year_new"]
_COLUMNS += ["sha256_old", "sha256_new", "rows_old", "rows_new"]

Book = Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """
    The sources of two studies, and which indicators rest on which.

    Parameters
    ----------
    table
        One row a source: ``source``, ``status`` (``same``, ``edition``, ``new``
        or ``removed``), ``path_old``, ``path_new``, ``year_old``, ``year_new``,
        ``sha256_old``, ``sha256_new``, ``rows_old``, ``rows_new``.
    unchanged
        By indicator: whether everything it rests on has the same bytes.
    mapped
        By indicator: whether it rests on a map that changed.
    replaced
        By indicator: whether a source of it is new or was removed.
    group
        By indicator: the source whose errors it shares.
    people
        Whether the source of residents changed.
    asked_again
        Whether a survey changed.
    """

    table: pd.DataFrame
    unchanged: dict[str, bool]
    mapped: dict[str, bool]
    replaced: dict[str, bool]
    group: dict[str, str]
    people: bool
    asked_again: bool


def compare_sources(old: Study, new: Study) -> Sources:
    """
    Match the sources of two studies, and lead indicators back to them.

    Parameters
    ----------
    old
        The earlier study.
    new
        The later one.

    Returns
    -------
    sources
        What changed in the data.
    """
    books = [list(one.provenance.get("sources", ())) for one in (old, new)]
    table = _matched(*books)
    ids = [one for one in new.indicators.columns if one in old.indicators.columns]
    rests = [rests_on(one, ids) for one in (old, new)]
    prints = [_fingerprints(one) for one in books]
    turned = table[table["status"].isin(["new", "removed"])]
    unchanged, mapped, replaced, group = {}, {}, {}, {}
    for key in ids:
        names = [one[key] for one in rests]
        marks = [
            {mark for name in mine for mark in known.get(name, ())}
            for mine, known in zip(names, prints, strict=True)
        ]
        unchanged[key] = bool(marks[0]) and marks[0] == marks[1]
        both = names[0] | names[1]
        on_map = MAP in both and prints[0].get(MAP) != prints[1].get(MAP)
        mapped[key] = on_map and not unchanged[key]
        lost = turned["sha256_old"].isin(marks[0]) | turned["sha256_new"].isin(marks[1])
        replaced[key] = bool(lost.any())
        group[key] = min(both, default=key)
    people = prints[0].get(_CELLS) != prints[1].get(_CELLS)
    surveys = table["source"].str.startswith("surveys.") & (table["status"] != "same")
    return Sources(table, unchanged, mapped, replaced, group, people, bool(surveys.any()))


def compare_mapping(old: Study, new: Study, districts: pd.Index) -> pd.DataFrame:
    """
    Tell districts that were mapped more fully, or less, from those that were not.

    A place that opens is one more of one kind; who goes out mapping finds more
    of many kinds. So the kinds of places that grew in number are set against
    those that shrank, by a sign test.

    Parameters
    ----------
    old
        The earlier study.
    new
        The later one.
    districts
        Those in both.

    Returns
    -------
    mapping
        By district: ``places_old``, ``places_new`` on the map, ``kinds_up``,
        ``kinds_down``, and ``mapping``: ``richer``, ``thinner`` or ``alike``.
    """
    from scipy import stats  # noqa: PLC0415 - takes 30 MB

    counts = [_counts(one, districts) for one in (old, new)]
    kinds = counts[0].columns.union(counts[1].columns)
    before, after = (one.reindex(columns=kinds, fill_value=0) for one in counts)
    up, down = (after > before).sum(axis=1), (after < before).sum(axis=1)
    says = []
    for more, less in zip(up, down, strict=True):
        sure = more + less > 0 and stats.binomtest(more, more + less).pvalue <= _SURE
        says.append(("richer" if more > less else "thinner") if sure else "alike")
    return pd.DataFrame(
        {
            "places_old": before.sum(axis=1),
            "places_new": after.sum(axis=1),
            "kinds_up": up,
            "kinds_down": down,
            "mapping": pd.Series(says, index=districts, dtype=object),
        },
        index=districts,
    )


def _matched(old: list[Book], new: list[Book]) -> pd.DataFrame:
    """Pair sources: by their bytes, then by name and file, then by what sort of file it is."""
    ways = (
        lambda one: (one["sha256"], one["name"]),
        lambda one: (one["sha256"],),
        lambda one: (one["name"], one["path"]),
        lambda one: (_NUMBERED.sub("#", one["name"]), one["path"]),
        lambda one: (_NUMBERED.sub("#", one["name"]), _NUMBERED.sub("#", one["path"])),
        lambda one: (one["name"],) if not _NUMBERED.search(one["name"]) else (id(one),),
    )
    left, right = list(old), list(new)
    pairs: list[tuple[Book | None, Book | None]] = []
    for way in ways:
        for one in list(left):
            twin = next((other for other in right if way(other) == way(one)), None)
            if twin is not None:
                pairs.append((one, twin))
                left.remove(one)
                right.remove(twin)
    pairs += [(one, None) for one in left]
    pairs += [(None, one) for one in right]
    rows = [_row(*pair) for pair in pairs]
    table = pd.DataFrame(rows, columns=_COLUMNS).astype(object)
    return table.sort_values(["source", "path_new", "path_old"], ignore_index=True)


def _row(old: Book | None, new: Book | None) -> dict[str, Any]:
    """Lay a pair of sources out."""
    some = new or old or {}
    status = "new" if old is None else "removed" if new is None else "edition"
    if old is not None and new is not None and old["sha256"] == new["sha256"]:
        status = "same"
    row: dict[str, Any] = {"source": some["name"], "status": status}
    for end, one in (("old", old or {}), ("new", new or {})):
        row[f"path_{end}"] = one.get("path")
        row[f"year_{end}"] = one.get("reference_year")
        row[f"sha256_{end}"] = one.get("sha256")
        row[f"rows_{end}"] = one.get("rows_kept")
    return row


def _fingerprints(books: list[Book]) -> dict[str, set[str]]:
    """Collect the fingerprints of the files of each source."""
    found: dict[str, set[str]] = {}
    for one in books:
        found.setdefault(one["name"], set()).add(one["sha256"])
    return found


def rests_on(study: Study, ids: list[str]) -> dict[str, set[str]]:
    """
    Lead each indicator back to the sources it is made of.

    Parameters
    ----------
    study
        Any study.
    ids
        Indicators.

    Returns
    -------
    rests_on
        By indicator: names of sources, as in the provenance of the study.
    """
    books = list(study.provenance.get("sources", ()))
    shipped = {one.id: one for one in read_catalogue()}
    named = {one["name"] for one in books}
    declared: dict[str, set[str]] = {}
    for one in books:
        for key in one.get("indicators", ()):
            declared.setdefault(key, set()).add(one["name"])
    streets = {"streets" if "streets" in named else MAP} & named
    found = {}
    for key in ids:
        if key in declared:
            found[key] = declared[key]
            continue
        one = shipped.get(key)
        needs = set(one.needs) if one is not None else {"tables"}
        categories = one.parameters.get("categories", ()) if one is not None else ()
        names = {name for need in needs for name in _layer(need, categories, study, named)}
        found[key] = (names | (streets if needs & _WALKED else set())) & named
    return found


def walked(key: str) -> bool:
    """
    Tell whether an indicator is a matter of walks.

    Parameters
    ----------
    key
        An indicator; one of a city's own is not.

    Returns
    -------
    walked
        Whether services or stops are walked to.
    """
    known = {one.id: one for one in read_catalogue()}
    one = known.get(key)
    return one is not None and one.measure not in _COUNTED and bool(_WALKED_TO & set(one.needs))


def _layer(need: str, categories: Any, study: Study, named: set[str]) -> set[str]:
    """Name the sources of a layer that an indicator needs."""
    if need == "services":
        mine = study.services
        if categories:
            mine = mine[mine["category"].isin(list(categories))]
        return set(mine["source"]) or {MAP}
    if need == "stops":
        return {"transit.gtfs" if one == "timetable" else one for one in study.stops["source"]}
    if need in {"timetable", "cells"}:
        return {"transit.gtfs"} if need == "timetable" else {_CELLS}
    if need in {"tables", "tiles"}:  # nothing says which: any of those that give such columns
        return {one for one in named if one.startswith(("tables.", "connectivity.ookla"))}
    return {f"rasters.{need}"}


def _counts(study: Study, districts: pd.Index) -> pd.DataFrame:
    """Count the places that the map gives, by district and kind."""
    places = study.services[study.services["source"] == MAP]
    points = gpd.GeoDataFrame(
        {"category": places["category"]}, geometry=places.representative_point(), crs=places.crs
    )
    land = study.districts.loc[districts, ["geometry"]].rename_axis("unit_id").reset_index()
    inside = points.to_crs(land.crs).sjoin(land, predicate="within")
    if inside.empty:
        return pd.DataFrame(0, index=districts, columns=pd.Index([], dtype=object))
    counted = pd.crosstab(inside["unit_id"], inside["category"])
    return counted.reindex(districts, fill_value=0)
